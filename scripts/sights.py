"""Two places to measure cameras in, and to show what they see: a small warehouse, and a quadruped on rough ground."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pybullet_data
from numpy.typing import NDArray

from robosim.body import Body
from robosim.math import Vec3, axis_angle
from robosim.physics import Physics
from robosim.shapes import Box, Colour, Cylinder, Kind, Shape, Sphere, Visual
from robosim.worlds.floor import TEXTURE

STEEL: Colour = (0.16, 0.30, 0.55, 1.0)
BEAM: Colour = (0.95, 0.48, 0.10, 1.0)
BOARD: Colour = (0.72, 0.62, 0.48, 1.0)
WALL: Colour = (0.86, 0.88, 0.90, 1.0)
YELLOW: Colour = (0.96, 0.76, 0.12, 1.0)
DARK: Colour = (0.13, 0.14, 0.16, 1.0)
RED, BLUE, GREEN = (0.85, 0.25, 0.2, 1.0), (0.2, 0.5, 0.75, 1.0), (0.25, 0.6, 0.35, 1.0)
SHIRTS: tuple[Colour, ...] = (RED, BLUE, GREEN, (0.9, 0.6, 0.2, 1.0))
CARDBOARD: tuple[Colour, ...] = ((1.0, 1.0, 1.0, 1.0), (0.92, 0.9, 0.86, 1.0), (0.84, 0.8, 0.75, 1.0))

RACK_LENGTH, RACK_DEPTH, SHELVES = 2.7, 0.9, (0.15, 1.05, 1.95)  # m; heights of the boards
LAYOUT = tuple((x, y) for y in (-3.4, -1.05, 1.3, 3.65) for x in (-3.4, 0.0, 3.4))  # m, where racks stand
HALL: Vec3 = (12.6, 10.6, 2.8)  # m


@dataclass(frozen=True)
class Sight:
    """A place.

    Attributes:
        eye: A good place for a camera, metres.
        target: What it looks at.
        move: Moves what moves, to where it is at a time in seconds.
    """

    eye: Vec3
    target: Vec3
    move: Callable[[float], None]


def warehouse(physics: Physics, seed: int = 0, *, people: int = 8, quadruped: bool = False) -> Sight:
    """Builds a hall with 12 racks, some 300 boxes, people, a forklift and parcels on their way.

    Args:
        physics: Where it is built.
        seed: Of sizes and phases.
        people: How many walk about.
        quadruped: Put an A1 into the middle of the picture.
    """
    rng = np.random.default_rng(seed)
    label = cardboard(rng)
    physics.add_plane(TEXTURE)
    _walls(physics)
    for number, (x, y) in enumerate(LAYOUT):
        _add(physics, list(_rack()), Kind.RACK, (x, y, 0.0))
        for shelf in SHELVES:
            _add(physics, list(_stock(rng, label)), Kind.PACKAGE, (x, y, shelf + 0.015), turned=bool(number % 2))
    movers: list[tuple[Body, float]] = []
    for number in range(people):
        movers.append((_person(physics, SHIRTS[number % len(SHIRTS)]), 0.0))
    movers.append((_add(physics, list(_forklift()), Kind.FORKLIFT, (0.0, 0.0, 0.0)), 0.0))
    for _ in range(11):
        size = rng.uniform(0.25, 0.45, 3)
        parcel = Visual(Box((size[0], size[1], size[2])), texture=label)
        movers.append((physics.add_body([parcel], 3.0, Kind.PACKAGE), size[2] / 2))
    trot = _quadruped(physics) if quadruped else None
    phases = rng.uniform(0, 2 * math.pi, len(movers))
    aisles = np.array([-2.2, 0.1, 2.5, -4.7])

    def move(time: float) -> None:
        for number, ((body, height), phase) in enumerate(zip(movers, phases, strict=True)):
            way = phase + 0.35 * time
            aside = 0.4 if body.kind == Kind.PACKAGE else -0.3
            x, y = 5.0 * math.sin(way), float(aisles[number % 4]) + aside + 0.1 * math.sin(3 * way)
            heading = 0.0 if math.cos(way) > 0 else math.pi
            body.place((x, y, height), axis_angle((0.0, 0.0, 1.0), heading))
        if trot is not None:
            trot(time, (-3.6, 0.1))

    move(0.0)
    return Sight((-5.9, 0.1, 1.9), (0.0, 0.15, 0.6), move)


def rough_ground(physics: Physics, seed: int = 0) -> Sight:
    """Builds uneven ground with an A1 quadruped on it, which bobs up and down."""
    rng = np.random.default_rng(seed)
    hills = sum(
        scale * cv2.resize(rng.uniform(-1, 1, (cells, cells)), (97, 97), interpolation=cv2.INTER_CUBIC)
        for scale, cells in ((0.12, 7), (0.05, 19), (0.02, 49))
    )
    middle = np.hypot(*np.meshgrid(np.linspace(-1, 1, 97), np.linspace(-1, 1, 97)))
    heights = np.array(hills * np.clip(0.25 + middle * 1.6, 0, 1), np.float64)
    physics.add_heights(heights, 0.1, texture=gravel(rng))
    trot = _quadruped(physics)
    trot(0.0, (0.0, 0.0))
    return Sight((0.72, -0.85, 0.5), (0.0, 0.0, 0.24), lambda time: trot(time, (0.0, 0.0)))


def _quadruped(physics: Physics) -> Callable[[float, tuple[float, float]], None]:
    """Loads an A1, and gives what moves its legs: a trot on the spot, at a time in seconds and a place in metres."""
    robot = physics.load_urdf(Path(pybullet_data.getDataPath()) / "a1" / "a1.urdf")
    names = (f"{leg}_{joint}_joint" for leg in ("FR", "FL", "RR", "RL") for joint in ("hip", "upper", "lower"))
    legs = robot.joints(*names)

    def trot(time: float, place: tuple[float, float]) -> None:
        swing = 0.12 * math.sin(6.0 * time)
        first, second = [0.0, 0.85 + swing, -1.6 - swing], [0.0, 0.85 - swing, -1.6 + swing]
        legs.reset(first + second + second + first)
        height = 0.3 + 0.01 * math.sin(6.0 * time)
        robot.place((*place, height), axis_angle((0.0, 0.0, 1.0), 0.05 * math.sin(time)))

    return trot


def gravel(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draws dry earth with grit and a little grass; its edges meet where it repeats."""
    size = 512
    picture = np.full((size, size, 3), (150, 134, 108), np.float32)
    for sigma, depth in ((40, 900.0), (9, 130.0), (1.5, 22.0), (0.8, 16.0)):
        grain = cv2.GaussianBlur(np.tile(rng.normal(0, 1, (size, size)), (3, 3)), (0, 0), sigma)[size:-size, size:-size]
        picture += depth * grain[..., None] * ((0.9, 1.0, 0.7) if sigma > 20 else (1.0, 0.96, 0.88))
    return np.clip(picture, 30, 225).astype(np.uint8)


