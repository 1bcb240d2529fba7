"""Step 4, light: what colour a camera sees at a pixel whose face and distance are known."""

import math

import numpy as np

from robosim.compiled import inlined
from robosim.render.kernels.arrays import Array, Camera, Geometry, Light, Looks, Real, Shadow, Triple
from robosim.render.kernels.cull import along
from robosim.render.kernels.texture import STEEPEST, sample

# Square of the sine of the height at which the sky is halfway from the horizon's colour to the zenith's; in single
# precision, or what is computed of singles would become doubles, which take twice as long.
_DAWN, _LEVEL = np.float32(0.1), np.float32(0.0)


@inlined
def light_from(numbers: Array) -> Light:
    """Gives a light from its numbers, float64 (19,), which take less time to hand over from Python."""
    n = numbers
    return Light(
        (n[0], n[1], n[2]), (n[3], n[4], n[5]), (n[6], n[7], n[8]), (n[9], n[10], n[11]), (n[12], n[13], n[14]),
        (n[15], n[16], n[17]), n[18],
    )  # fmt: skip


@inlined
def lit(
    geometry: Geometry, looks: Looks, poses: Array, camera: Camera, light: Light, shadow: Shadow, smooth: bool,
    eye: Triple, face: int, ray: Triple, depth: float, samples: float,
) -> Triple:  # fmt: skip
    """Gives the linear colour of a face.

    Args:
        geometry: What there is.
        looks: How it looks.
        poses: From each link's frame to the world.
        camera: Who looks.
        light: What lights it.
        shadow: What the sun sees.
        smooth: Blend texels.
        eye: Where the camera is in the world.
        face: The face that is seen.
        ray: World vector from the camera to the point, for a depth of 1.
        depth: z of the point in the camera's frame, metres.
        samples: How many samples of the camera it stands for: so large is its footprint on a texture.
    """
    part = geometry.face_part[face]
    pose = poses[geometry.links[part]]
    point = eye[0] + ray[0] * depth, eye[1] + ray[1] * depth, eye[2] + ray[2] * depth
    row, rounded = geometry.face_uvs[face], geometry.face_normals[face] >= 0
    local = _into(pose, point) if rounded or row >= 0 else point
    normal = _normal(geometry, face, local, pose)
    square = ray[0] * ray[0] + ray[1] * ray[1] + ray[2] * ray[2]
    own = looks.colours[part]
    colour = float(own[0]), float(own[1]), float(own[2])
    if row >= 0:
        slant = abs(normal[0] * ray[0] + normal[1] * ray[1] + normal[2] * ray[2])
        pixel = depth / camera.lens[1]
        area = samples * pixel * pixel * math.sqrt(square) / max(slant, STEEPEST)  # m², of a slanted pixel
        printed = _printed(looks, looks.textures[part], geometry.uvs, row, local, area, smooth)
        colour = colour[0] * printed[0], colour[1] * printed[1], colour[2] * printed[2]
    sun = max(normal[0] * light.to_sun[0] + normal[1] * light.to_sun[1] + normal[2] * light.to_sun[2], 0.0)
    if sun > 0.0 and shadow.nearness.size > 0:
        sun *= _in_sun(shadow, point, normal)
    up = 0.5 + 0.5 * normal[2]
    clear = 1.0 / (1.0 + depth * depth * square / (light.haze * light.haze))
    sky, ground, haze = light.sky, light.ground, light.horizon
    return (
        _shaded(colour[0], sun * light.sun[0] + ground[0] + (sky[0] - ground[0]) * up, haze[0], clear),
        _shaded(colour[1], sun * light.sun[1] + ground[1] + (sky[1] - ground[1]) * up, haze[1], clear),
        _shaded(colour[2], sun * light.sun[2] + ground[2] + (sky[2] - ground[2]) * up, haze[2], clear),
    )


@inlined
def sky(light: Light, ray: Triple) -> Triple:
    """Gives the linear colour of the sky along a world vector."""
    a, b = light.horizon, light.zenith
    share = zenith_share(ray[2], ray[0] * ray[0] + ray[1] * ray[1] + ray[2] * ray[2])
    return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share


@inlined
def zenith_share(up: Real, square: Real) -> Real:
    """Gives how much of the zenith's colour the sky has along a vector: from its vertical part and squared length."""
    rise = max(up, _LEVEL) * max(up, _LEVEL)
    return rise / (rise + _DAWN * square)


@inlined
def _shaded(own: float, falling: float, haze: float, clear: float) -> float:
    return haze + (own * falling - haze) * clear


@inlined
def _into(pose: Array, point: Triple) -> Triple:
    """Gives a world point in a link's frame."""
    x, y, z = point[0] - pose[0, 3], point[1] - pose[1, 3], point[2] - pose[2, 3]
    return (
        pose[0, 0] * x + pose[1, 0] * y + pose[2, 0] * z,
        pose[0, 1] * x + pose[1, 1] * y + pose[2, 1] * z,
        pose[0, 2] * x + pose[1, 2] * y + pose[2, 2] * z,
    )


@inlined
def _affine(m: Array, row: int, p: Triple) -> float:
    return float(m[row, 0] * p[0] + m[row, 1] * p[1] + m[row, 2] * p[2] + m[row, 3])


@inlined
def _printed(looks: Looks, texture: int, uvs: Array, row: int, p: Triple, area: float, smooth: bool) -> Triple:
    """Gives the linear colour of a texture at a point of the link's frame, where a pixel covers so many m²."""
    a, b, c = uvs[row, 1, 0], uvs[row, 1, 1], uvs[row, 1, 2]
    v = a * p[0] + b * p[1] + c * p[2] + uvs[row, 1, 3]
    u = uvs[row, 0, 0] * p[0] + uvs[row, 0, 1] * p[1] + uvs[row, 0, 2] * p[2] + uvs[row, 0, 3]
    return sample(looks, texture, u, v, (a * a + b * b + c * c) * area, smooth)


@inlined
def _normal(geometry: Geometry, face: int, local: Triple, pose: Array) -> Triple:
    """Gives the unit normal in the world at a point of the link's frame."""
    plane, row = geometry.planes[face], geometry.face_normals[face]
    n = float(plane[0]), float(plane[1]), float(plane[2])
    if row >= 0:
        m = geometry.normals[row]
        n = _affine(m, 0, local), _affine(m, 1, local), _affine(m, 2, local)
        shrink = 1.0 / math.sqrt(max(n[0] * n[0] + n[1] * n[1] + n[2] * n[2], 1e-12))
        n = n[0] * shrink, n[1] * shrink, n[2] * shrink
    return (
        pose[0, 0] * n[0] + pose[0, 1] * n[1] + pose[0, 2] * n[2],
        pose[1, 0] * n[0] + pose[1, 1] * n[1] + pose[1, 2] * n[2],
        pose[2, 0] * n[0] + pose[2, 1] * n[1] + pose[2, 2] * n[2],
    )


@inlined
def _in_sun(shadow: Shadow, point: Triple, normal: Triple) -> float:
    """Gives the share of sunlight that reaches a point: 1 in the sun, 0 in shadow, between at the edge."""
    fx, fy, cx, cy, _, far = shadow.lens
    lift = 2.0 / fx  # m, off the surface, or it would lie in its own shadow
    lifted = point[0] + lift * normal[0], point[1] + lift * normal[1], point[2] + lift * normal[2]
    column = fx * along(shadow.from_world[0], *lifted) + cx
    row = fy * along(shadow.from_world[1], *lifted) + cy
    nearness = far - along(shadow.from_world[2], *lifted)
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
