"""Shortest ways over a warehouse's roads, and the lanes that people and vehicles keep to on them.

Kernels only: a way is laid within microseconds, in the middle of an episode, into memory that its owner keeps.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robosim.compiled import compiled, inlined
from robosim.worlds.warehouse.layout import Roads

MOST_POINTS = 64  # of a way
NONE = -1

_WALL_GAP = 0.32  # m that a walker's middle keeps from the edge of a road
_LEAST_LANE = 0.35  # m from a road's middle to a walker's lane, so that two may pass one another
_LEFT_FREE = 1.10  # m from a walker's middle to the road's left edge, so that a robot may pass: 0.85 m and the walker
_ENTRY = 1.0  # m along the road within which a walker comes to its lane, and leaves it again
_SHARP = 0.3  # sine of the turn from which on lanes meet in a corner


class Network(NamedTuple):
    """Roads, and room for the search. k nodes, m edges.

    Attributes:
        nodes: float64 (k, 2), m.
        edges: int64 (m, 2).
        widths: float64 (m,), m.
        usable: bool (m,), which edges may be taken.
        distance: float64 (k,), m to the goal.
        after: int64 (k,), the node that follows on the way to the goal, -1 where the goal itself does.
        via: int64 (k,), the edge by which it follows.
        done: bool (k,).
        line: float64 (MOST_POINTS, 4), a way along the middle of the roads: x, y, width and edge of what follows.
    """

    nodes: NDArray[np.float64]
    edges: NDArray[np.int64]
    widths: NDArray[np.float64]
    usable: NDArray[np.bool_]
    distance: NDArray[np.float64]
    after: NDArray[np.int64]
    via: NDArray[np.int64]
    done: NDArray[np.bool_]
    line: NDArray[np.float64]


def network(roads: Roads, least_width: float = 0.0) -> Network:
    """Takes the roads that are at least so wide, m."""
    k = len(roads.nodes)
    return Network(
        np.ascontiguousarray(roads.nodes, np.float64),
        np.ascontiguousarray(roads.edges, np.int64),
        np.ascontiguousarray(roads.widths, np.float64),
        np.asarray(roads.widths >= least_width),
        np.empty(k),
        np.empty(k, np.int64),
        np.empty(k, np.int64),
        np.empty(k, np.bool_),
        np.empty((MOST_POINTS, 4)),
    )


@compiled
def lay_walk(
    roads: Network, x: float, y: float, goal_x: float, goal_y: float, share: float, path: NDArray[np.float64]
) -> int:
    """Lays a way for a walker, on the right of the roads.

    Args:
        roads: Where to walk.
        x: Where it begins, m.
        y: Where it begins, m.
        goal_x: Where it ends, m.
        goal_y: Where it ends, m.
        share: In [0, 1], how far to the right within what is left to a walker's choice.
        path: float64 (MOST_POINTS + 2, 2), where the way is written.

    Returns:
        How many points it has; 0 if there is none.
    """
    count = middle_line(roads, x, y, nearest_edge(roads, x, y), NONE, goal_x, goal_y, NONE)
    if count == 0:
        return 0
    line, written = roads.line, 1
    path[0, 0], path[0, 1] = x, y
    for k in range(count):
        into_x, into_y, into = _direction(line, k - 1) if k > 0 else (0.0, 0.0, 0.0)
        out_x, out_y, out = _direction(line, k) if k < count - 1 else (0.0, 0.0, 0.0)
        if k == 0 or k == count - 1:
            ux, uy, length = (out_x, out_y, out) if k == 0 else (into_x, into_y, into)
            along = _ENTRY if k == 0 else -_ENTRY
            if length > 2.6 * _ENTRY:
                lane = _walker_lane(line[min(k, count - 2), 2], share)
                path[written, 0] = line[k, 0] + along * ux + lane * uy
                path[written, 1] = line[k, 1] + along * uy - lane * ux
                written += 1
            continue
        before, behind = _walker_lane(line[k - 1, 2], share), _walker_lane(line[k, 2], share)
        dx, dy = mitre(into_x, into_y, before, out_x, out_y, behind)
        path[written, 0], path[written, 1] = line[k, 0] + dx, line[k, 1] + dy
        written += 1
    path[written, 0], path[written, 1] = goal_x, goal_y
    return written + 1


@inlined
def _walker_lane(width: float, share: float) -> float:
    """Gives how far to the right of a road's middle a walker walks, m."""
    most = max(0.5 * width - _WALL_GAP, 0.0)
    least = min(max(_LEFT_FREE - 0.5 * width, _LEAST_LANE), most)
    return least + share * (most - least)


@inlined
def _direction(line: NDArray[np.float64], k: int) -> tuple[float, float, float]:
    """Gives the direction from point k of a line to the next, and how far that is."""
    dx, dy = line[k + 1, 0] - line[k, 0], line[k + 1, 1] - line[k, 1]
    length = math.sqrt(dx * dx + dy * dy)
    scale = 1.0 / max(length, 1e-9)
    return dx * scale, dy * scale, length


