"""Where the cameras of labelled pictures stand: at a robot's height, on an arm's wrist, on its mast."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robosim.math import Vec3, clip
from robosim.perception.data.floor import Floor
from robosim.perception.data.stage import Arranged, Stage
from robosim.render.kernels.arrays import NONE
from robosim.render.lens import View, carried
from robosim.robots.mast import LIFT, REACH
from robosim.robots.picker import MAST, WRIST
from robosim.sensors.camera import Mount

HEIGHTS = ((0.18, 0.45), (0.45, 1.1), (1.1, 1.9))  # m: couriers and quadrupeds, carts, masts
# m, from a camera in a hall to a package whose label is to be read: at least, and between what and what at most; and
# how much higher it is than the package
_CLOSE, _ABOVE = (0.45, 0.7, 2.0), (-0.1, 0.7)
_AWAY = (0.7, 7.0)  # m, to anything else that it looks at
_BEFORE = ((0.35, 1.0), (1.0, 2.4))  # m, from a camera before a rack or an area to what it looks at
_TRIES = 6  # places that are looked at for whether the target is seen
_STEEPEST = 1.4  # rad
_PITCH = (-0.5, 0.35)  # rad, of cameras that look nowhere in particular
_ROLL = 0.03  # rad, standard deviation
_OFF = (0.28, 0.16)  # rad, standard deviations of how far beside a target a camera looks
_TURRET, _MAST_TURRET = 0.7, 1.2  # rad
_LOOSE_MOUNT = (0.01, 0.04)  # m and rad, standard deviations of how a camera is fixed to an arm


@dataclass(frozen=True, eq=False)
class Shot:
    """Where a camera stands.

    Attributes:
        view: From the world to its frame.
        own: Number of the body that carries it, -1 for none: it is no obstacle to itself.
    """

    view: View
    own: int = NONE


def aim(stage: Stage, arranged: Arranged, rng: np.random.Generator) -> Shot:
    """Draws a camera's place in a world; moves the parked robot's arm, too."""
    if arranged.floor is not None:
        return Shot(_in_hall(arranged, arranged.floor, rng))
    lift = float(rng.uniform(*LIFT))
    on_wrist, on_mast = (rng.random() < share for share in (0.35, 0.5))
    most = _TURRET if on_wrist else _MAST_TURRET
    stage.reach((float(rng.uniform(-most, most)), lift, float(rng.uniform(*REACH))))
    stage.scene.update()
    if on_wrist or on_mast:
        return _on_arm(stage, WRIST if on_wrist else MAST, rng)
    return Shot(_before(arranged, rng))


def _on_arm(stage: Stage, mount: Mount, rng: np.random.Generator) -> Shot:
    shift, (left, up) = rng.normal(0.0, _LOOSE_MOUNT[0], 3), rng.normal(0.0, _LOOSE_MOUNT[1], 2).tolist()
    x, y, z = mount.direction
    place = _three(np.add(mount.position, shift))
    loose = _looking(place, math.atan2(y, x) + left, math.atan2(z, math.hypot(x, y)) + up, rng)
    body = stage.picker.body
    return Shot(carried(loose, stage.scene.poses[stage.scene.row(body, mount.link)]), body.number)


def _before(arranged: Arranged, rng: np.random.Generator) -> View:
    """Stands a camera before a rack or an area, at any robot's height, its eye on a package."""
    x, y, z = _target(arranged, rng).tolist()
    away, bearing = float(rng.uniform(*_BEFORE[int(rng.integers(2))])), float(rng.normal(0.0, 0.5))
    height = z + float(rng.normal(0.0, 0.3)) if rng.random() < 0.5 else float(rng.uniform(0.2, 1.8))
    height = max(height, HEIGHTS[0][0])
    side = 1.0 if arranged.setting == "rack" else float(rng.choice((-1.0, 1.0)))
    eye = x + side * away * math.cos(bearing), y + away * math.sin(bearing), height
    return _towards(eye, (x, y, z), rng)


def _in_hall(arranged: Arranged, floor: Floor, rng: np.random.Generator) -> View:
    """Stands a camera anywhere in a hall; mostly where it sees a package's front from near by, or something else."""
    standing, chance = arranged.standing, float(rng.random())
    height = float(rng.uniform(*HEIGHTS[int(rng.integers(len(HEIGHTS)))]))
    spot, target = None, None
    if chance < 0.4 and len(arranged.packages):
        number = int(rng.integers(len(arranged.packages)))
        target, front = arranged.packages[number], float(arranged.fronts[number])
        spot = _beside(floor, standing, target, (_CLOSE[0], float(rng.uniform(*_CLOSE[1:]))), front, rng)
        height = max(float(target[2] + rng.uniform(*_ABOVE)), HEIGHTS[0][0])
    elif chance < 0.85 and len(arranged.targets):
        target = _target(arranged, rng)
        spot = _beside(floor, standing, target, _AWAY, None, rng)
    if spot is not None and target is not None:
        return _towards((*spot, height), _three(target), rng)
    x, y = standing[int(rng.integers(len(standing)))].tolist()
    yaw, pitch = float(rng.uniform(-math.pi, math.pi)), float(rng.uniform(*_PITCH))
    return _looking((x, y, height), yaw, pitch, rng)


def _target(arranged: Arranged, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draws something to look at: every sort of thing is as likely, however many of it there are."""
    sort = arranged.targets[int(rng.integers(len(arranged.targets)))]
    return np.asarray(sort[int(rng.integers(len(sort)))])


def _beside(
    floor: Floor, standing: NDArray[np.float64], target: NDArray[np.float64], reach: tuple[float, float],
    front: float | None, rng: np.random.Generator,
) -> tuple[float, float] | None:  # fmt: skip
    """Draws a place within a range of a target from which it is seen, from its front's side if it has one."""
    way = standing - target[:2]
    square = way[:, 0] ** 2 + way[:, 1] ** 2
    fits = (square >= reach[0] ** 2) & (square <= reach[1] ** 2)
    if front is not None:
        fits &= way @ (math.cos(front), math.sin(front)) > 0.4 * np.sqrt(square)
    near = np.flatnonzero(fits)
    if not len(near):
        return None
    some = standing[near[rng.integers(len(near), size=_TRIES)]]
    seen = np.flatnonzero(floor.open_between(some, target.tolist()))
    if not len(seen):
        return None
    x, y = some[seen[0]].tolist()
    return x, y


def _towards(eye: Vec3, target: Vec3, rng: np.random.Generator) -> View:
    x, y, z = (there - here for there, here in zip(target, eye, strict=True))
    yaw, pitch = (float(rng.normal(0.0, off)) for off in _OFF)
    return _looking(eye, math.atan2(y, x) + yaw, math.atan2(z, math.hypot(x, y)) + pitch, rng)


def _looking(eye: Vec3, yaw: float, pitch: float, rng: np.random.Generator) -> View:
    """Gives a view along a direction, rolled a little."""
    pitch = clip(pitch, -_STEEPEST, _STEEPEST)
    roll = float(rng.normal(0.0, _ROLL))
    cos, sin, a, b = math.cos(yaw), math.sin(yaw), math.cos(roll), math.sin(roll)
    flat, tall = math.cos(pitch), math.sin(pitch)
    level, upright = np.array([sin, -cos, 0.0]), np.array([-tall * cos, -tall * sin, flat])
    turn = np.array([a * level - b * upright, -a * upright - b * level, (flat * cos, flat * sin, tall)])
    return np.column_stack([turn, -turn @ eye])


def _three(values: NDArray[np.float64]) -> Vec3:
    x, y, z = values.tolist()
    return x, y, z
