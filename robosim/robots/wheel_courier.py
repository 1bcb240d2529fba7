"""WheelCourier: a two-wheeled courier that must balance itself and what stands on its deck.

Size class: Segway Loomo (0.65 x 0.31 x 0.57 m, 19 kg, 11-inch tyres; manufacturer's data sheet) and JOE (0.65 m, 12 kg;
Grasser, D'Arrigo, Colombi, Rufer: "JOE: a mobile, inverted pendulum", IEEE Trans. Ind. Electronics 49(1), 2002).
Motors: hub motors as in self-balancing scooters, 16 rpm/V, hence 8.27 / 16 = 0.517 N·m/A (the value of ODrive's
guide to such motors), fed with 36 V and at most 20 A.
"""

from collections import deque
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from robosim.body import Pose
from robosim.math import Vec3, clip
from robosim.physics import Physics
from robosim.robots.robot import LASTING, Robot
from robosim.sensors.camera import Mount
from robosim.sensors.encoders import Encoders
from robosim.sensors.imu import Imu

URDF = Path(__file__).parent / "assets" / "wheel_courier.urdf"

WHEEL_RADIUS = 0.14  # m; 11-inch tyre
TRACK = 0.50  # m, between the wheels' middles
CHASSIS_MASS = 13.0  # kg
CHASSIS_COM = 0.20  # m above the axle
CHASSIS_INERTIA: Vec3 = (0.411, 0.333, 0.203)  # kg·m² about x, y, z
WHEEL_MASS = 3.0  # kg each
WHEEL_SPIN_INERTIA = 0.030  # kg·m² about the axle, each
WHEEL_TURN_INERTIA = 0.016  # kg·m² about a diameter, each
CAMERA = Mount((0.106, 0.0, 0.31), (1.0, 0.0, -0.2))  # in the dark panel, tipped down by 11°
DECK = 0.455  # m above the axle; the load stands here
LOAD_SIZE: Vec3 = (0.24, 0.30, 0.20)  # m

PEAK_TORQUE = 0.517 * 20.0  # N·m a wheel: torque constant times current limit
NO_LOAD_SPEED = 16.0 * 36.0 * 2 * np.pi / 60  # rad/s: speed constant times voltage
_EMPTY = 0.05  # kg; PyBullet wants some mass in every link
_CLAMP = 4000.0  # N, far above what a load of 8 kg can pull


@dataclass(frozen=True)
class Load:
    """What stands on the deck.

    Attributes:
        mass: kg.
        x: Metres ahead of the axle.
        y: Metres left of the middle.
    """

    mass: float = 0.0
    x: float = 0.0
    y: float = 0.0


def wheel_shares(action: NDArray[np.float32]) -> tuple[float, float]:
    """Gives the torques that an action asks of the left and the right wheel, as shares of `PEAK_TORQUE`."""
    drive, turn = action.tolist()
    return clip(drive - turn, -1.0, 1.0), clip(drive + turn, -1.0, 1.0)


class WheelCourier(Robot):
    """The courier. An action is (drive, turn), shares of `PEAK_TORQUE`.

    The left wheel gets drive − turn and the right one drive + turn, each held to ±1. Driving and turning are nearly
    independent of one another, and the two wheels are not: a policy that explores each by itself learns sooner than one
    that explores the wheels.

    Proprioception has eight numbers: direction of gravity (3, body frame), angular velocity (3, rad/s, body frame),
    speed of the left and the right wheel against the chassis (rad/s). The base frame lies on the axle, midway
    between the wheels: x forward, y left, z up.

    Args:
        physics: Where it is loaded.
    """

    def __init__(self, physics: Physics) -> None:
        """Loads the body; see the class."""
        self.action_space = spaces.Box(-1.0, 1.0, (2,), np.float32)
        self.mount = CAMERA
        self.body = physics.load_urdf(URDF, (0.0, 0.0, WHEEL_RADIUS))
        self.body.set_damping(0.0, 0.0)
        self.body.set_friction(1.0)  # PyBullet multiplies two bodies' friction: the floor's alone shall count
        self.wheels = self.body.joints("left_wheel_joint", "right_wheel_joint")
        self._slides = self.body.joints("load_x", "load_y")
        self._imu = Imu(self.body)
        self._encoders = Encoders(self.wheels, 2, NO_LOAD_SPEED)
        self.proprioception_space = spaces.Box(
            np.concatenate([self._imu.space.low, self._encoders.space.low]),
            np.concatenate([self._imu.space.high, self._encoders.space.high]),
        )
        self._physics, self._dt = physics, physics.dt
        self._rng = np.random.default_rng(0)
        self._latency = 0
        self._waiting: deque[tuple[int, float, float]] = deque()

    def configure(self, load: Load, latency: float) -> None:
        """Sets what an episode may vary; call it before `reset`.

        Args:
            load: What stands on the deck.
            latency: Seconds from a command to its torque, kept to whole physics steps.
        """
        self._latency = round(latency / self._dt)
        mass = max(load.mass, _EMPTY)
        a, b, c = LOAD_SIZE
        box = (mass / 12 * (b * b + c * c), mass / 12 * (a * a + c * c), mass / 12 * (a * a + b * b))
        self.body.set_mass("load", mass, box)
        self.body.set_colour("load", (0.76, 0.58, 0.38, 1.0 if load.mass > 0 else 0.0))
        self._slides.reset((load.x, load.y))
        self._slides.hold((load.x, load.y), _CLAMP)

    def reset(self, pose: Pose, rng: np.random.Generator, noise: float) -> None:
        """Readies it for an episode; see `Robot.reset`."""
        self._rng = rng
        self._waiting.clear()
        self.body.place(*pose)
        self.wheels.reset((0.0, 0.0))
        self.wheels.drive((0.0, 0.0), NO_LOAD_SPEED)
        self._imu.reset(rng, noise)
        self._encoders.reset(rng, noise)

    def act(self, action: NDArray[np.float32]) -> None:
        """Takes one torque command; see `Robot.act` and the class."""
        left, right = wheel_shares(action)
        self._waiting.append((self._physics.steps + self._latency, left * PEAK_TORQUE, right * PEAK_TORQUE))

    def actuate(self) -> int:
        """Lets a command whose latency has passed reach the motors; see `Robot.actuate`."""
        waiting, now = self._waiting, self._physics.steps
        if waiting and waiting[0][0] <= now:
            _, left, right = waiting.popleft()
            self.wheels.drive((left, right), NO_LOAD_SPEED)
        return waiting[0][0] - now if waiting else LASTING

    def proprioception(self) -> NDArray[np.float32]:
        """Reads IMU and encoders; see the class."""
        return np.concatenate([self._imu.read(self._rng), self._encoders.read(self._rng)])
