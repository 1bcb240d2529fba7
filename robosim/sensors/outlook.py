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
from robosim.sensors.sectors import Sectors

HORIZON = 2.4  # s
ROOM = 0.5  # m; to pass farther away than that is no better
TOUCH = 0.05  # m; closer than that counts as touching
_STEP, _STRIDE = 0.1, 2  # s, over which an arc is followed, and how many of these from one look to the next


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
        self._commands = np.array(commands, np.float64)
        self.space = spaces.Box(0.0, 1.0, (2 * len(commands),), np.float32)

    def read(self, speed: float, yaw_rate: float) -> NDArray[np.float32]:
        """Looks ahead from the latest scan, at the present speed (m/s) and yaw rate (rad/s); see the class.

        Raises:
            RobosimError: The sectors have not been read since their reset.
        """
        told = np.zeros((2, len(self._commands)), np.float32)
        points, velocities = self._sectors.nearest()
        look_ahead(points, velocities, self._commands, (speed, yaw_rate), self._slew, self._half, told)
        return told.ravel()


@compiled
def look_ahead(
    points: NDArray[np.float64],
    velocities: NDArray[np.float64],
    commands: NDArray[np.float64],
    motion: tuple[float, float],
    slew: Slew,
    half: tuple[float, float],
    told: NDArray[np.float32],
) -> None:
    """Writes a reading of `Outlook`.

    Args:
        points: Shape (n, 2), m in the robot's frame.
        velocities: Shape (n, 2), m/s over the floor, in the robot's frame.
        commands: Shape (m, 2).
        motion: Speed (m/s) and yaw rate (rad/s) at present.
        slew: See `Outlook`.
        half: See `Outlook`.
        told: Shape (2, m); where it is written.
    """
    for arc in range(len(commands)):
        speed, rate = motion
        x = y = turn = 0.0
        least = ROOM
        for step in range(1, int(HORIZON / _STEP + 0.5) + 1):
            wanted = commands[arc, 0]
            braking = wanted * speed < 0 or abs(wanted) < abs(speed)
            speed = _towards(speed, wanted, (slew.slower if braking else slew.faster) * _STEP)
            rate = _towards(rate, commands[arc, 1], slew.turn * _STEP)
            middle = turn + rate * _STEP / 2
            x += speed * math.cos(middle) * _STEP
            y += speed * math.sin(middle) * _STEP
            turn += rate * _STEP
            if step % _STRIDE:
                continue
            time = step * _STEP
            least = min(least, _gap(points, velocities, time, (x, y, turn), half, least))
            if least < TOUCH:
                told[0, arc] = 1.0 - (time - _STRIDE * _STEP) / HORIZON
                break
        told[1, arc] = 1.0 - least / ROOM if least >= TOUCH else 1.0


@inlined
def _gap(
    points: NDArray[np.float64],
    velocities: NDArray[np.float64],
    time: float,
    pose: tuple[float, float, float],
    half: tuple[float, float],
    most: float,
) -> float:
    """Gives the least distance from the robot to where points will be, m, if it is less than ``most``."""
    x, y, turn = pose
    cos, sin = math.cos(turn), math.sin(turn)
    square, reach = most * most, most + math.sqrt(half[0] * half[0] + half[1] * half[1])
    for point in range(len(points)):
        dx = points[point, 0] + velocities[point, 0] * time - x
        dy = points[point, 1] + velocities[point, 1] * time - y
        if dx * dx + dy * dy < reach * reach:
            ahead = max(abs(cos * dx + sin * dy) - half[0], 0.0)
            beside = max(abs(cos * dy - sin * dx) - half[1], 0.0)
            square = min(square, ahead * ahead + beside * beside)
    return math.sqrt(square)


@inlined
def _towards(value: float, wanted: float, most: float) -> float:
    return value + min(max(wanted - value, -most), most)
