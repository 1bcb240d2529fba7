"""What people look like, and what of them one bumps into."""

from robosim.body import Body
from robosim.physics import Physics
from robosim.shapes import Colour, Cylinder, Kind, Triangles, Visual
from robosim.worlds.traffic.force import RADIUS
from robosim.worlds.traffic.lofts import Section, block, loft, mirrored, together

HEIGHT = 1.78  # m, with the helmet

_STRIDE = 0.10  # m that one foot is ahead of the hips, and the other behind
_VESTS: tuple[Colour, ...] = (
    (0.87, 0.93, 0.12, 1.0),
    (1.0, 0.47, 0.08, 1.0),
    (0.87, 0.93, 0.12, 1.0),
    (0.9, 0.2, 0.12, 1.0),
)
_SHIRTS: tuple[Colour, ...] = ((0.18, 0.24, 0.38, 1.0), (0.35, 0.37, 0.4, 1.0), (0.12, 0.33, 0.5, 1.0))
_TROUSERS: tuple[Colour, ...] = (
    (0.13, 0.17, 0.3, 1.0), (0.22, 0.22, 0.24, 1.0), (0.33, 0.27, 0.2, 1.0), (0.1, 0.3, 0.33, 1.0),
    (0.4, 0.42, 0.45, 1.0),
)  # fmt: skip
_SKINS: tuple[Colour, ...] = (
    (0.87, 0.68, 0.55, 1.0),
    (0.55, 0.38, 0.27, 1.0),
    (0.76, 0.57, 0.42, 1.0),
    (0.36, 0.24, 0.18, 1.0),
)
_HELMETS: tuple[Colour, ...] = ((0.95, 0.95, 0.93, 1.0), (0.98, 0.8, 0.1, 1.0), (0.1, 0.35, 0.75, 1.0))
_REFLECTOR: Colour = (0.86, 0.88, 0.9, 1.0)
_SHOE: Colour = (0.09, 0.08, 0.08, 1.0)

# Sections, lowest first; of arm and hand the right ones.
_TORSO: tuple[Section, ...] = (
    (0.82, 0.132, 0.188, 0.0, 0.0), (1.0, 0.112, 0.16, 0.0, 0.0), (1.25, 0.13, 0.195, 0.0, 0.0),
    (1.4, 0.115, 0.19, 0.0, 0.0), (1.47, 0.06, 0.09, 0.0, 0.0),
)  # fmt: skip
_ARM: tuple[Section, ...] = (
    (0.86, 0.04, 0.038, 0.07, -0.27), (1.12, 0.045, 0.042, -0.02, -0.255), (1.36, 0.06, 0.05, 0.0, -0.215),
    (1.43, 0.04, 0.035, 0.0, -0.19),
)  # fmt: skip
_HAND: tuple[Section, ...] = ((0.77, 0.035, 0.022, 0.1, -0.27), (0.86, 0.036, 0.03, 0.07, -0.27))
_HEAD: tuple[Section, ...] = (
    (1.44, 0.05, 0.05, 0.0, 0.0), (1.5, 0.055, 0.055, 0.005, 0.0), (1.55, 0.085, 0.07, 0.02, 0.0),
    (1.64, 0.1, 0.078, 0.015, 0.0), (1.7, 0.095, 0.075, 0.01, 0.0),
)  # fmt: skip
_HELMET: tuple[Section, ...] = (
    (1.655, 0.15, 0.115, 0.025, 0.0), (1.668, 0.125, 0.108, 0.01, 0.0), (1.73, 0.11, 0.095, 0.005, 0.0),
    (HEIGHT, 0.05, 0.045, 0.0, 0.0),
)  # fmt: skip


def add_person(physics: Physics, number: int) -> Body:
    """Adds a person to a world, facing along x; different numbers are dressed differently."""
    vest, shirt, skin = _VESTS[number % 4], _SHIRTS[number % 3], _SKINS[(number * 3 + number // 4) % 4]
    legs = together(_leg(_STRIDE, -0.1), _leg(-_STRIDE, 0.1))
    shoes = together(_shoe(_STRIDE, -0.1), _shoe(-_STRIDE, 0.1))
    arm, hand = loft(_ARM, 6), loft(_HAND, 6)
    bands = [
        loft([(z, a, b, 0.0, 0.0), (z + 0.05, a, b, 0.0, 0.0)], 10)
        for z, a, b in ((0.98, 0.118, 0.17), (1.16, 0.131, 0.194))
    ]
    seen = [
        Visual(legs, _TROUSERS[number % 5]),
        Visual(shoes, _SHOE),
        Visual(loft(_TORSO, 10), vest),
        Visual(together(*bands), _REFLECTOR),
        Visual(together(arm, mirrored(arm)), shirt),
        Visual(together(hand, mirrored(hand), loft(_HEAD)), skin),
        Visual(loft(_HELMET, 10), _HELMETS[number % 3]),
    ]
    felt = [Visual(Cylinder(RADIUS, HEIGHT), position=(0.0, 0.0, HEIGHT / 2))]
    return physics.add_fixture(seen, felt, Kind.PERSON)


def _leg(foot: float, y: float) -> Triangles:
    return loft(
        [
            (0.06, 0.05, 0.05, foot - 0.02, y),
            (0.22, 0.062, 0.06, 0.75 * foot, y),
            (0.48, 0.062, 0.062, 0.45 * foot + 0.02, y),
            (0.86, 0.098, 0.085, 0.0, 0.85 * y),
        ],
        7,
    )


def _shoe(foot: float, y: float) -> Triangles:
    return block((0.27, 0.1, 0.08), (foot + 0.03, y, 0.04), (0.75, 0.9))
