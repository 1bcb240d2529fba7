"""An inertial measurement unit in a body's base frame."""

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from robosim.body import Body
from robosim.math import clip, rotation_rows, to_body
from robosim.sensors.sensor import Sensor

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
    """

    def __init__(self, body: Body) -> None:
        """Fixes it; see the class."""
        self._body = body
        self._high = np.array([1.2] * 3 + [GYRO_RANGE] * 3, np.float32)
        self.space = spaces.Box(-self._high, self._high)
        self._limits: list[float] = self._high.tolist()
        self._bias = self._sigma = [0.0] * 6

    def reset(self, rng: np.random.Generator, noise: float) -> None:
        """Draws this episode's bias; see `Sensor.reset`."""
        spread = [noise * GRAVITY_BIAS] * 3 + [noise * GYRO_BIAS] * 3
        self._bias = (rng.normal(size=6) * spread).tolist()
        self._sigma = [noise * GRAVITY_NOISE] * 3 + [noise * GYRO_NOISE] * 3

    def read(self, rng: np.random.Generator) -> NDArray[np.float32]:
        """Measures; see the class."""
        (_, quaternion), _, spin = self._body.motion()
        rows = rotation_rows(quaternion)
        x, y, z = rows[2]
        exact = (-x, -y, -z, *to_body(rows, spin))
        parts = zip(self._sigma, rng.standard_normal(6).tolist(), self._bias, exact, self._limits, strict=True)
        # Six floats: NumPy would take three times as long.
        return np.array([clip(s * n + bias + true, -most, most) for s, n, bias, true, most in parts], np.float32)
