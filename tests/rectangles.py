"""Distances between points, rays and the rectangles of a warehouse, by formulas alone."""

import math

import numpy as np
from numpy.typing import NDArray

from robosim.worlds.warehouse.layout import Footprint, Layout

Floats = NDArray[np.float64]


def corners(footprint: Footprint, less: float = 0.0) -> Floats:
    x, y, a, b, yaw = footprint
    turn = np.array([[math.cos(yaw), -math.sin(yaw)], [math.sin(yaw), math.cos(yaw)]])
    local = np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)]) * (a - less, b - less)
    return np.asarray(local @ turn.T + (x, y))


def overlap(one: Footprint, other: Footprint) -> bool:
    """Two rectangles overlap unless an axis of either separates them; a millimetre may be shared."""
    shapes = corners(one, 5e-4), corners(other, 5e-4)
    for angle in (one[4], one[4] + math.pi / 2, other[4], other[4] + math.pi / 2):
        first, second = (shape @ (math.cos(angle), math.sin(angle)) for shape in shapes)
        if first.max() < second.min() or second.max() < first.min():
            return False
    return True


def gap(footprints: Floats, x: float, y: float) -> float:
    """Distance from a point to the nearest rectangle."""
    u, v = x - footprints[:, 0], y - footprints[:, 1]
    cos, sin = np.cos(footprints[:, 4]), np.sin(footprints[:, 4])
    away = np.abs(np.stack([u * cos + v * sin, v * cos - u * sin])) - footprints[:, 2:4].T
    return float(np.hypot(*np.maximum(away, 0.0)).min())


def to_walls(layout: Layout, x: float, y: float) -> float:
    return min(layout.size[0] / 2 - abs(x), layout.size[1] / 2 - abs(y))


def hit(layout: Layout, x: float, y: float, angle: float) -> float:
    """Distance along a ray to the nearest footprint or wall: the slab method, in each rectangle's own frame."""
    rows = [*layout.true_footprints().tolist(), (0.0, 0.0, *(length / 2 for length in layout.size), 0.0)]
    nearest = math.inf
    for u, v, a, b, yaw in rows:
        cos, sin = math.cos(yaw), math.sin(yaw)
        at = (x - u) * cos + (y - v) * sin, (y - v) * cos - (x - u) * sin
        way = math.cos(angle - yaw), math.sin(angle - yaw)
        enter, leave = -math.inf, math.inf
        for place, step, half in zip(at, way, (a, b), strict=True):
            ends = sorted(((-half - place) / (step or 1e-12), (half - place) / (step or 1e-12)))
            enter, leave = max(enter, ends[0]), min(leave, ends[1])
        if leave > max(enter, 0.0):
            nearest = min(nearest, enter if enter > 0 else leave)
    return nearest
