"""`Packages`: a fixed pool of cardboard boxes with labels, made once; each episode uses some of them."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from robosim.body import Body
from robosim.math import Vec3, axis_angle
from robosim.physics import Physics
from robosim.shapes import Box, Kind, Visual
from robosim.worlds.store.labels import BOARDS, pictures
from robosim.worlds.warehouse.clutter import LETTERS
from robosim.worlds.warehouse.sheet import Sheet, Surface

LIGHTEST, HEAVIEST = 0.3, 12.0  # kg
# m, least and most along each axis, of small packages and of large ones. The depth, which points out of the front, is
# no more than what an arm with a stroke of half a metre can pull out of a rack.
SMALL = ((0.15, 0.15, 0.15), (0.26, 0.28, 0.26))
LARGE = ((0.25, 0.27, 0.20), (0.40, 0.50, 0.40))
SLENDER = 1.6  # height over the shorter side of the base, at most: one that is pulled shall not topple by itself
ASKEW = 0.12  # the centre of mass is off the middle by so much of each length at most,
SUNK = 0.2  # and no higher than it, and lower by so much of half the height at most
_WAITING = 100.0  # m, height at which those that are not in use hang
_APART = 3.0  # m, between them
_THICK_AIR = 50.0  # 1/s; in air as thick as that they sink by 0.2 m/s
_PROUD = 0.001  # m that a label stands out from the cardboard
_LABEL = (0.13, 0.62)  # m at least, unless the side is smaller, and share of the side's shorter length


@dataclass(frozen=True)
class Model:
    """What of a package never changes.

    Its frame lies in the middle of the box, x out of the front, which has the label that is largest, and z up.

    Attributes:
        letter: The area where it belongs, "A" to "F".
        size: Full lengths along x, y, z, m.
        centre: Of its mass, m.
        worn: Whether its labels are hard to read.
        board: Which cardboard.
    """

    letter: str
    size: Vec3
    centre: Vec3
    worn: bool
    board: int

    @property
    def volume(self) -> float:
        """Of the box, m³."""
        return self.size[0] * self.size[1] * self.size[2]

    def inertia(self, mass: float) -> Vec3:
        """Gives the principal moments of a solid box of that mass (kg), kg·m²."""
        x, y, z = (length * length for length in self.size)
        return mass / 12 * (y + z), mass / 12 * (x + z), mass / 12 * (x + y)


def _draw_models() -> tuple[Model, ...]:
    """Draws four packages for each area: small and large, with clean and with worn labels."""
    rng, models = np.random.default_rng(29), []
    for letter in LETTERS:
        for low, high in (SMALL, LARGE):
            for worn in (False, True):
                x, y, z = np.round(rng.uniform(low, high), 3).tolist()
                size = x, y, min(z, round(SLENDER * min(x, y), 3))
                askew = rng.uniform(-ASKEW, ASKEW, 2) * size[:2]
                centre = float(askew[0]), float(askew[1]), -float(rng.uniform(0, SUNK)) * size[2] / 2
                models.append(Model(letter, size, centre, worn, int(rng.integers(BOARDS))))
    return tuple(models)


POOL = _draw_models()


class Packages:
    """The pool of bodies.

    Those that are not in use hang high above the world in air so thick that they hardly sink: they cost a microsecond
    of a physics step. As immovable bodies they would cost no less, and PyBullet would sort them anew each time they
    change, so that episodes would depend on earlier ones.

    Args:
        physics: Where they are made.

    Attributes:
        bodies: In the order of `POOL`.
    """

    def __init__(self, physics: Physics) -> None:
        """Makes all of them; see the class."""
        physics.solve_fully()
        self.bodies: tuple[Body, ...] = tuple(
            physics.add_body([_look(model)], 1.0, Kind.PACKAGE, felt=[Visual(Box(model.size))], centre=model.centre)
            for model in POOL
        )
        self._used = set(range(len(POOL)))
        self.park()

    def park(self) -> None:
        """Puts all of them away."""
        for number, body in enumerate(self.bodies):
            body.place((_APART * number, 0.0, _WAITING))
            if number in self._used:
                body.set_damping(_THICK_AIR, _THICK_AIR)
        self._used.clear()

    def put(self, number: int, position: Vec3, yaw: float, mass: float, friction: float) -> Body:
        """Puts one of them somewhere, upright and at rest.

        Args:
            number: Its place in `POOL`.
            position: Of its middle, m in the world.
            yaw: Where its front looks, rad.
            mass: kg.
            friction: Coulomb's; PyBullet multiplies it by that of what it touches.
        """
        body, model = self.bodies[number], POOL[number]
        body.set_mass(body.base_link, mass, model.inertia(mass))
        body.set_friction(friction)
        body.set_damping(0.0, 0.0)
        body.place(position, axis_angle((0.0, 0.0, 1.0), yaw))
        self._used.add(number)
        return body


@cache
def sheet() -> Sheet:
    """Gives the pictures from which all packages are painted."""
    return Sheet(pictures())


def _look(model: Model) -> Visual:
    """Gives what is seen of a package: cardboard, tape over its top, labels on its four walls."""
    seen = Surface(sheet())
    board = model.board
    middle = (0.0, 0.0, 0.0)
    seen.box(model.size, middle, f"board {board}", ("-y", "+y"))
    seen.box(model.size, middle, f"seam {board}", ("-x", "+x"))
    seen.box(model.size, middle, f"top {board}", ("-z", "+z"))
    picture = f"{'worn' if model.worn else 'label'} {model.letter}"
    x, y, z = (length / 2 for length in model.size)
    for quarter, (away, half) in enumerate(((x, y), (y, x), (x, y), (y, x))):
        _stick(seen, quarter, away + _PROUD, half, z, picture)
    return seen.visual()


def _stick(seen: Surface, quarter: int, away: float, half: float, tall: float, picture: str) -> None:
    """Sticks a label onto the wall that is so many quarter turns from the front, towards its lower right."""
    shorter = 2 * min(half, tall)
    side = min(max(_LABEL[0], _LABEL[1] * shorter), 0.92 * shorter)
    if quarter:
        side *= 0.8
    slack = max(half - side / 2 - 0.012, 0.0), max(tall - side / 2 - 0.012, 0.0)
    right, up = (0.0, 0.0) if quarter == 0 else (min(slack[0], 0.03), -min(slack[1], 0.03))
    cos, sin = ((1, 0), (0, 1), (-1, 0), (0, -1))[quarter]
    corners = []
    for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        along, z = right + a * side / 2, up + b * side / 2
        corners.append((cos * away - sin * along, sin * away + cos * along, z))
    seen.rectangle(corners, picture)
