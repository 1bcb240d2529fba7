"""The steps in order, for every part in view: each pixel learns its nearest face and how near that is."""

from robosim.render.kernels.arrays import Array, Buffers, Camera, Geometry, Transform, Triple
from robosim.render.kernels.clip import clip_near
from robosim.render.kernels.compiled import compiled, inlined
from robosim.render.kernels.cull import along, ball_outside, compose, eye_in_link, faces_away, frustum
from robosim.render.kernels.fill import fill


@compiled
def draw(geometry: Geometry, shown: Array, poses: Array, camera: Camera, without: int, buffers: Buffers) -> None:
    """Finds what is seen at each pixel.

    Args:
        geometry: What there is.
        shown: bool (P,), which parts count.
        poses: float64 (links, 3, 4), from each link's frame to the world.
        camera: Who looks.
        without: Number of a body that is left out, or -1.
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
            _draw_part(geometry, part, to_camera, camera, z - radius < camera.lens[4], buffers)


@inlined
def _draw_part(
    geometry: Geometry, part: int, to_camera: Transform, camera: Camera, cut: bool, buffers: Buffers
) -> None:
    first, corners, polygon = geometry.first_vertex[part], buffers.corners, buffers.polygon
    eye = eye_in_link(to_camera, camera.flat)
    for vertex in range(first, geometry.first_vertex[part + 1]):
        x, y, z = geometry.vertices[vertex]
        corners[vertex - first, 0] = along(to_camera[0], x, y, z)
        corners[vertex - first, 1] = along(to_camera[1], x, y, z)
        corners[vertex - first, 2] = along(to_camera[2], x, y, z)
    for face in range(geometry.first_face[part], geometry.first_face[part + 1]):
        if faces_away(geometry.planes[face], eye, camera.flat):
            continue
        i, j, k = geometry.faces[face]
        a, b, c = corners[i - first], corners[j - first], corners[k - first]
        if not cut:
            _fill(_project(a, camera), _project(b, camera), _project(c, camera), face, buffers)
            continue
        count = clip_near(a, b, c, camera.lens[4], polygon)
        for second in range(1, count - 1):
            corner = (
                _project(polygon[0], camera),
                _project(polygon[second], camera),
                _project(polygon[second + 1], camera),
            )
            _fill(corner[0], corner[1], corner[2], face, buffers)


@inlined
def _fill(a: Triple, b: Triple, c: Triple, face: int, buffers: Buffers) -> None:
    fill((a[0], b[0], c[0]), (a[1], b[1], c[1]), (a[2], b[2], c[2]), face, buffers.nearness, buffers.winner)


@inlined
def _project(point: Array, camera: Camera) -> Triple:
    """Gives column, row and nearness of a point in the camera's frame."""
    fx, fy, cx, cy, _, far = camera.lens
    if camera.flat:
        return fx * point[0] + cx, fy * point[1] + cy, far - point[2]
    near = 1.0 / point[2]
    return fx * point[0] * near + cx, fy * point[1] * near + cy, near
