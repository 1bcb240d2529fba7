"""Step 4, light: what colour a camera sees at a point of the picture whose face and nearness are known."""

import math

import numpy as np

from robosim.compiled import inlined
from robosim.render.kernels.arrays import Array, Camera, Geometry, Light, Real, Shadow, Triple
from robosim.render.kernels.kept import Kept
from robosim.render.kernels.pixel import project, ray_through
from robosim.render.kernels.texture import STEEPEST, sample
from robosim.render.kernels.vectors import (
    dot,
    eye_of,
    mix,
    moved,
    moved_back,
    plus,
    rows,
    scaled,
    times,
    triple,
    turned,
)

# Square of the sine of the height at which the sky is halfway from the horizon's colour to the zenith's; in single
# precision, or what is computed of singles would become doubles, which take twice as long.
_DAWN, _LEVEL = np.float32(0.1), np.float32(0.0)


@inlined
def seen(
    kept: Kept, camera: Camera, shadow: Shadow, smooth: bool, face: int, column: float, row: float, near: float,
    samples: float,
) -> Triple:  # fmt: skip
    """Gives the linear colour of a face.

    Args:
        kept: What there is, how it looks and what lights it.
        camera: Who looks.
        shadow: What the sun sees.
        smooth: Blend texels.
        face: The face that is seen; -1 for the sky.
        column: Of the point in the picture.
        row: The same.
        near: Nearness of the point.
        samples: How many samples of the camera it stands for: so large is its footprint on a texture.
    """
    geometry, looks, light, ray = kept.geometry, kept.looks, kept.light, ray_through(camera, column, row)
    square = dot(ray, ray)
    if face < 0:
        return mix(light.horizon, light.zenith, zenith_share(ray[2], square))
    part, depth = geometry.face_part[face], 1.0 / near
    pose, point = rows(kept.poses[geometry.links[part]]), plus(eye_of(camera.from_world), scaled(ray, depth))
    local = moved_back(pose, point)
    normal = turned(pose, _normal(geometry, face, local))
    colour, line = triple(looks.colours[part]), geometry.face_uvs[face]
    if line >= 0:
        slant, pixel = max(abs(dot(normal, ray)), STEEPEST), depth / camera.lens[1]
        area = samples * pixel * pixel * math.sqrt(square) / slant  # m², of a slanted pixel
        colour = times(colour, sample(looks, looks.textures[part], geometry.uvs[line], local, area, smooth))
    sun = max(dot(normal, light.to_sun), 0.0)
    if sun > 0.0 and shadow.nearness.size > 0:
        sun *= _in_sun(shadow, point, normal)
    clear = 1.0 / (1.0 + depth * depth * square / (light.haze * light.haze))
    return mix(light.horizon, times(colour, falling(light, sun, normal[2])), clear)


@inlined
def zenith_share(up: Real, square: Real) -> Real:
    """Gives how much of the zenith's colour the sky has along a vector: from its vertical part and squared length."""
    rise = max(up, _LEVEL) * max(up, _LEVEL)
    return rise / (rise + _DAWN * square)


@inlined
def falling(light: Light, sun: float, up: float) -> Triple:
    """Gives what falls on a surface: that much of the sun, and of sky and ground by how its unit normal points up."""
    share, above, below = 0.5 + 0.5 * up, light.sky, light.ground
    return (
        sun * light.sun[0] + below[0] + (above[0] - below[0]) * share,
        sun * light.sun[1] + below[1] + (above[1] - below[1]) * share,
        sun * light.sun[2] + below[2] + (above[2] - below[2]) * share,
    )


@inlined
def _normal(geometry: Geometry, face: int, local: Triple) -> Triple:
    """Gives a face's unit normal at a point, both in the link's frame."""
    line, n = geometry.face_normals[face], triple(geometry.planes[face])
    if line >= 0:
        n = moved(rows(geometry.normals[line]), local)
        n = scaled(n, 1.0 / math.sqrt(max(dot(n, n), 1e-12)))
    return n


@inlined
def _in_sun(shadow: Shadow, point: Triple, normal: Triple) -> float:
    """Gives the share of sunlight that reaches a point: 1 in the sun, 0 in shadow, between at the edge."""
    lift = 2.0 / shadow.camera.lens[0]  # m, off the surface, or it would lie in its own shadow
    lifted = moved(shadow.camera.from_world, plus(point, scaled(normal, lift)))
    column, row, nearness = project(lifted, shadow.camera)
    size = shadow.nearness.shape[0]
    if not (2.0 < column < size - 3.0 and 2.0 < row < size - 3.0):
        return 1.0
    left, upper = int(column), int(row)
    across, down = column - left, row - upper
    # A tent of 4 x 4 texels, the mean of 3 x 3 bilinear looks: percentage-closer filtering (Reeves et al. 1987).
    free = (1 - down) * _free(shadow.nearness, upper - 1, left, across, nearness)
    free += _free(shadow.nearness, upper, left, across, nearness)
    free += _free(shadow.nearness, upper + 1, left, across, nearness)
    free += down * _free(shadow.nearness, upper + 2, left, across, nearness)
    return free / 9.0


@inlined
def _free(seen: Array, row: int, left: int, across: float, nearness: float) -> float:
    """Gives how much of one row of the tent the sun sees."""
    free: float = (1 - across) * (seen[row, left - 1] <= nearness)
    free += seen[row, left] <= nearness
    free += seen[row, left + 1] <= nearness
    free += across * (seen[row, left + 2] <= nearness)
    return free
