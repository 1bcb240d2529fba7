"""The steps in order, for every part in view: each pixel learns its nearest face and how near that is."""

import numpy as np

from robosim.compiled import compiled, inlined
from robosim.render.kernels.arrays import Array, Buffers, Camera, Geometry, Transform, Triple
from robosim.render.kernels.clip import clip_near
from robosim.render.kernels.cull import along, ball_outside, compose, eye_in_link, frustum
from robosim.render.kernels.fill import fill

_BOTTOM = 1e-3  # m; a box's bottom lies on the ground, and seen from within it must win


@compiled
def draw(
    geometry: Geometry, shown: Array, poses: Array, camera: Camera, without: int, backs: bool, buffers: Buffers
) -> None:
    """Finds what is seen at each pixel.

    Args:
        geometry: What there is.
        shown: bool (P,), which parts count.
        poses: float64 (links, 3, 4), from each link's frame to the world.
        camera: Who looks.
        without: Number of a body that is left out, or -1.
        backs: Whether faces are seen from behind, too: as the face's number plus that of all faces.
        buffers: Where it is written.
    """
    buffers.nearness[:] = 0.0
    buffers.winner[:] = -1
    height, width = buffers.nearness.shape
    sides = frustum(camera.lens, camera.flat, height, width)
    for part in range(len(geometry.links)):
        if not shown[part] or geometry.labels[part, 0] == without:
            continue
        to_camera = compose(camera.from_world, poses[geometry.links[part]])
        px, py, pz, radius = geometry.spheres[part]
        x, y, z = along(to_camera[0], px, py, pz), along(to_camera[1], px, py, pz), along(to_camera[2], px, py, pz)
        if not ball_outside(x, y, z, radius, sides, camera.lens, camera.flat):
            _draw_part(geometry, part, to_camera, camera, z - radius < camera.lens[4], backs, buffers)


@inlined
def _draw_part(
    geometry: Geometry, part: int, to_camera: Transform, camera: Camera, cut: bool, backs: bool, buffers: Buffers
) -> None:
    first, corners, polygon = geometry.first_vertex[part], buffers.corners, buffers.polygon
    eye = eye_in_link(to_camera, camera.flat)
    for vertex in range(first, geometry.first_vertex[part + 1]):
        x, y, z = geometry.vertices[vertex, 0], geometry.vertices[vertex, 1], geometry.vertices[vertex, 2]
        seen = along(to_camera[0], x, y, z), along(to_camera[1], x, y, z), along(to_camera[2], x, y, z)
        corner = seen if cut else project(seen, camera)
        corners[vertex - first, 0], corners[vertex - first, 1], corners[vertex - first, 2] = corner
    start = geometry.first_face[part]
    _turn(geometry.planes, start, geometry.first_face[part + 1], eye, camera.flat, buffers.heights)
    for face in range(start, geometry.first_face[part + 1]):
        front = buffers.heights[face - start] > 0.0
        if not (front or backs):
            continue
        number, closer = (face, 0.0) if front else (face + len(geometry.faces), _BOTTOM)
        i, j, k = geometry.faces[face, 0] - first, geometry.faces[face, 1] - first, geometry.faces[face, 2] - first
        if not cut:
            _fill(_row(corners, i), _row(corners, j), _row(corners, k), closer, number, buffers)
            continue
        count = clip_near(corners[i], corners[j], corners[k], camera.lens[4], polygon)
        for second in range(1, count - 1):
            a, b = project(_row(polygon, 0), camera), project(_row(polygon, second), camera)
            _fill(a, b, project(_row(polygon, second + 1), camera), closer, number, buffers)


@inlined
def _turn(planes: Array, start: int, end: int, eye: Triple, flat: bool, heights: Array) -> None:
    """Writes how high the eye is above each face's plane: a loop by itself, because so several faces go at a time."""
    x, y, z = np.float32(eye[0]), np.float32(eye[1]), np.float32(eye[2])
    sign, offset = (np.float32(-1.0), np.float32(0.0)) if flat else (np.float32(1.0), np.float32(1.0))
    for face in range(start, end):
        height = planes[face, 0] * x + planes[face, 1] * y + planes[face, 2] * z
        heights[face - start] = sign * height - offset * planes[face, 3]


@inlined
def _row(points: Array, number: int) -> Triple:
    return points[number, 0], points[number, 1], points[number, 2]


@inlined
def _fill(a: Triple, b: Triple, c: Triple, closer: float, face: int, buffers: Buffers) -> None:
    near = a[2] + closer, b[2] + closer, c[2] + closer
    fill((a[0], b[0], c[0]), (a[1], b[1], c[1]), near, face, buffers.nearness, buffers.winner)


@inlined
def project(point: Triple, camera: Camera) -> Triple:
    """Gives column, row and nearness of a point in the camera's frame."""
    fx, fy, cx, cy, _, far = camera.lens
    if camera.flat:
        return fx * point[0] + cx, fy * point[1] + cy, far - point[2]
    near = 1.0 / point[2]
    return fx * point[0] * near + cx, fy * point[1] * near + cy, near
