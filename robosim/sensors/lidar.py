"""A laser scanner with one layer of rays or several."""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from robosim.body import Body
from robosim.compiled import compiled
from robosim.errors import RobosimError
from robosim.math import IDENTITY, Quat, Vec3, quaternion_product, rotation_rows, to_world
from robosim.render.kernels.arrays import Transform
from robosim.render.scene import Scene
from robosim.sensors.lidar_kernel import Fan, scan
from robosim.sensors.sensor import Sensor
from robosim.sensors.vary import Vary, checked, draw
from robosim.shapes import ORIGIN


class Lidar(Sensor):
    """Reads ranges in metres: float32 (rays,), or (layers, rays) where there are several layers.

    Rays run counter-clockwise seen from above. With a field of view of 360° ray 0 points straight backward and ray
    ``rays / 2`` straight ahead. With less, ray 0 is the right edge and the last ray the left edge. The ranges are those
    to the triangles that cameras see, the own body's left out; where a ray meets nothing it reads the farthest range.

    Args:
        scene: What there is to be seen.
        body: What it is mounted on.
        rays: In each layer.
        fov: From the first ray's edge to the last one's, degrees, 360 at most.
        range: The nearest and the farthest that is seen, m. What is nearer is looked through.
        noise: Standard deviation of each range, m.
        dropout: Share of rays that come back with nothing.
        layers: Elevations of the layers, degrees, from the lowest to the highest.
        position: Of the sensor in the body's base frame, m.
        quaternion: How its frame (x forward, y left, z up) is turned there.

    Attributes:
        azimuths: float64 (rays,), of the rays in the sensor's frame: rad, 0 forward, growing to the left.

    Raises:
        RobosimError: A value is not possible.
    """

    space: spaces.Box

    def __init__(
        self,
        scene: Scene,
        body: Body,
        rays: int = 360,
        fov: float = 360.0,
        range: tuple[float, float] = (0.05, 30.0),
        noise: Vary = 0.0,
        dropout: Vary = 0.0,
        layers: Sequence[float] = (0.0,),
        position: Vec3 = ORIGIN,
        quaternion: Quat = IDENTITY,
    ) -> None:
        """Mounts it; see the class."""
        _check(rays, fov, range, layers)
        self._scene, self._body = scene, body
        self._noise, self._dropout = checked("noise", noise), checked("dropout", dropout, most=1.0)
        self._position, self._quaternion = position, quaternion
        near, far = range
        shape = (len(layers), rays)
        self.space = spaces.Box(near, far, shape[1:] if len(layers) == 1 else shape, np.float32)
        self._shape, self._near, self._far = shape, np.float32(near), np.float32(far)
        step = math.radians(fov) / (rays if fov == 360 else max(rays - 1, 1))
        first = -math.radians(fov) / 2 if rays > 1 else 0.0
        self.azimuths: NDArray[np.float64] = first + step * np.arange(rays, dtype=np.float64)
        elevations = np.radians(layers)
        largest = int(np.diff(scene.geometry.first_vertex).max(initial=1))
        self._fan = Fan(
            azimuths=np.column_stack([np.cos(self.azimuths), np.sin(self.azimuths)]),
            layers=np.column_stack([np.tan(elevations), 1 / np.cos(elevations)]),
            first=first,
            step=step,
            turn=2 * math.pi / step,
            reach=(float(near), float(far)),
            corners=np.empty((largest, 4)),
        )
        self._normals, self._draws = np.empty(shape, np.float32), np.empty(shape, np.float32)
        self._sigma = self._loss = 0.0

    def reset(self, rng: np.random.Generator, noise: float) -> None:
        """Draws this episode's noise; see `Sensor.reset`."""
        self._sigma = noise * draw(self._noise, rng)
        self._loss = min(noise * draw(self._dropout, rng), 1.0)

    def read(self, rng: np.random.Generator) -> NDArray[np.float32]:
        """Measures; see the class."""
        scene = self._scene
        scene.update(without=self._body)
        ranges = np.empty(self._shape, np.float32)
        scan(scene.geometry, scene.looks.shown, scene.poses, self._from_world(), self._body.number, self._fan, ranges)
        if self._sigma > 0:
            rng.standard_normal(dtype=np.float32, out=self._normals)
            blur(ranges, self._normals, np.float32(self._sigma), self._near, self._far)
        if self._loss > 0:
            rng.random(dtype=np.float32, out=self._draws)
            lose(ranges, self._draws, np.float32(self._loss), self._far)
        return ranges.reshape(self.space.shape)

    def _from_world(self) -> Transform:
        (position, quaternion), _, _ = self._body.motion()
        rows = self._body.rows()
        a, b, c = to_world(rows, self._position)
        eye = position[0] + a, position[1] + b, position[2] + c
        # The columns are the sensor's axes in the world.
        turned = self._quaternion != IDENTITY
        r, s, t = rotation_rows(quaternion_product(quaternion, self._quaternion)) if turned else rows
        x, y, z = (r[0], s[0], t[0]), (r[1], s[1], t[1]), (r[2], s[2], t[2])
        return (*x, _shift(x, eye)), (*y, _shift(y, eye)), (*z, _shift(z, eye))


@compiled
def blur(
    ranges: NDArray[np.float32], normals: NDArray[np.float32], sigma: np.float32, near: np.float32, far: np.float32
) -> None:
    """Adds an error to each range that met something; all (layers, rays), m."""
    for layer in range(ranges.shape[0]):
        for ray in range(ranges.shape[1]):
            if ranges[layer, ray] < far:
                ranges[layer, ray] = min(max(ranges[layer, ray] + sigma * normals[layer, ray], near), far)


@compiled
def lose(ranges: NDArray[np.float32], draws: NDArray[np.float32], loss: np.float32, far: np.float32) -> None:
    """Lets each ray whose draw from [0, 1) is below ``loss`` come back with nothing; all (layers, rays)."""
    for layer in range(ranges.shape[0]):
        for ray in range(ranges.shape[1]):
            if draws[layer, ray] < loss:
                ranges[layer, ray] = far


def _shift(axis: Vec3, eye: Vec3) -> float:
    return -(axis[0] * eye[0] + axis[1] * eye[1] + axis[2] * eye[2])


def _check(rays: int, fov: float, reach: tuple[float, float], layers: Sequence[float]) -> None:
    if rays < 1:
        raise RobosimError(f"rays={rays!r}: a lidar has at least 1")
    if not 0 < fov <= 360:
        raise RobosimError(f"fov={fov!r} is not more than 0 and at most 360 degrees")
    if not 0 <= reach[0] < reach[1] < math.inf:
        raise RobosimError(f"range={reach!r} is not two rising distances in metres")
    rising = all(low < high for low, high in pairwise(layers))
    if not layers or not rising or layers[0] <= -90 or layers[-1] >= 90:
        raise RobosimError(f"layers={tuple(layers)!r} are not rising elevations between -90 and 90 degrees")
