"""All of a picture in one call from Python, and with few arguments: each costs time."""

import math

from robosim.compiled import compiled
from robosim.render.kernels.arrays import Array, Camera, Triple
from robosim.render.kernels.develop import develop_depth, develop_depth8
from robosim.render.kernels.draw import draw
from robosim.render.kernels.kept import Kept, kept_in
from robosim.render.kernels.paint import paint
from robosim.render.kernels.vectors import compose, inverse, rows


@compiled
def snap(
    room: Array, view: Array, carrier: int, without: int, reach: Triple, rgb: Array, depth: Array, depth8: Array,
    labels: Array,
) -> bool:  # fmt: skip
    """Draws, and develops what is asked for: images of size 0 are not.

    Args:
        room: What there is, and room to work in: see `keep`.
        view: float64 (3, 4), from the world's frame to the camera's, or from that of the carrier.
        carrier: Number of a link, or -1.
        without: Number of a body that is left out, or -1.
        reach: The nearest and the farthest depth that is measured, m, and what is written for others.
        rgb: uint8 (height, width, 3), see `paint`.
        depth: float32 (height, width), see `develop_depth`.
        depth8: uint8 (height, width, 1), see `develop_depth8`.
        labels: int16 (height, width, 2), see `paint`.

    Returns:
        Whether the view was finite; nothing is drawn otherwise.
    """
    kept: Kept = kept_in(room)
    from_world = rows(view)
    if carrier >= 0:
        from_world = compose(from_world, inverse(rows(kept.poses[carrier])))
    total = 0.0
    for row in from_world:
        total += row[0] + row[1] + row[2] + row[3]
    if not math.isfinite(total):
        return False
    camera = Camera(from_world, kept.lens, False)
    draw(kept.geometry, kept.looks.shown, kept.poses, camera, without, False, kept.buffers)
    if depth.size > 0:
        develop_depth(kept.buffers.nearness, reach, depth)
    if depth8.size > 0:
        develop_depth8(kept.buffers.nearness, reach, depth8)
    if rgb.size > 0 or labels.size > 0:
        paint(kept, camera, rgb, labels)
    return True
