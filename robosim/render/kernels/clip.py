"""Step 2, clipping: what of a face lies behind the near plane is cut off, which adds a corner at most."""

from robosim.compiled import inlined
from robosim.render.kernels.arrays import Array, Triple


@inlined
def clip_near(a: Triple, b: Triple, c: Triple, d: Triple, near: float, polygon: Array) -> int:
    """Cuts the face of four corners in the camera's frame at z = near; a triangle's last is the third again.

    Returns:
        How many rows of ``polygon`` (6, 3) now hold its corners: none, or three and more.
    """
    count = 0
    for here, after in ((a, b), (b, c), (c, d), (d, a)):
        if here[2] >= near:
            polygon[count, 0], polygon[count, 1], polygon[count, 2] = here[0], here[1], here[2]
            count += 1
        if (here[2] >= near) != (after[2] >= near):
            # From the inner corner outwards, so that two faces that share the edge cut it at the same point.
            inner, outer = (here, after) if here[2] >= near else (after, here)
            share = (near - inner[2]) / (outer[2] - inner[2])
            polygon[count, 0] = inner[0] + share * (outer[0] - inner[0])
            polygon[count, 1] = inner[1] + share * (outer[1] - inner[1])
            polygon[count, 2] = near
            count += 1
    return count
