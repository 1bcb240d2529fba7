"""Ways for vehicles: lanes with rounded corners, cut into poses, each with the speed that is fit for it.

Kernels only. A vehicle's frame has its origin in the middle of its footprint and x forward. Along a course its x axis
lies along the tangent; so driven, a vehicle of this size turns in aisles of 2.4 m.
"""

import math

import numpy as np
from numpy.typing import NDArray

from robosim.compiled import compiled, inlined
from robosim.worlds.traffic.ground import Ground, room
from robosim.worlds.traffic.routes import NONE, Network, middle_line, mitre

# Columns of a course, float64 (MOST_POSES, 6): m from its beginning, x and y (m), heading of travel (rad), the highest
# fit speed (m/s), and the edge of the roads on which it is there, -1 in a corner.
AT, X, Y, HEADING, SPEED, EDGE = range(6)
MOST_POSES = 600

HALF_LENGTH, HALF_WIDTH = 1.22, 0.525  # m, of the footprint
TOP_SPEED = 1.8  # m/s, of a vehicle that shares aisles with people

_SPACING = 0.2  # m from one pose to the next
_INNER, _OUTER = 1.2, 2.2  # m, radius of a corner towards the side of the lane and away from it
_GENTLE, _BEND = 0.4, 8.0  # rad, turns up to which are bends of this radius, m
_LEAST_RADIUS = 0.9  # m
_SHARPEST = math.radians(110.0)  # a course does not turn about
_ASLANT = 0.12  # rad, by which a course may begin aslant where the vehicle is not quite in its lane
_SIDEWAYS = 0.5  # m/s², a comfortable lateral acceleration
_BRAKING = 0.8  # m/s², in ordinary driving
_LANE_GAP = 0.30  # m that a lane leaves to its side
_WIDEST_LANE = 0.8  # m from the road's middle
_MARGIN = 0.08  # m around a vehicle that has to be free
_SURELY = 1.6  # m of clearance that suffices whichever way it is turned
_RIM = 12  # stretches into which each side of it is cut


@compiled
def lay_course(
    roads: Network, floor: Ground, x: float, y: float, edge: int, first: int, goal: int, share: float, side: float,
    course: NDArray[np.float64],
) -> int:  # fmt: skip
    """Lays a way for a vehicle to a point of an edge.

    Args:
        roads: Those that are wide enough.
        floor: Where there is room.
        x: Where it is, m, in its lane.
        y: The same along y.
        edge: The edge on which it is.
        first: The node of that edge to go to first.
        goal: The edge where it ends.
        share: Where on that edge, in [0, 1].
        side: 1 to keep to the right of the direction of travel, -1 to the left.
        course: Where it is written.

    Returns:
        How many poses it has; 0 if there is no way that such a vehicle can drive.
    """
    a, b = roads.edges[goal, 0], roads.edges[goal, 1]
    goal_x = (1.0 - share) * roads.nodes[a, 0] + share * roads.nodes[b, 0]
    goal_y = (1.0 - share) * roads.nodes[a, 1] + share * roads.nodes[b, 1]
    points = middle_line(roads, x, y, edge, first, goal_x, goal_y, goal)
    if points < 2:
        return 0
    line = roads.line
    along_x, along_y = line[1, 0] - line[0, 0], line[1, 1] - line[0, 1]
    _keep_lane(line, points, side)
    line[0, 0], line[0, 1] = x, y
    begin_x, begin_y = line[1, 0] - x, line[1, 1] - y
    aslant = math.atan2(along_x * begin_y - along_y * begin_x, along_x * begin_x + along_y * begin_y)
    if abs(aslant) > _ASLANT:
        return 0
    count = _round(line, points, side, course)
    if count == 0 or not _is_clear(course, count, floor):
        return 0
    for k in range(count - 2, -1, -1):  # brake in time for what comes
        ahead = course[k + 1, AT] - course[k, AT]
        course[k, SPEED] = min(course[k, SPEED], math.sqrt(course[k + 1, SPEED] ** 2 + 2 * _BRAKING * ahead))
    return count


@compiled
def lane(width: float) -> float:
    """Gives how far to one side of a road's middle vehicles keep, m."""
    return min(max(0.5 * width - HALF_WIDTH - _LANE_GAP, 0.0), _WIDEST_LANE)


@inlined
def _keep_lane(line: NDArray[np.float64], points: int, side: float) -> None:
    """Shifts a way from the middle of the roads to a lane."""
    ax, ay, a = 0.0, 0.0, 0.0
    for k in range(points):
        px, py = line[k, 0], line[k, 1]
        bx, by, b = ax, ay, a
        if k < points - 1:
            bx, by = line[k + 1, 0] - px, line[k + 1, 1] - py
            length = max(math.sqrt(bx * bx + by * by), 1e-9)
            bx, by, b = bx / length, by / length, side * lane(line[k, 2])
        if k == 0:
            ax, ay, a = bx, by, b
        dx, dy = mitre(ax, ay, a, bx, by, b)
        line[k, 0], line[k, 1] = px + dx, py + dy
        ax, ay, a = bx, by, b


