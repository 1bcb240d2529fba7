"""The steps in order, for every part in view: each pixel learns its nearest face and how near that is."""

import numpy as np

from robosim.compiled import compiled, inlined
from robosim.render.kernels.arrays import Array, Buffers, Camera, Geometry, Transform
from robosim.render.kernels.clip import clip_near
from robosim.render.kernels.cull import ball_in, ball_outside, eye_in_link, frustum, height_above
from robosim.render.kernels.fill import fill
from robosim.render.kernels.pixel import project
from robosim.render.kernels.vectors import compose, moved, rows, triple

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
    sides = frustum(camera, *buffers.nearness.shape)
    for link in range(len(geometry.balls)):
        start, end = geometry.first_part[link], geometry.first_part[link + 1]
        if start == end or geometry.labels[start, 0] == without:
            continue
        to_camera = compose(camera.from_world, rows(poses[link]))
        if ball_outside(ball_in(geometry.balls[link], to_camera), sides, camera):
            continue
        for part in range(start, end + 1):  # those in view, up to the first that is not, are drawn together
            seen = cut = False
            if part < end and shown[part]:
                ball = ball_in(geometry.spheres[part], to_camera)
                seen, cut = not ball_outside(ball, sides, camera), ball[2] - ball[3] < camera.lens[4]
            if seen and not cut:
                continue
            if start < part:
                _draw_whole(geometry, start, part, to_camera, camera, backs, buffers)
            if seen:
                _draw_cut(geometry, part, to_camera, camera, backs, buffers)
            start = part + 1


@inlined
def _draw_whole(
    geometry: Geometry, start: int, end: int, to_camera: Transform, camera: Camera, backs: bool, buffers: Buffers
) -> None:
    """Draws some of a link's parts that lie before the near plane."""
    first = geometry.first_vertex[start]
    columns, lines, near = buffers.corners[0], buffers.corners[1], buffers.corners[2]
    for place in range(np.uintp(geometry.first_vertex[end] - first)):  # several at a time, as numbers are unsigned
        point = moved(to_camera, triple(geometry.vertices[place + np.uintp(first)]))
        columns[place], lines[place], near[place] = project(point, camera)
    for place in range(_choose(geometry, start, end, to_camera, camera.flat, backs, buffers)):
        face, closer = _chosen(geometry, buffers, place)
        i, j = geometry.faces[face, 0] - first, geometry.faces[face, 1] - first
        k, m = geometry.faces[face, 2] - first, geometry.faces[face, 3] - first
        a, b = (columns[i], lines[i], near[i]), (columns[j], lines[j], near[j])
        c, d = (columns[k], lines[k], near[k]), (columns[m], lines[m], near[m])
        fill(a, b, c, d, closer, buffers.chosen[place], buffers)


@inlined
def _draw_cut(
    geometry: Geometry, part: int, to_camera: Transform, camera: Camera, backs: bool, buffers: Buffers
) -> None:
    """Draws a part that reaches behind the near plane."""
    vertices, polygon = geometry.vertices, buffers.polygon
    for place in range(_choose(geometry, part, part + 1, to_camera, camera.flat, backs, buffers)):
        face, closer = _chosen(geometry, buffers, place)
        i, j, k, m = geometry.faces[face]
        a, b = moved(to_camera, triple(vertices[i])), moved(to_camera, triple(vertices[j]))
        c, d = moved(to_camera, triple(vertices[k])), moved(to_camera, triple(vertices[m]))
        count = clip_near(a, b, c, d, camera.lens[4], polygon)
        for second in range(1, count - 1):
            a, b = project(triple(polygon[0]), camera), project(triple(polygon[second]), camera)
            c = project(triple(polygon[second + 1]), camera)
            fill(a, b, c, c, closer, buffers.chosen[place], buffers)


@inlined
def _choose(
    geometry: Geometry, start: int, end: int, to_camera: Transform, flat: bool, backs: bool, buffers: Buffers
) -> int:
    """Lists those faces of some parts that are seen, and gives how many they are."""
    x, y, z, w = eye_in_link(to_camera, flat)
    eye = np.float32(x), np.float32(y), np.float32(z), np.float32(w)
    count = 0
    for part in range(start, end):
        for face in range(geometry.first_face[part], geometry.drawn_until[part]):
            front = height_above(geometry.planes, face, eye) > 0.0
            buffers.chosen[count] = face if front else face + len(geometry.faces)
            count += front or backs  # no branch: which way a face looks cannot be guessed
    return count


@inlined
def _chosen(geometry: Geometry, buffers: Buffers, place: int) -> tuple[int, float]:
    """Gives a face of the list, and how much nearer than it is it counts."""
    number = buffers.chosen[place]
    return (number, 0.0) if number < len(geometry.faces) else (number - len(geometry.faces), _BOTTOM)
