"""Pushes against a robot's body, now and then, from any side."""

import math

import numpy as np

from robosim.body import Body
from robosim.math import Vec3
from robosim.robots.robot import LASTING

LENGTH = 0.1  # s, of one; a shove, not a blow


class Pushes:
    """Draws when and how a body is pushed, and pushes it.

    Args:
        body: What is pushed, at its base frame's origin.
        mass: kg; a push of so many m/s changes the speed of this mass by that.
        first: s, least and most, until the first push.
        pause: s, least and most, from one to the next.
        control_dt: s, between calls of `advance`.

    Attributes:
        last: Size of the last push, m/s; 0 before the first.
        since: s since it began; infinite before the first.
        force: N, of the last push, in the world.
    """

    def __init__(
        self, body: Body, mass: float, first: tuple[float, float], pause: tuple[float, float], control_dt: float
    ) -> None:
        """Keeps the plan; see the class."""
        self._body, self._mass, self._first, self._pause, self._dt = body, mass, first, pause, control_dt
        self.reset(np.random.default_rng(0), None)

    def reset(self, rng: np.random.Generator, sizes: tuple[float, float] | None, growth: float = 0.0) -> None:
        """Begins an episode.

        Args:
            rng: The episode's stream, kept.
            sizes: m/s, least and most of a push; None for no pushes.
            growth: m/s, added to both after each push.
        """
        self._rng, self._sizes, self._growth, self._grown = rng, sizes, growth, 0.0
        self._time, self.last, self.since = 0.0, 0.0, math.inf
        self._at = math.inf if sizes is None else rng.uniform(*self._first)
        self.force: Vec3 = (0.0, 0.0, 0.0)

    def advance(self) -> None:
        """Moves on by a control step, and draws a push where one is due."""
        self._time += self._dt
        self.since += self._dt
        if self._time >= self._at and self._sizes is not None:
            self._at = self._time + self._rng.uniform(*self._pause)
            size = self._grown + self._rng.uniform(*self._sizes)
            self._grown += self._growth
            self.push(size, self._rng.uniform(-math.pi, math.pi))

    def push(self, size: float, way: float) -> None:
        """Begins a push.

        Args:
            size: m/s.
            way: Where to, radians in the world.
        """
        force = self._mass * size / LENGTH
        self.force = force * math.cos(way), force * math.sin(way), 0.0
        self.last, self.since = size, 0.0

    def disturb(self) -> int:
        """Pushes while a push lasts; to be called before physics steps, and again after as many as it says.

        See `robosim.task.Task.disturb`.
        """
        if self.since < LENGTH - 1e-9:
            self._body.push(self.force, self._body.pose()[0])
            return 1
        return LASTING
