"""What forklifts look like, and what of them one bumps into.

Widths and heights are those of a Jungheinrich EFG 316 (type sheet to VDI 2198: 1.06 m wide, mast lowered 2.00 m, guard
2.04 m); it is shorter than its 1.99 m to the forks, as three-wheeled trucks for aisles of 2.4 m are. Each carries a
pallet, because bare forks are too low for a lidar to see.
"""

import numpy as np

from robosim.body import Body
from robosim.physics import Physics
from robosim.shapes import Box, Colour, Kind, Triangles, Visual
from robosim.worlds.traffic.courses import HALF_LENGTH, HALF_WIDTH
from robosim.worlds.traffic.lofts import block, loft, together, wheel
from robosim.worlds.warehouse.furniture import load, sheet
from robosim.worlds.warehouse.sheet import Surface

_PAINTS: tuple[Colour, ...] = ((0.95, 0.62, 0.05, 1.0), (0.85, 0.16, 0.1, 1.0), (0.1, 0.42, 0.62, 1.0))
_DARK: Colour = (0.12, 0.12, 0.13, 1.0)
_STEEL: Colour = (0.32, 0.33, 0.35, 1.0)
_BEACON: Colour = (1.0, 0.5, 0.02, 1.0)
_VEST: Colour = (0.87, 0.93, 0.12, 1.0)
_SKIN: Colour = (0.76, 0.57, 0.42, 1.0)
_GLASS: Colour = (0.95, 0.95, 0.85, 1.0)

_FACE = HALF_LENGTH - 1.0  # m, x of the forks' upright side
_BACK = -HALF_LENGTH
_LIFTED = 0.10  # m, underside of the pallet
_GOODS = (0.5, 0.8, 1.0)  # m, height of what is on it
_GUARD = 2.04  # m, top of the overhead guard


def add_forklift(physics: Physics, number: int) -> Body:
    """Adds a forklift to a world, its forks along x, the middle of its footprint at the origin."""
    seen = [
        Visual(_chassis(), _PAINTS[number % 3]),
        Visual(_cabin(), _DARK),
        Visual(_wheels(), _DARK),
        Visual(_mast(), _STEEL),
        _cargo(number),
        Visual(
            loft([(1.05, 0.1, 0.16, -0.5, 0.0), (1.35, 0.11, 0.19, -0.48, 0.0), (1.48, 0.06, 0.09, -0.46, 0.0)]), _VEST
        ),
        Visual(
            loft([(1.46, 0.05, 0.05, -0.45, 0.0), (1.56, 0.09, 0.075, -0.43, 0.0), (1.7, 0.08, 0.07, -0.44, 0.0)]),
            _SKIN,
        ),
        Visual(loft([(_GUARD, 0.06, 0.06, -0.75, 0.3), (_GUARD + 0.13, 0.05, 0.05, -0.75, 0.3)]), _BEACON),
        Visual(_lamps(), _GLASS),
    ]
    truck = (_FACE - _BACK, 2 * HALF_WIDTH, _GUARD - 0.04)
    cargo = (HALF_LENGTH - _FACE, 0.8, _GOODS[number % 3] + 0.14)
    felt = [
        Visual(Box(truck), position=((_FACE + _BACK) / 2, 0.0, truck[2] / 2 + 0.04)),
        Visual(Box(cargo), position=((_FACE + HALF_LENGTH) / 2, 0.0, cargo[2] / 2 + _LIFTED)),
    ]
    return physics.add_fixture(seen, felt, Kind.FORKLIFT)


def _chassis() -> Triangles:
    """Body, counterweight and fenders."""
    return together(
        block((1.2, 0.8, 0.5), (_BACK + 0.65, 0.0, 0.42)),
        block((0.42, 2 * HALF_WIDTH - 0.04, 0.62), (_BACK + 0.21, 0.0, 0.6), (0.85, 0.92)),
        block((0.55, 2 * HALF_WIDTH - 0.04, 0.16), (_FACE - 0.42, 0.0, 0.6), (0.8, 1.0)),
        block((0.55, 0.7, 0.28), (_BACK + 0.5, 0.0, 0.8), (0.8, 0.85)),
    )


def _cabin() -> Triangles:
    """Posts and roof of the overhead guard, seat, dashboard and steering wheel."""
    posts = [
        block((0.06, 0.05, 1.3), (x, y, 1.38))
        for x, y in ((_FACE - 0.28, 0.44), (_FACE - 0.28, -0.44), (_BACK + 0.3, 0.44), (_BACK + 0.3, -0.44))
    ]
    middle, length = (_FACE - 0.28 + _BACK + 0.3) / 2, _FACE - _BACK - 0.5
    bars = [block((length, 0.04, 0.04), (middle, y, _GUARD - 0.02)) for y in (-0.44, -0.22, 0.0, 0.22, 0.44)]
    ends = [block((0.05, 0.93, 0.05), (middle + way * length / 2, 0.0, _GUARD - 0.02)) for way in (-1, 1)]
    seat = [block((0.4, 0.46, 0.1), (-0.5, 0.0, 0.98)), block((0.1, 0.44, 0.45), (-0.72, 0.0, 1.2))]
    dashboard = [block((0.12, 0.7, 0.35), (_FACE - 0.36, 0.0, 0.85)), block((0.05, 0.3, 0.3), (-0.2, 0.0, 1.13))]
    return together(*posts, *bars, *ends, *seat, *dashboard)


def _wheels() -> Triangles:
    front, back = 0.23, 0.19
    return together(
        *(wheel(front, 0.2, (_FACE - 0.4, y, front)) for y in (-0.42, 0.42)),
        *(wheel(back, 0.16, (_BACK + 0.3, y, back)) for y in (-0.4, 0.4)),
    )


def _mast() -> Triangles:
    """Mast, carriage and forks."""
    rails = [block((0.14, 0.07, 1.95), (_FACE - 0.1, y, 1.02)) for y in (-0.3, -0.2, 0.2, 0.3)]
    bars = [block((0.06, 0.67, 0.08), (_FACE - 0.12, 0.0, z)) for z in (0.25, 1.1, 1.95)]
    carriage = [block((0.05, 0.85, 0.06), (_FACE - 0.02, 0.0, z)) for z in (0.35, 0.65, 1.05)]
    rest = [block((0.03, 0.03, 0.7), (_FACE - 0.02, y, 0.7)) for y in (-0.38, 0.0, 0.38)]
    forks = [block((0.96, 0.1, 0.04), (HALF_LENGTH - 0.5, y, 0.18)) for y in (-0.2, 0.2)]
    return together(*rails, *bars, *carriage, *rest, *forks)


def _cargo(number: int) -> Visual:
    """A loaded pallet, lifted clear of the floor to the height at which lidars look."""
    surface = Surface(sheet())
    load(surface, (0.96, 0.8), (HALF_LENGTH - 0.48, 0.0, _LIFTED), _GOODS[number % 3], np.random.default_rng(number))
    return surface.visual()


def _lamps() -> Triangles:
    return together(*(block((0.06, 0.1, 0.08), (_FACE - 0.24, y, 1.85)) for y in (-0.44, 0.44)))
