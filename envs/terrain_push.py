"""robosim/TerrainPush: TerrainBalance under pushes that grow until it falls, to learn which is the largest it survives.

Platform, load and all that varies are those of a TerrainBalance episode of the same seed and level; the pushes are not:
they begin at nothing at every level. The figure to read is the metric ``push_survived``, m/s of the unloaded robot. Who
outlasts all pushes, which is a success here, may survive larger ones: of such it is a lower bound.
"""

import numpy as np

from robosim.envs.sim_env import SimEnv
from robosim.envs.terrain_balance import TerrainBalance

TIME_LIMIT = 60.0  # s, some eighteen pushes: up to 4 to 4.5 m/s, which friction of 0.8 stops within 1 to 1.3 m
GROWTH = 0.25  # m/s, from push to push; each is of any size within its step


class TerrainPush(TerrainBalance):
    """The task; see the module. Observation, reward and ends are those of `TerrainBalance`.

    Success: it outlasts all of them, for `TIME_LIMIT`.
    """

    TIME_LIMIT = TIME_LIMIT
    OPTIONS = {"action": TerrainBalance.OPTIONS["action"]}  # noqa: RUF012 (a Mapping in Task)

    def plan_pushes(self, rng: np.random.Generator, level: int) -> None:
        """Begins an episode's pushes, the same at each level."""
        self.pushes.reset(rng, (0.0, GROWTH), GROWTH)


class TerrainPushEnv(SimEnv):
    """robosim/TerrainPush-v0."""

    TASK = TerrainPush
