"""Where all links are, for the kernels: `Poses` asks the physics for what may have moved, and for nothing else."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from robosim.body import Body, Moment
from robosim.floats import write_floats
from robosim.math import rotation_rows
from robosim.render.kernels.arrays import NONE
from robosim.render.kernels.place import place, stand


class Poses:
    """Poses of bodies and their links.

    Args:
        bodies: All bodies of one physics, each with those of its links that are looked for, the base not among them.
        moment: That of the physics.

    Attributes:
        array: float64 (links, 3, 4), from each link's frame to the world: for each body its base, then its links.
        rows: Of each body's base in ``array``.
    """

    def __init__(self, bodies: Sequence[tuple[Body, Sequence[int]]], moment: Moment) -> None:
        """Makes room; see the class."""
        self._bodies, self._moment = bodies, moment
        self._ranks = {body: rank for rank, (body, _) in enumerate(bodies)}
        self._offsets = _offsets(bodies)
        count = len(self._offsets)
        self.array: NDArray[np.float64] = np.tile(np.eye(4)[:3], (count, 1, 1))
        counts = [1 + len(links) for _, links in bodies]
        self.rows: list[int] = (np.cumsum(counts) - counts).tolist()
        fixture = np.array([body.fixture for body, _ in bodies], np.bool_)
        self._fixtures = np.where(fixture, np.array(self.rows, np.int64), NONE)
        self._asked = ~fixture
        # A base that is nailed down may carry joints.
        self._moves = np.array([body.dynamic or len(links) > 0 for body, links in bodies], np.bool_)
        self._moving: list[int] = np.flatnonzero(self._moves).tolist()
        self._placed = np.full(len(bodies), NONE, np.int64)
        self._seen_at = self._seen_placements = NONE
        self._late: list[int] = []
        self._told, self._slots, self._told_of = np.empty((count, 7)), np.empty(count, np.int64), list[int]()

    def update(self, without: Body | None = None) -> None:
        """Reads where everything is now, but for a body that nobody looks for this time."""
        moment = self._moment
        due: list[int] = []
        if self._seen_placements != moment.placements:
            due = self._touched()
        elif self._seen_at != moment.number:
            due = self._moving
        self._seen_at, self._seen_placements = moment.number, moment.placements
        if self._late or without is not None:
            due = self._put_off(due, without)
        if due:
            self._read(due)

    def _touched(self) -> list[int]:
        """Gives the bodies that the physics must be asked about; poses of fixtures are written at once."""
        moment = self._moment
        stand(moment.placed, moment.stands, self._fixtures, self._offsets, self._placed, self.array)
        touched = (self._placed != moment.placed) & self._asked
        if self._seen_at != moment.number:
            touched |= self._moves
        self._placed[:] = moment.placed
        found: list[int] = np.flatnonzero(touched).tolist()
        return found

    def _put_off(self, due: list[int], without: Body | None) -> list[int]:
        """Gives those due now and those left out before, but for one."""
        due, self._late = sorted({*due, *self._late}), []
        if without is not None and self._ranks[without] in due:
            self._late = [self._ranks[without]]
            due.remove(self._ranks[without])
        return due

    def _read(self, due: list[int]) -> None:
        told = list[float]()
        for rank in due:
            body, links = self._bodies[rank]
            position, quaternion = body.inertial_pose()
            told += position
            told += quaternion
            if links:
                for position, quaternion in body.link_poses(links):
                    told += position
                    told += quaternion
        if due != self._told_of:  # mostly they are the same again
            self._told_of = due
            slots = [self.rows[rank] + link for rank in due for link in range(1 + len(self._bodies[rank][1]))]
            self._slots[: len(slots)] = slots
        write_floats(self._told, told)
        place(self._told, len(told) // 7, self._slots, self._offsets, self.array)


def _offsets(bodies: Sequence[tuple[Body, Sequence[int]]]) -> NDArray[np.float64]:
    """The physics tells of a base where its inertial frame is, of a link where the link's own frame is."""
    offsets = []
    for body, links in bodies:
        position, quaternion = body.inertial_frame
        back = np.array(rotation_rows(quaternion)).T
        offsets.append(np.column_stack([back, -back @ position]))
        offsets += [np.eye(4)[:3]] * len(links)
    return np.array(offsets).reshape(-1, 3, 4)
