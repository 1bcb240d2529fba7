"""Where a robot believes it is on its map."""

import math

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from robosim.body import Body
from robosim.errors import RobosimError
from robosim.sensors.sensor import Sensor


class Localisation(Sensor):
    """Reads a pose on the floor: float64 (3,), x, y (m) and heading (rad), as matching scans with a map gives it.

    Its errors wander: they are first-order autoregressive, the same in size all the time, and forget themselves over
    ``memory``.

    Args:
        body: Whose base frame it is about.
        error: Standard deviations along x and y (m) and of the heading (rad).
        memory: s.
        control_dt: Seconds from one reading to the next.

    Raises:
        RobosimError: A value is not possible.
    """

    def __init__(self, body: Body, error: tuple[float, float], memory: float, control_dt: float) -> None:
        """Keeps the figures; see the class."""
        if min(error) < 0 or not (memory > 0 and control_dt > 0):
            raise RobosimError(
                f"error={error!r}, memory={memory!r}, control_dt={control_dt!r}: not below 0, times above it"
            )
        self.space = spaces.Box(-np.inf, np.inf, (3,), np.float64)
        self._body, self._sigma = body, (error[0], error[0], error[1])
        self._keep = math.exp(-control_dt / memory)
        self._noise = 0.0
        self._error = [0.0, 0.0, 0.0]

    def reset(self, rng: np.random.Generator, noise: float) -> None:
        """Draws the first error; see `Sensor.reset`."""
        self._noise = noise
        normals = rng.standard_normal(3).tolist()
        self._error = [noise * sigma * normal for sigma, normal in zip(self._sigma, normals, strict=True)]

    def read(self, rng: np.random.Generator) -> NDArray[np.float64]:
        """Measures; see the class."""
        fresh = math.sqrt(1 - self._keep**2) * self._noise
        self._error = a, b, c = [
            self._keep * error + fresh * sigma * normal
            for error, sigma, normal in zip(self._error, self._sigma, rng.standard_normal(3).tolist(), strict=True)
        ]
        ((x, y, _), _), _, _ = self._body.motion()
        forward, sideways, _ = self._body.rows()
        return np.array([x + a, y + b, math.atan2(sideways[0], forward[0]) + c])
