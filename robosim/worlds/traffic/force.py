"""How people avoid one another, vehicles and walls while they walk: one kernel a control step.

The model is that of M. Moussaïd, D. Helbing, G. Theraulaz: "How simple rules determine pedestrian behavior and crowd
disasters", PNAS 108(17), 2011, the successor of Helbing's social force. A walker looks for the direction that brings it
nearest to where it wants to go before it would run into something (their equation 1), and goes no faster than lets it
stop in time; it relaxes to that velocity within half a second. Other than the paper's, who swing through what they come
close to, these walkers brake, and never step into a robot. Bodies that touch are moved apart, where the paper has a
contact force.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robosim.compiled import compiled, inlined
from robosim.worlds.traffic.ground import Ground, room, smooth_room

RADIUS = 0.25  # m, of a person
CLEAR = 0.30  # m of clearance that a walker's middle keeps; more than its radius, because cells have a size

_HORIZON = 5.0  # m; the paper has 8 to 10, and aisles are short
_RELAXATION = 0.5  # s, the paper's
_BRAKING = 2.5  # m/s²; from a walk people stop within a step or two (Sparrow, Tirosh, Gait & Posture 22, 2005)
_STANDOFF = 0.03  # m; nobody steps nearer to a robot that they know of
_ROOM = 0.12  # m that walkers like to keep between them
_AT_FEET = 0.6  # m beyond that, from where on even who does not look out sees the robot: a step, and the time to stop
_STEPS, _STEP = 8, 0.25  # samples along a direction, m, in search of walls
_THIN = 0.20  # m of clearance where a direction counts as walled
_DIRECTIONS, _ALL_AROUND = 9, 16  # to each side, and where the way is barred
_SPREAD = math.radians(10.0)  # from one direction to the next
_TO_THE_RIGHT = 0.02  # share of the horizon's square by which evading to the right is liked better, per radian
_STEADY = 0.06  # the same for not changing direction
_NEGLIGIBLE = 1e-9  # of a direction's cost: more than what it is rounded by
_AHEAD, _FAR_AHEAD = 1.3, 2.5  # m along its way that a walker aims at, before a corner and where it is straight
_STRAIGHT, _AROUND = 0.85, 0.6  # cosine of what counts as straight on; m beyond a corner
_ARRIVED = 0.2  # m
_NEARLY = 0.6  # m; arrived, too, if somebody is in the way
_CREEP = 0.15  # m/s below which a walker makes no way
_BARRED, _DODGE, _STUCK = 0.7, 1.2, 3.0  # s without getting on; s of dodging; s until a walker gives up its goal
_TURN_RATE = 5.0  # rad/s
_MOST_OUT, _SLACK = 0.06, 0.002  # m, by which a walker is led away from a wall, and may come nearer, in one step


class Crowd(NamedTuple):
    """People, n of them in the pool. Kernels read and write it.

    Attributes:
        position: float64 (n, 2), m.
        velocity: float64 (n, 2), m/s.
        wanted: float64 (n, 2), the velocity that each chooses, m/s.
        heading: float64 (n,), rad.
        pace: float64 (n,), m/s that each likes to walk at.
        heeds: bool (n,), whether each looks out for the robot; who does not notices it at their feet.
        walking: bool (n,).
        waited: float64 (n,), s, of not getting on while walking.
        dodging: float64 (n,), s for which each still looks for a way around to the sides and behind.
        rest: float64 (n,), s that each still stands, or will when it has arrived.
        face: float64 (n,), rad, heading to stand with.
        path: float64 (n, points, 2), m.
        points: int64 (n,), how many of them there are.
        leg: int64 (n,), the path's stretch on which each is.
    """

    position: NDArray[np.float64]
    velocity: NDArray[np.float64]
    wanted: NDArray[np.float64]
    heading: NDArray[np.float64]
    pace: NDArray[np.float64]
    heeds: NDArray[np.bool_]
    walking: NDArray[np.bool_]
    waited: NDArray[np.float64]
    dodging: NDArray[np.float64]
    rest: NDArray[np.float64]
    face: NDArray[np.float64]
    path: NDArray[np.float64]
    points: NDArray[np.int64]
    leg: NDArray[np.int64]


@compiled
def walk(crowd: Crowd, count: int, others: NDArray[np.float64], floor: Ground, dt: float) -> int:
    """Moves everybody on.

    Args:
        crowd: The people.
        count: How many of them there are in this episode.
        others: float64 (m, 5), discs that are no people: x, y (m), vx, vy (m/s), radius (m). The first is the robot.
        floor: Where there is room.
        dt: s.

    Returns:
        How many have rested long enough or are stuck, and want another way: ``rest`` is not positive.
    """
    for i in range(count):
        if crowd.walking[i]:
            _choose(crowd, i, count, others, floor)
        else:
            crowd.wanted[i, 0], crowd.wanted[i, 1] = 0.0, 0.0
    for i in range(count):
        _move(crowd, i, others, floor, dt)
    for i in range(count):
        _part(crowd, i, count, others, floor)
    idle = 0
    for i in range(count):
        _live(crowd, i, dt)
        if crowd.rest[i] <= 0.0:
            idle += 1
    return idle


@compiled
def _choose(crowd: Crowd, i: int, count: int, others: NDArray[np.float64], floor: Ground) -> None:
    """Writes the velocity that a walker wants."""
    x, y = crowd.position[i, 0], crowd.position[i, 1]
    aim_x, aim_y, left = _aim(crowd, i)
    straight = math.atan2(aim_y - y, aim_x - x)
    pace = crowd.pace[i]
    horizon = min(_HORIZON, max(left, 0.5))
    best, best_angle, best_free = np.inf, straight, 0.0
    dodges = crowd.dodging[i] > 0.0
    last, detour, habit = (_ALL_AROUND, 0.5, 0.2) if dodges else (_DIRECTIONS, 1.0, 1.0)
    square = horizon * horizon
    # Straight on is mostly best: what it costs spares a look at most other directions.
    free_ahead = _free_way(crowd, i, count, others, floor, straight, horizon)
    gone = min(free_ahead, horizon)
    change = abs(_wrap(straight - crowd.heading[i]))
    ahead = square + gone * gone - 2.0 * horizon * gone + habit * square * _STEADY * change + _NEGLIGIBLE
    for k in range(-last, last + 1):
        turn = k * _SPREAD
        angle, cosine = straight + turn, max(math.cos(detour * turn), 0.0)
        change = abs(_wrap(angle - crowd.heading[i]))
        liking = habit * square * (_TO_THE_RIGHT * turn + _STEADY * change)
        at_best = square * (1.0 - cosine * cosine) + liking
        if at_best >= best or at_best > ahead:  # not even an empty way would be as good
            continue
        free = _free_way(crowd, i, count, others, floor, angle, horizon) if k else free_ahead
        gone = min(free, horizon * cosine)
        cost = square + gone * gone - 2.0 * horizon * gone * cosine + liking
        if cost < best:
            best, best_angle, best_free = cost, angle, free
    speed = min(pace, best_free / _RELAXATION)
    crowd.wanted[i, 0], crowd.wanted[i, 1] = speed * math.cos(best_angle), speed * math.sin(best_angle)


@compiled
def _free_way(
    crowd: Crowd, i: int, count: int, others: NDArray[np.float64], floor: Ground, angle: float, horizon: float
) -> float:
    """Gives how far a walker gets in a direction (rad) before it meets a wall or a body, m, at most the horizon."""
    x, y, pace = crowd.position[i, 0], crowd.position[i, 1], crowd.pace[i]
    ux, uy = math.cos(angle), math.sin(angle)
    free = _to_wall(floor, x, y, ux, uy, horizon)
    return _to_bodies(crowd, i, count, others, pace * ux, pace * uy, pace, free)


@compiled
def _aim(crowd: Crowd, i: int) -> tuple[float, float, float]:
    """Gives the point of a walker's way that it goes for, and how far it is to the end as the crow flies."""
    x, y = crowd.position[i, 0], crowd.position[i, 1]
    path, last = crowd.path[i], crowd.points[i] - 1
    leg, along, length, ux, uy = crowd.leg[i], 0.0, 0.0, 0.0, 0.0
    while True:
        ax, ay = path[leg, 0], path[leg, 1]
        dx, dy = path[leg + 1, 0] - ax, path[leg + 1, 1] - ay
        length = max(math.sqrt(dx * dx + dy * dy), 1e-9)
        ux, uy = dx / length, dy / length
        along = (x - ax) * ux + (y - ay) * uy
        if along < length - 0.3 or leg + 1 == last:
            break
        leg += 1
    crowd.leg[i] = leg
    left = math.sqrt((path[last, 0] - x) ** 2 + (path[last, 1] - y) ** 2)
    along = max(along, 0.0)
    ahead = along + _FAR_AHEAD
    while ahead > length and leg + 1 < last:
        dx, dy = path[leg + 2, 0] - path[leg + 1, 0], path[leg + 2, 1] - path[leg + 1, 1]
        after = max(math.sqrt(dx * dx + dy * dy), 1e-9)
        vx, vy = dx / after, dy / after
        if ux * vx + uy * vy < _STRAIGHT:  # not far around a corner
            ahead = max(min(ahead, length + _AROUND), along + _AHEAD)
            if ahead <= length:
                break
        ahead, along = ahead - length, along - length
        leg, length, ux, uy = leg + 1, after, vx, vy
    ahead = min(ahead, length)
    return path[leg, 0] + ahead * ux, path[leg, 1] + ahead * uy, left


