"""The steps in order, for every part in view: each pixel learns its nearest face and how near that is."""

import numpy as np

from robosim.compiled import compiled, inlined
from robosim.render.kernels.arrays import Array, Buffers, Camera, Geometry, Transform, Triple
from robosim.render.kernels.clip import clip_near
from robosim.render.kernels.cull import along, ball_outside, compose, eye_in_link, frustum, height_above, rows
from robosim.render.kernels.fill import fill

_X, _Y, _Z = np.uintp(0), np.uintp(1), np.uintp(2)
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
    for link in range(len(geometry.balls)):
        start, end = geometry.first_part[link], geometry.first_part[link + 1]
        if start == end or geometry.labels[start, 0] == without:
            continue
        to_camera = compose(camera.from_world, rows(poses[link]))
        x, y, z, radius = _ball(geometry.balls[link], to_camera)
        if ball_outside(x, y, z, radius, sides, camera.lens, camera.flat):
            continue
        for part in range(start, end + 1):  # those in view, up to the first that is not, are drawn together
            seen = cut = False
            if part < end and shown[part]:
                x, y, z, radius = _ball(geometry.spheres[part], to_camera)
                seen = not ball_outside(x, y, z, radius, sides, camera.lens, camera.flat)
                cut = z - radius < camera.lens[4]
            if seen and not cut:
                continue
            if start < part:
                _draw_whole(geometry, start, part, to_camera, camera, backs, buffers)
            if seen:
                _draw_cut(geometry, part, to_camera, camera, backs, buffers)
            start = part + 1


@inlined
def _ball(ball: Array, to_camera: Transform) -> tuple[float, float, float, float]:
    x, y, z, radius = ball
    return along(to_camera[0], x, y, z), along(to_camera[1], x, y, z), along(to_camera[2], x, y, z), radius


@inlined
def _draw_whole(
    geometry: Geometry, start: int, end: int, to_camera: Transform, camera: Camera, backs: bool, buffers: Buffers
) -> None:
    """Draws some of a link's parts that lie before the near plane."""
    first = geometry.first_vertex[start]
    columns, lines, near = buffers.corners[0], buffers.corners[1], buffers.corners[2]
    for place in range(np.uintp(geometry.first_vertex[end] - first)):  # several at a time, as numbers are unsigned
        point = _moved(geometry.vertices, place + np.uintp(first), to_camera)
        columns[place], lines[place], near[place] = project(point, camera)
    for place in range(_choose(geometry, start, end, to_camera, camera.flat, backs, buffers)):
        face, closer = _chosen(geometry, buffers, place)
        i, j = geometry.faces[face, 0] - first, geometry.faces[face, 1] - first
        k, m = geometry.faces[face, 2] - first, geometry.faces[face, 3] - first
        fill(
            (columns[i], columns[j], columns[k], columns[m]), (lines[i], lines[j], lines[k], lines[m]),
            (near[i] + closer, near[j] + closer, near[k] + closer), buffers.chosen[place],
            buffers.nearness, buffers.winner,
        )  # fmt: skip


@inlined
def _draw_cut(
    geometry: Geometry, part: int, to_camera: Transform, camera: Camera, backs: bool, buffers: Buffers
) -> None:
    """Draws a part that reaches behind the near plane."""
    vertices, polygon = geometry.vertices, buffers.polygon
    for place in range(_choose(geometry, part, part + 1, to_camera, camera.flat, backs, buffers)):
        face, closer = _chosen(geometry, buffers, place)
        i, j, k, m = geometry.faces[face]
        a, b = _moved(vertices, i, to_camera), _moved(vertices, j, to_camera)
        c, d = _moved(vertices, k, to_camera), _moved(vertices, m, to_camera)
        count = clip_near(a, b, c, d, camera.lens[4], polygon)
        for second in range(1, count - 1):
            a, b = project(_row(polygon, 0), camera), project(_row(polygon, second), camera)
            c = project(_row(polygon, second + 1), camera)
            fill(
                (a[0], b[0], c[0], c[0]), (a[1], b[1], c[1], c[1]), (a[2] + closer, b[2] + closer, c[2] + closer),
                buffers.chosen[place], buffers.nearness, buffers.winner,
            )  # fmt: skip


@inlined
def _choose(
    geometry: Geometry, start: int, end: int, to_camera: Transform, flat: bool, backs: bool, buffers: Buffers
) -> int:
    """Lists those faces of some parts that are seen, and gives how many they are."""
    planes, eye = geometry.planes, eye_in_link(to_camera, flat)
    x, y, z, w = np.float32(eye[0]), np.float32(eye[1]), np.float32(eye[2]), np.float32(eye[3])
    count = 0
    for part in range(start, end):
        for face in range(geometry.first_face[part], geometry.drawn_until[part]):
            front = height_above(planes, face, (x, y, z, w)) > 0.0
            buffers.chosen[count] = face if front else face + len(geometry.faces)
            count += front or backs  # no branch: which way a face looks cannot be guessed
    return count


@inlined
def _chosen(geometry: Geometry, buffers: Buffers, place: int) -> tuple[int, float]:
    """Gives a face of the list, and how much nearer than it is it counts."""
    number = buffers.chosen[place]
    return (number, 0.0) if number < len(geometry.faces) else (number - len(geometry.faces), _BOTTOM)


@inlined
def _moved(vertices: Array, vertex: int | np.uintp, to_camera: Transform) -> Triple:
    x, y, z = vertices[vertex, _X], vertices[vertex, _Y], vertices[vertex, _Z]
    return along(to_camera[0], x, y, z), along(to_camera[1], x, y, z), along(to_camera[2], x, y, z)


@inlined
def _row(points: Array, number: int) -> Triple:
    return points[number, 0], points[number, 1], points[number, 2]


@inlined
def project(point: Triple, camera: Camera) -> Triple:
    """Gives column, row and nearness of a point in the camera's frame."""
    fx, fy, cx, cy, _, far = camera.lens
    if camera.flat:
        return fx * point[0] + cx, fy * point[1] + cy, far - point[2]
    near = 1.0 / point[2]
    return fx * point[0] * near + cx, fy * point[1] * near + cy, near
