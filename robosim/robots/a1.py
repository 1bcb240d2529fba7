"""A1: Unitree's quadruped, twelve position-controlled joints, from the model in PyBullet's data.

Dimensions and limits are in `robosim.robots.legs`, with the joint of `a1/a1.urdf` that they come from.
"""

import math
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import pybullet_data
from gymnasium import spaces
from numpy.typing import NDArray

from robosim.body import Pose
from robosim.floats import write_floats
from robosim.math import Mat3, Vec3, clip, cross, to_body
from robosim.physics import Physics
from robosim.robots.a1_senses import RATE_LIMIT, describe, gauge
from robosim.robots.flat_urdf import load_flattened
from robosim.robots.gait import FREQUENCY, HEIGHT, heed, new_gait, step
from robosim.robots.legs import aim, find_feet, trot
from robosim.robots.robot import LASTING, Robot
from robosim.sensors.camera import Mount
from robosim.sensors.imu import Imu

URDF = Path(pybullet_data.getDataPath()) / "a1" / "a1.urdf"
LEGS = ("FR", "FL", "RR", "RL")
JOINTS = tuple(f"{leg}_{part}_joint" for leg in LEGS for part in ("hip", "upper", "lower"))
SHINS = tuple(f"{leg}_lower" for leg in LEGS)

TORQUE = 33.5  # N·m; Unitree's data sheet of A1. The URDF's own limits are 20 at the hip and 55 elsewhere.
# Of the way to its target, a joint shall go this share a second: 32 /s is what walked best of 412 settings at 400 Hz
# with PyBullet's gain of 0.08 a step. Bullet's motors are constraints: they hold at any gain a step below 1.
STIFFNESS = 32.0  # 1/s
FOOT_RADIUS = 0.02  # m; FR_toe
MASS = 12.458  # kg, of all
TRUNK_MASS = 4.714  # kg, with the IMU; trunk, imu_link
OFFSET = 0.4  # rad, of the joints' residuals
SPEED_LIMIT = 3.0  # m/s, of leg odometry
_STANDS = np.zeros(3)
_NEAR_FOOT = 0.035  # m from a foot's middle within which a contact of the shin is the foot's
_ZEROS = np.zeros(12)

Action = Literal["gait", "joint"]

# What `vary` draws, uniformly: RMA (Kumar et al., 2021) and motion_imitation's randomiser vary the same, about as much.
PAYLOAD = (-1.0, 2.5)  # kg, on the trunk: about -10 to +20 % of the whole
INERTIA = (0.75, 1.5)  # of the trunk
STRENGTH = (0.8, 1.2)  # of the motors
DAMPING = (0.0, 0.05)  # N·m a rad/s; joints have viscous friction alone
LATENCY = (0.0, 0.02)  # s


@dataclass(frozen=True)
class Variation:
    """What may vary from episode to episode; the defaults are nominal.

    Attributes:
        payload: kg, on the trunk.
        inertia: Multiplies the trunk's moments of inertia.
        strength: Multiplies the motors' torque.
        damping: N·m a rad/s, what bearings and gears take.
        latency: s, from an action to the motors' new targets.
        grip: Multiplies the friction of the feet.
    """

    payload: float = 0.0
    inertia: float = 1.0
    strength: float = 1.0
    damping: float = 0.0
    latency: float = 0.0
    grip: float = 1.0


class Felt(NamedTuple):
    """What a control step came to.

    Attributes:
        slip: m/s, mean of the feet that press, along the trunk's level.
        power: W, that the motors put in; what they take back is not returned.
        effort: N²·m², sum of the squared torques.
        torque: N·m, the largest.
        roughness: Mean square change of the action since the control step before.
        action_size: Mean square of the action.
    """

    slip: float
    power: float
    effort: float
    torque: float
    roughness: float
    action_size: float


def vary(rng: np.random.Generator, payload: tuple[float, float] = PAYLOAD) -> Variation:
    """Draws an episode's robot."""
    ranges = payload, INERTIA, STRENGTH, DAMPING, LATENCY
    return Variation(*(float(rng.uniform(*ends)) for ends in ranges))


