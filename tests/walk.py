"""Small envs for the tests of the vector env. Imports nothing but Gymnasium, so that spawned workers stay quick."""

import os
import signal
import sys
import time
from typing import Any

import gymnasium as gym
import numpy as np
import numpy.typing as npt
from gymnasium import spaces

Vector = npt.NDArray[np.float32]

# First element of an action that makes `Walk` misbehave; ordinary actions lie in [-1, 1].
RAISE, EXIT, DIE, HANG, HUGE = 10.0, 11.0, 12.0, 13.0, 14.0


class Walk(gym.Env[Vector, Vector]):
    """A random walk of random length that keeps its last action as it came.

    With `reuse` it hands out the same array every time. Both show a vector env that shares memory carelessly;
    SB3's DummyVecEnv, with `reuse`, gives the first observation of an episode for the last of the one before.
    """

    observation_space = spaces.Box(-np.inf, np.inf, (3,), np.float32)
    action_space = spaces.Box(-1.0, 1.0, (2,), np.float32)

    def __init__(self, render_mode: str | None = None, color: int = 0, reuse: bool = True) -> None:
        self.render_mode = render_mode
        self.color = color
        self._reuse = reuse
        self._place = np.zeros(3, np.float32)
        self._before = np.zeros(2, np.float32)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Vector, dict[str, Any]]:
        super().reset(seed=seed)
        options = options or {}
        if options.get("fail"):
            raise ValueError("reset was told to fail")
        if seed is None:
            seed = int(self.np_random.integers(2**31))
            super().reset(seed=seed)
        self._left = int(self.np_random.integers(1, 9))
        self._place[:] = self.np_random.normal(size=3) + options.get("offset", 0.0)
        self._before = np.zeros(2, np.float32)
        return self._observe(), {"seed": seed, "left": self._left}

    def step(self, action: Vector) -> tuple[Vector, float, bool, bool, dict[str, Any]]:
        info: dict[str, Any] = {"left": self._left}
        if action[0] > 1.0:
            info["huge"] = _misbehave(float(action[0]))
        self._left -= 1
        self._place[:2] += action - 0.5 * self._before
        self._place[2] = self.np_random.normal()
        self._before = action
        ends_well = bool(self._place[0] > 0)
        over = self._left == 0
        return self._observe(), float(self._place.sum()), over and ends_well, over and not ends_well, info

    def _observe(self) -> Vector:
        return self._place if self._reuse else self._place.copy()

    def render(self) -> npt.NDArray[np.uint8]:  # type: ignore[override]
        return np.full((4, 6, 3), self.color, np.uint8)

    def add(self, number: int, twice: bool = False) -> int:
        return self.color + (2 if twice else 1) * number

    def fail(self) -> None:
        raise LookupError(f"env of color {self.color} has no such thing")

    def loaded(self, module: str) -> bool:
        return module in sys.modules

    def process(self) -> int:
        return os.getpid()

    def variable(self, name: str) -> str | None:
        return os.environ.get(name)


def _misbehave(how: float) -> bytes | None:
    if how == RAISE:
        raise ZeroDivisionError("the env broke")
    if how == EXIT:
        raise SystemExit(3)
    if how == DIE:
        os.kill(os.getpid(), signal.SIGKILL)
    if how == HANG:
        time.sleep(3600)
    return bytes(2_000_000)  # HUGE: more than a pipe holds


class Parts(gym.Wrapper[dict[str, npt.NDArray[Any]], Vector, Vector, Vector]):
    """`Walk` with a Dict observation of several shapes and dtypes."""

    def __init__(self, env: Walk) -> None:
        super().__init__(env)
        self.observation_space = spaces.Dict(
            {
                "picture": spaces.Box(0, 255, (4, 4, 3), np.uint8),
                "place": spaces.Box(-np.inf, np.inf, (3,), np.float32),
                "side": spaces.Discrete(2),
            }
        )

    def _parts(self, place: Vector) -> dict[str, npt.NDArray[Any]]:
        picture = np.full((4, 4, 3), int(abs(place[0]) * 100) % 256, np.uint8)
        return {"picture": picture, "place": place, "side": np.asarray(int(place[0] > 0))}

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
        place, info = self.env.reset(seed=seed, options=options)
        return self._parts(place), info

    def step(self, action: Vector) -> tuple[dict[str, npt.NDArray[Any]], float, bool, bool, dict[str, Any]]:
        place, reward, terminated, truncated, info = self.env.step(action)
        return self._parts(place), float(reward), terminated, truncated, info


class Choices(gym.ActionWrapper[Vector, Any, Vector]):
    """`Walk` whose actions are of another space; all of them count."""

    def __init__(self, env: Walk, action_space: spaces.Space[Any]) -> None:
        super().__init__(env)
        self.action_space = action_space

    def action(self, action: npt.NDArray[Any]) -> Vector:
        weights = np.arange(1, np.size(action) + 1)
        return np.asarray([np.tanh(np.dot(np.ravel(action), weights)), np.sum(action) / 100], np.float32)


def parts(reuse: bool = True) -> Parts:
    return Parts(Walk(reuse=reuse))


def discrete(reuse: bool = True) -> Choices:
    return Choices(Walk(reuse=reuse), spaces.Discrete(5))


def multi_discrete(reuse: bool = True) -> Choices:
    return Choices(Walk(reuse=reuse), spaces.MultiDiscrete([3, 4, 5]))


def multi_binary(reuse: bool = True) -> Choices:
    return Choices(Walk(reuse=reuse), spaces.MultiBinary(6))
