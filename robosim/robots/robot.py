"""What every robot offers a task: `Robot`."""

from abc import ABC, abstractmethod

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from robosim.body import Body, Pose
from robosim.sensors.camera import Mount

LASTING = 1_000_000  # physics steps: longer than any control step


class Robot(ABC):
    """A body with motors and the senses that belong to it.

    Attributes:
        body: The body in the physics.
        action_space: What `act` takes, scaled to [-1, 1].
        proprioception_space: What `proprioception` gives; the robot's docstring says units and frame.
        mount: Where its camera sits.
    """

    body: Body
    action_space: spaces.Box
    proprioception_space: spaces.Box
    mount: Mount

    @abstractmethod
    def reset(self, pose: Pose, rng: np.random.Generator, noise: float) -> None:
        """Readies it for an episode: body in place, motors idle, sensors newly calibrated.

        Args:
            pose: Of the base frame in the world.
            rng: The episode's stream for sensors, kept for its readings.
            noise: Multiplies the sensors' noise; 0 measures exactly.
        """

    @abstractmethod
    def act(self, action: NDArray[np.float32]) -> None:
        """Takes one command a control step; it never steps the physics.

        Args:
            action: An element of ``action_space``; what lies outside is clipped, as a motor's limits do.
        """

    @abstractmethod
    def actuate(self) -> int:
        """Lets commands reach the motors; called before physics steps.

        Returns:
            How many physics steps may be made before it has to be called again, 1 or more; `LASTING` where nothing
            happens before the next command. So latency may be any number of them.
        """

    @abstractmethod
    def proprioception(self) -> NDArray[np.float32]:
        """Reads the robot's own sensors; fresh memory, within ``proprioception_space``."""
