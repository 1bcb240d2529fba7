"""Where the cameras of labelled pictures stand: at a robot's height, on an arm's wrist, on its mast."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robosim.math import Vec3
from robosim.perception.data.floor import Floor
from robosim.perception.data.stage import Arranged, Stage
from robosim.render.kernels.arrays import NONE
from robosim.render.lens import View, carried, facing
from robosim.robots.mast import LIFT, REACH
from robosim.robots.picker import MAST, WRIST
from robosim.sensors.camera import Mount

HEIGHTS = ((0.18, 0.45), (0.45, 1.1), (1.1, 1.9))  # m: couriers and quadrupeds, carts, masts
_EYE_ROOM = 0.32  # m around a camera in a hall
_NEAR, _FAR = 0.45, 7.0  # m, of what a camera in a hall looks at
_CLOSE = 2.0  # m, of packages whose labels are to be read
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
    shift, turn = rng.normal(0.0, _LOOSE_MOUNT[0], 3), rng.normal(0.0, _LOOSE_MOUNT[1], 3)
    loose = Mount(_three(mount.position + shift), _three(mount.direction + turn), mount.up, mount.link)
    body = stage.picker.body
    pose = stage.scene.poses[stage.scene.row(body, mount.link)]
    return Shot(carried(loose.view(), pose), body.number)


def _before(arranged: Arranged, rng: np.random.Generator) -> View:
    """Stands a camera before a rack or an area, at any robot's height, its eye on a package."""
    x, y, z = arranged.targets[int(rng.integers(len(arranged.targets)))].tolist()
    away, bearing = float(rng.uniform(0.5, 3.0)), float(rng.normal(0.0, 0.5))
    height = float(rng.uniform(0.2, 1.8))
    side = 1.0 if arranged.setting == "rack" else float(rng.choice((-1.0, 1.0)))
    eye = x + side * away * math.cos(bearing), y + away * math.sin(bearing), height
    return _towards(eye, (x, y, z), rng)


def _in_hall(arranged: Arranged, floor: Floor, rng: np.random.Generator) -> View:
    places = floor.roomy(_EYE_ROOM)
    chance, height = float(rng.random()), float(rng.uniform(*HEIGHTS[int(rng.integers(len(HEIGHTS)))]))
    if chance < 0.35 and len(arranged.packages):
        number = int(rng.integers(len(arranged.packages)))
        near = _beside(floor, places, arranged.packages[number], (_NEAR, _CLOSE), arranged.fronts[number])
    elif chance < 0.85 and len(arranged.targets):
        number = int(rng.integers(len(arranged.targets)))
        near = _beside(floor, places, arranged.targets[number], (0.7, _FAR), None)
    else:
        near = places[:0]
    if len(near):
        target = arranged.packages[number] if chance < 0.35 else arranged.targets[number]
        x, y = near[int(rng.integers(len(near)))].tolist()
        return _towards((x, y, height), _three(target), rng)
    x, y = places[int(rng.integers(len(places)))].tolist()
    yaw, pitch = float(rng.uniform(-math.pi, math.pi)), float(rng.uniform(*_PITCH))
    return _looking((x, y, height), yaw, pitch, rng)


def _beside(
    floor: Floor, places: NDArray[np.float64], target: NDArray[np.float64], reach: tuple[float, float],
    front: float | None,
) -> NDArray[np.float64]:  # fmt: skip
    """Gives the places within a range of a target from which it can be seen, and from its front's side if it has one."""
    way = places - target[:2]
    away = np.hypot(*way.T)
    fits = (away >= reach[0]) & (away <= reach[1])
    if front is not None:
        fits &= way @ (math.cos(front), math.sin(front)) > 0.4 * away
    near = places[fits]
    return near[floor.open_between(near, target.tolist())]


def _towards(eye: Vec3, target: Vec3, rng: np.random.Generator) -> View:
    x, y, z = (there - here for there, here in zip(target, eye, strict=True))
    yaw, pitch = (float(rng.normal(0.0, off)) for off in _OFF)
    return _looking(eye, math.atan2(y, x) + yaw, math.atan2(z, math.hypot(x, y)) + pitch, rng)


def _looking(eye: Vec3, yaw: float, pitch: float, rng: np.random.Generator) -> View:
    """Gives a view along a direction, rolled a little."""
    pitch = max(min(pitch, 1.4), -1.4)
    roll = float(rng.normal(0.0, _ROLL))
    forward = np.array([math.cos(pitch) * math.cos(yaw), math.cos(pitch) * math.sin(yaw), math.sin(pitch)])
    right = np.array([math.sin(yaw), -math.cos(yaw), 0.0])
    up = np.cross(right, forward) * math.cos(roll) + right * math.sin(roll)
    return facing(eye, forward, _three(up))


def _three(values: NDArray[np.float64]) -> Vec3:
    x, y, z = values.tolist()
    return x, y, z
