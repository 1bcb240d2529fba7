"""What comes of driving on in one way or another: kernels that roll each way out among what stands and what moves.

Most ways are a command that is kept up for a moment, after which the robot follows its path, at full speed or slower,
or stops; a few follow the path, or beside it, from the first moment. That it goes on in closed loop lets 2.6 seconds
tell a way around somebody from one that ends before him; arcs of circle, as the dynamic window has them, cannot (cf.
T. M. Howard et al. (2008), "State space sampling of feasible motions for high-performance mobile robot navigation",
Journal of Field Robotics 25).
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robosim.agents.policies.caution import SLACK
from robosim.compiled import compiled, inlined
from robosim.robots.courier import ACCELERATION, BACKWARD, BRAKING, FORWARD, SIZE, YAW_ACCELERATION, YAW_RATE
from robosim.sensors.outlook import towards

DT, LOOKS, KEPT = 0.2, 13, 2  # s from one look ahead to the next, how many of them, and for how many it keeps a command
SPEEDS = (-BACKWARD, 0.0, 0.2, 0.45, 0.7, 0.95, FORWARD)  # m/s
YAW_RATES = (-YAW_RATE, -1.1, -0.75, -0.5, -0.3, -0.15, 0.0, 0.15, 0.3, 0.5, 0.75, 1.1, YAW_RATE)  # rad/s
SECTORS, LEGS = 60, 4  # of the scan; of the path, which begins where the robot is
FAST, SLOW, STOP = range(3)  # how it goes on after its command: following the path or not
SHIFTS = (0.0, -0.5, 0.5, -1.0, 1.0)  # m beside the path, to its left: ways to follow it from the first moment
_SLOW = 0.5  # m/s
_STOPS = 3  # of that many yaw rates one is looked at with a stop after it
STANDS, STRANGE, MOVES = range(3)  # what is on the map, what is not, what walks or drives

# What follows was found by trying, on validation episodes.
AIM = 0.9  # m along the path from where it is to where it aims
GAIN = 2.0  # 1/s, yaw rate for the bearing of that
TURNS = 1.2  # rad; what bears farther off is turned to where the robot stands
EASE = 1.0  # 1/s, speed for the distance left to the goal
STRAY = 1.5  # m on the path that a metre beside it costs
BEARING = 0.25  # m on the path that a radian costs, between its heading and where it aims
GROWS = 0.1  # m/s, by which less is known of those who move
ROOM = (0.25, 1.0)  # m from what stands, from everything else: to pass farther off is no better
CLOSE = (0.4, 0.9)  # cost of passing at nothing: what stands, everything else
CALM = 0.5  # share of that which only speed costs
HIT = (6.0, 1.3)  # cost of a collision, times this less the share of `LOOKS` that it is ahead
SPIN, BACKING, CHANGE = 0.05, 0.15, 0.02  # cost of a radian, of going backwards, of another command than the last
THERE, BONUS = 0.22, 0.7  # m from the goal, and what getting there is worth beyond
_SQUARE = (math.hypot(SIZE[0] / 2, SIZE[1] / 2) + ROOM[1]) ** 2  # m²; what is farther from its middle is not looked at
_NEVER = -1.0


class Near(NamedTuple):
    """What is near by, in the robot's frame; only the first ones count, where fewer are there.

    Attributes:
        points: float64 (sectors, 2), m.
        velocities: float64 (sectors, 2), m/s over the floor.
        margins: float64 (sectors,), m to be kept off.
        kinds: int64 (sectors,), `STANDS`, `STRANGE` or `MOVES`.
        places: float64 (looks, sectors, 2), m, where it will be at each look.
        kept: float64 (looks, sectors), m, the margins by then.
        which: int64 (looks, sectors), the kinds of these.
        counts: int64 (looks,), how many are within reach by then.
        path: float64 (legs, 5), where each leg begins, m, its direction (x and y of a unit vector), and its length, m.
    """

    points: NDArray[np.float64]
    velocities: NDArray[np.float64]
    margins: NDArray[np.float64]
    kinds: NDArray[np.int64]
    places: NDArray[np.float64]
    kept: NDArray[np.float64]
    which: NDArray[np.int64]
    counts: NDArray[np.int64]
    path: NDArray[np.float64]


class Now(NamedTuple):
    """Where the robot is with its task.

    Attributes:
        goal: m, in its frame.
        motion: Its speed, m/s, and yaw rate, rad/s.
        last: The command before, likewise.
        fastest: m/s, how fast it may go.
        care: What passing close by costs, in shares of `CLOSE`.
    """

    goal: tuple[float, float]
    motion: tuple[float, float]
    last: tuple[float, float]
    fastest: float
    care: float


class Way(NamedTuple):
    """One of the ways of driving on.

    Attributes:
        asked: A command, m/s and rad/s.
        kept: For how many looks it is kept up.
        manner: What comes then.
        shift: m to the left of the path, where it follows it.
    """

    asked: tuple[float, float]
    kept: int
    manner: int
    shift: float


def nothing_near() -> Near:
    """Reserves memory."""
    many = LOOKS, SECTORS
    return Near(
        points=np.zeros((SECTORS, 2)),
        velocities=np.zeros((SECTORS, 2)),
        margins=np.zeros(SECTORS),
        kinds=np.zeros(SECTORS, np.int64),
        places=np.zeros((*many, 2)),
        kept=np.zeros(many),
        which=np.zeros(many, np.int64),
        counts=np.zeros(LOOKS, np.int64),
        path=np.zeros((LEGS, 5)),
    )


@compiled
def best_way(near: Near, count: int, now: Now) -> tuple[float, float]:
    """Gives the command that begins the way which costs least: speed, m/s, and yaw rate, rad/s.

    Args:
        near: What is near by, and the path.
        count: How many things that is.
        now: See `Now`.
    """
    _go_on(near, count)
    least, best = math.inf, (0.0, 0.0)
    for speed in SPEEDS:
        if speed > now.fastest:
            continue
        for number in range(len(YAW_RATES)):
            for manner in range(3):
                if (manner == SLOW and speed <= 0) or (manner == STOP and number % _STOPS):
                    continue
                cost, first = _rolled_out(near, now, Way((speed, YAW_RATES[number]), KEPT, manner, 0.0))
                if cost < least:
                    least, best = cost, first
    for shift in SHIFTS:
        for manner in range(2):
            cost, first = _rolled_out(near, now, Way(now.last, 0, manner, shift))
            if cost < least:
                least, best = cost, first
    return best


@inlined
def _go_on(near: Near, count: int) -> None:
    """Writes where things will be at each look, but for those that no way comes within a metre or so of."""
    for look in range(LOOKS):
        time, found = (look + 1) * DT, 0
        reach = 1.0 + FORWARD * time
        for thing in range(count):
            kind = near.kinds[thing]
            x = near.points[thing, 0] + near.velocities[thing, 0] * time
            y = near.points[thing, 1] + near.velocities[thing, 1] * time
            if x * x + y * y < reach * reach:
                near.places[look, found, 0], near.places[look, found, 1] = x, y
                near.kept[look, found] = near.margins[thing] + (GROWS * time if kind == MOVES else 0.0)
                near.which[look, found] = kind
                found += 1
        near.counts[look] = found


@compiled
def _rolled_out(near: Near, now: Now, way: Way) -> tuple[float, tuple[float, float]]:
    """Gives what a way costs, m on the path more or less, and its first command."""
    speed, rate = now.motion
    x, y, heading, cos, sin = 0.0, 0.0, 0.0, 1.0, 0.0
    begun, bearing = _along(near.path, way.shift, (x, y, cos, sin))
    left, total, closest, turned, hit, first = 0.0, 0.0, 0.0, 0.0, _NEVER, way.asked
    for look in range(LOOKS):
        wanted = way.asked
        if look >= way.kept:
            wanted = (0.0, 0.0)
            if way.manner != STOP:
                to_goal = math.sqrt((now.goal[0] - x) ** 2 + (now.goal[1] - y) ** 2)
                wanted = _followed(bearing, to_goal, min(_SLOW, now.fastest) if way.manner == SLOW else now.fastest)
        if look == 0:
            first = wanted
        slower = wanted[0] * speed < 0 or abs(wanted[0]) < abs(speed)
        next_speed = towards(speed, wanted[0], (BRAKING if slower else ACCELERATION) * DT)
        next_rate = towards(rate, wanted[1], YAW_ACCELERATION * DT)
        # The end of a step counts for more: small changes are reached before it is over.
        turn, far = (0.3 * rate + 0.7 * next_rate) * DT, (0.4 * speed + 0.6 * next_speed) * DT
        x, y = x + far * math.cos(heading + turn / 2), y + far * math.sin(heading + turn / 2)
        heading, speed, rate = heading + turn, next_speed, next_rate
        turned += abs(rate) * DT
        cos, sin = math.cos(heading), math.sin(heading)
        close, meets = _closeness(near, look, (x, y, cos, sin))
        closest = max(closest, close * (1 - CALM + CALM * abs(speed) / FORWARD))
        if meets:
            hit = (look + 1) * DT
            total += (LOOKS - look) * left
            break
        to_go, bearing = _along(near.path, way.shift, (x, y, cos, sin))
        left = to_go + BEARING * abs(bearing) - begun
        total += left
    cost = left + total / LOOKS + now.care * closest + SPIN * turned + (BACKING if first[0] < 0 else 0.0)
    cost += CHANGE * (abs(first[0] - now.last[0]) / FORWARD + abs(first[1] - now.last[1]) / YAW_RATE)
    if hit != _NEVER:
        cost += HIT[0] * (HIT[1] - hit / (LOOKS * DT))
    elif way.manner != STOP and math.hypot(now.goal[0] - x, now.goal[1] - y) < THERE:
        cost -= BONUS
    return cost, first


@inlined
def _followed(bearing: float, to_goal: float, fastest: float) -> tuple[float, float]:
    """Gives the command that follows the path, at some speed at most: pursuit of a point on it."""
    ahead = fastest * math.cos(bearing) if abs(bearing) < TURNS else 0.0
    return min(ahead, EASE * to_goal), min(max(GAIN * bearing, -YAW_RATE), YAW_RATE)


@inlined
def _closeness(near: Near, look: int, pose: tuple[float, float, float, float]) -> tuple[float, bool]:
    """Gives what it costs to be at a pose (x, y, cosine, sine) then, and whether something is met there."""
    x, y, cos, sin = pose
    worst, meets = 0.0, False
    for thing in range(near.counts[look]):
        dx, dy = near.places[look, thing, 0] - x, near.places[look, thing, 1] - y
        if dx * dx + dy * dy > _SQUARE:
            continue
        room = _gap(abs(cos * dx + sin * dy) - SIZE[0] / 2, abs(cos * dy - sin * dx) - SIZE[1] / 2)
        room -= near.kept[look, thing]
        kind = 0 if near.which[look, thing] == STANDS else 1
        if room < ROOM[kind]:
            worst = max(worst, CLOSE[kind] * (1 - max(room, 0.0) / ROOM[kind]))
        meets = meets or room < -SLACK
    return worst, meets


@inlined
def _gap(ahead: float, beside: float) -> float:
    """Gives how far a point is from the robot's outline, m; below 0 inside of it."""
    if ahead < 0 and beside < 0:
        return max(ahead, beside)
    ahead, beside = max(ahead, 0.0), max(beside, 0.0)
    return math.sqrt(ahead * ahead + beside * beside)


