"""How a rack is filled: boards, packages side by side on them and behind one another; drawn by level, nothing overlaps.

In the rack's own frame: its middle on the floor, x out of its front, y along it.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from robosim.worlds.store import goods
from robosim.worlds.store.layout import BAY, BOARD, BOARDS, DEPTH, Parcel
from robosim.worlds.store.packages import POOL

BOTTOM = (0.10, 0.16)  # m, height of the lowest board
BETWEEN = (0.43, 0.52)  # m, from one board to the next
GAP = ((0.10, 0.20), (0.02, 0.05))  # m between neighbours, least and most at level 0 and at level 9
SETBACK = (0.01, 0.04)  # m, of fronts from the board's edge
TURN = 0.05  # rad, largest yaw of a package on a board
OVERHEAD = 0.04  # m at least between a package and the board above: to lift it off before it is pulled
BEHIND = ((0.0, 0.3), (0.3, 0.9))  # share of packages that have another behind them
_HAIR = 0.0005  # m between a package and what it stands on
_SIDE = 0.03  # m to the uprights
_ROOM_BEHIND = 0.02  # m between a package and the one behind it


def draw_heights(rng: np.random.Generator) -> tuple[float, ...]:
    """Draws how high the boards' upper sides are, m, upwards."""
    steps = [rng.uniform(*BOTTOM), *rng.uniform(*BETWEEN, BOARDS - 1)]
    return tuple(np.cumsum(steps).tolist())


def headroom(heights: tuple[float, ...], board: int) -> float:
    """Gives how tall a package on a board may be, m; above the highest board there is only the reach of an arm."""
    return heights[board + 1] - BOARD - heights[board] - OVERHEAD if board + 1 < len(heights) else math.inf


@dataclass(frozen=True)
class _Slot:
    """A package in a row: what it takes along the row, and how it is turned."""

    number: int
    yaw: float
    gap: float  # m, to the next one

    @property
    def half(self) -> tuple[float, float]:
        """Half of what it takes along x and y, m."""
        depth, width, _ = POOL[self.number].size
        cos, sin = math.cos(self.yaw), abs(math.sin(self.yaw))
        return (cos * depth + sin * width) / 2, (sin * depth + cos * width) / 2


def fill(
    numbers: Iterable[int], top: float, level: int, rng: np.random.Generator, *, most: int
) -> tuple[list[Parcel], list[int]]:
    """Fills a board with packages side by side, in any order, as many of them as there is room for.

    Args:
        numbers: Of the pool; each must fit under the next board.
        top: Height of the board, m.
        level: 0 to 9.
        rng: Where all is drawn from.
        most: How many at most, those behind not counted.

    Returns:
        The packages of the front row, and the numbers that were left over.
    """
    row, left, room = list[_Slot](), list[int](), BAY - 2 * _SIDE
    for number in numbers:
        slot = _Slot(number, float(rng.uniform(-TURN, TURN)), goods.between(GAP, level, rng))
        takes = 2 * slot.half[1] + slot.gap
        if len(row) < most and takes <= room:
            row.append(slot)
            room -= takes
        else:
            left.append(number)
    at = -BAY / 2 + _SIDE + float(rng.uniform(0, room))
    parcels = []
    for slot in (row[place] for place in rng.permutation(len(row)).tolist()):
        half_x, half_y = slot.half
        x = DEPTH / 2 - float(rng.uniform(*SETBACK)) - half_x
        parcels.append(_stand(slot.number, x, at + half_y, top, slot.yaw, level, rng))
        at += 2 * half_y + slot.gap
    return parcels, left


def stow_behind(
    parcels: list[Parcel], numbers: Iterable[int], level: int, rng: np.random.Generator, tallest: float
) -> Iterator[Parcel]:
    """Gives packages that stand behind others, each no wider than the one in front of it.

    Args:
        parcels: A front row.
        numbers: Of the pool, which are free.
        level: 0 to 9.
        rng: Where all is drawn from.
        tallest: m that fits under the next board.
    """
    free = list(numbers)
    share = goods.between(BEHIND, level, rng)
    for front in parcels:
        if rng.random() >= share:
            continue
        half_x, half_y = _Slot(front.number, front.yaw, 0.0).half
        room = front.x - half_x - _ROOM_BEHIND + DEPTH / 2 - _ROOM_BEHIND
        for number in free:
            slot = _Slot(number, float(rng.uniform(-TURN, TURN)), 0.0)
            if 2 * slot.half[0] <= room and slot.half[1] <= half_y and POOL[number].size[2] <= tallest:
                free.remove(number)
                x = front.x - half_x - _ROOM_BEHIND - slot.half[0]
                board = front.z - front.model.size[2] / 2 - _HAIR
                yield _stand(number, x, front.y, board, slot.yaw, level, rng)
                break


def _stand(number: int, x: float, y: float, board: float, yaw: float, level: int, rng: np.random.Generator) -> Parcel:
    mass, friction = goods.draw_mass(POOL[number], level, rng), goods.draw_friction(rng)
    return Parcel(number, x, y, board + POOL[number].size[2] / 2 + _HAIR, yaw, mass, friction)
