"""What counts in robosim/WarehouseDeliver: the state that is judged, rewards, ends of episodes, and metrics."""

import math
from typing import NamedTuple

from robosim.envs import warehouse_navigate_score as driving
from robosim.envs import warehouse_pick_score as picking
from robosim.envs import warehouse_place_score as placing
from robosim.task import Done, Metric, Rate, Reward

CONTROL_DT = 1 / 10  # s
STUCK = 40.0  # s in which it got nowhere and did nothing; people who stand in its way go on sooner
CRASH = 450.0  # N, mean over a control step: hit at 0.4 m/s, as in robosim/WarehouseNavigate with a lighter robot


class State(NamedTuple):
    """What happened, as the world knows it.

    Attributes:
        drive: How it drives, on the way to where it has to stand next.
        pick: How the package is taken out; None while one is brought.
        place: How it is put down; None while one is fetched.
        knocked: Whether what it carries touches a person or a forklift.
        delivered: How many packages have been delivered.
        orders: How many were asked for.
        idle: s since it last got half a metre on, or its arm got on with its work.
        power: W, of turret, lift and arm.
        time: s since the start.
    """

    drive: driving.State
    pick: picking.State | None
    place: placing.State | None
    knocked: bool
    delivered: int
    orders: int
    idle: float
    power: float
    time: float


def fulfilled(s: State) -> bool:
    """Says whether all that was asked for is delivered, and nobody was hurt by the way."""
    return s.delivered == s.orders and not (hit_person(s) or hit_vehicle(s) or s.knocked)


def crashed(s: State) -> bool:
    """Says whether it ran into something that stands."""
    return s.drive.impact > CRASH


def taken(s: State) -> bool:
    """Says whether the package is out of the rack, held and steady."""
    return s.pick is not None and picking.picked(s.pick)


def placed(s: State) -> bool:
    """Says whether the package has been delivered just now."""
    return s.place is not None and placing.placed(s.place)


def hit_person(s: State) -> bool:
    """Says whether the robot touches a person."""
    return driving.hit_person(s.drive)


def hit_vehicle(s: State) -> bool:
    """Says whether the robot touches a forklift."""
    return driving.hit_vehicle(s.drive)


def wrong(s: State) -> bool:
    """Says whether it holds what was not ordered."""
    return s.pick is not None and picking.wrong(s.pick)


def disturbed(s: State) -> bool:
    """Says whether another package in the rack was moved or leaned too far."""
    return s.pick is not None and picking.disturbed(s.pick)


def fell(s: State) -> bool:
    """Says whether the package that was asked for has fallen out of the rack."""
    return s.pick is not None and picking.fell(s.pick)


def dropped(s: State) -> bool:
    """Says whether the package came down too fast."""
    return s.place is not None and placing.dropped(s.place)


def stuck(s: State) -> bool:
    """Says whether it has done nothing for too long."""
    return s.idle >= STUCK


def misplaced(s: State) -> bool:
    """Says whether the package was let go where it does not count."""
    return s.place is not None and placing.misplaced(s.place)


# Ways pay as in robosim/WarehouseNavigate, what the arm does as in WarehousePick and WarehousePlace.
REWARD: dict[str, Reward[State]] = {
    "progress": Reward(lambda s: s.drive.progress, weight=2.0, unit="m"),
    "approach": Reward(lambda s: s.pick.approached if s.pick else 0.0, weight=2.0, unit="m"),
    "pull": Reward(lambda s: s.pick.pulled if s.pick else 0.0, weight=3.0, unit="1"),
    "taken": Reward(lambda s: float(taken(s)), weight=10.0, unit="1"),
    "lower": Reward(lambda s: s.place.progress if s.place else 0.0, weight=2.0, unit="m"),
    "placed": Reward(lambda s: float(placed(s)), weight=13.0, unit="1"),
    "person": Reward(lambda s: float(hit_person(s)), weight=-20.0, unit="1"),
    "vehicle": Reward(lambda s: float(hit_vehicle(s)), weight=-20.0, unit="1"),
    "knock": Reward(lambda s: float(s.knocked), weight=-20.0, unit="1"),
    "crash": Reward(lambda s: float(crashed(s) or s.drive.tipped), weight=-15.0, unit="1"),
    "wrong": Reward(lambda s: float(wrong(s)), weight=-8.0, unit="1"),
    "disturbed": Reward(lambda s: float(disturbed(s)), weight=-8.0, unit="1"),
    "lost": Reward(lambda s: float(fell(s) or dropped(s) or misplaced(s)), weight=-10.0, unit="1"),
    "stuck": Reward(lambda s: float(stuck(s)), weight=-10.0, unit="1"),
    "touch": Reward(lambda s: float(driving.touches(s.drive)), weight=-3.0, unit="1", per="second"),
    "danger": Reward(lambda s: s.drive.danger, weight=-12.0, unit="1", per="second"),
    "time": Reward(lambda s: 1.0, weight=-0.3, unit="1", per="second"),
}
DONE: dict[str, Done[State]] = {
    "fulfilled": Done(fulfilled, kind="success"),
    "person": Done(hit_person, kind="failure"),
    "vehicle": Done(hit_vehicle, kind="failure"),
    "knock": Done(lambda s: s.knocked, kind="failure"),
    "crash": Done(crashed, kind="failure"),
    "tipped": Done(lambda s: s.drive.tipped, kind="failure"),
    "wrong": Done(wrong, kind="failure"),
    "disturbed": Done(disturbed, kind="failure"),
    "fell": Done(fell, kind="failure"),
    "dropped": Done(dropped, kind="failure"),
    "misplaced": Done(misplaced, kind="failure"),
    "stuck": Done(stuck, kind="failure"),
}
METRICS: dict[str, Metric[State]] = {
    "delivered": Metric(lambda s: s.delivered, "1", over="last"),
    "right_package": Metric(lambda s: float(s.place is not None), "1", over="max"),
    "wrong_package": Metric(lambda s: float(wrong(s)), "1", over="max"),
    # Sums over packages, those that were delivered; `RATES` has them by package.
    "placement_error": Metric(lambda s: s.place.error if placed(s) and s.place else 0.0, "m", over="sum"),
    "placement_angle": Metric(
        lambda s: math.degrees(s.place.lies.twist) if placed(s) and s.place else 0.0, "°", over="sum"
    ),
    "drops": Metric(lambda s: float(fell(s) or dropped(s) or misplaced(s)), "1", over="max"),
    "others_displaced": Metric(lambda s: s.pick.moved if s.pick else 0.0, "m", over="max"),
    "person_collisions": Metric(lambda s: float(hit_person(s) or s.knocked), "1", over="sum"),
    "vehicle_collisions": Metric(lambda s: float(hit_vehicle(s)), "1", over="sum"),
    "driven": Metric(lambda s: s.drive.drove, "m", over="sum"),
    "energy": Metric(lambda s: s.power * CONTROL_DT, "J", over="sum"),
    "time": Metric(lambda s: s.time, "s", over="last"),
}
RATES = {
    "packages_per_hour": Rate("delivered", "time", 3600.0, "1/h"),
    "placement_error_per_package": Rate("placement_error", "delivered", 1.0, "m"),
    "placement_angle_per_package": Rate("placement_angle", "delivered", 1.0, "°"),
    "person_collisions_per_100m": Rate("person_collisions", "driven", 100.0, "1/100 m"),
}
