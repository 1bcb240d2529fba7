"""Courier: a courier on two driven wheels and four casters that carries goods through a warehouse.

Size class: Fetch Robotics' Freight (0.56 x 0.51 x 0.36 m, 68 kg, at most 2.0 m/s, 100 kg of load; manufacturer's data
sheet). Its wheel motors give 8.85 N·m each (docs.fetchrobotics.com, "Mechanical Specification"). Here they drive
somewhat larger wheels, which look out at the sides.
"""

import math
from pathlib import Path
from typing import ClassVar

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from robosim.body import Body, Pose
from robosim.math import Vec3, clip
from robosim.physics import Physics
from robosim.robots.robot import Robot
from robosim.sensors.camera import Mount
from robosim.sensors.odometry import Odometry

URDF = Path(__file__).parent / "assets" / "courier.urdf"

SIZE: Vec3 = (0.56, 0.51, 0.36)  # m, along x, y, z
RADIUS = 0.336  # m; a circle about the base frame that holds all of it, so that it may turn anywhere inside
MASS = 68.0  # kg
WHEEL_RADIUS = 0.08  # m
TRACK = 0.47  # m, between the wheels' middles
TORQUE = 8.85  # N·m a wheel, at most; together 221 N of thrust
LIDAR: Vec3 = (0.0, 0.0, 0.20)  # m; in the dark window that runs all around
CAMERA = Mount((0.282, 0.0, 0.293), (1.0, 0.0, 0.1))  # in the front panel, tipped up by 6° towards people and signs
DECK = 0.356  # m above the floor

FORWARD = 1.2  # m/s, at action 1
BACKWARD = 0.3  # m/s, at action -1; it drives back only to get free
YAW_RATE = 1.5  # rad/s, at action ±1
# Limits of the commands' slew. Braking stays far below what topples goods that stand on the deck.
ACCELERATION = 1.0  # m/s²
BRAKING = 2.0  # m/s²; from full speed to a stop in 0.36 m
YAW_ACCELERATION = 5.0  # rad/s²
_MARGIN = 0.0005  # m; what rolls on the floor need not heed it from farther: a quarter of the physics' cost
_TIPPED = math.cos(math.radians(25.0))
_UPRIGHT = math.cos(math.radians(2.0))  # leaning less, it touches no even floor
_NEAR, _FASTEST = 0.15, 1.4  # m and m/s: between one command and the next nothing gets nearer any faster


