"""Sensors that measure more slowly than the robot is controlled, and tell it late: `Timed`."""

from collections import deque

import numpy as np

from robosim.errors import RobosimError
from robosim.sensors.sensor import Reading, Sensor
from robosim.sensors.vary import Vary, checked, draw

_WHOLE = 1e-6  # how far from a whole number of control steps a period may be


class Timed(Sensor):
    """Another sensor, with a rate and a latency of its own; read it exactly once a control step.

    The first step of an episode measures. Until that measurement has arrived, it is what is read already: there is
    none before it. Whatever ``noise`` is, the latency stays.

    Args:
        sensor: What measures; it is asked only when it does.
        rate: Measurements a second; None for one each control step.
        latency: Seconds until a measurement arrives, rounded to whole control steps.
        control_dt: Length of a control step, s.

    Attributes:
        space: That of ``sensor``.

    Raises:
        RobosimError: The control rate is no whole multiple of ``rate``, or a value is not possible.
    """

    def __init__(self, sensor: Sensor, rate: float | None, latency: Vary, control_dt: float) -> None:
        """Wraps; see the class."""
        if not control_dt > 0:
            raise RobosimError(f"control_dt={control_dt!r} is not a positive time in seconds")
        self._sensor, self.space = sensor, sensor.space
        self._period = 1 if rate is None else _steps_between(rate, control_dt)
        self._latency, self._dt = checked("latency", latency), control_dt
        self._delay = self._step = 0
        self._coming: deque[tuple[int, Reading]] = deque()
        self._arrived: Reading | None = None

    def reset(self, rng: np.random.Generator, noise: float) -> None:
        """Begins an episode and draws its latency; see `Sensor.reset`."""
        self._sensor.reset(rng, noise)
        self._delay = round(draw(self._latency, rng) / self._dt)
        self._step = 0
        self._coming.clear()
        self._arrived = None

    def read(self, rng: np.random.Generator) -> Reading:
        """Gives the latest measurement that has arrived, and measures if it is time to."""
        if self._step % self._period == 0:
            measured = self._sensor.read(rng)
            self._coming.append((self._step + self._delay, measured))
            if self._arrived is None:
                self._arrived = measured
        while self._coming and self._coming[0][0] <= self._step:
            _, self._arrived = self._coming.popleft()
        self._step += 1
        assert self._arrived is not None
        return self._arrived if self._replaced_next() else _copy(self._arrived)

    def _replaced_next(self) -> bool:
        """Says whether the present measurement is never read again: then nobody minds what becomes of it."""
        if self._delay == 0:
            return self._step % self._period == 0
        if not self._coming:
            return False
        arrival, measured = self._coming[0]  # the first measurement is read before it arrives, and again then
        return arrival <= self._step and measured is not self._arrived


def _copy(reading: Reading) -> Reading:
    return {name: part.copy() for name, part in reading.items()} if isinstance(reading, dict) else reading.copy()


def _steps_between(rate: float, control_dt: float) -> int:
    """Gives the control steps from one measurement to the next."""
    steps = 1 / (rate * control_dt) if rate > 0 else 0.0
    if round(steps) < 1 or abs(steps - round(steps)) > _WHOLE * steps:
        control = 1 / control_dt
        allowed = ", ".join(f"{control / whole:g}" for whole in (1, 2, 3, 4))
        raise RobosimError(
            f"rate={rate!r} Hz does not fit the control rate of {control:g} Hz, which must be a whole multiple of it: "
            f"{allowed} and so on"
        )
    return round(steps)
