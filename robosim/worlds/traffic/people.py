"""The people of a warehouse: who they are, and where they go."""

import math

import numpy as np
from numpy.typing import NDArray

from robosim.worlds.traffic.force import RADIUS, Crowd, walk
from robosim.worlds.traffic.ground import Ground, room
from robosim.worlds.traffic.routes import MOST_POINTS, Network, lay_walk

Floats = NDArray[np.float64]

PACE = (1.0, 1.5)  # m/s
_REST = (2.0, 12.0)  # s, of work at a place
_SPAWN_ROOM = 0.36  # m of clearance where somebody may begin
_SPAWN_APART = 0.8  # m between the middles of two people at first
_ON_THE_WAY = 0.7  # share of people who are walking when an episode begins
_TRIES = 60
_NOWHERE = -1


class People:
    """As many people as the pool holds, some of whom are there.

    Args:
        most: Size of the pool.

    Attributes:
        crowd: What they do, as arrays of the pool's size.
        count: How many are there.
    """

    def __init__(self, most: int) -> None:
        """Makes the arrays; see the class."""
        points = MOST_POINTS + 2
        self.crowd = Crowd(
            position=np.zeros((most, 2)),
            velocity=np.zeros((most, 2)),
            wanted=np.zeros((most, 2)),
            heading=np.zeros(most),
            pace=np.zeros(most),
            heeds=np.zeros(most, np.bool_),
            walking=np.zeros(most, np.bool_),
            waited=np.zeros(most),
            dodging=np.zeros(most),
            rest=np.zeros(most),
            face=np.zeros(most),
            path=np.zeros((most, points, 2)),
            points=np.zeros(most, np.int64),
            leg=np.zeros(most, np.int64),
        )
        self.count = 0
        self._goal = np.full(most, _NOWHERE)
        self._share = np.zeros(most)

    def reset(
        self, rng: np.random.Generator, roads: Network, places: Floats, floor: Ground, count: int, taken: Floats
    ) -> None:
        """Begins an episode.

        Args:
            rng: Kept, for what they will do next.
            roads: Where they walk.
            places: (p, 3), x, y, heading, where they have something to do.
            floor: Where there is room.
            count: How many there shall be; there are fewer where the floor has no room.
            taken: (k, 3), discs x, y, radius in which nobody may begin, m.
        """
        self._rng, self._roads, self._places, self._floor = rng, roads, places, floor
        crowd = self.crowd
        for array in crowd:
            array[:] = 0
        self._goal[:] = _NOWHERE
        self.count = 0
        if not len(places):
            return
        crowd.heeds[:count] = rng.permutation(count) % 2 == 0
        crowd.pace[:] = rng.uniform(*PACE, len(crowd.pace))
        self._share[:] = rng.uniform(0.0, 1.0, len(crowd.pace))
        for _ in range(count):
            if self._spawn(taken):
                self.count += 1

    def _spawn(self, taken: Floats) -> bool:
        """Puts one more person somewhere on a way or at a place."""
        i, rng = self.count, self._rng
        for _ in range(_TRIES):
            place = int(rng.integers(len(self._places)))
            x, y, heading = self._places[place].tolist()
            self.crowd.position[i] = x, y
            on_the_way = rng.random() < _ON_THE_WAY and self._set_out(i)
            if on_the_way:
                self._skip(i, rng.random())
            else:
                self.crowd.walking[i], self._goal[i] = False, place
                self.crowd.rest[i] = rng.uniform(*_REST)
                self.crowd.heading[i] = self.crowd.face[i] = heading
            if self._is_free(i, taken):
                return True
        self.crowd.walking[i] = False
        return False

    def _skip(self, i: int, share: float) -> None:
        """Moves a walker on by a share of its way."""
        crowd = self.crowd
        path = crowd.path[i, : crowd.points[i]]
        lengths = np.hypot(*np.diff(path, axis=0).T)
        leg = _leg(lengths, share)
        rest = share * lengths.sum() - lengths[:leg].sum()
        dx, dy = (path[leg + 1] - path[leg]) / max(lengths[leg], 1e-9)
        crowd.leg[i] = leg
        crowd.position[i] = path[leg, 0] + rest * dx, path[leg, 1] + rest * dy
        crowd.heading[i] = math.atan2(dy, dx)
        crowd.velocity[i] = crowd.pace[i] * dx, crowd.pace[i] * dy

    def _is_free(self, i: int, taken: Floats) -> bool:
        x, y = self.crowd.position[i].tolist()
        if room(self._floor, x, y) < _SPAWN_ROOM:
            return False
        if len(taken) and (np.hypot(taken[:, 0] - x, taken[:, 1] - y) < taken[:, 2] + RADIUS).any():
            return False
        others = self.crowd.position[:i]
        return not (np.hypot(others[:, 0] - x, others[:, 1] - y) < _SPAWN_APART).any()

    def advance(self, dt: float, others: Floats) -> None:
        """Moves everybody on by ``dt`` seconds; ``others`` as `robosim.worlds.traffic.force.walk` has them."""
        if self.count and walk(self.crowd, self.count, others, self._floor, dt):
            for i in np.flatnonzero(self.crowd.rest[: self.count] <= 0.0).tolist():
                self._go(i)

    def _go(self, i: int) -> None:
        if not self._set_out(i):
            self.crowd.walking[i] = False
            self.crowd.rest[i] = self._rng.uniform(*_REST)

    def _set_out(self, i: int) -> bool:
        """Sends somebody to a place that is nobody else's goal."""
        crowd, rng = self.crowd, self._rng
        self._goal[i] = _NOWHERE
        crowd.waited[i] = crowd.dodging[i] = 0.0
        for place in rng.integers(len(self._places), size=4).tolist():
            x, y = crowd.position[i].tolist()
            goal_x, goal_y, heading = self._places[place].tolist()
            if place in self._goal or math.hypot(goal_x - x, goal_y - y) < 2.0:
                continue
            count = lay_walk(self._roads, x, y, goal_x, goal_y, float(self._share[i]), crowd.path[i])
            if count >= 2:
                self._goal[i] = place
                crowd.points[i], crowd.leg[i], crowd.walking[i] = count, 0, True
                crowd.rest[i], crowd.face[i] = rng.uniform(*_REST), heading
                return True
        return False


def _leg(lengths: Floats, share: float) -> int:
    """Gives the stretch on which a share of a way ends."""
    return int(np.searchsorted(np.cumsum(lengths), share * lengths.sum(), side="right").clip(0, len(lengths) - 1))
