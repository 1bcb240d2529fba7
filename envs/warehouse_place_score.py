"""What counts in robosim/WarehousePlace: the state that is judged, rewards, ends of episodes, and metrics."""

import math
from typing import NamedTuple

from robosim.task import Done, Metric, Reward
from robosim.worlds.store.delivered import GENTLE, Placement

CONTROL_DT = 1 / 10  # s
SETTLED = 0.3  # s for which it must count as delivered
GIVEN_UP = 2.0  # s after it was let go by which it must
MOVED, TILTED = 0.03, math.radians(10.0)  # m, rad: others that have moved or lean by more count as displaced
_WITHIN = 0.02  # m from the area's edge that count as not yet inside
_DOWN = 0.5  # what a metre too high counts, against a metre too far aside


class State(NamedTuple):
    """What happened, as the world knows it.

    Attributes:
        lies: How the package is, with regard to the area.
        held: Whether it is held.
        put_down: m/s at which it came down; NaN while it is off the floor.
        delivered: s for which it has counted as delivered.
        free: s since it was let go or lost.
        progress: m of `remaining` that this control step has covered for the first time.
        landed: Whether it lies in its area for the first time, put down gently, held or not.
        pushed: m by which others were moved in this control step, all together, beyond where they were pushed before.
        displaced: How many others have been displaced.
        error: m from the package's middle to that of the place that was kept free.
        power: W, of turret, lift and arm.
        time: s since the start.
    """

    lies: Placement
    held: bool
    put_down: float
    delivered: float
    free: float
    progress: float
    landed: bool
    pushed: float
    displaced: int
    error: float
    power: float
    time: float


def remaining(lies: Placement) -> float:
    """Gives how far a package is from lying in its area, m: aside, and half of what it is too high."""
    return max(lies.outside + _WITHIN, 0.0) + _DOWN * max(lies.height, 0.0)


def placed(s: State) -> bool:
    """Says whether it has counted as delivered for long enough."""
    return s.delivered >= SETTLED - 1e-9


def dropped(s: State) -> bool:
    """Says whether it came down too fast."""
    return s.put_down > GENTLE


def misplaced(s: State) -> bool:
    """Says whether it was let go where it does not count."""
    return s.free >= GIVEN_UP and s.delivered == 0.0


REWARD: dict[str, Reward[State]] = {
    # The best so far: neither hovering over the area nor going up and down pays.
    "progress": Reward(lambda s: s.progress, weight=2.0, unit="m"),
    "landed": Reward(lambda s: s.landed, weight=3.0, unit="1"),
    "placed": Reward(placed, weight=10.0, unit="1"),
    "dropped": Reward(dropped, weight=-10.0, unit="1"),
    "misplaced": Reward(misplaced, weight=-10.0, unit="1"),
    "others": Reward(lambda s: s.pushed, weight=-10.0, unit="m"),
    "power": Reward(lambda s: s.power, weight=-2e-3, unit="W", per="second"),
    "time": Reward(lambda s: 1.0, weight=-0.5, unit="1", per="second"),
}
DONE: dict[str, Done[State]] = {
    "placed": Done(placed, kind="success"),
    "dropped": Done(dropped, kind="failure"),
    "misplaced": Done(misplaced, kind="failure"),
}
METRICS: dict[str, Metric[State]] = {
    "placement_error": Metric(lambda s: s.error, "m", over="last"),
    "placement_angle": Metric(lambda s: math.degrees(s.lies.twist), "°", over="last"),
    "drops": Metric(dropped, "1", over="max"),
    "others_displaced": Metric(lambda s: s.displaced, "1", over="max"),
    "energy": Metric(lambda s: s.power * CONTROL_DT, "J", over="sum"),
    "time": Metric(lambda s: s.time, "s", over="last"),
}
