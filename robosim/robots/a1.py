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
from numpy import typing as npt
from numpy.typing import NDArray

from robosim.body import Pose
from robosim.math import Vec3, clip, cross, to_body
from robosim.physics import Physics
from robosim.robots.flat_urdf import load_flattened
from robosim.robots.legs import aim, carry, find_feet, gauge, trot
from robosim.robots.robot import Robot
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
HEIGHT = 0.24  # m, of the hips above the feet's middles; at 0.26 it falls off stairs and stones twice as often

FREQUENCY, FREQUENCY_RANGE = 2.5, 0.8  # Hz; cycles a second at action 0, and what the action adds at most
CLEARANCE, CLEARANCE_RANGE = 0.08, 0.05  # m
HEIGHT_RANGE = 0.04  # m
REACH = (0.12, 0.08, 0.1)  # m, of the feet's residuals along x, y, z: over a gap of 0.2 m from its middle
OFFSET = 0.4  # rad, of the joints' residuals
# Forward speed at action 0 and what the action adds (m/s), and yaw rate (rad/s), of a robot that steers itself; share
# of the way to it that is gone in a control step.
SPEED, SPEED_RANGE, TURN_RANGE, STEER = 0.2, 0.3, 0.8, 0.1
SMOOTH = 0.35  # of the way to a new action is gone in a control step: a low-pass at 3.4 Hz

JOINT_NOISE, RATE_NOISE = 0.01, 0.5  # rad, rad/s, half of legged_gym's ranges as standard deviations
RATE_LIMIT = 30.0  # rad/s; FR_upper_joint turns up to 28.6
SPEED_LIMIT = 3.0  # m/s, of leg odometry
_STANDS = np.zeros(3)
_NEAR_FOOT = 0.035  # m from a foot's middle within which a contact of the shin is the foot's
_ZEROS = np.zeros(12)

Action = Literal["gait", "joint"]