@compiled
def _to_wall(floor: Ground, x: float, y: float, ux: float, uy: float, horizon: float) -> float:
    """Gives how far it is to what stands on the floor; the horizon where nothing is near."""
    for k in range(1, _STEPS + 1):
        if room(floor, x + k * _STEP * ux, y + k * _STEP * uy) < _THIN:
            return min((k - 1) * _STEP, horizon)
    return horizon


@compiled
def _to_bodies(
    crowd: Crowd, i: int, count: int, others: NDArray[np.float64], vx: float, vy: float, pace: float, free: float
) -> float:
    """Gives how far one gets at a velocity before one touches a body that goes on as it does, ``free`` at most."""
    x, y = crowd.position[i, 0], crowd.position[i, 1]
    for j in range(count):
        if j != i:
            dx, dy = crowd.position[j, 0] - x, crowd.position[j, 1] - y
            free = _until_touch(
                dx, dy, vx - crowd.velocity[j, 0], vy - crowd.velocity[j, 1], 2 * RADIUS + _ROOM, pace, free
            )
    for j in range(len(others)):
        dx, dy = others[j, 0] - x, others[j, 1] - y
        reach = RADIUS + others[j, 4] + _ROOM
        if j > 0 or crowd.heeds[i] or dx * dx + dy * dy < (reach + _AT_FEET) ** 2:
            free = _until_touch(dx, dy, vx - others[j, 2], vy - others[j, 3], reach, pace, free)
    return free


