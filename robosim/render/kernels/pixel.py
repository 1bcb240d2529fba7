"""A pixel: where a point is in the picture, the ray through a point of it, and the bytes that it is written as."""

from robosim.compiled import inlined
from robosim.render.kernels.arrays import Camera, Looks, Triple


@inlined
def project(point: Triple, camera: Camera) -> Triple:
    """Gives column, row and nearness of a point in the camera's frame."""
    fx, fy, cx, cy, _, far = camera.lens
    if camera.flat:
        return fx * point[0] + cx, fy * point[1] + cy, far - point[2]
    near = 1.0 / point[2]
    return fx * point[0] * near + cx, fy * point[1] * near + cy, near


@inlined
def ray_through(camera: Camera, column: float, row: float) -> Triple:
    """Gives the world vector from the eye through a point of the picture, of length 1 along the camera's axis."""
    right, down, ahead = camera.from_world
    x, y = (column - camera.lens[2]) * (1.0 / camera.lens[0]), (row - camera.lens[3]) * (1.0 / camera.lens[1])
    return (
        right[0] * x + down[0] * y + ahead[0],
        right[1] * x + down[1] * y + ahead[1],
        right[2] * x + down[2] * y + ahead[2],
    )


@inlined
def bytes_of(looks: Looks, colour: Triple) -> tuple[int, int, int]:
    """Gives the sRGB bytes of a linear colour."""
    return _byte(looks, colour[0]), _byte(looks, colour[1]), _byte(looks, colour[2])


@inlined
def _byte(looks: Looks, light: float) -> int:
    return int(looks.to_srgb[int(min(max(light, 0.0), 1.0) * 4095.0 + 0.5)])