# What `vary` draws, uniformly: RMA (Kumar et al., 2021) and motion_imitation's randomiser vary the same, about as much.
PAYLOAD = (-1.0, 2.5)  # kg, on the trunk: about -10 to +20 % of the whole
INERTIA = (0.75, 1.5)  # of the trunk
STRENGTH = (0.8, 1.2)  # of the motors
DAMPING = (0.0, 0.05)  # N·m a rad/s
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
        self._mode, self._dt, self._control_dt = action, physics.dt, control_dt
        self._steers = steers and action == "gait"
        size = 17 if self._steers else 15 if action == "gait" else 12
        self.action_space = spaces.Box(-1.0, 1.0, (size,), np.float32)
        self.joints = self.body.joints(*JOINTS)
        self._imu = Imu(self.body)
        self._shins = {self.body.link_number(name): leg for leg, name in enumerate(SHINS)}
        self.command = np.zeros(3)
        self.stand = np.zeros(12)
        trot(0.0, FREQUENCY, 0.0, HEIGHT, _STANDS, _ZEROS, self.stand)
        high = [*self._imu.space.high, *[math.pi] * 12, *[RATE_LIMIT] * 12, *[SPEED_LIMIT] * 3, *[1.0] * (size + 6)]
        bound = np.array(high, np.float32)
        self.proprioception_space = spaces.Box(-bound, bound)
        self.feet, self.speeds = np.zeros((4, 3)), np.zeros((4, 3))
        self.pressed, self.bumps = [False] * 4, 0
        self.positions, self.rates, self.torques = np.zeros((3, 12))
        self._gauged = np.zeros(12)
        self._waiting: deque[tuple[int, list[float]]] = deque()
        self._targets, self._aims = np.zeros(12), np.zeros((4, 3))
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
        self._rng, self._noise, self._tick = rng, noise, 0
        self.phase, self._frequency, self._height = 0.0, FREQUENCY, HEIGHT
        self._carried = np.zeros((3, 4, 3))
        self.action = np.zeros(self.action_space.shape or 0)
        self._smooth, self._previous = self.action.copy(), self.action.copy()
        self.command[:] = 0.0
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
        self._previous, self.action = self.action, self._previous
        np.minimum(np.maximum(action, -1.0), 1.0, out=self.action)
        self._smooth += SMOOTH * (self.action - self._smooth)
        targets = self._targets
        if self._mode == "gait":
            self._trot(targets)
        else:
            self.phase = (self.phase + FREQUENCY * self._control_dt) % 1.0
            np.add(self.stand, OFFSET * self._smooth, out=targets)
        self._waiting.append((self._tick + round(self._variation.latency / self._dt), targets.tolist()))

    def _trot(self, targets: NDArray[np.float64]) -> None:
        smooth = self._smooth
        frequency = FREQUENCY + FREQUENCY_RANGE * float(smooth[12])
        clearance = CLEARANCE + CLEARANCE_RANGE * float(smooth[13])
        height = HEIGHT + HEIGHT_RANGE * float(smooth[14])
        self._frequency, self._height = frequency, height
        if self._steers:
            speed, turn = SPEED + SPEED_RANGE * float(smooth[15]), TURN_RANGE * float(smooth[16])
            self.command += STEER * (np.array((speed, 0.0, turn)) - self.command)
        self.phase = (self.phase + frequency * self._control_dt) % 1.0
        carry(self.phase, _SCALE * self.action[:12], self._carried)
        trot(self.phase, frequency, clearance, height, self.command, self._carried[0].ravel(), targets)

    def actuate(self) -> None:
        """Lets an action whose latency has passed reach the motors; see `Robot.actuate`."""
        if self._waiting and self._waiting[0][0] <= self._tick:
            self._hold(self._waiting.popleft()[1])
        self._tick += 1

    def _hold(self, targets: list[float]) -> None:
        self.joints.hold(targets, TORQUE * self._variation.strength, STIFFNESS * self._dt)

    def sense(self) -> None:
        """Reads joints and contacts; the task calls it once a control step, before it asks for anything else."""
        self.positions, self.rates, self.torques = np.array(self.joints.efforts())
        find_feet(self.positions, self.rates, self.feet, self.speeds)
        self._touch()
        _, velocity, spin = self.body.motion()
        rows = self.body.rows()
        self.spin = to_body(rows, spin)
        first, second, third, fourth = self.pressed
        pressed, moves = (first, second, third, fourth), to_body(rows, velocity)
        gauge(
            self.feet, self.speeds, pressed, moves, self.spin, self.torques, self.rates, self.action, self._previous,
            self._gauged,
        )  # fmt: skip
        self._means = self._gauged[:6].tolist()
        self.felt = Felt(*self._gauged[6:].tolist())

    def _touch(self) -> None:
        self.pressed, self.bumps = [False] * 4, 0
        ((x, y, z), _), _, _ = self.body.motion()
        rows, feet = self.body.rows(), self.feet.tolist()
        for link, (px, py, pz), _ in self.body.contact_points():
            leg = self._shins.get(link)
            if leg is not None and math.dist(to_body(rows, (px - x, py - y, pz - z)), feet[leg]) < _NEAR_FOOT:
                self.pressed[leg] = True
            else:
                self.bumps += 1

    def odometry(self, spin: Vec3) -> Vec3:
        """Gives the trunk's velocity in its own frame by feet that stand, m/s: they do not move, so the trunk does.

        Args:
            spin: Angular velocity in the trunk's frame, rad/s, as the gyroscope has it.
        """
        if any(self.pressed):
            x, y, z, *speeds = self._means
            turned = cross(spin, (x, y, z))
            most = SPEED_LIMIT
            ahead, left, up = (clip(-speed - turn, -most, most) for speed, turn in zip(speeds, turned, strict=True))
            self._velocity = ahead, left, up
        return self._velocity

    def aims(self) -> NDArray[np.float64]:
        """Gives where its feet next come down without residuals, (4, 3), m, from its middle, along the world's axes."""
        turn = np.array(self.body.rows())
        aim(self.phase, self._frequency, self._height, self.command, turn, self._aims)
        return self._aims

    def proprioception(self) -> NDArray[np.float32]:
        """Reads what it feels; see the class."""
        imu = self._imu.read(self._rng)
        noise = self._noise * self._rng.standard_normal(24)
        angles = self.positions - self.stand + JOINT_NOISE * noise[:12]
        rates = np.minimum(np.maximum(self.rates + RATE_NOISE * noise[12:], -RATE_LIMIT), RATE_LIMIT)
        x, y, z = imu[3:].tolist()
        cycle = 2 * math.pi * self.phase
        clock = (math.sin(cycle), math.cos(cycle))
        parts: list[npt.ArrayLike] = [imu, angles, rates, self.odometry((x, y, z)), self.action, self.pressed, clock]
        return np.concatenate(parts).astype(np.float32)


_SCALE = np.tile(REACH, 4)
