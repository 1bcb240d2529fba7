"""How far points are from a rectangle on the floor, such as people from a robot, and whether they are about to meet."""

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


@compiled
def impending(
    place: tuple[float, float],
    velocity: tuple[float, float],
    others: NDArray[np.float64],
    velocities: NDArray[np.float64],
    reach: float,
    room: float,
    horizon: float,
) -> float:
    """Says how near in space and time the nearest meeting is, if everybody goes straight on: 1 touching, 0 none.

    Of each the product of two shares: of ``room`` that is lacking where they come closest, and of ``horizon`` that is
    left until then.

    Args:
        place: x, y, m.
        velocity: m/s.
        others: Shape (n, 2), m.
        velocities: Shape (n, 2), m/s.
        reach: m between the middles of two that touch.
        room: m beyond that from which on nothing is lacking.
        horizon: s; what comes later does not count.
    """
    worst = 0.0
    for other in range(len(others)):
        x, y = others[other, 0] - place[0], others[other, 1] - place[1]
        vx, vy = velocities[other, 0] - velocity[0], velocities[other, 1] - velocity[1]
        speed2 = max(vx * vx + vy * vy, 1e-9)
        time = min(max(-(x * vx + y * vy) / speed2, 0.0), horizon)
        x, y = x + time * vx, y + time * vy
        lacking = 1 - max(math.sqrt(x * x + y * y) - reach, 0.0) / room
        worst = max(worst, max(lacking, 0.0) * (1 - time / horizon))
    return worst
