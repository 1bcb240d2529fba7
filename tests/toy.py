"""A tiny env with levels and success, and agents for it: for tests of what surrounds an env."""

import math
import os
import signal
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np

from robosim.agents.policies.network import NetworkConfig, build_policy
from robosim.agents.policies.normalise import Normaliser
from robosim.agents.policies.policy import Array
from robosim.agents.storage.agent import EnvCard, save_agent

TOY, OTHER = "Toy-v0", "WideToy-v0"
NETWORK = NetworkConfig(hidden=(32, 32))
KWARGS = {"level": "mixed", "split": "test"}


class Toy(gym.Env[Array, Array]):
    """A random walk that the action pushes; success is ending above zero. Dies or fails where it is told to."""

    def __init__(
        self,
        level: int | str = "mixed",
        split: str = "train",
        size: int = 3,
        die_at: int = -1,
        fail_at: int = -1,
        mark: str | None = None,
        render_mode: str | None = None,
    ) -> None:
        self.observation_space = gym.spaces.Box(-np.inf, np.inf, (size,), np.float32)
        self.action_space = gym.spaces.Box(-1.0, 1.0, (2,), np.float32)
        self.level, self.split, self.die_at, self.fail_at, self.mark = level, split, die_at, fail_at, mark

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Array, dict[str, Any]]:
        super().reset(seed=seed)
        if seed == self.die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        if seed == self.fail_at:
            raise RuntimeError("the robot fell through the floor")
        if self.mark is not None:
            Path(self.mark).touch()
        level = int(self.np_random.integers(3)) if self.level == "mixed" else int(self.level)
        self.left = int(self.np_random.integers(5, 40))
        self.place = self.np_random.normal(size=self.observation_space.shape).astype(np.float32)
        return self.place.copy(), {"level": level, "seed": seed}

    def step(self, action: Array) -> tuple[Array, float, bool, bool, dict[str, Any]]:
        self.left -= 1
        self.place += 0.1 * float(action.sum()) + self.np_random.normal(size=self.place.shape).astype(np.float32)
        info: dict[str, Any] = {"is_success": bool(self.left == 0 and self.place[0] > 0)}
        if self.left == 0:
            info["episode_metrics"] = {"end": float(self.place[0]), "gap": math.nan if self.place[1] > 0 else 1.0}
        return self.place.copy(), float(self.place[0]), self.left == 0, False, info


gym.register(TOY, "toy:Toy")
gym.register(OTHER, "toy:Toy", kwargs={"size": 4})


def save_toy_agent(
    folder: Path,
    env_id: str = TOY,
    normaliser: Normaliser | None = None,
    **kwargs: Any,  # noqa: ANN401
) -> Path:
    """Save an untrained agent for a toy env made with `kwargs`."""
    env = gym.make(env_id, **kwargs)
    save_agent(
        folder,
        build_policy(env.observation_space, env.action_space, NETWORK),
        name=folder.name,
        env=EnvCard(id=env_id, kwargs={"level": 1, **kwargs}),
        network=NETWORK,
        normaliser=normaliser,
        seed=0,
        steps=0,
        wall_clock_s=0.0,
    )
    return folder
