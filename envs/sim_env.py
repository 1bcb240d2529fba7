"""SimEnv: the one Gymnasium environment, which runs any task."""

import math
import operator
import time
from collections.abc import Callable
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np
from gymnasium.utils import EzPickle
from numpy.typing import NDArray

from robosim.errors import RobosimError
from robosim.mirror import Mirrors
from robosim.physics import Physics
from robosim.render.scene import Scene
from robosim.render.spectator import Size, Spectator
from robosim.seeding import LEVELS, Streams, checked_level, checked_split
from robosim.task import Observation, Task, checked_decimation, checked_observation, checked_options

SEED_LIMIT = 2**31 - 1
_JOIN: dict[str, Callable[[float, float], float]] = {
    "mean": operator.add,
    "sum": operator.add,
    "min": min,
    "max": max,
    "last": lambda _, value: value,
}
"""How a metric's past and its present value become one."""


class SimEnv(gym.Env[Observation, NDArray[np.float32]], EzPickle):
    """A task as a Gymnasium environment: arguments and seed fix an episode, bit for bit.

    ``reset(seed=s)`` plays episode ``s``. ``reset()`` draws the next one; ``info["seed"]`` names it, so that
    ``reset(seed=info["seed"])`` plays it again.

    The ``info`` of every step has ``"reward/<term>"``, ``"metric/<name>"`` and ``"is_success"``; that of an episode's
    last step also has ``"episode_metrics"``, a dict, ``"episode_rates"``, name → (numerator, denominator), ``"ends"``,
    the names of what ended it, ``"seed"``, ``"level"``. An end that the task names is ``terminated``; running out of
    time is ``truncated``, also where it is a success. The task knows its own time limit, because it judges at its end:
    a shorter ``max_episode_steps`` given to ``gymnasium.make`` cuts episodes off before they are judged.

    ``physics`` and ``task`` are what it runs, to be looked at.

    ``picture_size``, width and height of what `render` gives, may be set at any time.

    A subclass names its ``TASK`` and nothing else. The task is no argument, so that nothing that carries arguments,
    such as an agent's card, can choose code to run.

    Args:
        level: 0 (easiest) to 9, or ``"mixed"`` to draw it in each episode.
        split: ``"train"``, ``"val"`` or ``"test"``: worlds and episodes of different splits are never the same.
        observation: What the policy sees; the task says what it offers, and its first is the default.
        render_mode: None, ``"rgb_array"`` (needs no display) or ``"human"`` (PyBullet's window, in real time).
        randomise: Draw properties of robot and world in each episode; off, they are nominal.
        options: What else the task lets one choose, by name; the task's ``OPTIONS`` say what there is.

    Raises:
        RobosimError: An argument is not one of those allowed.
    """

    TASK: ClassVar[type[Task[Any]]]
    metadata: dict[str, Any] = {"render_modes": ["rgb_array", "human"], "render_fps": 50}  # noqa: RUF012 (Gymnasium's type)

    def __init__(
        self,
        *,
        level: int | str = "mixed",
        split: str = "train",
        observation: str | None = None,
        render_mode: str | None = None,
        randomise: bool = True,
        **options: str | int,
    ) -> None:
        """Builds the world, once; see the class."""
        EzPickle.__init__(
            self,
            level=level,
            split=split,
            observation=observation,
            render_mode=render_mode,
            randomise=randomise,
            **options,
        )
        self.level, self.split = checked_level(level), checked_split(split)
        kind = self.TASK
        observation, chosen = checked_observation(kind, observation), checked_options(kind, options)
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise RobosimError(f"render_mode={render_mode!r} is not one of None, 'rgb_array', 'human'")
        self.render_mode = render_mode
        self.picture_size: Size = (640, 480)
        self.metadata = {**self.metadata, "render_fps": round(1 / kind.CONTROL_DT)}
        self._decimation = checked_decimation(kind)
        self.physics = Physics(kind.PHYSICS_DT, gui=render_mode == "human")
        self.task = kind(self.physics, observation=observation, randomise=randomise, split=self.split, **chosen)
        self._limit = round(self.task.time_limit / kind.CONTROL_DT)
        self.physics.save()
        self._pay = [
            (f"reward/{name}", term.function, term.weight * (kind.CONTROL_DT if term.per == "second" else 1.0))
            for name, term in kind.REWARD.items()
        ]
        self._ends = [(name, end.function) for name, end in kind.DONE.items()]
        self._metrics = [
            (f"metric/{name}", metric.function, _JOIN[metric.over]) for name, metric in kind.METRICS.items()
        ]
        self.action_space = self.task.robot.action_space
        self.observation_space = self.task.observation_space
        self._episode: dict[str, int | str] = {}
        self._steps = 0
        self._kept: list[float] = []
        self._state: Any = None
        self._spectator: Spectator | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begins an episode.

        Args:
            seed: Which one; None draws it.
            options: None are known.

        Returns:
            The first observation, and an info with ``"seed"`` and ``"level"``.
        """
        if options:
            raise RobosimError(f"reset() was given options {sorted(options)}; this environment knows none")
        super().reset(seed=seed)
        seed = int(self.np_random.integers(SEED_LIMIT)) if seed is None else int(seed)
        streams = Streams(self.split, seed)
        drawn = int(streams.level.integers(len(LEVELS)))
        level = drawn if self.level == "mixed" else self.level
        self.physics.restore()
        self.task.reset(streams, level)
        self._episode = {"seed": seed, "level": level, **self.task.labels()}
        self._steps = 0
        self._kept = [0.0] * len(self._metrics)
        self._state = self.task.state()
        self._show()
        return self.task.observe(self._state), dict(self._episode)

    def step(self, action: NDArray[np.float32]) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Acts for one control step.

        Args:
            action: An element of ``action_space``.

        Returns:
            Observation, reward, terminated, truncated, info; see the class.
        """
        task = self.task
        if not all(map(math.isfinite, action.tolist())):
            raise RobosimError(f"action={action!r}: must be finite; does the policy diverge?")
        task.advance(action)
        task.robot.act(action)
        disturb, actuate, left = task.disturb, task.robot.actuate, self._decimation
        while left > 0:
            steps = min(left, disturb(), actuate())
            self.physics.step(steps)
            left -= steps
        self._steps += 1
        state = self._state = task.state()
        info: dict[str, Any] = {name: weight * float(function(state)) for name, function, weight in self._pay}
        reward = sum(info.values())
        ends = [name for name, ended in self._ends if ended(state)]
        truncated = not ends and self._steps >= self._limit
        self._measure(state, info)
        info["is_success"] = bool(ends) and all(task.DONE[name].kind == "success" for name in ends)
        if ends or truncated:
            info.update(self._episode, ends=ends or ["time"])
            metrics = info["episode_metrics"] = self._episode_metrics()
            info["episode_rates"] = {
                name: (rate.scale * metrics[rate.of], metrics[rate.per]) for name, rate in task.RATES.items()
            }
            info["is_success"] = info["is_success"] or (truncated and task.succeeded(metrics))
        self._show()
        return task.observe(state), reward, bool(ends), truncated, info

    @property
    def mirrors(self) -> Mirrors | None:
        """What observation and action are in a mirror; None where left and right are not alike."""
        return self.task.mirrors()

    @property
    def time_limit(self) -> float:
        """Seconds until an episode is truncated."""
        return self.task.time_limit

    def _measure(self, state: object, info: dict[str, Any]) -> None:
        first, kept = self._steps == 1, self._kept
        for number, (name, function, join) in enumerate(self._metrics):
            value = info[name] = float(function(state))
            kept[number] = value if first else join(kept[number], value)

    def _episode_metrics(self) -> dict[str, float]:
        metrics = self.task.METRICS.items()
        return {
            name: value / self._steps if metric.over == "mean" else value
            for (name, metric), value in zip(metrics, self._kept, strict=True)
        }

    def render(self) -> NDArray[np.uint8] | None:  # type: ignore[override]
        """Draws the present moment.

        Returns:
            RGB of shape ``(height, width, 3)`` with ``render_mode="rgb_array"``; None otherwise, as a window shows
            itself.
        """
        if self.render_mode != "rgb_array":
            return None
        if self._spectator is None or self._spectator.size != self.picture_size:
            self._spectator = Spectator(Scene(self.physics), self.picture_size)
        return self._spectator.picture(*self.task.viewpoint())

    def annotate(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Gives a copy of what `render` took last, with what the task draws into it: command, path, senses."""
        # OpenCV's import needs graphics libraries of the system, which a server may lack; acting and seeing do not.
        from robosim.render.marking import draw_sketch

        if self._spectator is None or self._state is None:
            return picture.copy()
        return draw_sketch(picture, self.task.sketch(self._state), self._spectator.lens, self._spectator.view)

    def captions(self) -> dict[str, str]:
        """Gives what a spectator wants to read of the present moment, name → value with unit."""
        return self.task.captions(self._state)

    def _show(self) -> None:
        if self.render_mode == "human":
            self.physics.look(*self.task.viewpoint())
            time.sleep(self.task.CONTROL_DT)

    def close(self) -> None:
        """Ends the physics; a second call does nothing."""
        self.physics.close()
