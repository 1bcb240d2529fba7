"""What bodies look like, as data: shapes in metres, colours, textures, and the kind of thing a body is."""

import math
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robosim.errors import RobosimError
from robosim.math import IDENTITY, Quat, Vec3

Colour = tuple[float, float, float, float]
"""Red, green, blue, opacity, in [0, 1]; below an opacity of a half a camera does not see the surface at all."""

TEXTURE_WIDTH = 2.0  # m, of a texture on the ground

WHITE: Colour = (1.0, 1.0, 1.0, 1.0)
ORIGIN: Vec3 = (0.0, 0.0, 0.0)


class Kind(IntEnum):
    """What sort of thing a body is: the classes of a segmented image."""

    NOTHING = 0
    FLOOR = 1
    WALL = 2
    RACK = 3
    PACKAGE = 4
    PERSON = 5
    FORKLIFT = 6
    SIGN = 7
    AREA = 8
    ROBOT = 9
    OTHER = 10


def _check(shape: object, *lengths: float) -> None:
    if not all(0 < length < math.inf for length in lengths):
        raise RobosimError(f"{shape!r}: lengths must be positive and finite, in metres")


@dataclass(frozen=True)
class Box:
    """A box about its middle.

    Attributes:
        size: Full lengths along x, y, z.
    """

    size: Vec3

    def __post_init__(self) -> None:
        """Checks."""
        _check(self, *self.size)


@dataclass(frozen=True)
class Sphere:
    """A ball about its middle."""

    radius: float

    def __post_init__(self) -> None:
        """Checks."""
        _check(self, self.radius)


@dataclass(frozen=True)
class Cylinder:
    """A cylinder about its middle, its axis along z."""

    radius: float
    length: float

    def __post_init__(self) -> None:
        """Checks."""
        _check(self, self.radius, self.length)


@dataclass(frozen=True)
class Capsule:
    """A cylinder with half a ball at each end, its axis along z; ``length`` is that of the cylinder alone."""

    radius: float
    length: float

    def __post_init__(self) -> None:
        """Checks."""
        _check(self, self.radius)


@dataclass(frozen=True)
class MeshFile:
    """A surface in a file that trimesh reads."""

    path: str
    scale: Vec3 = (1.0, 1.0, 1.0)


@dataclass(frozen=True, eq=False)
class Triangles:
    """A surface of triangles; from outside, their corners run counter-clockwise.

    Attributes:
        vertices: Shape (n, 3), metres.
        faces: Shape (m, 3), indices of vertices.
        uvs: Where each vertex lies on the texture, shape (n, 2), or each corner of each face, shape (m, 3, 2); one turn
            of the texture from 0 to 1. None without one.
        smooth: Light it as the rounded surface that the triangles stand for, not as facets.
    """

    vertices: NDArray[np.float64]
    faces: NDArray[np.int32]
    uvs: NDArray[np.float64] | None = None
    smooth: bool = False


Shape = Box | Sphere | Cylinder | Capsule | MeshFile | Triangles


@dataclass(frozen=True, eq=False)
class Visual:
    """One shape that is seen on a body.

    Attributes:
        shape: Its surface.
        colour: Multiplies the texture, if there is one.
        texture: An image: a file, or RGB of shape (height, width, 3). Every side of a box shows all of it.
        position: Of the shape in its link's frame, metres.
        quaternion: How it is turned there.
        link: PyBullet's number of the link; -1 is the base.
    """

    shape: Shape
    colour: Colour = WHITE
    texture: Path | NDArray[np.uint8] | None = None
    position: Vec3 = ORIGIN
    quaternion: Quat = IDENTITY
    link: int = -1


def height_surface(heights: NDArray[np.float64], cell: float) -> Triangles:
    """Gives the surface through a grid of heights, its middle at x = y = 0.

    Each square is cut from its corner of highest x and lowest y to that of lowest x and highest y, as Bullet cuts it.

    Args:
        heights: Shape (along x, along y), metres.
        cell: Metres from one sample to the next.
    """
    along_x, along_y = heights.shape
    x = (np.arange(along_x) - (along_x - 1) / 2) * cell
    y = (np.arange(along_y) - (along_y - 1) / 2) * cell
    grid_x, grid_y = np.meshgrid(x, y, indexing="ij")
    number = np.arange(along_x * along_y, dtype=np.int32).reshape(along_x, along_y)
    a, b, c, d = (part.ravel() for part in (number[:-1, :-1], number[1:, :-1], number[1:, 1:], number[:-1, 1:]))
    faces = np.concatenate([np.stack([a, b, d], 1), np.stack([b, c, d], 1)])
    vertices = np.stack([grid_x, grid_y, heights], -1).reshape(-1, 3)
    return Triangles(vertices, faces, vertices[:, :2] / TEXTURE_WIDTH)