@inlined
def _until_touch(dx: float, dy: float, wx: float, wy: float, reach: float, pace: float, free: float) -> float:
    """Gives how far one gets at ``pace`` before a disc is touched, ``free`` at most.

    Args:
        dx: Where it is, seen from here, m.
        dy: The same along y.
        wx: Velocity towards it, m/s.
        wy: The same along y.
        reach: m between the middles when they touch.
        pace: m/s.
        free: m.
    """
    closing = dx * wx + dy * wy
    if closing <= 0.0:
        return free
    square = dx * dx + dy * dy
    reach = min(reach, math.sqrt(square) - 0.01)  # whoever is nearer may still go away
    speed = wx * wx + wy * wy
    root = closing * closing - speed * (square - reach * reach)
    if root <= 0.0 or speed < 1e-9:
        return free
    return max(min(free, pace * (closing - math.sqrt(root)) / speed), 0.0)


@inlined
def _move(crowd: Crowd, i: int, others: NDArray[np.float64], floor: Ground, dt: float) -> None:
    """Relaxes to the velocity that is wanted, or brakes to it, and goes as far as there is room."""
    vx, vy = crowd.velocity[i, 0], crowd.velocity[i, 1]
    dx, dy = crowd.wanted[i, 0] - vx, crowd.wanted[i, 1] - vy
    share = min(dt / _RELAXATION, 1.0)
    if crowd.wanted[i, 0] ** 2 + crowd.wanted[i, 1] ** 2 < vx * vx + vy * vy:
        share = max(share, min(_BRAKING * dt / max(math.sqrt(dx * dx + dy * dy), 1e-9), 1.0))
    vx, vy = vx + share * dx, vy + share * dy
    x, y = crowd.position[i, 0], crowd.position[i, 1]
    _shift(crowd, i, dt * vx, dt * vy, floor)
    _stop_before(crowd, i, others, x, y)
    crowd.velocity[i, 0], crowd.velocity[i, 1] = (crowd.position[i, 0] - x) / dt, (crowd.position[i, 1] - y) / dt


@inlined
def _stop_before(crowd: Crowd, i: int, others: NDArray[np.float64], x: float, y: float) -> None:
    """Takes a step from a point back if it led into the robot, which is known to whoever is so near."""
    reach = RADIUS + others[0, 4] + _STANDOFF
    before = math.sqrt((others[0, 0] - x) ** 2 + (others[0, 1] - y) ** 2)
    dx, dy = others[0, 0] - crowd.position[i, 0], others[0, 1] - crowd.position[i, 1]
    if math.sqrt(dx * dx + dy * dy) < min(reach, before):
        crowd.position[i, 0], crowd.position[i, 1] = x, y


