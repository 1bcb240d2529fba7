"""What tasks of the arm see: poses of packages and shelving in the tool's frame, or the pictures of two cameras."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from robosim.body import Body
from robosim.math import Vec3, clip, rotation_rows
from robosim.physics import Physics
from robosim.render.scene import Scene
from robosim.robots.mast import tool_position
from robosim.robots.picker import MAST, WRIST, Picker
from robosim.sensors.camera import Camera
from robosim.worlds.warehouse.clutter import LETTERS

CAMERA_SIZE = 64  # pixels each way
FOV = (70.0, 75.0)  # degrees, of wrist and mast
DEPTHS = (0.05, 3.0)  # m that the cameras measure
# Of localised packages, standard deviations at level 9: a constant error of an episode, and what jitters on top of it.
POSE_ERROR = (0.004, 0.010)  # m along each axis, rad
JITTER = (0.001, 0.003)  # m, rad
FAR = 3.0  # m; beyond it, it is told as this
FELT, COMMANDS = 11, 4  # of proprioception and action what the arm's are: the last


class Tool:
    """The tool's frame: at the lip of the cup at rest, x ahead along the arm, z up; told by base pose and joints."""

    __slots__ = ("_cos", "_sin", "heading", "x", "y", "z")

    def __init__(self, robot: Picker) -> None:
        """Reads where it is; see the class."""
        (x, y, z), _ = robot.body.pose()
        rows = robot.body.rows()
        motion = robot.mast.motion()
        a, b, c = tool_position(motion.turret, motion.lift, motion.reach)
        self.heading = math.atan2(rows[1][0], rows[0][0]) + motion.turret
        base = self.heading - motion.turret
        cos, sin = math.cos(base), math.sin(base)
        self.x, self.y, self.z = x + cos * a - sin * b, y + sin * a + cos * b, z + c
        self._cos, self._sin = math.cos(self.heading), math.sin(self.heading)

    def see(self, point: Vec3) -> Vec3:
        """Gives a point of the world in the tool's frame, m, each within `FAR`."""
        dx, dy, dz = point[0] - self.x, point[1] - self.y, point[2] - self.z
        ahead, left = self._cos * dx + self._sin * dy, self._cos * dy - self._sin * dx
        return clip(ahead, -FAR, FAR), clip(left, -FAR, FAR), clip(dz, -FAR, FAR)

    def facing(self, yaw: float) -> tuple[float, float]:
        """Gives sine and cosine of the angle by which what looks along ``yaw`` is off from looking straight at it."""
        off = yaw - self.heading - math.pi
        return math.sin(off), math.cos(off)


class Localiser:
    """Knows where packages are, to within `POSE_ERROR`."""

    def __init__(self) -> None:
        """Makes it exact, until it is reset."""
        self._errors: dict[int, list[float]] = {}
        self._noise = 0.0

    def reset(self, rng: np.random.Generator, bodies: Sequence[Body], noise: float) -> None:
        """Draws how wrong it is about each body in this episode; noise 0 is exact."""
        self._noise, self._rng = noise, rng
        drawn = noise * rng.standard_normal((len(bodies), 4)) * (*[POSE_ERROR[0]] * 3, POSE_ERROR[1])
        self._errors = {body.number: row for body, row in zip(bodies, drawn.tolist(), strict=True)}

    def read(self, bodies: Sequence[Body]) -> list[tuple[Vec3, float, float]]:
        """Gives each body's middle (m in the world), yaw and how far its front points up (rad)."""
        scale = (*[JITTER[0]] * 3, JITTER[1], JITTER[1])
        jitter = (self._noise * self._rng.standard_normal((len(bodies), 5)) * scale).tolist()
        found = []
        for body, shake in zip(bodies, jitter, strict=True):
            (x, y, z), turn = body.pose()
            a, b, c, twist = self._errors[body.number]
            yaw, pitch = front(turn)
            place = x + a + shake[0], y + b + shake[1], z + c + shake[2]
            found.append((place, yaw + twist + shake[3], pitch + shake[4]))
        return found


def front(turn: Sequence[float]) -> tuple[float, float]:
    """Gives which way a body's x axis points: its yaw, and how far up it points, rad."""
    rows = rotation_rows(turn)
    return math.atan2(rows[1][0], rows[0][0]), math.asin(clip(rows[2][0], -1.0, 1.0))


def ahead_of(pose: tuple[Vec3, float, float], length: float) -> Vec3:
    """Gives the point ``length`` metres from a middle along the front's direction."""
    (x, y, z), yaw, pitch = pose
    flat = length * math.cos(pitch)
    return x + flat * math.cos(yaw), y + flat * math.sin(yaw), z + length * math.sin(pitch)


class Eyes:
    """The cameras of wrist and mast, `CAMERA_SIZE` pixels each way, colour and depth.

    Reads a dict: ``rgb_wrist``, ``depth8_wrist``, ``rgb_mast``, ``depth8_mast``; see `robosim.sensors.camera.Camera`.

    Attributes:
        space: Of each part.
        pictures: What was seen last in colour, by camera, for spectators.
    """

    def __init__(self, physics: Physics, robot: Picker) -> None:
        """Mounts them; see the class."""
        scene = Scene(physics)
        self._cameras = {
            name: Camera(
                scene, robot.body, CAMERA_SIZE, CAMERA_SIZE, fov, mount, modes=("rgb", "depth8"), depth_range=DEPTHS
            )
            for name, fov, mount in zip(("wrist", "mast"), FOV, (WRIST, MAST), strict=True)
        }
        self.space: dict[str, spaces.Space[Any]] = {
            f"{mode}_{name}": space for name, camera in self._cameras.items() for mode, space in camera.space.items()
        }
        self.pictures: dict[str, NDArray[Any]] = {}

    def read(self, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
        """Takes both pictures; see the class."""
        seen = {
            f"{mode}_{name}": image
            for name, camera in self._cameras.items()
            for mode, image in camera.read(rng).items()
        }
        self.pictures = {name: seen[f"rgb_{name}"] for name in self._cameras}
        return seen

    def observe(self, felt: Sequence[float], letter: str, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
        """Gives what a task of the arm observes by cameras: what it feels, the order, both pictures."""
        return {"state": np.array(felt, np.float32), "order": one_hot(letter), **self.read(rng)}


def observation_space(robot: Picker, eyes: Eyes | None, most: Sequence[float]) -> spaces.Space[Any]:
    """Describes what a task of the arm observes.

    Args:
        robot: What is observed begins with its arm's proprioception and last action.
        eyes: Its cameras, where it sees by them: then it is a dict, as `Eyes.observe` gives it.
        most: Largest magnitude of each number that follows where it is told poses instead.
    """
    space = robot.proprioception_space
    low, high = [*space.low[-FELT:], *[-1.0] * COMMANDS], [*space.high[-FELT:], *[1.0] * COMMANDS]
    if eyes is None:
        low, high = [*low, *(-value for value in most)], [*high, *most]
    felt = spaces.Box(np.array(low, np.float32), np.array(high, np.float32))
    if eyes is None:
        return felt
    order = spaces.Box(0.0, 1.0, (len(LETTERS),), np.float32)
    return spaces.Dict({"state": felt, "order": order, **eyes.space})


def one_hot(letter: str) -> NDArray[np.float32]:
    """Gives an order as numbers with a 1 in its letter's place, shape (letters,)."""
    row = np.zeros(len(LETTERS), np.float32)
    row[LETTERS.index(letter)] = 1.0
    return row
