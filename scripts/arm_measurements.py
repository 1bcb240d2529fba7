"""What `robosim speed` measures of tasks with packages: a control step, with poses or with cameras."""

from functools import partial

import gymnasium as gym

from robosim.physics import Physics
from robosim.scripts.measurements import Bench, Measurement, Round, clock, time_in

LEVEL = 5
WHOLE, PHYSICS = "whole env step", "stepSimulation alone"


def handle(env_id: str, observation: str, bench: Bench) -> Round:
    """One env in this process, random actions; what its rate would be if nothing but its physics took time.

    Resets do not count.
    """
    kwargs = {"observation": observation, "level": LEVEL, "disable_env_checker": True}
    env = bench.close_later(gym.make(env_id, **kwargs))  # type: ignore[arg-type]  # of the env, whatever they are
    env.action_space.seed(0)
    env.reset(seed=0)

    def play() -> dict[str, float]:
        with time_in((Physics, "step")) as spent:
            steps, whole = clock(env, env.action_space.sample, bench.seconds)
        return {WHOLE: steps / whole, PHYSICS: steps / spent[0]}

    return play


ARM_MEASUREMENTS = {
    f"{name}{suffix}": Measurement(
        f"one env, {what} a package (level {LEVEL}){sight}, random actions",
        (WHOLE, PHYSICS),
        partial(handle, env_id, observation),
    )
    for name, env_id, what in (
        ("pick", "robosim/WarehousePick-v0", "picking"),
        ("place", "robosim/WarehousePlace-v0", "placing"),
        ("deliver", "robosim/WarehouseDeliver-v0", "fetching and bringing"),
    )
    for suffix, observation, sight in (("", "state", ""), ("-camera", "camera", " seen by cameras"))
}