@compiled
def mitre(ax: float, ay: float, a: float, bx: float, by: float, b: float) -> tuple[float, float]:
    """Gives where two lanes meet, from where the middles of their roads meet.

    Args:
        ax: Direction of the road before the corner.
        ay: The same along y.
        a: How far its lane is to the right, m.
        bx: Direction of the road after it.
        by: The same along y.
        b: How far its lane is to the right, m.
    """
    sine = ax * by - ay * bx
    if abs(sine) > _SHARP:  # p · (ay, -ax) = a and p · (by, -bx) = b
        return (b * ax - a * bx) / sine, (b * ay - a * by) / sine
    if ax * bx + ay * by < 0.0:
        return 0.0, 0.0
    return 0.5 * (a + b) * ay, -0.5 * (a + b) * ax


@compiled
def nearest_edge(roads: Network, x: float, y: float) -> int:
    """Gives the number of the usable edge next to a point, -1 if none is usable."""
    best, found = np.inf, NONE
    for edge in range(len(roads.edges)):
        if roads.usable[edge]:
            foot_x, foot_y = foot(roads, edge, x, y)
            square = (foot_x - x) * (foot_x - x) + (foot_y - y) * (foot_y - y)
            if square < best:
                best, found = square, edge
    return found


@inlined
def foot(roads: Network, edge: int, x: float, y: float) -> tuple[float, float]:
    """Gives the point of an edge that is next to a point."""
    a, b = roads.edges[edge, 0], roads.edges[edge, 1]
    ax, ay = roads.nodes[a, 0], roads.nodes[a, 1]
    dx, dy = roads.nodes[b, 0] - ax, roads.nodes[b, 1] - ay
    share = ((x - ax) * dx + (y - ay) * dy) / max(dx * dx + dy * dy, 1e-9)
    share = min(max(share, 0.0), 1.0)
    return ax + share * dx, ay + share * dy


@compiled
def middle_line(
    roads: Network, x: float, y: float, edge: int, first: int, goal_x: float, goal_y: float, goal_edge: int
) -> int:
    """Writes the shortest way along the middle of the roads into ``roads.line``.

    Args:
        roads: Those to take.
        x: Where it begins, m.
        y: Where it begins, m.
        edge: On which edge.
        first: The node of that edge to go to first, or -1 for the better one.
        goal_x: Where it ends, m.
        goal_y: Where it ends, m.
        goal_edge: On which edge, or -1 for the nearest.

    Returns:
        How many points it has; 0 if there is none.
    """
    if goal_edge == NONE:
        goal_edge = nearest_edge(roads, goal_x, goal_y)
    if edge == NONE or goal_edge == NONE:
        return 0
    line = roads.line
    start_x, start_y = foot(roads, edge, x, y)
    end_x, end_y = foot(roads, goal_edge, goal_x, goal_y)
    line[0, 0], line[0, 1], line[0, 2], line[0, 3] = start_x, start_y, roads.widths[edge], edge
    count = 1
    node = first
    if edge == goal_edge and first != NONE:
        to_x, to_y = roads.nodes[first, 0] - start_x, roads.nodes[first, 1] - start_y
        if to_x * (end_x - start_x) + to_y * (end_y - start_y) <= 0.0:
            return 0
    if edge != goal_edge:
        usable = roads.usable[edge]
        roads.usable[edge] = usable and first == NONE  # nobody who has to go one way turns about at its end
        _search(roads, goal_edge, end_x, end_y)
        roads.usable[edge] = usable
        if first == NONE:
            a, b = roads.edges[edge, 0], roads.edges[edge, 1]
            by_a = roads.distance[a] + _apart(roads.nodes, a, start_x, start_y)
            by_b = roads.distance[b] + _apart(roads.nodes, b, start_x, start_y)
            node = a if by_a <= by_b else b
        if roads.distance[node] == np.inf:
            return 0
        while node != NONE and count < MOST_POINTS - 1:
            via = roads.via[node]
            line[count, 0], line[count, 1] = roads.nodes[node, 0], roads.nodes[node, 1]
            line[count, 2], line[count, 3] = roads.widths[via], via
            count += 1
            node = roads.after[node]
    line[count, 0], line[count, 1], line[count, 2], line[count, 3] = end_x, end_y, 0.0, NONE
    return count + 1


@compiled
def _search(roads: Network, goal_edge: int, x: float, y: float) -> None:
    """Finds the way from every node to a point of an edge: E. W. Dijkstra, Numerische Mathematik 1 (1959)."""
    for node in range(len(roads.nodes)):
        roads.distance[node], roads.after[node], roads.done[node] = np.inf, NONE, False
    for side in range(2):
        node = roads.edges[goal_edge, side]
        roads.distance[node], roads.via[node] = _apart(roads.nodes, node, x, y), goal_edge
    for _ in range(len(roads.nodes)):
        here, least = NONE, np.inf
        for node in range(len(roads.nodes)):
            if not roads.done[node] and roads.distance[node] < least:
                here, least = node, roads.distance[node]
        if here == NONE:
            return
        roads.done[here] = True
        for edge in range(len(roads.edges)):
            a, b = roads.edges[edge, 0], roads.edges[edge, 1]
            if not roads.usable[edge] or (a != here and b != here):
                continue
            other = b if a == here else a
            longer = least + _apart(roads.nodes, other, roads.nodes[here, 0], roads.nodes[here, 1])
            if longer < roads.distance[other]:
                roads.distance[other], roads.after[other], roads.via[other] = longer, here, edge


@inlined
def _apart(nodes: NDArray[np.float64], node: int, x: float, y: float) -> float:
    dx, dy = nodes[node, 0] - x, nodes[node, 1] - y
    return math.sqrt(dx * dx + dy * dy)
