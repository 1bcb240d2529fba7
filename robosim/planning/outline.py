"""How far points are from a rectangle on the floor, such as people from a robot."""

import math

import numpy as np
from numpy.typing import NDArray

from robosim.compiled import compiled


@compiled
def rectangle_gap(x: float, y: float, heading: float, half: tuple[float, float], points: NDArray[np.float64]) -> float:
    """Gives the least distance from a rectangle to some points, m; 0 inside, infinite without points.

    Args:
        x: Of its middle, m.
        y: Of its middle, m.
        heading: Of its length, rad.
        half: Half its length and half its width, m.
        points: Shape (n, 2), m.
    """
    cos, sin = math.cos(heading), math.sin(heading)
    least = math.inf
    for point in range(len(points)):
        dx, dy = points[point, 0] - x, points[point, 1] - y
        ahead = max(abs(cos * dx + sin * dy) - half[0], 0.0)
        beside = max(abs(cos * dy - sin * dx) - half[1], 0.0)
        least = min(least, ahead * ahead + beside * beside)
    return math.sqrt(least)