@compiled
def _shift(crowd: Crowd, i: int, dx: float, dy: float, floor: Ground) -> None:
    """Moves a person by a distance, but along what stands in its way and not into it."""
    x, y = crowd.position[i, 0], crowd.position[i, 1]
    to_x, to_y = x + dx, y + dy
    here, there = smooth_room(floor, x, y), smooth_room(floor, to_x, to_y)
    if there < CLEAR:
        slope_x = smooth_room(floor, to_x + floor.cell, to_y) - smooth_room(floor, to_x - floor.cell, to_y)
        slope_y = smooth_room(floor, to_x, to_y + floor.cell) - smooth_room(floor, to_x, to_y - floor.cell)
        steep = math.sqrt(slope_x * slope_x + slope_y * slope_y)
        out = min(CLEAR - there, _MOST_OUT) / max(steep, 1e-6)
        to_x, to_y = to_x + out * slope_x, to_y + out * slope_y
        there = smooth_room(floor, to_x, to_y)
    if there >= min(CLEAR, here) - _SLACK:
        crowd.position[i, 0], crowd.position[i, 1] = to_x, to_y


@inlined
def _part(crowd: Crowd, i: int, count: int, others: NDArray[np.float64], floor: Ground) -> None:
    """Moves a person out of whatever it overlaps; of two people, each goes half the way."""
    for j in range(i + 1, count):
        dx, dy, depth = _overlap(crowd, i, crowd.position[j, 0], crowd.position[j, 1], 2 * RADIUS)
        if depth > 0.0:
            _shift(crowd, i, -0.5 * depth * dx, -0.5 * depth * dy, floor)
            _shift(crowd, j, 0.5 * depth * dx, 0.5 * depth * dy, floor)
    for j in range(1, len(others)):  # not out of the robot: who is hit does not jump aside
        dx, dy, depth = _overlap(crowd, i, others[j, 0], others[j, 1], RADIUS + others[j, 4])
        if depth > 0.0:
            _shift(crowd, i, -depth * dx, -depth * dy, floor)


@inlined
def _overlap(crowd: Crowd, i: int, x: float, y: float, reach: float) -> tuple[float, float, float]:
    """Gives the direction from a person to a point, and by how much that is nearer than ``reach``."""
    dx, dy = x - crowd.position[i, 0], y - crowd.position[i, 1]
    square = dx * dx + dy * dy
    if square >= reach * reach:
        return 0.0, 0.0, 0.0
    distance = max(math.sqrt(square), 1e-6)
    return dx / distance, dy / distance, reach - distance


@inlined
def _live(crowd: Crowd, i: int, dt: float) -> None:
    """Notices who has arrived, is stuck or has rested, and turns people to where they go."""
    speed = math.sqrt(crowd.velocity[i, 0] ** 2 + crowd.velocity[i, 1] ** 2)
    if crowd.walking[i]:
        last = crowd.points[i] - 1
        dx, dy = crowd.path[i, last, 0] - crowd.position[i, 0], crowd.path[i, last, 1] - crowd.position[i, 1]
        left = math.sqrt(dx * dx + dy * dy)
        crowd.waited[i] = crowd.waited[i] + dt if speed < _CREEP else max(crowd.waited[i] - 0.5 * dt, 0.0)
        crowd.dodging[i] = max(crowd.dodging[i] - dt, 0.0) if crowd.waited[i] < _BARRED else _DODGE
        if left < _ARRIVED or (left < _NEARLY and crowd.waited[i] > 0.5):
            crowd.walking[i] = False
            crowd.waited[i] = 0.0
        elif crowd.waited[i] > _STUCK:
            crowd.rest[i] = 0.0
    else:
        crowd.rest[i] -= dt
    towards = crowd.face[i]
    if speed > _CREEP:
        towards = math.atan2(crowd.velocity[i, 1], crowd.velocity[i, 0])
    elif crowd.walking[i]:
        towards = crowd.heading[i]
    turn = _wrap(towards - crowd.heading[i])
    crowd.heading[i] = _wrap(crowd.heading[i] + min(max(turn, -_TURN_RATE * dt), _TURN_RATE * dt))


@inlined
def _wrap(angle: float) -> float:
    """Gives an angle in (-pi, pi] for one within a turn or two."""
    if angle > math.pi:
        return angle - 2 * math.pi
    return angle + 2 * math.pi if angle <= -math.pi else angle
