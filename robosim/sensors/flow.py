"""How fast what a laser scanner sees moves: narrow clusters of two scans, those that match nothing standing, paired."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robosim.compiled import inlined

GAP = 0.3  # m between the points of neighbouring rays, from which on they belong to different things
WIDEST = 1.5  # m, of a cluster that may be somebody or a vehicle's front; what is wider is taken to stand
STOOD = 0.08  # m, besides half the way to the next ray's point: what was as near as that before did not move
FASTEST = 2.5  # m/s; clusters farther apart than that are not the same thing
NOW, THEN = 0, 1
_NONE = -1
_DRIVEN = 1.0  # m, more than a robot mostly drives between the two scans: so much farther off may points be


class Flow(NamedTuple):
    """Two scans in the latest one's frame, and their clusters; room to work in.

    Attributes:
        points: float64 (2, rays, 2), m.
        met: bool (2, rays), whether the ray met anything.
        ends: int64 (2, rays, 2), first ray of each cluster, and the one after its last.
        middles: float64 (2, rays, 2), m.
        fresh: bool (2, rays), whether a cluster is narrow and stands where nothing is in the other scan.
        counts: int64 (2,), of clusters.
        firsts: int16 (n, n), of each square of floor around the scanner the first ray that ends there, or -1.
        after: int16 (rays,), the ray after each in its square, or -1.
    """

    points: NDArray[np.float64]
    met: NDArray[np.bool_]
    ends: NDArray[np.int64]
    middles: NDArray[np.float64]
    fresh: NDArray[np.bool_]
    counts: NDArray[np.int64]
    firsts: NDArray[np.int16]
    after: NDArray[np.int16]


def new_flow(rays: int, far: float) -> Flow:
    """Reserves memory for so many rays, of so many metres at most."""
    side = 2 + int(2 * far / _side_of_square(rays, far))
    return Flow(
        np.zeros((2, rays, 2)),
        np.zeros((2, rays), np.bool_),
        np.zeros((2, rays, 2), np.int64),
        np.zeros((2, rays, 2)),
        np.zeros((2, rays), np.bool_),
        np.zeros(2, np.int64),
        np.full((side, side), _NONE, np.int16),
        np.zeros(rays, np.int16),
    )


def _side_of_square(rays: int, far: float) -> float:
    """Gives the side of the squares, m: about how near a point may have to be to have stood there."""
    return STOOD + math.pi / rays * (far + _DRIVEN)


_side = inlined(_side_of_square)


@inlined
def put_points(
    flow: Flow, scan: int, ranges: NDArray[np.float32], directions: NDArray[np.float64], far: float,
    ahead: float, left: float, turn: float,
) -> None:  # fmt: skip
    """Writes a scan's points.

    Args:
        flow: Where they go.
        scan: `NOW` or `THEN`.
        ranges: (rays,), m.
        directions: (rays, 2), cosine and sine of each ray's azimuth.
        far: Range that means nothing was met, m.
        ahead: Where the scanner was, m in the latest scan's frame.
        left: The same, to the left.
        turn: How it was turned there, rad.
    """
    cos, sin = math.cos(turn), math.sin(turn)
    for ray in range(len(ranges)):
        along, across = directions[ray, 0] * ranges[ray], directions[ray, 1] * ranges[ray]
        flow.met[scan, ray] = ranges[ray] < far
        flow.points[scan, ray, 0] = ahead + cos * along - sin * across
        flow.points[scan, ray, 1] = left + sin * along + cos * across


@inlined
def find_clusters(flow: Flow, scan: int) -> None:
    """Cuts a scan where neighbouring rays end far apart."""
    points, rays, count, first = flow.points, flow.met.shape[1], 0, -1
    for ray in range(rays + 1):
        goes_on = ray < rays and flow.met[scan, ray]
        if first >= 0:
            if goes_on:
                dx = points[scan, ray, 0] - points[scan, ray - 1, 0]
                dy = points[scan, ray, 1] - points[scan, ray - 1, 1]
                if dx * dx + dy * dy < GAP * GAP:
                    continue
            flow.ends[scan, count, 0], flow.ends[scan, count, 1] = first, ray
            count += 1
        first = ray if goes_on else -1
    flow.counts[scan] = count


@inlined
def find_fresh(flow: Flow, scan: int, far: float) -> None:
    """Tells the clusters that are narrow and most of whose points the other scan does not have."""
    points, other = flow.points, 1 - scan
    half = math.pi / flow.met.shape[1]
    square = _side(flow.met.shape[1], far)
    _sort_in(flow, other, far, square)
    for cluster in range(flow.counts[scan]):
        first, end = flow.ends[scan, cluster, 0], flow.ends[scan, cluster, 1]
        flow.fresh[scan, cluster] = False
        wide = points[scan, end - 1, 0] - points[scan, first, 0], points[scan, end - 1, 1] - points[scan, first, 1]
        if wide[0] * wide[0] + wide[1] * wide[1] > WIDEST * WIDEST:
            continue
        x, y, new = 0.0, 0.0, 0
        for ray in range(first, end):
            px, py = points[scan, ray, 0], points[scan, ray, 1]
            x += px
            y += py
            away = math.sqrt(px**2 + py**2)
            if not _stood(flow, other, px, py, STOOD + half * away, far, square):
                new += 1
        flow.middles[scan, cluster, 0], flow.middles[scan, cluster, 1] = x / (end - first), y / (end - first)
        flow.fresh[scan, cluster] = 2 * new > end - first
    _take_out(flow, other, far, square)


@inlined
def _place(flow: Flow, value: float, far: float, square: float) -> int:
    """Gives the row or column of the squares in which a coordinate lies, m; what is beyond counts to the outermost."""
    return min(max(int((value + far) / square), 0), len(flow.firsts) - 1)


@inlined
def _sort_in(flow: Flow, scan: int, far: float, square: float) -> None:
    """Notes in which square each point of a scan lies."""
    for ray in range(flow.met.shape[1]):
        if flow.met[scan, ray]:
            i = _place(flow, flow.points[scan, ray, 0], far, square)
            j = _place(flow, flow.points[scan, ray, 1], far, square)
            flow.after[ray], flow.firsts[i, j] = flow.firsts[i, j], ray


@inlined
def _take_out(flow: Flow, scan: int, far: float, square: float) -> None:
    """Empties the squares: there are many more of them than points."""
    for ray in range(flow.met.shape[1]):
        i = _place(flow, flow.points[scan, ray, 0], far, square)
        j = _place(flow, flow.points[scan, ray, 1], far, square)
        flow.firsts[i, j] = _NONE


@inlined
def _stood(flow: Flow, scan: int, x: float, y: float, near: float, far: float, square: float) -> bool:
    """Says whether a scan has a point near another: it then lies in its square or in one beside it, at most."""
    i, j, last = _place(flow, x, far, square), _place(flow, y, far, square), len(flow.firsts) - 1
    around = 1 + int(near / square)
    for a in range(max(i - around, 0), min(i + around, last) + 1):
        for b in range(max(j - around, 0), min(j + around, last) + 1):
            ray = flow.firsts[a, b]
            while ray != _NONE:
                dx, dy = flow.points[scan, ray, 0] - x, flow.points[scan, ray, 1] - y
                if dx * dx + dy * dy < near * near:
                    return True
                ray = flow.after[ray]
    return False


@inlined
def velocity(flow: Flow, cluster: int, seconds: float) -> tuple[float, float]:
    """Gives a fresh cluster's velocity, m/s in the latest scan's frame; zeros where it has no likely past."""
    x, y = flow.middles[NOW, cluster, 0], flow.middles[NOW, cluster, 1]
    nearest, vx, vy = (FASTEST * seconds) ** 2, 0.0, 0.0
    for past in range(flow.counts[THEN]):
        if flow.fresh[THEN, past]:
            dx, dy = x - flow.middles[THEN, past, 0], y - flow.middles[THEN, past, 1]
            if dx * dx + dy * dy < nearest:
                nearest, vx, vy = dx * dx + dy * dy, dx / seconds, dy / seconds
    return vx, vy
