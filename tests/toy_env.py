"""An env that costs microseconds, for tests of what is around an env; it is registered when this is imported."""

from typing import Any, Literal

import gymnasium as gym
import numpy as np
import numpy.typing as npt

ENV_ID = "toy/Reach-v0"
Floats = npt.NDArray[np.float32]


class Reach(gym.Env[Floats, Floats]):
    """Push a point to the origin within 20 steps. It starts further away at a higher level; fragile, it breaks."""

    observation_space = gym.spaces.Box(-np.inf, np.inf, (3,), np.float32)
    action_space = gym.spaces.Box(-1.0, 1.0, (1,), np.float32)

    def __init__(self, level: int = 0, split: Literal["train", "val", "test"] = "train", fragile: bool = False) -> None:
        if split == "test":
            raise ValueError("training must not look at the test split")
        self._level = level
        self._fragile = fragile
        self._point = np.zeros(2, np.float32)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Floats, dict[str, Any]]:
        super().reset(seed=seed)
        side = self.np_random.choice([-1.0, 1.0])
        self._point = np.array([side * (0.5 + 0.1 * self._level), 0.0], np.float32)
        return self._observation(), {"level": self._level}

    def step(self, action: Floats) -> tuple[Floats, float, bool, bool, dict[str, Any]]:
        if self._fragile and self.np_random.random() < 0.001:
            raise RuntimeError("the wheel came off")
        self._point[1] = np.clip(0.5 * self._point[1] + 0.1 * float(action[0]), -1, 1)
        self._point[0] += self._point[1]
        distance = abs(float(self._point[0]))
        info = {
            "level": self._level,
            "is_success": distance < 0.1,
            "episode_metrics": {"distance_m": distance, "never": float("nan")},
        }
        return self._observation(), -distance, distance > 3.0, False, info

    def _observation(self) -> Floats:
        return np.array([*self._point, 7.0], np.float32)


gym.register(ENV_ID, entry_point="toy_env:Reach", max_episode_steps=20)
