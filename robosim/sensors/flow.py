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


class Flow(NamedTuple):
    """Two scans in the latest one's frame, and their clusters; room to work in.

    Attributes:
        points: float64 (2, rays, 2), m.
        met: bool (2, rays), whether the ray met anything.
        ends: int64 (2, rays, 2), first ray of each cluster, and the one after its last.
        middles: float64 (2, rays, 2), m.
        fresh: bool (2, rays), whether a cluster is narrow and stands where nothing is in the other scan.
        counts: int64 (2,), of clusters.
    """

    points: NDArray[np.float64]
    met: NDArray[np.bool_]
    ends: NDArray[np.int64]
    middles: NDArray[np.float64]
    fresh: NDArray[np.bool_]
    counts: NDArray[np.int64]


def new_flow(rays: int) -> Flow:
    """Reserves memory."""
    return Flow(
        np.zeros((2, rays, 2)),
        np.zeros((2, rays), np.bool_),
        np.zeros((2, rays, 2), np.int64),
        np.zeros((2, rays, 2)),
        np.zeros((2, rays), np.bool_),
        np.zeros(2, np.int64),
    )


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
def find_fresh(flow: Flow, scan: int) -> None:
    """Tells the clusters that are narrow and most of whose points the other scan does not have."""
    points, other = flow.points, 1 - scan
    for cluster in range(flow.counts[scan]):
        first, end = flow.ends[scan, cluster, 0], flow.ends[scan, cluster, 1]
        flow.fresh[scan, cluster] = False
        wide = points[scan, end - 1, 0] - points[scan, first, 0], points[scan, end - 1, 1] - points[scan, first, 1]
        if wide[0] * wide[0] + wide[1] * wide[1] > WIDEST * WIDEST:
            continue
        x, y, new, old = 0.0, 0.0, 0, 0
        half = math.pi / flow.met.shape[1]
        for ray in range(first, end):
            x += points[scan, ray, 0]
            y += points[scan, ray, 1]
            away = math.sqrt(points[scan, ray, 0] ** 2 + points[scan, ray, 1] ** 2)
            if 2 * new > end - first or 2 * old >= end - first:
                continue  # what the others did changes nothing
            if _stood(flow, other, ray, points[scan, ray, 0], points[scan, ray, 1], STOOD + half * away):
                old += 1
            else:
                new += 1
        flow.middles[scan, cluster, 0], flow.middles[scan, cluster, 1] = x / (end - first), y / (end - first)
        flow.fresh[scan, cluster] = 2 * new > end - first


@inlined
def _stood(flow: Flow, scan: int, ray: int, x: float, y: float, near: float) -> bool:
    """Says whether a scan has a point near another; looked for from a ray on to both sides, as mostly it is there."""
    rays = flow.met.shape[1]
    for step in range(rays):
        aside = (step + 1) // 2
        other = ray + aside if step % 2 else ray - aside
        other += rays if other < 0 else -rays if other >= rays else 0
        dx, dy = flow.points[scan, other, 0] - x, flow.points[scan, other, 1] - y
        if flow.met[scan, other] and dx * dx + dy * dy < near * near:
            return True
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
