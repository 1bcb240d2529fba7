"""What counts in robosim/WarehousePick: the state that is judged, rewards, ends of episodes, and metrics."""

import math
from typing import NamedTuple

from robosim.task import Done, Metric, Reward

CONTROL_DT = 1 / 10  # s
STEADY = 0.06, 0.3  # m/s and s: held outside, slower than that for so long
DISTURBED = 0.05, math.radians(15.0)  # m and rad that another package may be moved or leaned
DROPPED = 0.10  # m below where it stood: the ordered package has fallen


class State(NamedTuple):
    """What happened, as the world knows it.

    Attributes:
        approached: m by which the cup's lip has come nearer to the ordered front than ever before.
        grasped: Whether the ordered package is held for the first time.
        pulled: Share of its way out of the rack by which the held package is farther out than ever before.
        held: Whether what is held belongs to the order.
        wrong: Whether what is held does not.
        out: Share of its way out of the rack that the ordered package has come.
        steady: s for which it has been held wholly outside the rack, slowly.
        moved: m by which the other package that was moved farthest is now away from where it stood.
        leaned: rad by which the other package that leans most does.
        nudged: m by which ``moved`` is more than ever before.
        fallen: m by which the ordered package is below where it stood, not held.
        dropped: Whether something that was held is no longer.
        strain: Share of what the cup can hold that it bears.
        power: W, of the motors.
        changed: Mean square change of the motors' commands since the control step before, 1.
        time: s since the start.
    """

    approached: float
    grasped: bool
    pulled: float
    held: bool
    wrong: bool
    out: float
    steady: float
    moved: float
    leaned: float
    nudged: float
    fallen: float
    dropped: bool
    strain: float
    power: float
    changed: float
    time: float


def picked(s: State) -> bool:
    """Says whether the ordered package is held outside the rack, steady, and no other was disturbed."""
    return s.held and s.steady >= STEADY[1] - 1e-9 and not disturbed(s)


def wrong(s: State) -> bool:
    """Says whether it holds what was not ordered."""
    return s.wrong


def disturbed(s: State) -> bool:
    """Says whether another package was moved or leaned too far."""
    return s.moved > DISTURBED[0] or s.leaned > DISTURBED[1]


def fell(s: State) -> bool:
    """Says whether the ordered package has fallen."""
    return s.fallen > DROPPED


def strained(s: State) -> float:
    """Gives how far beyond three quarters of what it can hold the cup is loaded, 1."""
    return max(s.strain - 0.75, 0.0)


# Approach, grasp and pull pay once for each new best: to hover, or to go to and fro, pays nothing. Time costs little
# beside them, so that haste never pays where it loses the package.
REWARD: dict[str, Reward[State]] = {
    "approach": Reward(lambda s: s.approached, weight=2.0, unit="m"),
    "grasp": Reward(lambda s: float(s.grasped), weight=2.0, unit="1"),
    "pull": Reward(lambda s: s.pulled, weight=3.0, unit="1"),
    "picked": Reward(lambda s: float(picked(s)), weight=8.0, unit="1"),
    "wrong": Reward(lambda s: float(wrong(s)), weight=-8.0, unit="1"),
    "disturbed": Reward(lambda s: float(disturbed(s)), weight=-8.0, unit="1"),
    "fell": Reward(lambda s: float(fell(s)), weight=-8.0, unit="1"),
    "nudge": Reward(lambda s: s.nudged, weight=-20.0, unit="m"),
    "drop": Reward(lambda s: float(s.dropped), weight=-1.0, unit="1"),
    "strain": Reward(strained, weight=-4.0, unit="1", per="second"),
    "roughness": Reward(lambda s: s.changed, weight=-0.2, unit="1", per="second"),
    "time": Reward(lambda s: 1.0, weight=-0.3, unit="1", per="second"),
}
DONE: dict[str, Done[State]] = {
    "picked": Done(picked, kind="success"),
    "wrong": Done(wrong, kind="failure"),
    "disturbed": Done(disturbed, kind="failure"),
    "fell": Done(fell, kind="failure"),
}
METRICS: dict[str, Metric[State]] = {
    "right_package": Metric(lambda s: float(s.held), "1", over="max"),
    "wrong_package": Metric(lambda s: float(s.wrong), "1", over="max"),
    "out": Metric(lambda s: s.out, "1", over="max"),
    "drops": Metric(lambda s: float(s.dropped), "1", over="sum"),
    "others_displaced": Metric(lambda s: s.moved, "m", over="max"),
    "strain": Metric(lambda s: s.strain, "1", over="max"),
    "energy": Metric(lambda s: s.power * CONTROL_DT, "J", over="sum"),
    "time": Metric(lambda s: s.time, "s", over="last"),
}
