"""`Curriculum`: a training env at a level of its own, which rises where it succeeds and falls where it does not.

The rule is after legged_gym's (N. Rudin et al. (2022), "Learning to walk in minutes using massively parallel deep
reinforcement learning", CoRL, section 3.2), which goes by the ground covered and gives each robot one kind of ground:
this goes by success, and a level is over all kinds. Imports neither torch nor SB3.
"""

from typing import Any, Protocol, cast

import gymnasium as gym
import numpy as np

from robosim.agents.policies.policy import Observation
from robosim.seeding import LEVELS

FIRST = 6  # levels, the easiest, of which one is drawn at first; as legged_gym's max_init_terrain_level = 5 has it
EARLY = 0.5  # of the time limit: a failure before that is one of who is out of depth


class Levelled(Protocol):
    """What an env with levels has; `robosim.envs.sim_env.SimEnv` does."""

    level: int | str
    time_limit: float


class Curriculum(gym.Wrapper[Observation, np.ndarray[Any, Any], Observation, np.ndarray[Any, Any]]):
    """Sets an env's level before each episode by what came of the one before.

    A success is followed by the level above; a failure in the first half of the time, or a second one in a row, by the
    one below; any other failure by the same. After a success at the highest level any level is drawn, so that who has
    learnt all forgets none. A run that is resumed begins with easy levels again.

    Args:
        env: A `Levelled` one, whose `info` says ``is_success`` at an episode's end.

    Attributes:
        level: Of the present episode.
    """

    def __init__(self, env: gym.Env[Observation, np.ndarray[Any, Any]]) -> None:
        """Begins before the first episode; see the class."""
        super().__init__(env)
        self._levelled = cast("Levelled", env.unwrapped)
        self._early = EARLY * self._levelled.time_limit * float(env.metadata["render_fps"])
        self._rng = np.random.default_rng(0)
        self.level, self._steps = 0, 0
        self._next: int | None = None
        self._failed = False  # at this level, in the episode before

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begins an episode; one that is told a seed is the first, whose level is drawn by it."""
        if seed is not None or self._next is None:
            self._rng = np.random.default_rng(seed)
            self._next, self._failed = int(self._rng.integers(FIRST)), False
        self.level, self._steps = self._next, 0
        self._levelled.level = self.level
        return self.env.reset(seed=seed, options=options)

    def step(self, action: np.ndarray[Any, Any]) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Acts; at an episode's end it chooses the next one's level."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        self._steps += 1
        if terminated or truncated:
            self._next = self._after(bool(info["is_success"]))
        return observation, float(reward), terminated, truncated, info

    def _after(self, success: bool) -> int:
        if not success:
            down = self._failed or self._steps < self._early
            self._failed = not down
            return max(self.level - down, LEVELS[0])
        self._failed = False
        return self.level + 1 if self.level < LEVELS[-1] else int(self._rng.integers(len(LEVELS)))
