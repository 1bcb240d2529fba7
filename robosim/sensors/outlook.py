"""What comes of each way of driving on: how soon an arc touches what a laser scan shows, and how closely it passes.

What moves is taken to go straight on. A policy that is told this of the dynamic window's arcs need not find out from
ranges alone what is in its way (Patel et al., "DWA-RL: Dynamically Feasible Deep Reinforcement Learning Policy for
Robot Navigation among Mobile Obstacles", ICRA 2021, who tell it in another form).
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from robosim.compiled import compiled, inlined
from robosim.errors import RobosimError
from robosim.mirror import Mirror, joined, swapped
from robosim.sensors.sectors import Sectors

HORIZON = 2.4  # s
ROOM = 0.5  # m; to pass farther away than that is no better
TOUCH = 0.05  # m; closer than that counts as touching
_STEP, _STRIDE = 0.1, 2  # s, over which an arc is followed, and how many of these from one look to the next
_STEPS = round(HORIZON / _STEP)
_SURELY = 0.01  # m, more than what positions are rounded by


class Slew(NamedTuple):
    """How fast commanded speeds are reached.

    Attributes:
        faster: m/s².
        slower: m/s².
        turn: rad/s².
    """

    faster: float
    slower: float
    turn: float


class Arcs(NamedTuple):
    """What the commands are, m of them with k different yaw rates, and room to work in.

    Attributes:
        commands: float64 (m, 2), m/s and rad/s.
        rates: float64 (k,), rad/s.
        rate_of: int64 (m,), the rate of each command.
        headings: float64 (k, 1 + steps, 4), cosine and sine in the middle of each step, and at its end.
        near: float64 (looks, points, 2), m, where what is within reach will be at each look.
        counts: int64 (looks,), how many these are.
    """

    commands: NDArray[np.float64]
    rates: NDArray[np.float64]
    rate_of: NDArray[np.int64]
    headings: NDArray[np.float64]
    near: NDArray[np.float64]
    counts: NDArray[np.int64]


class Outlook:
    """Tells of each of some commands what comes of it over `HORIZON`: float32 (2 * commands,), shares from 0 to 1.

    First, of each, how soon the robot touches something that the scan shows: 1 at once, 0 not within `HORIZON`. Then
    how closely it passes by, until then: 1 touching, 0 not within `ROOM`. So zeros mean that nothing is in the way.

    Args:
        sectors: The scan; of each sector the nearest point counts.
        commands: Pairs of speed (m/s) and yaw rate (rad/s) that are kept up.
        half: Half the robot's length and half its width, m; the scanner sits in its middle.
        slew: How it changes its speeds.

    Raises:
        RobosimError: A value is not possible.
    """

    def __init__(
        self, sectors: Sectors, commands: Sequence[tuple[float, float]], half: tuple[float, float], slew: Slew
    ) -> None:
        """Lays out the choices; see the class."""
        if not commands or min(*half, *slew) <= 0:
            raise RobosimError(f"commands={commands!r} must be some, half={half!r} and slew={slew!r} above 0")
        self._sectors, self._half, self._slew = sectors, half, slew
        choices = np.array(commands, np.float64)
        rates, rate_of = np.unique(choices[:, 1], return_inverse=True)
        looks = _STEPS // _STRIDE
        headings, near = np.zeros((len(rates), 1 + _STEPS, 4)), np.zeros((looks, sectors.count, 2))
        self._arcs = Arcs(choices, rates, rate_of, headings, near, np.zeros(looks, np.int64))
        self.space = spaces.Box(0.0, 1.0, (2 * len(commands),), np.float32)

    @property
    def mirror(self) -> Mirror:
        """What a reading is in a mirror.

        Raises:
            RobosimError: A command is alone, without the one that turns as fast the other way.
        """
        commands = self._arcs.commands.tolist()
        alone = [(speed, rate) for speed, rate in commands if [speed, -rate] not in commands]
        if alone:
            raise RobosimError(f"commands={alone!r} have no mirror: none of the others turns as fast the other way")
        one = swapped([commands.index([speed, -rate]) for speed, rate in commands])
        return joined(one, one)

    def read(self, speed: float, yaw_rate: float) -> NDArray[np.float32]:
        """Looks ahead from the latest scan, at the present speed (m/s) and yaw rate (rad/s); see the class.

        Raises:
            RobosimError: The sectors have not been read since their reset.
        """
        told = np.zeros((2, len(self._arcs.commands)), np.float32)
        points, velocities = self._sectors.nearest()
        look_ahead(points, velocities, self._arcs, (speed, yaw_rate), self._slew, self._half, told)
        return told.ravel()


@compiled
def look_ahead(
    points: NDArray[np.float64],
    velocities: NDArray[np.float64],
    arcs: Arcs,
    motion: tuple[float, float],
    slew: Slew,
    half: tuple[float, float],
    told: NDArray[np.float32],
) -> None:
    """Writes a reading of `Outlook`.

    Args:
        points: Shape (n, 2), m in the robot's frame.
        velocities: Shape (n, 2), m/s over the floor, in the robot's frame.
        arcs: What the commands are, and room to work in.
        motion: Speed (m/s) and yaw rate (rad/s) at present.
        slew: See `Outlook`.
        half: See `Outlook`.
        told: Shape (2, m); where it is written.
    """
    commands = arcs.commands
    _turn(arcs, motion[1], slew)
    fastest = abs(motion[0])
    for arc in range(len(commands)):
        fastest = max(fastest, abs(commands[arc, 0]))
    _move(points, velocities, arcs, fastest, ROOM + math.sqrt(half[0] * half[0] + half[1] * half[1]))
    for arc in range(len(commands)):
        speed, headings = motion[0], arcs.headings[arcs.rate_of[arc]]
        x = y = 0.0
        least = ROOM
        for step in range(1, _STEPS + 1):
            wanted = commands[arc, 0]
            braking = wanted * speed < 0 or abs(wanted) < abs(speed)
            speed = towards(speed, wanted, (slew.slower if braking else slew.faster) * _STEP)
            x += speed * headings[step, 0] * _STEP
            y += speed * headings[step, 1] * _STEP
            if step % _STRIDE:
                continue
            look = step // _STRIDE - 1
            near = arcs.near[look, : arcs.counts[look]]
            least = min(least, _gap(near, (x, y, headings[step, 2], headings[step, 3]), half, least))
            if least < TOUCH:
                told[0, arc] = 1.0 - (step * _STEP - _STRIDE * _STEP) / HORIZON
                break
        told[1, arc] = 1.0 - least / ROOM if least >= TOUCH else 1.0


@inlined
def _turn(arcs: Arcs, rate_now: float, slew: Slew) -> None:
    """Writes how the robot is turned along the arcs: those of the same yaw rate are turned alike."""
    for number in range(len(arcs.rates)):
        rate, turn = rate_now, 0.0
        for step in range(1, _STEPS + 1):
            rate = towards(rate, arcs.rates[number], slew.turn * _STEP)
            middle = turn + rate * _STEP / 2
            turn += rate * _STEP
            headings = arcs.headings[number, step]
            headings[0], headings[1] = math.cos(middle), math.sin(middle)
            if step % _STRIDE == 0:
                headings[2], headings[3] = math.cos(turn), math.sin(turn)


@inlined
def _move(
    points: NDArray[np.float64], velocities: NDArray[np.float64], arcs: Arcs, fastest: float, reach: float
) -> None:
    """Writes where points will be at each look, those left out that are out of reach of all arcs."""
    for look in range(len(arcs.counts)):
        time, count = (look + 1) * _STRIDE * _STEP, 0
        square = (reach + fastest * time + _SURELY) ** 2
        for point in range(len(points)):
            x = points[point, 0] + velocities[point, 0] * time
            y = points[point, 1] + velocities[point, 1] * time
            if x * x + y * y < square:
                arcs.near[look, count, 0], arcs.near[look, count, 1] = x, y
                count += 1
        arcs.counts[look] = count


@inlined
def _gap(
    points: NDArray[np.float64], pose: tuple[float, float, float, float], half: tuple[float, float], most: float
) -> float:
    """Gives the least distance from the robot at a pose (x, y, cosine, sine) to points, m, if it is below ``most``."""
    x, y, cos, sin = pose
    square, reach = most * most, most + math.sqrt(half[0] * half[0] + half[1] * half[1])
    for point in range(len(points)):
        dx, dy = points[point, 0] - x, points[point, 1] - y
        if dx * dx + dy * dy < reach * reach:
            ahead = max(abs(cos * dx + sin * dy) - half[0], 0.0)
            beside = max(abs(cos * dy - sin * dx) - half[1], 0.0)
            square = min(square, ahead * ahead + beside * beside)
    return math.sqrt(square)


@inlined
def towards(value: float, wanted: float, most: float) -> float:
    """Gives a value that has gone towards what is wanted, by so much at most."""
    return value + min(max(wanted - value, -most), most)