class A1(Robot):
    """The robot.

    With ``action="gait"`` an action is fifteen numbers: how far each foot is from where the trot has it (x, y, z of
    front right, front left, rear right, rear left, times `REACH`; a foot that swings goes there, one that stands hardly
    moves, as `legs.carry` has it), then frequency, clearance and height, times their ranges. Zero trots as commanded
    (`command`). With ``action="joint"`` it is twelve: the joints' angles from those in which it stands, times `OFFSET`.
    All but the feet's actions are smoothed. A robot that ``steers`` has two more in gait mode, which set the command:
    forward speed, from `SPEED` by `SPEED_RANGE`, and yaw rate, by `TURN_RANGE`.

    Proprioception has 54 numbers in gait mode, 56 where it steers, 51 in joint mode: direction of gravity (3, trunk's
    frame), angular velocity (3, rad/s), joint angles from those in which it stands (12, rad), joint velocities (12,
    rad/s), velocity by leg odometry (3, m/s, trunk's frame), the last action (15, 17 or 12), which feet press (4, 0 or
    1), and the cycle's sine and cosine (2).

    Args:
        physics: Where it is loaded.
        control_dt: s, between two actions.
        action: What an action means.
        steers: Whether the action also sets the command.

    Attributes:
        command: Forward, leftward (m/s), yaw rate (rad/s) that the trot follows; the task sets it, or the action.
        feet: (4, 3), m, trunk's frame, as they were when `sense` was called.
        pressed: Which of them press on something.
        positions: (12,), rad, of the joints, with ``rates``, rad/s, and ``torques`` of the last physics step, N·m.
        spin: Angular velocity in the trunk's frame, rad/s.
        felt: What a control step came to.
        bumps: How many other parts than feet touch something.
    """

    def __init__(self, physics: Physics, control_dt: float, action: Action = "gait", *, steers: bool = False) -> None:
        """Loads the body; see the class."""
        self.body = load_flattened(physics, URDF)
        self.body.set_damping(0.0, 0.0)
        self.mount = Mount((0.23, 0.0, 0.05), (1.0, 0.0, -0.5))
        self._physics, self._dt = physics, physics.dt
        self._mode, self._control_dt = action, control_dt
        self._steers = steers and action == "gait"
        size = 17 if self._steers else 15 if action == "gait" else 12
        self.action_space = spaces.Box(-1.0, 1.0, (size,), np.float32)
        self.joints = self.body.joints(*JOINTS)
        self._imu = Imu(self.body)
        self._shins = {self.body.link_number(name): leg for leg, name in enumerate(SHINS)}
        self._gait = new_gait(size)
        self.command, self.action = self._gait.command, self._gait.action
        self.stand = np.zeros(12)
        trot(0.0, FREQUENCY, 0.0, HEIGHT, _STANDS, _ZEROS, self.stand)
        high = [*self._imu.space.high, *[math.pi] * 12, *[RATE_LIMIT] * 12, *[SPEED_LIMIT] * 3, *[1.0] * (size + 6)]
        bound = np.array(high, np.float32)
        self.proprioception_space = spaces.Box(-bound, bound)
        self.feet, self.speeds = np.zeros((4, 3)), np.zeros((4, 3))
        self.pressed, self.bumps = [False] * 4, 0
        self._joints = np.zeros((3, 12))
        self.positions, self.rates, self.torques = self._joints
        self._gauged = np.zeros(12)
        self._waiting: deque[tuple[int, list[float]]] = deque()
        self._aims = np.zeros((4, 3))
        self._variation = Variation()
        self._inertia = self.body.inertia("trunk")
        self._begin(np.random.default_rng(0), 0.0)

    def configure(self, variation: Variation) -> None:
        """Sets what an episode may vary; call it before `reset`."""
        self._variation = variation
        moments = [variation.inertia * moment for moment in self._inertia]
        self.body.set_mass("trunk", TRUNK_MASS + variation.payload, moments)
        self.body.set_joint_damping(variation.damping)
        self.body.set_friction(variation.grip)

    def _begin(self, rng: np.random.Generator, noise: float) -> None:
        self._rng, self._noise = rng, noise
        self.phase, self._frequency, self._height = 0.0, FREQUENCY, HEIGHT
        for array in self._gait:
            array.fill(0.0)
        self._waiting.clear()
        self._velocity: Vec3 = (0.0, 0.0, 0.0)

    def reset(self, pose: Pose, rng: np.random.Generator, noise: float) -> None:
        """Readies it for an episode, standing with its feet on the level at the pose's height; see `Robot.reset`."""
        self._begin(rng, noise)
        self.phase = 0.5 * float(rng.integers(2))
        (x, y, z), turn = pose
        self.body.place((x, y, z + HEIGHT + FOOT_RADIUS + 0.002), turn)
        self.joints.reset(self.stand.tolist())
        self._hold(self.stand.tolist())
        self._imu.reset(rng, noise)
        self.sense()

    def act(self, action: NDArray[np.float32]) -> None:
        """Takes one command; see `Robot.act` and the class."""
        gait = self._gait
        if self._mode == "gait":
            self.phase, self._frequency, self._height = step(gait, action, self.phase, self._control_dt, self._steers)
        else:
            heed(gait, action)
            self.phase = (self.phase + FREQUENCY * self._control_dt) % 1.0
            np.add(self.stand, OFFSET * gait.smooth, out=gait.targets)
        due = self._physics.steps + round(self._variation.latency / self._dt)
        self._waiting.append((due, gait.targets.tolist()))

    def actuate(self) -> int:
        """Lets an action whose latency has passed reach the motors; see `Robot.actuate`."""
        waiting, now = self._waiting, self._physics.steps
        if waiting and waiting[0][0] <= now:
            self._hold(waiting.popleft()[1])
        return waiting[0][0] - now if waiting else LASTING

    def _hold(self, targets: list[float]) -> None:
        self.joints.hold(targets, TORQUE * self._variation.strength, STIFFNESS * self._dt)

    def sense(self) -> None:
        """Reads joints and contacts; the task calls it once a control step, before it asks for anything else."""
        positions, rates, torques = self.joints.efforts()
        write_floats(self._joints, positions + rates + torques)
        find_feet(self.positions, self.rates, self.feet, self.speeds)
        (place, _), velocity, spin = self.body.motion()
        rows = self.body.rows()
        self._touch(place, rows)
        self.spin = to_body(rows, spin)
        gait, moves = self._gait, to_body(rows, velocity)
        gauge(
            self.feet, self.speeds, self._pressed(), moves, self.spin, self.torques, self.rates,
            gait.action, gait.previous, self._gauged,
        )  # fmt: skip
        *self._means, slip, power, effort, torque, roughness, action_size = self._gauged.tolist()
        self.felt = Felt(slip, power, effort, torque, roughness, action_size)

    def _touch(self, place: Vec3, rows: Mat3) -> None:
        self.pressed, self.bumps = [False] * 4, 0
        (x, y, z), feet = place, self.feet.tolist()
        for link, (px, py, pz), _ in self.body.contact_points():
            leg = self._shins.get(link)
            if leg is not None and math.dist(to_body(rows, (px - x, py - y, pz - z)), feet[leg]) < _NEAR_FOOT:
                self.pressed[leg] = True
            else:
                self.bumps += 1

    def _pressed(self) -> tuple[bool, bool, bool, bool]:
        first, second, third, fourth = self.pressed
        return first, second, third, fourth

    def odometry(self, spin: Vec3) -> Vec3:
        """Gives the trunk's velocity in its own frame by feet that stand, m/s: they do not move, so the trunk does.

        Args:
            spin: Angular velocity in the trunk's frame, rad/s, as the gyroscope has it.
        """
        if True in self.pressed:
            x, y, z, ahead, left, up = self._means
            a, b, c = cross(spin, (x, y, z))
            most = SPEED_LIMIT
            self._velocity = clip(-ahead - a, -most, most), clip(-left - b, -most, most), clip(-up - c, -most, most)
        return self._velocity

    def aims(self) -> NDArray[np.float64]:
        """Gives where its feet next come down without residuals, (4, 3), m, from its middle, along the world's axes."""
        aim(self.phase, self._frequency, self._height, self.command, self.body.rows(), self._aims)
        return self._aims

    def proprioception(self) -> NDArray[np.float32]:
        """Reads what it feels; see the class."""
        imu = self._imu.read(self._rng)
        normals = self._rng.standard_normal(24)
        x, y, z = imu[3:].tolist()
        cycle = 2 * math.pi * self.phase
        senses = np.empty(self.proprioception_space.shape, np.float32)
        describe(
            imu, self._joints, self.stand, normals, self._noise, self.odometry((x, y, z)), self.action,
            self._pressed(), (math.sin(cycle), math.cos(cycle)), senses,
        )  # fmt: skip
        return senses
