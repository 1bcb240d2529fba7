"""Floors with racks and boxes for the tests of planning, and a lidar for them that is nothing but formulas."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from robosim.planning.grid import Grid

Floats = NDArray[np.float64]
AZIMUTHS = np.radians(np.arange(-180.0, 180.0, 2.0))
FAR = 8.0  # m


def some_boxes(rng: np.random.Generator, size: tuple[float, float], count: int) -> Floats:
    """Draws footprints (count, 5), half of them askew."""
    middles = rng.uniform(-0.5, 0.5, (count, 2)) * size
    yaws = rng.uniform(-np.pi, np.pi, count) * (np.arange(count) % 2)
    return np.column_stack([middles, rng.uniform(0.1, 0.8, (count, 2)), yaws])


def scan(footprints: Floats, x: float, y: float, heading: float) -> NDArray[np.float32]:
    """Gives the ranges to rectangles (n, 5) along AZIMUTHS: where each ray enters the slabs that make a rectangle."""
    rays = AZIMUTHS + heading
    nearest = np.full(len(rays), FAR)
    for middle_x, middle_y, *halves, yaw in footprints:
        enters, leaves = np.full(len(rays), -np.inf), np.full(len(rays), np.inf)
        for half, turn in zip(halves, (0.0, np.pi / 2), strict=True):
            cos, sin = np.cos(yaw + turn), np.sin(yaw + turn)
            away = (middle_x - x) * cos + (middle_y - y) * sin
            speed = np.cos(rays - yaw - turn) + 1e-12
            sides = np.sort([(away - half) / speed, (away + half) / speed], axis=0)
            enters, leaves = np.maximum(enters, sides[0]), np.minimum(leaves, sides[1])
        met = (enters < leaves) & (enters > 0)
        nearest = np.where(met, np.minimum(nearest, enters), nearest)
    return nearest.astype(np.float32)


def length(path: Floats) -> float:
    """Gives the length of a polyline, m."""
    return float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())


def values_along(values: NDArray[np.float32], grid: Grid, path: Floats) -> Floats:
    """Gives a grid's values at points 2 cm apart along a polyline."""
    points = [path[:1]]
    for a, b in pairwise(path):
        shares = np.arange(0.0, 1.0, 0.02 / max(float(np.linalg.norm(b - a)), 0.02))[:, None]
        points.append(a + shares * (b - a))
    return np.array([values[grid.index(x, y)] for x, y in np.concatenate(points)], np.float64)