class Courier(Robot):
    """The courier. An action is (speed, yaw rate), shares of the largest.

    Speed 1 is `FORWARD`, 0 stands, −1 is `BACKWARD`; yaw rate 1 is `YAW_RATE` to the left. What the wheels are told
    follows at no more than `ACCELERATION`, `BRAKING` and `YAW_ACCELERATION`; motors keep those speeds with at most
    `TORQUE` a wheel.

    Proprioception has two numbers from the wheels' encoders: speed forward (m/s) and yaw rate (rad/s). The base frame
    lies on the floor, midway between the wheels: x forward, y left, z up.

    Args:
        physics: Where it is loaded.

    Attributes:
        lidar_position: Where its lidar sits, in the base frame, m.
        odometry: Where it believes it is; `proprioception` reads it, and `believed` has the whole reading.
        believed: Its latest reading, float32 (5,).
        command: Speed (m/s) and yaw rate (rad/s) that the wheels are told at present.
    """

    urdf: ClassVar[Path] = URDF
    yaw_acceleration: ClassVar[float] = YAW_ACCELERATION  # rad/s²
    braking: ClassVar[float] = BRAKING  # m/s²

    def __init__(self, physics: Physics) -> None:
        """Loads the body; see the class."""
        self.action_space = spaces.Box(-1.0, 1.0, (2,), np.float32)
        # Beyond what wheels can be told, slip and noise included; policies want finite bounds.
        most = np.array([2 * FORWARD, 2 * YAW_RATE], np.float32)
        self.proprioception_space = self._encoders_space = spaces.Box(-most, most)
        self.mount, self.lidar_position = CAMERA, LIDAR
        self.body = self._load(physics)
        self.body.set_damping(0.0, 0.0)
        self.body.set_friction(1.0)  # PyBullet multiplies two bodies' friction: the floor's alone shall count
        self.body.set_friction(0.0, ["casters"])
        self.body.set_contact_margin(_MARGIN, ["casters", "left_wheel", "right_wheel"])
        self.wheels = self.body.joints("left_wheel_joint", "right_wheel_joint")
        self.odometry = Odometry(self.wheels, WHEEL_RADIUS, TRACK)
        self.believed = np.zeros(5, np.float32)
        self.command = self._target = (0.0, 0.0)
        self._dt = physics.dt
        self._faster, self._slower, self._twist = (
            limit * physics.dt for limit in (ACCELERATION, self.braking, self.yaw_acceleration)
        )
        self._rng = np.random.default_rng(0)
        self._physics = physics
        self._stepped = False
        self._steps = self._alone = 0
        self._impulses: dict[int, float] = {}

    def _load(self, physics: Physics) -> Body:
        return physics.load_urdf(self.urdf)

    def reset(self, pose: Pose, rng: np.random.Generator, noise: float) -> None:
        """Readies it for an episode, at rest; see `Robot.reset`."""
        self._rng = rng
        self.body.place(*pose)
        self.wheels.reset((0.0, 0.0))
        self.command = self._target = (0.0, 0.0)
        self._tell_wheels()
        self._stepped, self._steps, self._alone = False, 0, 0
        self._impulses.clear()
        self.odometry.reset(rng, noise)
        self.believed = np.zeros(5, np.float32)

    def act(self, action: NDArray[np.float32]) -> None:
        """Takes one command; see `Robot.act` and the class."""
        self._feel()
        drive, turn = action.tolist()
        speed = FORWARD * min(drive, 1.0) if drive > 0 else BACKWARD * max(drive, -1.0)
        self._target = speed, YAW_RATE * clip(turn, -1.0, 1.0)
        self._alone = self._steps_alone()

    def _steps_alone(self) -> int:
        """Gives for how many physics steps the chassis cannot touch anything, for sure.

        To ask what it touches costs as much as all the rest of `actuate`, and mostly it is nothing.
        """
        ((x, y, z), _), _, _ = self.body.motion()
        if self.body.rows()[2][2] < _UPRIGHT:  # so that it may touch the floor
            return 0
        reach = RADIUS + _NEAR
        around = self._physics.around((x - reach, y - reach, z - _NEAR), (x + reach, y + reach, z + DECK + _NEAR))
        around -= self._physics.planes
        return 0 if around - {self.body.number} else int(_NEAR / (_FASTEST * self._dt))

    def actuate(self) -> int:
        """Moves what the wheels are told towards the command; see `Robot.actuate`."""
        if self._stepped:
            self._feel()
        self._stepped = True
        if self.command != self._target:
            (speed, yaw_rate), (to_speed, to_yaw_rate) = self.command, self._target
            faster = abs(to_speed) > abs(speed) and to_speed * speed >= 0
            stride, twist = self._faster if faster else self._slower, self._twist
            self.command = (
                clip(to_speed, speed - stride, speed + stride),
                clip(to_yaw_rate, yaw_rate - twist, yaw_rate + twist),
            )
            self._tell_wheels()
        return 1

    def _tell_wheels(self) -> None:
        speed, yaw_rate = self.command
        if speed == yaw_rate == 0:
            # Told to turn at no speed, they would creep by half a millimetre a second.
            self.wheels.hold(self.wheels.positions_velocities()[0], TORQUE)
            return
        apart = yaw_rate * TRACK / 2
        self.wheels.spin(((speed - apart) / WHEEL_RADIUS, (speed + apart) / WHEEL_RADIUS), TORQUE)

    def _feel(self) -> None:
        """Adds up what pressed the chassis in the physics step that has gone by, if none has felt it yet."""
        if self._stepped:
            self._stepped = False
            self._steps += 1
            if self._alone:
                self._alone -= 1
                return
            for body, force in self.body.touches("chassis").items():
                self._impulses[body] = self._impulses.get(body, 0.0) + force

    def bumped(self) -> dict[int, float]:
        """Gives what the chassis has touched since this was last asked: body's number → mean force, N.

        The force is the mean of the normal forces over that time, so that an impact's does not depend on the length of
        a physics step. Against a wall at full speed, asked at 10 Hz, it is about 1,200 N: in 0.1 s, 82 N·s of the
        robot's mass, 19 of its motors' rotors and what these go on to push. Pushing without moving, it is that thrust,
        221 N. Wheels and casters are left out; the floor is named only if the chassis itself lies on it.
        """
        self._feel()
        steps, impulses = max(self._steps, 1), self._impulses
        self._steps, self._impulses = 0, {}
        return {body: force / steps for body, force in impulses.items()}

    @property
    def tipped(self) -> bool:
        """Whether it leans by more than 25°, five times the steepest ramp (1 in 12) that its class is made for."""
        return self.body.rows()[2][2] < _TIPPED

    def proprioception(self) -> NDArray[np.float32]:
        """Reads the encoders and moves `believed` on; see the class. To be read once a control step."""
        self.believed = self.odometry.read(self._rng)
        space = self._encoders_space
        senses: NDArray[np.float32] = np.minimum(np.maximum(self.believed[3:], space.low), space.high)
        return senses
