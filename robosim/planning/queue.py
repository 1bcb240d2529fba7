"""A queue of cells, from the nearest to the farthest, in buckets of similar distances (R. Dial, CACM 12 (1969) 632)."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robosim.compiled import inlined
from robosim.planning.sight import packed, unpacked

WIDTH = 0.5  # cells of distance in a bucket
BUCKETS = 64  # of a ring: the distances in the queue may differ by 32 cells
_NONE = -1
_FIRST = -2


class Queue(NamedTuple):
    """A doubly linked list of cells for each bucket.

    Attributes:
        firsts: int32 (buckets,), the first cell of each (as `sight.packed`), or -1.
        after: int32 (nx, ny), the cell after each in its bucket, or -1.
        before: int32 (nx, ny), the cell before each; -1 where it is in no bucket, -2 - b where it is the first of b.
    """

    firsts: NDArray[np.int32]
    after: NDArray[np.int32]
    before: NDArray[np.int32]


def new_queue(shape: tuple[int, ...]) -> Queue:
    """Makes an empty queue for the cells of a grid."""
    return Queue(np.full(BUCKETS, _NONE, np.int32), np.empty(shape, np.int32), np.full(shape, _NONE, np.int32))


@inlined
def put(queue: Queue, distance: float, lowest: int, i: int, j: int) -> None:
    """Puts a cell, which may be in the queue already, into the bucket of its distance, or into ``lowest``."""
    if queue.before[i, j] != _NONE:
        take(queue, i, j)
    ring, cell = max(lowest, int(distance / WIDTH)) % BUCKETS, packed(i, j)
    first = queue.firsts[ring]
    if first >= 0:
        a, b = unpacked(first)
        queue.before[a, b] = cell
    queue.after[i, j], queue.before[i, j], queue.firsts[ring] = first, _FIRST - ring, cell


@inlined
def take(queue: Queue, i: int, j: int) -> None:
    """Takes a cell out of its bucket."""
    before, after = queue.before[i, j], queue.after[i, j]
    if after >= 0:
        a, b = unpacked(after)
        queue.before[a, b] = before
    if before >= 0:
        a, b = unpacked(before)
        queue.after[a, b] = after
    else:
        queue.firsts[_FIRST - before] = after
    queue.before[i, j] = _NONE


@inlined
def next_bucket(queue: Queue, bucket: int) -> int:
    """Gives the first bucket from ``bucket`` on that holds a cell, or -1."""
    for further in range(bucket, bucket + BUCKETS):
        if queue.firsts[further % BUCKETS] >= 0:
            return further
    return _NONE
