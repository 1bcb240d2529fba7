"""What `robosim speed` measures of the warehouse: a control step among people, and what of it takes how long."""

import contextlib

import gymnasium as gym

from robosim.physics import Physics
from robosim.planning.planner import Planner
from robosim.scripts.measurements import Bench, Measurement, Round, clock, time_in
from robosim.sensors.outlook import Outlook
from robosim.sensors.sectors import Sectors
from robosim.worlds.traffic.traffic import Traffic

LEVEL = 6  # with 8 people and 2 forklifts
WHOLE, PHYSICS, REST = "whole env step", "stepSimulation alone", "the rest alone"
# Methods in which a control step spends its time; none of them calls another.
PARTS = {
    PHYSICS: ((Physics, "step"),),
    "lidar alone": ((Sectors, "read"),),
    "outlook alone": ((Outlook, "read"),),
    "people and forklifts alone": ((Traffic, "advance"),),
    "planning alone": ((Planner, "update"), (Planner, "outlook")),
}


def step_among_people(bench: Bench) -> Round:
    """One env in this process, random actions; what its rate would be if nothing but one part of it took time.

    Resets do not count.
    """
    env = bench.close_later(gym.make("robosim/WarehouseNavigate-v2", level=LEVEL, disable_env_checker=True))
    env.action_space.seed(0)
    env.reset(seed=0)

    def play() -> dict[str, float]:
        with contextlib.ExitStack() as stack:
            spent = {part: stack.enter_context(time_in(*methods)) for part, methods in PARTS.items()}
            steps, whole = clock(env, env.action_space.sample, bench.seconds)
        parts = {part: seconds[0] for part, seconds in spent.items()}
        parts[REST] = whole - sum(parts.values())
        return {WHOLE: steps / whole} | {part: steps / seconds for part, seconds in parts.items()}

    return play


WAREHOUSE_MEASUREMENTS = {
    "warehouse-step": Measurement(
        f"one env, a warehouse with lidar, 8 people and 2 forklifts, random actions (level {LEVEL})",
        (WHOLE, PHYSICS),
        step_among_people,
        parts=(*PARTS, REST),
    )
}
