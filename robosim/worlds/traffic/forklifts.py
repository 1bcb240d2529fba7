"""The forklifts of a warehouse, and where they go."""

import math

import numpy as np
from numpy.typing import NDArray

from robosim.worlds.traffic.courses import EDGE, HALF_LENGTH, HALF_WIDTH, HEADING, MOST_POSES, lane, lay_course
from robosim.worlds.traffic.driving import DISCS, Fleet, drive, place_discs
from robosim.worlds.traffic.ground import Ground
from robosim.worlds.traffic.routes import NONE, Network

Floats = NDArray[np.float64]

LEAST_WIDTH = 2.1  # m of free road at its narrowest, say beside a pillar
REACH = math.hypot(HALF_LENGTH, HALF_WIDTH)  # m from a forklift's middle to its corners
_REST = (3.0, 10.0)  # s, at a rack
_PATIENCE = (3.0, 7.0)  # s before it looks for another way
_SPAWN_APART = 5.0  # m between the middles of two at first
_TRIES = 30
_ROUTES = 6  # tries for a way to somewhere
_SHARES = (0.25, 0.75)  # of an edge, where it may end
_FORKS_FIRST = 0.7  # share of forklifts that drive so at first
_GOES_ON = 0.7  # share of ways that begin in the direction in which the last one ended


class Forklifts:
    """As many forklifts as the pool holds, some of which are there.

    Args:
        most: Size of the pool.

    Attributes:
        fleet: What they do, as arrays of the pool's size.
        count: How many are there.
        discs: float64 (1 + most · DISCS, 5), the robot and the forklifts as discs: x, y, vx, vy, radius.
    """

    def __init__(self, most: int) -> None:
        """Makes the arrays; see the class."""
        self.fleet = Fleet(
            position=np.zeros((most, 2)),
            velocity=np.zeros((most, 2)),
            heading=np.zeros(most),
            facing=np.zeros(most),
            speed=np.zeros(most),
            at=np.zeros(most),
            row=np.zeros(most, np.int64),
            poses=np.zeros(most, np.int64),
            waited=np.zeros(most),
            patience=np.zeros(most),
            rest=np.zeros(most),
            course=np.zeros((most, MOST_POSES, 6)),
        )
        self.count = 0
        self._course = np.zeros((MOST_POSES, 6))
        self.discs = np.zeros((1 + DISCS * most, 5))

    def reset(self, rng: np.random.Generator, roads: Network, floor: Ground, count: int, taken: Floats) -> None:
        """Begins an episode.

        Args:
            rng: Kept, for what they will do next.
            roads: Those that they may take.
            floor: Where there is room.
            count: How many there shall be; there are fewer where no road has room for them.
            taken: (k, 3), discs x, y, radius in which none may begin, m.
        """
        self._rng, self._roads, self._floor = rng, roads, floor
        for array in self.fleet:
            array[:] = 0
        self.discs[:] = 0.0
        self.discs[:, :2] = 1e6
        self.count = 0
        self._edges = np.flatnonzero(roads.usable)
        if not len(self._edges):
            return
        for _ in range(count):
            if self._spawn(taken):
                self.count += 1

    def _spawn(self, taken: Floats) -> bool:
        """Puts one more somewhere on a way."""
        i, fleet, roads, rng = self.count, self.fleet, self._roads, self._rng
        for _ in range(_TRIES):
            edge = int(self._edges[rng.integers(len(self._edges))])
            first = int(rng.integers(2))
            fleet.facing[i] = 1.0 if rng.random() < _FORKS_FIRST else -1.0
            x, y = self._in_lane(edge, first, rng.uniform(*_SHARES), fleet.facing[i])
            if self._is_free(x, y, taken) and self._lay(i, x, y, edge, int(roads.edges[edge, first])):
                place_discs(fleet, i, self.discs)
                return True
        return False

    def _in_lane(self, edge: int, first: int, share: float, facing: float) -> tuple[float, float]:
        """Gives a point of the lane on an edge, for a vehicle that goes to its first node or to its second."""
        a, b = self._roads.nodes[self._roads.edges[edge]]
        (x, y), (dx, dy) = (a + share * (b - a)).tolist(), ((b - a) * (2 * first - 1)).tolist()
        aside = facing * lane(float(self._roads.widths[edge])) / math.hypot(dx, dy)
        return x + aside * dy, y - aside * dx

    def _is_free(self, x: float, y: float, taken: Floats) -> bool:
        if (np.hypot(taken[:, 0] - x, taken[:, 1] - y) < taken[:, 2] + REACH).any():
            return False
        others = self.fleet.position[: self.count]
        return not (np.hypot(others[:, 0] - x, others[:, 1] - y) < _SPAWN_APART).any()

    def advance(self, dt: float, people: Floats, velocities: Floats, crowd: int) -> None:
        """Moves all on by ``dt`` seconds; see `robosim.worlds.traffic.driving.drive`."""
        if self.count and drive(self.fleet, self.count, people, velocities, crowd, self.discs, dt):
            for i in range(self.count):
                if self.fleet.rest[i] <= 0.0:
                    self._set_out(i, turns_back=False)
                elif self.fleet.waited[i] > self.fleet.patience[i]:
                    self._set_out(i, turns_back=True)

    def _set_out(self, i: int, *, turns_back: bool) -> None:
        """Sends one to another place; one that was stopped drives back the way it came."""
        fleet, roads = self.fleet, self._roads
        row = int(fleet.row[i])
        if fleet.rest[i] <= 0.0:
            row = int(fleet.poses[i]) - 1
        edge = int(fleet.course[i, row, EDGE])
        if edge == NONE:
            return
        heading = fleet.course[i, row, HEADING]
        a, b = roads.edges[edge].tolist()
        along = (roads.nodes[b] - roads.nodes[a]) @ (np.cos(heading), np.sin(heading))
        ahead, behind = (b, a) if along > 0 else (a, b)
        x, y = fleet.position[i].tolist()
        goes_on = not turns_back and self._rng.random() < _GOES_ON
        facing = fleet.facing[i]
        for node in (ahead, behind) if goes_on else (behind,) if turns_back else (behind, ahead):
            fleet.facing[i] = facing if node == ahead else -facing
            if self._lay(i, x, y, edge, node):
                return
        fleet.facing[i] = facing
        fleet.waited[i], fleet.rest[i] = 0.0, max(fleet.rest[i], 2.0)

    def _lay(self, i: int, x: float, y: float, edge: int, first: int) -> bool:
        """Lays a way to somewhere."""
        fleet, rng = self.fleet, self._rng
        for _ in range(_ROUTES):
            goal, share = int(self._edges[rng.integers(len(self._edges))]), rng.uniform(*_SHARES)
            poses = lay_course(self._roads, self._floor, x, y, edge, first, goal, share, fleet.facing[i], self._course)
            if poses >= 5:
                fleet.course[i, :poses] = self._course[:poses]
                fleet.poses[i], fleet.row[i], fleet.at[i], fleet.speed[i], fleet.waited[i] = poses, 0, 0.0, 0.0, 0.0
                fleet.patience[i], fleet.rest[i] = rng.uniform(*_PATIENCE), rng.uniform(*_REST)
                return True
        return False
