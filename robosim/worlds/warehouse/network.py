"""The ways between the racks as a graph, and what becomes of it when some of them are closed."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from robosim.worlds.warehouse.halls import DRIVEWAY, Hall
from robosim.worlds.warehouse.layout import Floats

Edge = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Network:
    """Centre lines in the hall's own frame; node ``strip * aisles + aisle`` is where the two cross.

    Attributes:
        nodes: Shape (k, 2).
        aisles: Edges along aisles: those of the first block first, in the order of the aisles.
        strips: Edges along strips.
    """

    nodes: Floats
    aisles: tuple[Edge, ...]
    strips: tuple[Edge, ...]


def lay_network(hall: Hall) -> Network:
    """Lays the centre lines of all aisles and strips."""
    across = [(low + high) / 2 for low, high in hall.aisles]
    along = [(low + high) / 2 for low, high in hall.strips]
    along[0] = max(along[0], hall.strips[0][1] - DRIVEWAY)
    count = len(across)
    nodes = np.array([(u, v) for u in along for v in across])
    aisles = tuple(
        (block * count + a, (block + 1) * count + a) for block in range(len(along) - 1) for a in range(count)
    )
    strips = tuple((s * count + a, s * count + b) for s in range(len(along)) for a, b in pairwise(range(count)))
    return Network(nodes, aisles, strips)


def connected(nodes: int, edges: Iterable[Edge]) -> bool:
    """Says whether all nodes can be reached from one another."""
    group = list(range(nodes))

    def head(node: int) -> int:
        while group[node] != node:
            group[node] = group[group[node]]
            node = group[node]
        return node

    parts = nodes
    for first, second in edges:
        a, b = head(first), head(second)
        parts -= a != b
        group[a] = b
    return parts == 1


def as_array(edges: Iterable[Edge]) -> NDArray[np.int64]:
    """Gives edges as an array, shape (m, 2)."""
    return np.array(list(edges), np.int64).reshape(-1, 2)
