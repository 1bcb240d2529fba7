"""`Traffic`: everybody who moves about in a warehouse, but for the robot."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from robosim.body import Body, stand
from robosim.compiled import compiled
from robosim.physics import Physics
from robosim.planning.grid import Grid
from robosim.shapes import Kind
from robosim.worlds.traffic.courses import HALF_LENGTH, HALF_WIDTH
from robosim.worlds.traffic.figures import add_person
from robosim.worlds.traffic.force import RADIUS
from robosim.worlds.traffic.forklifts import LEAST_WIDTH, REACH, Forklifts
from robosim.worlds.traffic.ground import ground
from robosim.worlds.traffic.people import People
from robosim.worlds.traffic.routes import network
from robosim.worlds.traffic.trucks import add_forklift
from robosim.worlds.warehouse.layout import Layout

PERSON_RADIUS = RADIUS
Floats = NDArray[np.float64]
Disc = tuple[float, float, float]
"""x, y, radius, m."""

_PARKED, _PARKED_APART = -50.0, 5.0  # m, the height at which unused bodies wait, and how far apart


class Traffic:
    """A pool of people and forklifts, of whom each episode has some.

    Args:
        physics: Where they are built.
        people: The most people.
        forklifts: The most forklifts.

    Attributes:
        bodies: Of the people, then of the forklifts.
    """

    def __init__(self, physics: Physics, people: int = 12, forklifts: int = 3) -> None:
        """Builds the pool; see the class."""
        self._people, self._forklifts = People(people), Forklifts(forklifts)
        walkers = [add_person(physics, number) for number in range(people)]
        trucks = [add_forklift(physics, number) for number in range(forklifts)]
        self.bodies: list[Body] = [*walkers, *trucks]
        self._kinds = {body.number: body.kind for body in self.bodies}
        self._places, self._turns = np.zeros((len(self.bodies), 7)), np.zeros((2, len(self.bodies)))
        self._park()
        self._place()

    def reset(
        self,
        rng: np.random.Generator,
        layout: Layout,
        clearance_grid: tuple[Grid, NDArray[np.float32]],
        people: int,
        forklifts: int,
        keep_clear: Sequence[Disc] = (),
    ) -> None:
        """Begins an episode.

        Args:
            rng: Draws a seed for all that they will do in it.
            layout: The warehouse.
            clearance_grid: The grid of what really stands there, and its clearance.
            people: How many people there are.
            forklifts: How many forklifts there are; fewer where the roads are too narrow for them.
            keep_clear: Discs in which nobody begins.
        """
        own = np.random.Generator(np.random.PCG64(int(rng.integers(2**63))))
        floor = ground(*clearance_grid)
        taken = np.array(keep_clear, np.float64).reshape(-1, 3)
        self._forklifts.reset(own, network(layout.roads, LEAST_WIDTH), floor, forklifts, taken)
        trucks = self.forklift_positions
        taken = np.concatenate([taken, np.column_stack([trucks, np.full(len(trucks), REACH + 0.5)])])
        self._people.reset(own, network(layout.roads), layout.places, floor, people, taken)
        self._park()
        self._place()

    def advance(self, dt: float, robot: tuple[float, float, float, float, float]) -> None:
        """Moves everybody on by one control step.

        Args:
            dt: s.
            robot: x, y (m), vx, vy (m/s) and radius (m) of the robot. Forklifts see it and so do some people; others
                notice it at their feet.
        """
        discs = self._forklifts.discs
        discs[0] = robot
        crowd = self._people.crowd
        self._forklifts.advance(dt, crowd.position, crowd.velocity, self._people.count)
        self._people.advance(dt, discs)
        self._place()

    def _park(self) -> None:
        """Takes everybody away."""
        self._places[:] = 0.0
        self._places[:, 0], self._places[:, 2] = _PARKED_APART * np.arange(len(self.bodies)), _PARKED
        self._places[:, 6] = 1.0

    def _place(self) -> None:
        """Puts those who are there where they are."""
        crowd, fleet = self._people.crowd, self._forklifts.fleet
        pool = len(crowd.position)
        sines, cosines = self._turns
        np.multiply(crowd.heading, 0.5, out=sines[:pool])
        np.multiply(fleet.heading, 0.5, out=sines[pool:])
        np.cos(sines, out=cosines)
        np.sin(sines, out=sines)
        lay_places(crowd.position, self._people.count, self._turns, 0, self._places)
        lay_places(fleet.position, self._forklifts.count, self._turns, pool, self._places)
        stand(self.bodies, self._places)

    @property
    def people_positions(self) -> Floats:
        """Where people are, (n, 2), m."""
        return self._people.crowd.position[: self._people.count]

    @property
    def people_velocities(self) -> Floats:
        """How they move, (n, 2), m/s."""
        return self._people.crowd.velocity[: self._people.count]

    @property
    def people_headings(self) -> Floats:
        """Where they look, (n,), rad."""
        return self._people.crowd.heading[: self._people.count]

    @property
    def heeds(self) -> NDArray[np.bool_]:
        """Which people look out for the robot, (n,)."""
        return self._people.crowd.heeds[: self._people.count]

    @property
    def forklift_positions(self) -> Floats:
        """Where the middles of forklifts' footprints are, (n, 2), m."""
        return self._forklifts.fleet.position[: self._forklifts.count]

    @property
    def forklift_velocities(self) -> Floats:
        """How they move, (n, 2), m/s."""
        return self._forklifts.fleet.velocity[: self._forklifts.count]

    @property
    def forklift_headings(self) -> Floats:
        """Where their forks point, (n,), rad."""
        return self._forklifts.fleet.heading[: self._forklifts.count]

    def kind_of(self, number: int) -> Kind | None:
        """Says whether PyBullet's number is that of a person or of a forklift; None if of neither."""
        return self._kinds.get(number)

    def gaps(self, x: float, y: float) -> tuple[float, float]:
        """Gives how far it is from a point to the nearest person and the nearest forklift, m; inf without any."""
        person = truck = math.inf
        for px, py in self.people_positions.tolist():
            person = min(person, math.hypot(px - x, py - y) - PERSON_RADIUS)
        for (px, py), heading in zip(self.forklift_positions.tolist(), self.forklift_headings.tolist(), strict=True):
            cos, sin = math.cos(heading), math.sin(heading)
            ahead, beside = abs((x - px) * cos + (y - py) * sin), abs((y - py) * cos - (x - px) * sin)
            truck = min(truck, math.hypot(max(ahead - HALF_LENGTH, 0.0), max(beside - HALF_WIDTH, 0.0)))
        return max(person, 0.0), truck


@compiled
def lay_places(positions: Floats, count: int, turns: Floats, first: int, places: Floats) -> None:
    """Writes where some bodies are.

    Args:
        positions: (n, 2), m.
        count: How many of them count.
        turns: (2, bodies), sine and cosine of half of each body's heading.
        first: The body that the first of them is.
        places: (bodies, 7), position (m) and quaternion of each, written.
    """
    for number in range(count):
        place = places[first + number]
        place[0], place[1], place[2] = positions[number, 0], positions[number, 1], 0.0
        place[5], place[6] = turns[0, first + number], turns[1, first + number]
