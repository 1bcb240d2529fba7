"""A bench for the tests of arm and cup: a floor, a picker, and a box that stands where it is put."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from robosim.body import Body
from robosim.math import IDENTITY, Quat, Vec3, rotation_rows
from robosim.physics import Physics
from robosim.robots.mast import COLUMN
from robosim.robots.picker import Picker

SUBSTEPS = 10
SIDE = 0.3  # m, of the box
STILL = (0.0,) * 6
HOLD = (0.0, 0.0, 0.0, 0.0, 0.0, 1.0)  # drawing air
WHITE = (1.0, 1.0, 1.0, 1.0)


@dataclass
class Bench:
    physics: Physics
    floor: Body
    robot: Picker
    box: Body
    stranger: Body  # another box, which the cup may not hold
    strains: list[float] = field(default_factory=list)

    def begin(self, arm: Vec3, mass: float = 2.0) -> None:
        """An episode; both boxes far away."""
        self.physics.restore()
        self.floor.set_friction(0.6)
        self.robot.reset(((0.0, 0.0, 0.0), IDENTITY), np.random.default_rng(0), 0.0, arm)
        self.box.set_mass("link0", mass, (mass * SIDE**2 / 6,) * 3)
        self.box.place((5.0, 5.0, SIDE / 2))
        self.stranger.place((7.0, 5.0, SIDE / 2))
        self.strains.clear()

    def control(self, action: Sequence[float], seconds: float = 0.1) -> NDArray[np.float32]:
        for _ in range(round(seconds / 0.1)):
            self.robot.act(np.array(action, np.float32))
            for _ in range(SUBSTEPS):
                self.robot.actuate()
                self.physics.step()
                self.strains.append(self.robot.suction.strain)
            senses = self.robot.proprioception()
        return senses

    def before(self, gap: float, body: Body | None = None, turn: Quat = IDENTITY) -> None:
        """Stands a box on the floor ahead, its face ``gap`` metres from the lip of the arm where it is."""
        reach = self.robot.mast.motion().reach
        (body or self.box).place((COLUMN + reach + gap + SIDE / 2, 0.0, SIDE / 2), turn)

    def seal(self) -> None:
        """Stretches the arm until the cup has sealed."""
        for _ in range(25):
            if self.robot.suction.held is not None:
                return
            self.control((0.0, 0.0, 0.0, 0.0, 0.3, 1.0))
        raise AssertionError("the cup did not seal")

    def lean(self) -> float:
        """How far the base leans, degrees."""
        return math.degrees(math.acos(min(rotation_rows(self.robot.body.pose()[1])[2][2], 1.0)))


@contextmanager
def bench() -> Iterator[Bench]:
    with Physics(1 / 100) as physics:
        floor, robot = physics.add_plane(), Picker(physics)
        box, stranger = (physics.add_box((SIDE, SIDE, SIDE), 2.0, WHITE) for _ in range(2))
        robot.suction.allow([box])
        physics.save()
        yield Bench(physics, floor, robot, box, stranger)
