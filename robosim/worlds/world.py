"""What every world offers a task: `World`."""

from abc import ABC, abstractmethod

import numpy as np

from robosim.body import Pose


class World(ABC):
    """Everything around the robot. Built once in ``__init__``; each episode only rearranges it."""

    @abstractmethod
    def reset(self, rng: np.random.Generator, level: int) -> None:
        """Rearranges it for an episode.

        Args:
            rng: The episode's stream for worlds.
            level: 0 (nominal) to 9.
        """

    @abstractmethod
    def spawn(self, rng: np.random.Generator) -> Pose:
        """Draws a pose on the ground, x any way and z along the ground's normal, where a robot may stand."""

    @abstractmethod
    def height(self, x: float, y: float) -> float:
        """Gives the ground's height in metres at a point of the world."""
