"""Poses of links, from what the physics tells to what the other kernels read."""

from robosim.compiled import compiled, inlined
from robosim.render.kernels.arrays import Array
from robosim.render.kernels.vectors import compose, rows


@compiled
def place(told: Array, count: int, slots: Array, offsets: Array, poses: Array) -> None:
    """Writes poses of links.

    Args:
        told: float64 (rows, 7), position and quaternion xyzw in the world.
        count: How many rows are told.
        slots: int64 (rows,), the link that each row is about.
        offsets: float64 (links, 3, 4), from each link's frame to the frame that is told of it.
        poses: float64 (links, 3, 4), from each link's frame to the world.
    """
    for row in range(count):
        _place(told, row, offsets, slots[row], poses)


@compiled
def stand(placed: Array, stands: Array, slots: Array, offsets: Array, seen: Array, poses: Array) -> None:
    """Writes poses of fixtures that were placed.

    Args:
        placed: int64 (bodies,), how often each was placed.
        stands: float64 (bodies, 7), position and quaternion xyzw in the world.
        slots: int64 (bodies,), the link of each that is a fixture, -1 for the others.
        offsets: float64 (links, 3, 4), see `place`.
        seen: int64 (bodies,), how often each had been placed when its pose was written, which is brought up to date.
        poses: float64 (links, 3, 4), from each link's frame to the world.
    """
    for body in range(len(slots)):
        if slots[body] >= 0 and placed[body] != seen[body]:
            seen[body] = placed[body]
            _place(stands, body, offsets, slots[body], poses)


@inlined
def _place(told: Array, row: int, offsets: Array, slot: int, poses: Array) -> None:
    px, py, pz, x, y, z, w = told[row]
    turn = (
        (1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w), px),
        (2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w), py),
        (2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y), pz),
    )
    a, b, c = compose(turn, rows(offsets[slot]))
    for j in range(4):
        poses[slot, 0, j], poses[slot, 1, j], poses[slot, 2, j] = a[j], b[j], c[j]
