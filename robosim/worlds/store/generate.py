"""Draws a rack with a package that is asked for, from (rng, level) alone, and a robot parked before it."""

import math

import numpy as np

from robosim.task import at_level
from robosim.worlds.store import goods, shelves
from robosim.worlds.store.layout import BOARDS, Parcel, RackLayout, Shelving
from robosim.worlds.store.packages import POOL
from robosim.worlds.warehouse.layout import Spot

# At level 0 and at level 9; between them linear
COUNT = (5, 13)  # packages in the front rows
OFF_EYE = (0.4, 0.9)  # m, how far the ordered package's middle may be from `EYE`
ASIDE = (0.10, 0.03)  # m, how far the robot may stand to a side: between close neighbours a package is pulled straight
EYE = 0.95  # m, the height that is easiest to reach
CUP = (0.12, 1.78)  # m, heights at which an arm's cup can hold the middle of a front
STAND = (0.97, 1.02)  # m, from the ordered package's front to the middle of the robot: room to pull it out
TURNED = 0.06  # rad, how far the robot may look past the rack
_FULL = 5  # packages on one board, at most


def draw_rack(rng: np.random.Generator, level: int, letters: str = "", count: int = 0) -> RackLayout:
    """Draws a rack, what stands on it, and which package is asked for; its front is free, and within an arm's reach.

    Args:
        rng: The episode's stream for worlds.
        level: 0 to 9: how high and how low the ordered package may stand, how many there are, how close together, how
            heavy, how worn their labels.
        letters: Of packages that shall be there,
        count: and how many of them, as far as there is room.
    """
    heights = shelves.draw_heights(rng)
    numbers = goods.shuffled(level, rng)
    wanted = [number for number in numbers if POOL[number].letter in letters][:count]
    numbers = [*wanted, *(number for number in numbers if number not in wanted)]
    ordered, board = _draw_order(numbers, heights, level, rng)
    numbers.remove(ordered)
    parcels, count = list[Parcel](), round(at_level(COUNT, level))
    for turn, place in enumerate([board, *rng.permutation([k for k in range(BOARDS) if k != board]).tolist()]):
        tallest = shelves.headroom(heights, place)
        fitting = [number for number in numbers if POOL[number].size[2] <= tallest]
        front = [ordered, *fitting] if place == board else fitting
        fair = math.ceil((count - len(parcels)) / (BOARDS - turn))
        row, _ = shelves.fill(front, heights[place], level, rng, most=min(max(fair, 1 + (turn == 0)), _FULL))
        used = {parcel.number for parcel in row}
        behind = list(shelves.stow_behind(row, [n for n in fitting if n not in used], level, rng, tallest))
        parcels += row + behind
        used |= {parcel.number for parcel in behind}
        numbers = [number for number in numbers if number not in used]
    order = next(place for place, parcel in enumerate(parcels) if parcel.number == ordered)
    shelving = Shelving(0.0, 0.0, 0.0, heights)
    return RackLayout(level, shelving, tuple(parcels), order, _draw_start(parcels[order], level, rng))


def _draw_order(
    numbers: list[int], heights: tuple[float, ...], level: int, rng: np.random.Generator
) -> tuple[int, int]:
    """Draws which package is asked for, and on which board it stands."""
    off = at_level(OFF_EYE, level)
    for number in numbers:
        tall = POOL[number].size[2]
        boards = [
            place
            for place, top in enumerate(heights)
            if tall <= shelves.headroom(heights, place)
            and CUP[0] <= top + tall / 2 <= CUP[1]
            and abs(top + tall / 2 - EYE) <= off
        ]
        if boards:
            return number, int(rng.choice(boards))
    raise AssertionError(f"none of the pool fits onto boards at {heights}")


def _draw_start(ordered: Parcel, level: int, rng: np.random.Generator) -> Spot:
    x, y, _ = ordered.face
    aside = at_level(ASIDE, level)
    return (
        x + float(rng.uniform(*STAND)),
        y + float(rng.uniform(-aside, aside)),
        math.pi + float(rng.uniform(-TURNED, TURNED)),
    )