@inlined
def _along(path: NDArray[np.float64], shift: float, pose: tuple[float, float, float, float]) -> tuple[float, float]:
    """Gives how far it is from a pose along the path, m, what it strays counted in, and the bearing of where to aim."""
    x, y, cos, sin = pose
    nearest, at, total = math.inf, 0.0, 0.0
    for leg in range(LEGS):
        length = path[leg, 4]
        dx, dy = x - path[leg, 0], y - path[leg, 1]
        along = min(max(dx * path[leg, 2] + dy * path[leg, 3], 0.0), length)
        dx, dy = dx - along * path[leg, 2], dy - along * path[leg, 3]
        square = dx * dx + dy * dy
        if square < nearest - 1e-9:
            nearest, at = square, total + along
        total += length
    aim_x, aim_y = _at(path, at + AIM, shift)
    bearing = math.atan2(cos * (aim_y - y) - sin * (aim_x - x), cos * (aim_x - x) + sin * (aim_y - y))
    return total - at + STRAY * math.sqrt(nearest), bearing


@inlined
def _at(path: NDArray[np.float64], far: float, shift: float) -> tuple[float, float]:
    """Gives the point so far along the path, m, or its end, and so far to the left of it."""
    x, y = path[0, 0], path[0, 1]
    for leg in range(LEGS):
        part = min(far, path[leg, 4])
        if path[leg, 4] > 0:
            x = path[leg, 0] + part * path[leg, 2] - shift * path[leg, 3]
            y = path[leg, 1] + part * path[leg, 3] + shift * path[leg, 2]
        far -= part
        if far <= 0:
            break
    return x, y
