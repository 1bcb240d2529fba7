"""What counts in robosim/WarehouseNavigate: the state that is judged, rewards, ends of episodes, and metrics."""

import math
from typing import NamedTuple

from robosim.shapes import Kind
from robosim.task import Done, Metric, Rate, Reward

ARRIVED = 0.3  # m from the goal
STANDING = 0.1  # m/s; below it, it stands
STUCK = (0.5, 20.0)  # m, s: not that far from where it was in that time
CRASH = 250.0  # N, mean over a control step, against what stands: hit at 0.4 m/s; its own thrust is 221 N


class State(NamedTuple):
    """What happened, as the world knows it.

    Attributes:
        x: m, of the middle between the wheels.
        y: m.
        heading: rad.
        speed: m/s, forward.
        yaw_rate: rad/s.
        jerk: m/s³, magnitude, forward, from three control steps.
        to_goal: m, straight.
        progress: m of the shortest way on the true map that this control step has covered.
        drove: m driven in this control step.
        driven: m since the start.
        shortest: m of the shortest way on the true map at the start.
        fastest: s that way takes at full speed, from rest to rest.
        time: s since the start.
        idle: s since it was last as far as `STUCK` from where it is.
        gap: m from the robot's outline to the nearest person; infinite where there is nobody.
        danger: 0 to 1, how soon and how closely it meets somebody if all go straight on; see `impending`.
        met: The kinds of things that it touches.
        impact: N, mean force over this control step against things that stand.
        tipped: Whether it lies.
    """

    x: float
    y: float
    heading: float
    speed: float
    yaw_rate: float
    jerk: float
    to_goal: float
    progress: float
    drove: float
    driven: float
    shortest: float
    fastest: float
    time: float
    idle: float
    gap: float
    danger: float
    met: frozenset[Kind]
    impact: float
    tipped: bool


def arrived(s: State) -> bool:
    """Says whether it stands at its goal, and has not hurt anybody in getting there."""
    return s.to_goal <= ARRIVED and abs(s.speed) < STANDING and not (hit_person(s) or hit_vehicle(s))


def hit_person(s: State) -> bool:
    """Says whether it touches a person, whoever walked into whom."""
    return bool(s.met) and Kind.PERSON in s.met


def hit_vehicle(s: State) -> bool:
    """Says whether it touches a forklift."""
    return bool(s.met) and Kind.FORKLIFT in s.met


def touches(s: State) -> bool:
    """Says whether it touches something that stands."""
    return s.impact > 0


def crashed(s: State) -> bool:
    """Says whether it ran into something that stands."""
    return s.impact > CRASH


def tipped(s: State) -> bool:
    """Says whether it lies."""
    return s.tipped


def stuck(s: State) -> bool:
    """Says whether it has not got anywhere for too long."""
    return s.idle >= STUCK[1]


def danger(s: State) -> float:
    """Gives 1 where it touches somebody and 0 where it is not about to."""
    return s.danger


def turning(s: State) -> float:
    """Gives the square of its yaw rate, rad²/s²."""
    return s.yaw_rate**2


def spl(s: State) -> float:
    """Gives success weighted by path length: Anderson et al., "On Evaluation of Embodied Navigation Agents", 2018."""
    return s.shortest / max(s.shortest, s.driven, 1e-9) if arrived(s) else 0.0


def sct(s: State) -> float:
    """Gives success weighted by completion time: Yokoyama, Ha, Batra, "Success Weighted by Completion Time", 2021.

    Theirs compares with the fastest way of a unicycle; this with the shortest way at full speed, from rest to rest,
    which no robot of this kind beats.
    """
    return min(s.fastest / s.time, 1.0) if arrived(s) else 0.0


# A metre on the shortest way pays 2, so that hurrying cannot be worth a person.
REWARD = {
    "progress": Reward(lambda s: s.progress, weight=2.0, unit="m"),
    "arrived": Reward(arrived, weight=10.0, unit="1"),
    "person": Reward(hit_person, weight=-20.0, unit="1"),
    "vehicle": Reward(hit_vehicle, weight=-20.0, unit="1"),
    "crash": Reward(lambda s: crashed(s) or tipped(s), weight=-15.0, unit="1"),
    "stuck": Reward(stuck, weight=-10.0, unit="1"),
    "touch": Reward(touches, weight=-3.0, unit="1", per="second"),
    # A collision is rare and comes seconds after what led to it; this tells at once.
    "danger": Reward(danger, weight=-12.0, unit="1", per="second"),
    "turning": Reward(turning, weight=-0.1, unit="rad²/s²", per="second"),
    "time": Reward(lambda s: 1.0, weight=-0.3, unit="1", per="second"),
}
DONE = {
    "arrived": Done(arrived, kind="success"),
    "person": Done(hit_person, kind="failure"),
    "vehicle": Done(hit_vehicle, kind="failure"),
    "crash": Done(crashed, kind="failure"),
    "tipped": Done(tipped, kind="failure"),
    "stuck": Done(stuck, kind="failure"),
}
METRICS = {
    "spl": Metric(spl, "1", over="last"),
    "sct": Metric(sct, "1", over="last"),
    "person_collisions": Metric(hit_person, "1", over="sum"),
    "vehicle_collisions": Metric(hit_vehicle, "1", over="sum"),
    "crashes": Metric(crashed, "1", over="sum"),
    "touching": Metric(touches, "1", over="mean"),
    "driven": Metric(lambda s: s.drove, "m", over="sum"),
    "gap": Metric(lambda s: s.gap if math.isfinite(s.gap) else math.nan, "m", over="min"),
    "time": Metric(lambda s: s.time, "s", over="last"),
    "jerk": Metric(lambda s: s.jerk, "m/s³", over="mean"),
}
RATES = {
    "person_collisions_per_100m": Rate("person_collisions", "driven", 100.0, "1/100 m"),
    "vehicle_collisions_per_100m": Rate("vehicle_collisions", "driven", 100.0, "1/100 m"),
    "crashes_per_100m": Rate("crashes", "driven", 100.0, "1/100 m"),
}
