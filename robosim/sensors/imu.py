"""An inertial measurement unit in a body's base frame."""

import math

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from robosim.body import Body
from robosim.compiled import compiled
from robosim.errors import RobosimError
from robosim.math import to_body
from robosim.sensors.sensor import Sensor
from robosim.sensors.vary import Vary, checked, draw

# Consumer MEMS units after attitude filtering; the order of legged_gym's noise scales (gravity 0.05, gyro 0.2 rad/s
# uniform).
GRAVITY_NOISE = 0.01  # 1, standard deviation of each reading
GYRO_NOISE = 0.05  # rad/s, standard deviation of each reading
GRAVITY_BIAS = 0.01  # 1, standard deviation between episodes: a sensor mounted 0.6° askew
GYRO_BIAS = 0.01  # rad/s, standard deviation between episodes
GYRO_RANGE = 17.5  # rad/s; ±1000 °/s


class Imu(Sensor):
    """Reads six numbers in the body frame: the direction of gravity (unit vector), then the angular velocity (rad/s).

    Args:
        body: What it is fixed to.
        gravity_noise: Standard deviation of each reading, 1.
        gyro_noise: Standard deviation of each reading, rad/s.
        gyro_walk: How the gyro's bias wanders during an episode: its standard deviation after one second, rad/s; after
            t seconds it is √t times as large.
        dt: Seconds from one reading to the next; only the walk needs it.

    Raises:
        RobosimError: A value is not possible, or the walk has no ``dt``.
    """

    space: spaces.Box

    def __init__(
        self,
        body: Body,
        gravity_noise: Vary = GRAVITY_NOISE,
        gyro_noise: Vary = GYRO_NOISE,
        gyro_walk: Vary = 0.0,
        dt: float | None = None,
    ) -> None:
        """Fixes it; see the class."""
        if gyro_walk != 0 and not (dt is not None and dt > 0):
            raise RobosimError(f"dt={dt!r}: gyro_walk={gyro_walk!r} needs the positive time between readings, seconds")
        self._body = body
        self._high = np.array([1.2] * 3 + [GYRO_RANGE] * 3, np.float32)
        self.space = spaces.Box(-self._high, self._high)
        self._gravity_noise = checked("gravity_noise", gravity_noise)
        self._gyro_noise = checked("gyro_noise", gyro_noise)
        self._gyro_walk, self._root_dt = checked("gyro_walk", gyro_walk), math.sqrt(dt or 0.0)
        self._bias, self._sigma = np.zeros((2, 6))
        self._walk = 0.0  # rad/s, standard deviation of the bias's next stride

    def reset(self, rng: np.random.Generator, noise: float) -> None:
        """Draws this episode's bias; see `Sensor.reset`."""
        spread = [noise * GRAVITY_BIAS] * 3 + [noise * GYRO_BIAS] * 3
        self._bias[:] = rng.normal(size=6) * spread
        gravity, gyro = draw(self._gravity_noise, rng), draw(self._gyro_noise, rng)
        self._sigma[:3], self._sigma[3:] = noise * gravity, noise * gyro
        self._walk = noise * draw(self._gyro_walk, rng) * self._root_dt

    def read(self, rng: np.random.Generator) -> NDArray[np.float32]:
        """Measures; see the class."""
        _, _, spin = self._body.motion()
        rows = self._body.rows()
        x, y, z = rows[2]
        reading = np.empty(6, np.float32)
        exact = (-x, -y, -z, *to_body(rows, spin))
        measure(exact, self._bias, self._sigma, rng.standard_normal(6), self._high, reading)
        if self._walk > 0:
            self._bias[3:] += self._walk * rng.standard_normal(3)
        return reading


@compiled
def measure(
    exact: tuple[float, float, float, float, float, float], bias: NDArray[np.float64], sigma: NDArray[np.float64],
    normals: NDArray[np.float64], most: NDArray[np.float32], out: NDArray[np.float32],
) -> None:  # fmt: skip
    """Writes a reading: what is, a bias, and noise of a standard deviation, held to the range; all of six numbers."""
    for number in range(6):
        value = sigma[number] * normals[number] + bias[number] + exact[number]
        out[number] = min(max(value, -most[number]), most[number])
