"""How cameras project and where they stand: intrinsics and extrinsics as OpenCV defines them.

The camera's frame has x to the right, y down and z forward. A pixel's middle has whole coordinates: the upper left
pixel is (0, 0), so a picture's middle is ((width - 1) / 2, (height - 1) / 2).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robosim.errors import RobosimError
from robosim.render.kernels.arrays import Camera, Transform

Point = Sequence[float] | NDArray[np.float64]
"""x, y, z in the world."""

View = NDArray[np.float64]
"""Shape (3, 4): from the world's frame to a camera's."""


@dataclass(frozen=True)
class Lens:
    """A pinhole.

    Attributes:
        width: Pixels.
        height: Pixels.
        fov: Vertical field of view, degrees, from the upper edge of the picture to its lower one.
        near: m, along the camera's axis; what is nearer is not seen.

    Raises:
        RobosimError: A value is not possible.
    """

    width: int
    height: int
    fov: float
    near: float = 0.02

    def __post_init__(self) -> None:
        """Checks; see the class."""
        if self.width < 1 or self.height < 1:
            raise RobosimError(f"width={self.width!r}, height={self.height!r}: a picture has at least 1 pixel each way")
        if not 0 < self.fov < 180:
            raise RobosimError(f"fov={self.fov!r} is not between 0 and 180 degrees")
        if not self.near > 0:
            raise RobosimError(f"near={self.near!r} is not a positive distance in metres")

    @property
    def focal(self) -> float:
        """Focal length, pixels; the same each way."""
        return self.height / 2 / math.tan(math.radians(self.fov) / 2)

    @property
    def matrix(self) -> NDArray[np.float64]:
        """OpenCV's camera matrix, shape (3, 3)."""
        return np.array(
            [[self.focal, 0, (self.width - 1) / 2], [0, self.focal, (self.height - 1) / 2], [0, 0, 1]], np.float64
        )

    def camera(self, view: View, factor: int = 1) -> Camera:
        """Gives what the kernels read, for pictures ``factor`` times as large each way."""
        middle = (factor * self.width - 1) / 2, (factor * self.height - 1) / 2
        focal = factor * self.focal
        return Camera(rows(view), (focal, focal, *middle, self.near, math.inf), False)


def looking(eye: Point, target: Point, up: Point = (0.0, 0.0, 1.0)) -> View:
    """Gives the view of a camera that looks from a point to another, both in the world's metres.

    Raises:
        RobosimError: The two are the same point.
    """
    forward = np.subtract(target, eye).astype(np.float64)
    distance = float(np.linalg.norm(forward))
    if distance == 0:
        raise RobosimError(f"eye={tuple(eye)!r} and target are the same point: a camera must look somewhere")
    return facing(eye, forward / distance, up)


def facing(eye: Point, forward: NDArray[np.float64], up: Point = (0.0, 0.0, 1.0)) -> View:
    """Gives the view of a camera at a point that faces along a unit vector, the right side up."""
    right = np.cross(forward, up)
    if np.linalg.norm(right) < 1e-9:  # straight up or down: the world's x points right
        right = np.array([1.0, 0.0, 0.0])
    right /= np.linalg.norm(right)
    turn = np.stack([right, np.cross(forward, right), forward])
    return np.column_stack([turn, -turn @ np.asarray(eye, np.float64)])


def carried(view: View, pose: NDArray[np.float64]) -> View:
    """Gives the view of a camera from that in the frame of what carries it, whose pose in the world is (3, 4)."""
    turn = view[:, :3] @ pose[:, :3].T
    return np.column_stack([turn, view[:, 3] - turn @ pose[:, 3]])


def parallel(view: View, size: int, width: float, depth: float) -> Camera:
    """Gives a camera with parallel rays, as the sun has them: a square picture, ``width`` metres wide.

    Args:
        view: Where it stands.
        size: Pixels each way.
        width: m, of what the picture shows.
        depth: m, how far it sees from where it stands.
    """
    middle = (size - 1) / 2
    return Camera(rows(view), (size / width, size / width, middle, middle, 0.0, depth), True)


def rows(view: View) -> Transform:
    """Gives a view as the kernels read it."""
    right, down, forward = view.tolist()
    return tuple(right), tuple(down), tuple(forward)