def cardboard(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draws a side of a parcel: cardboard, tape, a label with a bar code and a letter."""
    size = 192
    picture = np.clip(rng.normal((196, 152, 104), 5, (size, size, 3)), 0, 255).astype(np.uint8)
    picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), 1.2), np.uint8)
    cv2.rectangle(picture, (size // 2 - 13, 0), (size // 2 + 13, size), (214, 184, 140), cv2.FILLED)
    cv2.rectangle(picture, (0, 0), (size - 1, size - 1), (150, 112, 72), 3)
    cv2.rectangle(picture, (22, 96), (118, 166), (246, 246, 242), cv2.FILLED)
    for column, width in zip(range(30, 84, 6), rng.integers(1, 5, 9).tolist(), strict=True):
        cv2.rectangle(picture, (column, 104), (column + width, 146), (20, 20, 24), cv2.FILLED)
    cv2.putText(picture, "A", (86, 150), (200, 40, 40), cv2.FontFace("sans"), 40, 700)
    return picture


def _add(physics: Physics, visuals: list[Visual], kind: Kind, place: Vec3, *, turned: bool = False) -> Body:
    """Adds immovable shapes, as many bodies as PyBullet needs for them, and gives the last."""
    for first in range(0, len(visuals), 16):
        body = physics.add_body(visuals[first : first + 16], 0.0, kind)
        body.place(place, axis_angle((0.0, 0.0, 1.0), math.pi if turned else 0.0))
    return body


def _walls(physics: Physics) -> None:
    x, y, z = HALL
    for length, depth, place in (
        (x, 0.1, (0.0, y / 2, z / 2)), (x, 0.1, (0.0, -y / 2, z / 2)),
        (0.1, y, (x / 2, 0.0, z / 2)), (0.1, y, (-x / 2, 0.0, z / 2)),
    ):  # fmt: skip
        physics.add_box((length, depth, z), 0.0, WALL, Kind.WALL).place(place)


def _rack() -> Iterator[Visual]:
    for x in (-RACK_LENGTH / 2, RACK_LENGTH / 2):
        for y in (-RACK_DEPTH / 2, RACK_DEPTH / 2):
            yield Visual(Box((0.08, 0.08, 2.6)), STEEL, position=(x, y, 1.3))
    for z in SHELVES:
        yield Visual(Box((RACK_LENGTH, RACK_DEPTH - 0.06, 0.03)), BOARD, position=(0.0, 0.0, z))
        for y in (-RACK_DEPTH / 2, RACK_DEPTH / 2):
            yield Visual(Box((RACK_LENGTH, 0.05, 0.1)), BEAM, position=(0.0, y, z - 0.03))


def _stock(rng: np.random.Generator, label: NDArray[np.uint8]) -> Iterator[Visual]:
    for x in np.linspace(-1.08, 1.08, 5):
        width, depth, height = rng.uniform((0.26, 0.4, 0.22), (0.42, 0.7, 0.55))
        turn = axis_angle((0.0, 0.0, 1.0), rng.normal(0, 0.05))
        tint = CARDBOARD[rng.integers(len(CARDBOARD))]
        yield Visual(Box((width, depth, height)), tint, label, (float(x), rng.uniform(-0.05, 0.05), height / 2), turn)


def _person(physics: Physics, shirt: Colour) -> Body:
    shapes: tuple[tuple[Shape, Colour, float], ...] = (
        (Cylinder(0.14, 0.85), (0.2, 0.22, 0.28, 1.0), 0.425),
        (Cylinder(0.2, 0.6), shirt, 1.15),
        (Sphere(0.12), (0.87, 0.68, 0.55, 1.0), 1.56),
        (Cylinder(0.125, 0.1), YELLOW, 1.66),
    )
    visuals = [Visual(shape, colour, position=(0.0, 0.0, z)) for shape, colour, z in shapes]
    return physics.add_body(visuals, 70.0, Kind.PERSON)


def _forklift() -> Iterator[Visual]:
    yield Visual(Box((1.3, 0.8, 0.55)), YELLOW, position=(0.0, 0.0, 0.5))
    yield Visual(Box((0.45, 0.75, 0.4)), DARK, position=(-0.45, 0.0, 0.95))
    for y in (-0.28, 0.28):
        yield Visual(Box((0.1, 0.08, 1.9)), DARK, position=(0.72, y, 1.05))
        yield Visual(Box((0.9, 0.1, 0.05)), DARK, position=(1.2, y, 0.08))
        for x in (-0.4, 0.42):
            turn = axis_angle((1.0, 0.0, 0.0), math.pi / 2)
            yield Visual(Cylinder(0.2, 0.16), DARK, position=(x, 1.25 * y, 0.2), quaternion=turn)
    yield Visual(Box((0.7, 0.7, 0.05)), DARK, position=(-0.1, 0.0, 1.85))
