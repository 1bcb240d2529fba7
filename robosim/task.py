"""What an episode asks of a robot, and what it pays: Task, Reward, Done, Metric.

A task is one file in ``envs/``: its constants, its ``State``, plain functions of the state, the tables below, the
class.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Literal, TypeVar

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from robosim.errors import RobosimError
from robosim.math import Vec3
from robosim.mirror import Mirrors
from robosim.physics import Physics
from robosim.render.sketch import Sketch
from robosim.robots.robot import LASTING, Robot
from robosim.seeding import Split, Streams

S = TypeVar("S")
Observation = NDArray[Any] | dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Reward(Generic[S]):
    """One term of the reward.

    Attributes:
        function: What is measured, from the state.
        weight: What one ``unit`` of it pays.
        unit: Its SI unit, "1" for none.
        per: "second" is multiplied by the control step, so that it does not depend on the control rate; "event" is not.
    """

    function: Callable[[S], float]
    weight: float
    unit: str
    per: Literal["second", "event"] = "event"


@dataclass(frozen=True)
class Done(Generic[S]):
    """One way an episode ends by itself; running out of time is none.

    Attributes:
        function: Whether it has come.
        kind: Whether that is what was asked for.
    """

    function: Callable[[S], bool]
    kind: Literal["success", "failure"]


@dataclass(frozen=True)
class Metric(Generic[S]):
    """One figure by which an episode is judged; it pays nothing.

    Attributes:
        function: What is measured at each control step.
        unit: Its SI unit, "1" for none.
        over: How an episode's steps become one number.
    """

    function: Callable[[S], float]
    unit: str
    over: Literal["mean", "min", "max", "sum", "last"] = "mean"


@dataclass(frozen=True)
class Rate:
    """One metric per so much of another, over many episodes: the sums' ratio, not the mean of the episodes' ratios.

    Attributes:
        of: Name of a metric, over its sum.
        per: Name of a metric, over its sum.
        scale: How much of ``per`` the rate is about, such as 100 m.
        unit: Its unit.
    """

    of: str
    per: str
    scale: float
    unit: str


class Task(ABC, Generic[S]):
    """One thing to do for one robot in one world; `robosim.envs.sim_env.SimEnv` runs it.

    Class attributes say what a reader must know first: the two time steps, the length of an episode, what can be
    observed, and the tables. ``physics`` is given once; everything in it is built in ``__init__`` and never again.

    Args:
        physics: An empty world to build in.
        observation: One of ``OBSERVATIONS``.
        randomise: Draw the robot's and the world's properties anew in each episode; off, they are nominal.
        split: Whose worlds it plays in; `reset` draws from the same split's streams.
        options: A value for each name in ``OPTIONS``.
    """

    PHYSICS_DT: ClassVar[float]  # s
    CONTROL_DT: ClassVar[float]  # s, a whole multiple of PHYSICS_DT
    TIME_LIMIT: ClassVar[float]  # s
    OBSERVATIONS: ClassVar[tuple[str, ...]] = ("state",)  # the first is what is observed unless asked otherwise
    OPTIONS: ClassVar[Mapping[str, tuple[str, ...]]] = {}  # name → allowed values, the first unless asked otherwise
    REWARD: ClassVar[Mapping[str, Reward[Any]]]
    DONE: ClassVar[Mapping[str, Done[Any]]]
    METRICS: ClassVar[Mapping[str, Metric[Any]]]
    RATES: ClassVar[Mapping[str, Rate]] = {}

    robot: Robot
    observation_space: spaces.Space[Any]

    @abstractmethod
    def __init__(self, physics: Physics, *, observation: str, randomise: bool, split: Split, **options: str) -> None:
        """Builds robot, world and sensors; see the class."""

    @abstractmethod
    def reset(self, streams: Streams, level: int) -> None:
        """Arranges a new episode, from its streams alone, after the physics was restored."""

    @abstractmethod
    def advance(self, action: NDArray[np.float32]) -> None:
        """Moves what the task itself moves; called once a control step, before the robot takes ``action``."""

    @property
    def time_limit(self) -> float:
        """Length of an episode, s; ``TIME_LIMIT``, as here, or less where an option makes it shorter."""
        return self.TIME_LIMIT

    def disturb(self) -> int:
        """Applies forces that last one physics step; called before physics steps.

        Returns:
            How many physics steps may be made before it has to be called again, 1 or more; `LASTING`, as here, where
            nothing disturbs before the next control step.
        """
        return LASTING

    @abstractmethod
    def state(self) -> S:
        """Reads what reward, ends, metrics and observation are functions of."""

    @abstractmethod
    def observe(self, state: S) -> Observation:
        """Gives what the policy sees: an element of ``observation_space``, fresh memory each time."""

    def succeeded(self, metrics: Mapping[str, float]) -> bool:
        """Judges an episode that ran to its time limit, by its metrics; a task that ends by arriving says no."""
        return False

    def labels(self) -> dict[str, str]:
        """Gives what else distinguishes this episode, name → word, for ``info`` and for results by it."""
        return {}

    def mirrors(self) -> Mirrors | None:
        """Gives what observation and action are in a mirror; None, as here, where left and right are not alike."""
        return None

    @abstractmethod
    def viewpoint(self) -> tuple[Vec3, Vec3]:
        """Gives where a spectator's camera stands and what it looks at, metres in the world."""

    def sketch(self, state: S) -> Sketch:
        """Gives what a spectator wants to see drawn into the world: command, path, what the sensors see."""
        return Sketch()

    @abstractmethod
    def captions(self, state: S) -> dict[str, str]:
        """Gives what a spectator wants to read, name → value with unit."""


