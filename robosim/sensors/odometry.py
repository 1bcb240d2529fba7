"""Dead reckoning from the wheels of a differential drive."""

import math

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from robosim.bullet_joints import Joints
from robosim.errors import RobosimError
from robosim.math import clip
from robosim.sensors.sensor import Sensor
from robosim.sensors.vary import Vary, checked, draw

# Systematic errors are unequal wheels and an uncertain track (Borenstein and Feng, "Measurement and correction of
# systematic odometry errors in mobile robots", IEEE Trans. Robotics and Automation 12(6), 1996). These sizes are a
# choice, for tyres that wear and give under load: the heading drifts by a quarter of a degree a metre.
WHEEL_ERROR = 0.0015  # 1, standard deviation between episodes of each wheel's radius, as a share of it
TRACK_ERROR = 0.005  # 1, the same of the track
# What else there is, slip and unevenness, is independent of itself along the way: its variance grows with the distance
# (Chong and Kleeman, "Accurate odometry and error modelling for a mobile robot", ICRA 1997).
SLIP_NOISE = 0.002  # m, standard deviation of a wheel's distance after one metre; after s metres √s times as much
SPEED_NOISE = 0.02  # rad/s, standard deviation of each wheel's speed as it is read: 2 mm/s at 0.08 m


class Odometry(Sensor):
    """Reads five numbers: where the robot believes it is, and how fast it believes it moves.

    ====  =====  ===============================================================
    0, 1  m      x and y in the frame in which the episode began, x forward
    2     rad    heading there, counter-clockwise, in [-π, π]
    3     m/s    speed forward
    4     rad/s  yaw rate, counter-clockwise
    ====  =====  ===============================================================

    What the wheels do not feel it does not know: on top of its own errors come the physics' slip and shoves. Between
    two readings it takes the way for an arc: read it once a control step.

    Args:
        wheels: Joints of the left and the right wheel, rolling forward where they turn positively.
        radius: Of the wheels, m.
        track: Between the wheels' middles, m.
        wheel_error: Standard deviation between episodes of each wheel's radius, as a share of it.
        track_error: The same of the track.
        slip_noise: Standard deviation of the distance that a wheel counts over a metre, m.

    Raises:
        RobosimError: A value is not possible.
    """

    space: spaces.Box

    def __init__(
        self,
        wheels: Joints,
        radius: float,
        track: float,
        *,
        wheel_error: Vary = WHEEL_ERROR,
        track_error: Vary = TRACK_ERROR,
        slip_noise: Vary = SLIP_NOISE,
    ) -> None:
        """Fits it; see the class."""
        if not (0 < radius < math.inf and 0 < track < math.inf):
            raise RobosimError(f"radius={radius!r}, track={track!r}: both are positive and finite, in metres")
        self._wheels, self._radius, self._track = wheels, radius, track
        self._wheel_error = checked("wheel_error", wheel_error, most=0.1)
        self._track_error = checked("track_error", track_error, most=0.1)
        self._slip_noise = checked("slip_noise", slip_noise)
        high = np.array([np.inf, np.inf, np.pi, np.inf, np.inf], np.float32)
        self.space = spaces.Box(-high, high)
        self._most_heading = float(high[2])
        self._believed = (radius, radius, track)
        self._slip = self._sigma = 0.0
        self._angles = [0.0, 0.0]
        self._pose = (0.0, 0.0, 0.0)

    def reset(self, rng: np.random.Generator, noise: float) -> None:
        """Draws this episode's errors and begins anew from where the robot stands; see `Sensor.reset`."""
        wheel, track = noise * draw(self._wheel_error, rng), noise * draw(self._track_error, rng)
        left, right, wide = rng.standard_normal(3).tolist()
        radius = self._radius
        self._believed = radius * (1 + wheel * left), radius * (1 + wheel * right), self._track * (1 + track * wide)
        self._slip, self._sigma = noise * draw(self._slip_noise, rng), noise * SPEED_NOISE
        self._angles, _ = self._wheels.positions_velocities()
        self._pose = (0.0, 0.0, 0.0)

    def read(self, rng: np.random.Generator) -> NDArray[np.float32]:
        """Measures; see the class."""
        angles, speeds = self._wheels.positions_velocities()
        a, b, c, d = rng.standard_normal(4).tolist()
        left_radius, right_radius, track = self._believed
        left = self._rolled((angles[0] - self._angles[0]) * left_radius, a)
        right = self._rolled((angles[1] - self._angles[1]) * right_radius, b)
        self._angles = angles
        x, y, heading = self._pose = _moved(self._pose, (left + right) / 2, (right - left) / track)
        left, right = (speeds[0] + self._sigma * c) * left_radius, (speeds[1] + self._sigma * d) * right_radius
        most = self._most_heading
        reading = (x, y, clip(heading, -most, most), (left + right) / 2, (right - left) / track)
        return np.array(reading, np.float32)

    def _rolled(self, distance: float, normal: float) -> float:
        """Gives the distance that a wheel counts."""
        return distance + self._slip * math.sqrt(abs(distance)) * normal


def _moved(pose: tuple[float, float, float], distance: float, turn: float) -> tuple[float, float, float]:
    """Gives a pose after an arc, in metres and radians.

    The arc counts as a line along its middle's heading. For the 0.15 rad of a control step at full yaw rate, that is
    0.1 % too long.
    """
    x, y, heading = pose
    middle = heading + turn / 2
    x, y = x + distance * math.cos(middle), y + distance * math.sin(middle)
    return x, y, math.remainder(heading + turn, math.tau)
