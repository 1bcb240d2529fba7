"""Rectangles on the floor: how far they reach, whether one lies in an area, whether two overlap."""

import math

from robosim.worlds.warehouse.layout import Area, Footprint


def extent(footprint: Footprint, yaw: float) -> tuple[float, float]:
    """Gives half of how far a rectangle reaches along a direction and across it, m."""
    _, _, a, b, turn = footprint
    cos, sin = abs(math.cos(turn - yaw)), abs(math.sin(turn - yaw))
    return cos * a + sin * b, sin * a + cos * b


def inside(footprint: Footprint, area: Area) -> bool:
    """Says whether a rectangle lies wholly in an area."""
    along, across = _between(area.x, area.y, area.yaw, footprint)
    half_x, half_y = extent(footprint, area.yaw)
    return along + half_x <= area.size[0] / 2 and across + half_y <= area.size[1] / 2


def overlap(one: Footprint, other: Footprint) -> bool:
    """Says whether two rectangles overlap: no side of either has the other beyond it."""
    return not _apart(one, other) and not _apart(other, one)


def _apart(one: Footprint, other: Footprint) -> bool:
    x, y, a, b, yaw = one
    along, across = _between(x, y, yaw, other)
    half_x, half_y = extent(other, yaw)
    return along >= a + half_x or across >= b + half_y


def _between(x: float, y: float, yaw: float, other: Footprint) -> tuple[float, float]:
    """Gives how far a rectangle's middle is from a point along a direction and across it, m."""
    cos, sin = math.cos(yaw), math.sin(yaw)
    dx, dy = other[0] - x, other[1] - y
    return abs(cos * dx + sin * dy), abs(cos * dy - sin * dx)
