"""What `robosim speed` measures of the quadruped: a control step on level and rough ground, with or without a scan."""

from functools import partial

import gymnasium as gym
import numpy as np

from robosim.physics import Physics
from robosim.scripts.measurements import Bench, Measurement, Round, clock, time_in

ENV = "robosim/TerrainWalk-v0"
LEVEL = 4
WHOLE, PHYSICS = "whole env step", "stepSimulation alone"


def walk(terrain: str, observation: str, bench: Bench) -> Round:
    """One env in this process, the open-loop trot; what its rate would be if nothing but its physics took time.

    Resets do not count.
    """
    kwargs = {"terrain": terrain, "observation": observation, "level": LEVEL, "disable_env_checker": True}
    env = bench.close_later(gym.make(ENV, **kwargs))  # type: ignore[arg-type]  # of the env, whatever they are
    action = np.zeros(env.action_space.shape or 0, np.float32)
    env.reset(seed=0)

    def play() -> dict[str, float]:
        with time_in((Physics, "step")) as spent:
            steps, whole = clock(env, lambda: action, bench.seconds)
        return {WHOLE: steps / whole, PHYSICS: steps / spent[0]}

    return play


TERRAIN_MEASUREMENTS = {
    f"terrain-{name}": Measurement(
        f"one env, a quadruped on {ground}{what}, its open-loop trot",
        (WHOLE, PHYSICS),
        partial(walk, terrain, observation),
    )
    for name, terrain, observation, ground, what in (
        ("flat", "flat", "state", "level ground", ""),
        ("rough", "mix", "state", f"three kinds of ground (level {LEVEL})", ""),
        ("scan", "mix", "scan", f"three kinds of ground (level {LEVEL})", " with a height scan"),
    )
}
