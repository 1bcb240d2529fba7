"""Speeds of wheels, as encoders count them."""

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from robosim.bullet_joints import Joints
from robosim.math import clip
from robosim.sensors.sensor import Sensor

# A hub motor's 90 Hall counts a turn give 0.07 rad steps; averaged over a control step and filtered:
SPEED_NOISE = 0.15  # rad/s, standard deviation of each reading


class Encoders(Sensor):
    """Reads each wheel's speed against the chassis, rad/s.

    Args:
        wheels: The wheels' joints.
        count: How many there are.
        limit: The largest speed that is told apart, rad/s.
    """

    space: spaces.Box

    def __init__(self, wheels: Joints, count: int, limit: float) -> None:
        """Fits them; see the class."""
        self._wheels = wheels
        high = np.full(count, limit, np.float32)
        self.space = spaces.Box(-high, high)
        self._limit = float(high[0])
        self._sigma = 0.0

    def reset(self, rng: np.random.Generator, noise: float) -> None:
        """Sets the noise; see `Sensor.reset`."""
        self._sigma = noise * SPEED_NOISE

    def read(self, rng: np.random.Generator) -> NDArray[np.float32]:
        """Measures; see the class."""
        _, speeds = self._wheels.positions_velocities()
        noise, most = rng.standard_normal(len(speeds)).tolist(), self._limit
        return np.array(
            [clip(self._sigma * n + speed, -most, most) for n, speed in zip(noise, speeds, strict=True)], np.float32
        )
