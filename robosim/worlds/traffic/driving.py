"""How vehicles drive their courses: as fast as is fit, and never towards whom their scanners see. One kernel."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robosim.compiled import compiled, inlined
from robosim.worlds.traffic.courses import AT, EDGE, HALF_LENGTH, HALF_WIDTH, HEADING, SPEED, X, Y

DISCS = 4  # that stand for a vehicle where others avoid it
DISC_RADIUS = 0.62  # m
DISC_SPACING = 0.60  # m

_ACCELERATION, _BRAKING = 0.6, 1.6  # m/s²
_FIELD = 3.2  # m along the course that the scanner looks ahead: it brakes from top speed within 1.0 m
_AHEAD, _BESIDE = 0.45, 0.12  # m that it keeps before it and beside it
_FORESIGHT = 0.6  # s by which it foresees where others will be
_BACKING = 0.5  # m/s, back out of a corner


class Fleet(NamedTuple):
    """Vehicles, n of them in the pool. The kernel reads and writes it.

    Attributes:
        position: float64 (n, 2), m.
        velocity: float64 (n, 2), m/s.
        heading: float64 (n,), rad, of the forks.
        facing: float64 (n,), 1 where the forks go first, -1 where they go last.
        speed: float64 (n,), m/s along the course, negative while it backs out of a corner.
        at: float64 (n,), m from the course's beginning.
        row: int64 (n,), the pose that it has passed.
        poses: int64 (n,), how many the course has.
        waited: float64 (n,), s of standing before an obstacle.
        patience: float64 (n,), s that it stands there.
        rest: float64 (n,), s that it still stands, or will when it has arrived.
        course: float64 (n, MOST_POSES, 6), see `robosim.worlds.traffic.courses`.
    """

    position: NDArray[np.float64]
    velocity: NDArray[np.float64]
    heading: NDArray[np.float64]
    facing: NDArray[np.float64]
    speed: NDArray[np.float64]
    at: NDArray[np.float64]
    row: NDArray[np.int64]
    poses: NDArray[np.int64]
    waited: NDArray[np.float64]
    patience: NDArray[np.float64]
    rest: NDArray[np.float64]
    course: NDArray[np.float64]


@compiled
def drive(
    fleet: Fleet, count: int, people: NDArray[np.float64], velocities: NDArray[np.float64], crowd: int,
    discs: NDArray[np.float64], dt: float,
) -> int:  # fmt: skip
    """Moves every vehicle on.

    Args:
        fleet: The vehicles.
        count: How many of them there are in this episode.
        people: float64 (n, 2), m.
        velocities: float64 (n, 2), of the people, m/s.
        crowd: How many of them there are.
        discs: float64 (1 + n DISCS, 5), the robot, x, y, vx, vy, radius; then what others avoid of each vehicle,
            which is written.
        dt: s.

    Returns:
        How many have rested or waited long enough: ``rest`` is not positive, or ``waited`` is above ``patience``.
    """
    idle = 0
    for i in range(count):
        last = fleet.poses[i] - 1
        left = fleet.course[i, last, AT] - fleet.at[i]
        if last < 1 or left < 0.02:
            fleet.speed[i] = 0.0
            fleet.rest[i] -= dt
        elif fleet.waited[i] > fleet.patience[i]:
            _back_out(fleet, i, people, velocities, crowd, discs, dt)
        else:
            _go_on(fleet, i, people, velocities, crowd, discs, dt)
        if fleet.rest[i] <= 0.0 or (fleet.waited[i] > fleet.patience[i] and _on_a_road(fleet, i)):
            idle += 1
        place_discs(fleet, i, discs)
    return idle


@inlined
def _go_on(
    fleet: Fleet, i: int, people: NDArray[np.float64], velocities: NDArray[np.float64], crowd: int,
    discs: NDArray[np.float64], dt: float,
) -> None:  # fmt: skip
    free = _free_way(fleet, i, 1, people, velocities, crowd, discs)
    fit = min(fleet.course[i, fleet.row[i], SPEED], math.sqrt(2.0 * _BRAKING * max(free - 0.05, 0.0)))
    left = fleet.course[i, fleet.poses[i] - 1, AT] - fleet.at[i]
    if free > left:
        fit = max(fit, 0.15)  # the last centimetres
    speed = max(fleet.speed[i], 0.0)
    speed = min(speed + _ACCELERATION * dt, max(fit, speed - 2.0 * _BRAKING * dt))
    fleet.waited[i] = fleet.waited[i] + dt if free < 0.3 and speed < 0.05 else 0.0
    fleet.speed[i] = min(speed, left / dt)
    _along(fleet, i, dt)


@inlined
def _back_out(
    fleet: Fleet, i: int, people: NDArray[np.float64], velocities: NDArray[np.float64], crowd: int,
    discs: NDArray[np.float64], dt: float,
) -> None:  # fmt: skip
    """Backs out of a corner, until the vehicle is on a road from which another course can begin."""
    free = _free_way(fleet, i, -1, people, velocities, crowd, discs)
    fleet.speed[i] = 0.0 if free < 0.1 or _on_a_road(fleet, i) else -min(_BACKING, fleet.at[i] / dt)
    _along(fleet, i, dt)


@inlined
def _on_a_road(fleet: Fleet, i: int) -> bool:
    return bool(fleet.course[i, fleet.row[i], EDGE] >= 0.0)


@inlined
def _along(fleet: Fleet, i: int, dt: float) -> None:
    fleet.at[i] = max(fleet.at[i] + fleet.speed[i] * dt, 0.0)
    row, last = fleet.row[i], fleet.poses[i] - 1
    while row < last - 1 and fleet.course[i, row + 1, AT] <= fleet.at[i]:
        row += 1
    while row > 0 and fleet.course[i, row, AT] > fleet.at[i]:
        row -= 1
    fleet.row[i] = row


@compiled
def place_discs(fleet: Fleet, i: int, discs: NDArray[np.float64]) -> None:
    """Writes where a vehicle is, from how far it is along its course, and its discs."""
    course, row = fleet.course[i], fleet.row[i]
    after = min(row + 1, fleet.poses[i] - 1)
    length = course[after, AT] - course[row, AT]
    share = (fleet.at[i] - course[row, AT]) / length if length > 1e-9 else 0.0
    x = course[row, X] + share * (course[after, X] - course[row, X])
    y = course[row, Y] + share * (course[after, Y] - course[row, Y])
    turn = course[after, HEADING] - course[row, HEADING]
    turn -= 2 * math.pi * round(turn / (2 * math.pi))
    travel = course[row, HEADING] + share * turn
    ux, uy = math.cos(travel), math.sin(travel)
    fleet.position[i, 0], fleet.position[i, 1] = x, y
    fleet.velocity[i, 0], fleet.velocity[i, 1] = fleet.speed[i] * ux, fleet.speed[i] * uy
    fleet.heading[i] = travel if fleet.facing[i] > 0.0 else travel + math.pi
    for k in range(DISCS):
        along = DISC_SPACING * (k - 0.5 * (DISCS - 1))
        j = 1 + DISCS * i + k
        discs[j, 0], discs[j, 1] = x + along * ux, y + along * uy
        discs[j, 2], discs[j, 3], discs[j, 4] = fleet.velocity[i, 0], fleet.velocity[i, 1], DISC_RADIUS


@compiled
def _free_way(
    fleet: Fleet, i: int, way: int, people: NDArray[np.float64], velocities: NDArray[np.float64], crowd: int,
    discs: NDArray[np.float64],
) -> float:  # fmt: skip
    """Gives how far a vehicle can go on along its course, or back (way -1), before somebody is too near, m."""
    course, row, at = fleet.course[i], fleet.row[i] + (1 if way > 0 else 0), fleet.at[i]
    while 0 <= row < fleet.poses[i] and abs(course[row, AT] - at) < _FIELD:
        x, y, ux, uy = course[row, X], course[row, Y], math.cos(course[row, HEADING]), math.sin(course[row, HEADING])
        ux, uy = way * ux, way * uy
        for j in range(crowd):
            px, py, vx, vy = people[j, 0], people[j, 1], velocities[j, 0], velocities[j, 1]
            if _in_the_way(px - x, py - y, ux, uy, 0.25) or _in_the_way(
                px + _FORESIGHT * vx - x, py + _FORESIGHT * vy - y, ux, uy, 0.25
            ):
                return float(abs(course[row, AT] - at))
        for j in range(len(discs)):
            own = 1 + DISCS * i <= j < 1 + DISCS * (i + 1)
            if not own and (
                _in_the_way(discs[j, 0] - x, discs[j, 1] - y, ux, uy, discs[j, 4])
                or _in_the_way(
                    discs[j, 0] + _FORESIGHT * discs[j, 2] - x, discs[j, 1] + _FORESIGHT * discs[j, 3] - y, ux, uy,
                    discs[j, 4],
                )
            ):  # fmt: skip
                return float(abs(course[row, AT] - at))
        row += way
    return _FIELD


@inlined
def _in_the_way(dx: float, dy: float, ux: float, uy: float, radius: float) -> bool:
    """Says whether a disc, seen from a vehicle's middle, is before it or so near beside it that it would be hit."""
    ahead, beside = dx * ux + dy * uy, abs(dy * ux - dx * uy)
    return 0.0 < ahead < HALF_LENGTH + _AHEAD + radius and beside < HALF_WIDTH + _BESIDE + radius
