"""Heights of the ground around a body, as a map of the terrain would give them."""

import math
from dataclasses import dataclass

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from robosim.body import Body
from robosim.errors import RobosimError
from robosim.math import rotation_rows
from robosim.render.kernels.arrays import Camera, make_buffers
from robosim.render.kernels.draw import draw as draw_scene
from robosim.render.scene import Scene
from robosim.sensors.sensor import Sensor
from robosim.sensors.vary import Vary, checked, draw


@dataclass(frozen=True)
class Grid:
    """Points on the level around a body, x forward and y to the left, turned as its heading is.

    Attributes:
        points: How many along x and along y.
        size: m, from the first to the last along x and along y.
        middle: Where the middle of the grid is, m.

    Raises:
        RobosimError: A value is not possible.
    """

    points: tuple[int, int] = (17, 11)
    size: tuple[float, float] = (1.6, 1.0)
    middle: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        """Checks; see the class."""
        if min(self.points) < 1:
            raise RobosimError(f"points={self.points!r}: a grid has at least 1 along each axis")
        if any(size <= 0 for size, points in zip(self.size, self.points, strict=True) if points > 1):
            raise RobosimError(f"size={self.size!r} are not positive lengths in metres")

    def along(self, axis: int) -> NDArray[np.float64]:
        """Gives the points' coordinates along an axis, 0 or 1, rising."""
        first = self.middle[axis] - self._spacing(axis) * (self.points[axis] - 1) / 2
        return first + self._spacing(axis) * np.arange(self.points[axis], dtype=np.float64)

    def picture(self, axis: int) -> tuple[float, float]:
        """Gives pixels a metre and the pixel of coordinate 0, of a picture in which each point is a pixel."""
        scale = 1 / self._spacing(axis)
        return scale, -float(self.along(axis)[0]) * scale

    def _spacing(self, axis: int) -> float:
        points = self.points[axis]
        return self.size[axis] / (points - 1) if points > 1 else 1.0


class HeightScan(Sensor):
    """Reads how high the ground is above the base frame's origin at each point of a grid, m: mostly negative.

    float32 (points along x, points along y), both rising. The ground is the highest surface that cameras see, below
    ``above`` and without the body itself: boxes and shelves count, and what reaches higher, as a wall does, reads
    ``above``. The grid stays level when the body tilts.

    Args:
        scene: What there is.
        body: In whose middle the grid is, and which it follows.
        grid: The points.
        above: m above the base up to which it looks: a ceiling or a table higher up is no ground.
        below: m below the base down to which it looks; it reads ``-below`` where the ground is deeper.
        noise: Standard deviation of each height, m.

    Raises:
        RobosimError: A value is not possible.
    """

    space: spaces.Box

    def __init__(
        self,
        scene: Scene,
        body: Body,
        grid: Grid | None = None,
        above: float = 1.0,
        below: float = 2.0,
        noise: Vary = 0.0,
    ) -> None:
        """Makes its buffers; see the class."""
        if not (above > 0 and below > 0):
            raise RobosimError(f"above={above!r}, below={below!r} are not positive distances in metres")
        self._scene, self._body = scene, body
        self.grid = grid or Grid()
        self._above, self._below = float(above), float(below)
        self._noise, self._sigma = checked("noise", noise), 0.0
        self.space = spaces.Box(-below, above, self.grid.points, np.float32)
        scale_x, origin_x = self.grid.picture(0)
        scale_y, origin_y = self.grid.picture(1)
        # Seen from above with y to the right and x down, the picture's rows and columns are those of the readings.
        self._lens = scale_y, scale_x, origin_y, origin_x, 0.0, self._above + self._below
        self._buffers = make_buffers(*self.grid.points, scene.geometry)

    def reset(self, rng: np.random.Generator, noise: float) -> None:
        """Draws this episode's noise; see `Sensor.reset`."""
        self._sigma = noise * draw(self._noise, rng)

    def read(self, rng: np.random.Generator) -> NDArray[np.float32]:
        """Measures; see the class."""
        scene = self._scene
        scene.update()
        geometry, buffers = scene.geometry, self._buffers
        draw_scene(geometry, scene.looks.shown, scene.poses, self._camera(), self._body.number, True, buffers)
        heights = buffers.nearness - np.float32(self._below)
        heights[buffers.winner >= len(geometry.faces)] = self._above  # a back is seen from within what is higher
        if self._sigma > 0:
            heights += self._sigma * rng.standard_normal(heights.shape, np.float32)
        return np.clip(heights, self.space.low, self.space.high, out=heights)

    def _camera(self) -> Camera:
        """Gives a camera above the body that looks straight down, its rows forward and its columns to the left."""
        ((x, y, z), quaternion), _, _ = self._body.motion()
        forward, left, _ = rotation_rows(quaternion)
        length = math.hypot(forward[0], left[0])
        # A body on its nose or its tail has no heading; it is taken to head along the world's x.
        cos, sin = (forward[0] / length, left[0] / length) if length > 0 else (1.0, 0.0)
        to_camera = (
            (-sin, cos, 0.0, sin * x - cos * y),
            (cos, sin, 0.0, -cos * x - sin * y),
            (0.0, 0.0, -1.0, z + self._above),
        )
        return Camera(to_camera, self._lens, True)