def at_level(low_high: tuple[float, float], level: int) -> float:
    """Gives the value at a level of what goes in a line from level 0 to level 9."""
    return low_high[0] + (low_high[1] - low_high[0]) * level / 9


def checked_observation(task: type[Task[Any]], observation: str | None) -> str:
    """Gives back an observation mode, for None the first one.

    Raises:
        RobosimError: The task does not offer it.
    """
    if observation is None:
        return task.OBSERVATIONS[0]
    if observation not in task.OBSERVATIONS:
        allowed = ", ".join(map(repr, task.OBSERVATIONS))
        raise RobosimError(f"observation={observation!r} is not offered by {task.__name__}, which has {allowed}")
    return observation


def checked_options(task: type[Task[Any]], options: Mapping[str, str | int]) -> dict[str, str]:
    """Gives a value for each option of a task: those asked for, and the first of those allowed for the others.

    A number stands for the word that it is written as.

    Raises:
        RobosimError: The task does not have such an option, or not with this value.
    """
    for name, value in options.items():
        if name not in task.OPTIONS:
            known = ", ".join(task.OPTIONS) or "none"
            raise RobosimError(f"{name}={value!r}: {task.__name__} has no such option; it has {known}")
        if str(value) not in task.OPTIONS[name]:
            allowed = ", ".join(map(repr, task.OPTIONS[name]))
            raise RobosimError(f"{name}={value!r} is not offered by {task.__name__}, which has {allowed}")
    return {name: values[0] for name, values in task.OPTIONS.items()} | {
        name: str(value) for name, value in options.items()
    }


def checked_decimation(task: type[Task[Any]]) -> int:
    """Gives the number of physics steps in a control step.

    Raises:
        RobosimError: It is not a whole number.
    """
    ratio = task.CONTROL_DT / task.PHYSICS_DT
    if round(ratio) < 1 or not np.isclose(ratio, round(ratio)):
        raise RobosimError(
            f"{task.__name__}: CONTROL_DT={task.CONTROL_DT} s is no multiple of PHYSICS_DT={task.PHYSICS_DT} s"
        )
    return round(ratio)
