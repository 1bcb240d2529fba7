"""Scenes that several tests draw, what a camera sees of them, and where its rays go."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robosim.body import Body
from robosim.math import IDENTITY, Quat, Vec3
from robosim.physics import Physics
from robosim.render.lens import Lens, View, looking
from robosim.render.renderer import Renderer, Shadows, daylight
from robosim.render.scene import Scene
from robosim.shapes import Box, Capsule, Colour, Cylinder, Shape, Sphere, Visual

Floats = NDArray[np.float64]
EVEN = daylight()._replace(sun=(0.0, 0.0, 0.0), sky=(1.0, 1.0, 1.0), ground=(1.0, 1.0, 1.0), haze=math.inf)
"""Light that shades nothing: what is seen has its own colour."""


class Picture(NamedTuple):
    """What one pass gives: shapes (height, width, 3), (height, width) and (height, width, 2)."""

    rgb: NDArray[np.uint8]
    depth: NDArray[np.float32]
    segmentation: NDArray[np.int16]

    @property
    def bodies(self) -> NDArray[np.int16]:
        """Number of the body at each pixel, -1 for none."""
        return self.segmentation[..., 0]


def blank(lens: Lens) -> Picture:
    """Gives buffers full of what no camera sees, so that a pixel left out is noticed."""
    size = (lens.height, lens.width)
    return Picture(
        np.full((*size, 3), 77, np.uint8), np.full(size, -7.0, np.float32), np.full((*size, 2), -77, np.int16)
    )


def take(physics: Physics, lens: Lens, view: View, *, without: int = -1, shadows: Shadows | None = None) -> Picture:
    """Makes a scene of all there is and gives one picture of it."""
    picture = blank(lens)
    Renderer(Scene(physics), lens, shadows=shadows).draw(view, *picture, without=without)
    return picture


def rays(lens: Lens) -> Floats:
    """Gives the rays through pixels' middles in the camera's frame, by OpenCV's matrix; z = 1, (height, width, 3)."""
    columns, rows = np.meshgrid(np.arange(lens.width), np.arange(lens.height))
    points = np.stack([columns, rows, np.ones_like(rows)], -1).astype(np.float64)
    return np.asarray(points @ np.linalg.inv(lens.matrix).T)


def carrier(physics: Physics, position: Vec3, quaternion: Quat = IDENTITY, size: Vec3 = (0.1, 0.1, 0.1)) -> Body:
    """Adds a box that carries a sensor."""
    body = physics.add_box(size, 1.0, (0.5, 0.5, 0.5, 1.0))
    body.place(position, quaternion)
    return body


def eye_of(view: View) -> Floats:
    """Gives where a camera stands in the world."""
    return np.asarray(-view[:, :3].T @ view[:, 3])


def uniform(pixels: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Says of which pixels the eight around have the same value; never of those at the picture's edge."""
    inside = pixels[1:-1, 1:-1]
    same = np.ones(inside.shape, np.bool_)
    for down in range(3):
        for right in range(3):
            same &= pixels[down : down + inside.shape[0], right : right + inside.shape[1]] == inside
    return np.pad(same, 1)


def random_turn(rng: np.random.Generator) -> Quat:
    """Gives a rotation, all of them alike likely."""
    x, y, z, w = rng.normal(size=4)
    size = float(np.sqrt(x * x + y * y + z * z + w * w))
    return (x / size, y / size, z / size, w / size)


def random_shape(rng: np.random.Generator) -> Shape:
    """Gives a box, a sphere, a cylinder or a capsule of some decimetres."""
    a, b, c = (float(length) for length in rng.uniform(0.15, 0.5, 3))
    shapes: tuple[Shape, ...] = (Box((2 * a, 2 * b, 2 * c)), Sphere(a), Cylinder(a, 2 * b), Capsule(0.7 * a, 2 * b))
    return shapes[rng.integers(len(shapes))]


def random_colour(rng: np.random.Generator) -> Colour:
    """Gives an opaque colour."""
    red, green, blue = rng.uniform(0.1, 1.0, 3)
    return float(red), float(green), float(blue), 1.0


def random_bodies(physics: Physics, rng: np.random.Generator, count: int, within: float = 3.0) -> list[Body]:
    """Adds bodies anyhow between the floor and 3 m, half of them free to fall."""
    bodies = []
    for number in range(count):
        body = physics.add_body([Visual(random_shape(rng), random_colour(rng))], float(number % 2))
        x, y = rng.uniform(-within, within, 2)
        body.place((float(x), float(y), float(rng.uniform(0.8, 3.0))), random_turn(rng))
        bodies.append(body)
    return bodies


def random_view(rng: np.random.Generator, target: Sequence[float] = (0.0, 0.0, 0.6)) -> View:
    """Gives a view from 6 to 12 m away, above the floor."""
    distance, angle, height = rng.uniform(6.0, 12.0), rng.uniform(-np.pi, np.pi), rng.uniform(0.5, 5.0)
    eye: Vec3 = (float(distance * np.cos(angle)), float(distance * np.sin(angle)), float(height))
    return looking(eye, np.asarray(target) + rng.normal(0, 0.5, 3))