@compiled
def _round(line: NDArray[np.float64], points: int, side: float, course: NDArray[np.float64]) -> int:
    """Cuts a way into poses, its corners rounded; gives their number, 0 if it has a corner that is too sharp."""
    count, cut, at = 0, 0.0, 0.0
    for k in range(points - 1):
        x, y = line[k, 0], line[k, 1]
        dx, dy = line[k + 1, 0] - x, line[k + 1, 1] - y
        length = math.sqrt(dx * dx + dy * dy)
        if length < 1e-6:
            return 0
        ux, uy = dx / length, dy / length
        turn, radius, next_cut = 0.0, 0.0, 0.0
        if k < points - 2:
            ex, ey = line[k + 2, 0] - line[k + 1, 0], line[k + 2, 1] - line[k + 1, 1]
            after = math.sqrt(ex * ex + ey * ey)
            turn = math.atan2(dx * ey - dy * ex, dx * ex + dy * ey)
            spare = min(length - cut, after if k == points - 3 else 0.55 * after)
            radius = _radius(turn, side, spare)
            if radius == 0.0:
                return 0
            next_cut = radius * math.tan(0.5 * abs(turn))
        straight = length - cut - next_cut
        x, y, heading = x + cut * ux, y + cut * uy, math.atan2(dy, dx)
        count = _go(course, count, at, x, y, heading, straight, 0.0, TOP_SPEED, line[k, 3])
        at, x, y = at + straight, x + straight * ux, y + straight * uy
        if next_cut > 0.0:
            speed = min(TOP_SPEED, math.sqrt(_SIDEWAYS * radius))
            count = _go(course, count, at, x, y, heading, radius * abs(turn), turn, speed, NONE)
            at += radius * abs(turn)
        if count >= MOST_POSES:
            return 0
        cut = next_cut
    if count:
        course[0, EDGE] = line[0, 3]  # where the first corner begins at once, too
    last = points - 1
    heading = math.atan2(line[last, 1] - line[last - 1, 1], line[last, 0] - line[last - 1, 0])
    return _go(course, count, at, line[last, 0], line[last, 1], heading, _SPACING, 0.0, 0.0, line[last - 1, 3])


@inlined
def _radius(turn: float, side: float, spare: float) -> float:
    """Gives the radius of a corner whose straights have room for a cut of ``spare``; 0 if it is too sharp."""
    sharp = abs(turn)
    if sharp > _SHARPEST:
        return 0.0
    best = _BEND if sharp < _GENTLE else _INNER if turn * side < 0.0 else _OUTER
    radius = min(best, max(spare, 0.0) / max(math.tan(0.5 * sharp), 1e-6))
    return 0.0 if radius < _LEAST_RADIUS else radius


@compiled
def _go(
    course: NDArray[np.float64], row: int, at: float, x: float, y: float, heading: float, length: float, turn: float,
    speed: float, edge: float,
) -> int:  # fmt: skip
    """Adds a straight or an arc, without its end; gives the row that follows."""
    pieces = math.ceil(length / _SPACING - 1e-9)
    for piece in range(min(pieces, MOST_POSES - row)):
        share = piece / pieces
        angle, gone, half = heading + share * turn, share * length, 0.5 * share * turn
        if abs(half) > 1e-9:
            gone *= math.sin(half) / half  # the arc's chord
        towards = heading + half
        course[row, AT], course[row, HEADING] = at + share * length, angle
        course[row, X], course[row, Y] = x + gone * math.cos(towards), y + gone * math.sin(towards)
        course[row, SPEED], course[row, EDGE] = speed, edge
        row += 1
    return row


@compiled
def _is_clear(course: NDArray[np.float64], count: int, floor: Ground) -> bool:
    """Says whether a vehicle fits at every pose, with a margin all around."""
    for k in range(count):
        x, y, ux, uy = course[k, X], course[k, Y], math.cos(course[k, HEADING]), math.sin(course[k, HEADING])
        if room(floor, x, y) > _SURELY:
            continue
        long, wide = HALF_LENGTH + _MARGIN, HALF_WIDTH + _MARGIN
        for step in range(_RIM + 1):
            share = 2.0 * step / _RIM - 1.0
            for side in (-1.0, 1.0):
                a, b, c, d = share * long, side * wide, side * long, share * wide
                if (
                    room(floor, x + a * ux - b * uy, y + a * uy + b * ux) <= 0.0
                    or room(floor, x + c * ux - d * uy, y + c * uy + d * ux) <= 0.0
                ):
                    return False
    return True
