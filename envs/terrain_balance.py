"""robosim/TerrainBalance: a quadruped keeps its feet and its place on a platform that tilts and shakes, under pushes.

Tilt, shaking, pushes and the load on its back grow with the level. Success: for 20 s it never falls and stays within
1 m of the middle.
"""

import math
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, cast

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from robosim.envs import legged_score as score
from robosim.envs.sim_env import SimEnv
from robosim.math import Vec3, clip
from robosim.mirror import Mirrors, joined
from robosim.physics import Physics
from robosim.render.sketch import BLUE, ORANGE, Line, Sketch
from robosim.robots.a1 import A1, MASS, Variation, vary
from robosim.robots.a1_mirror import COMMAND_MIRROR, mirrored_action, mirrored_senses
from robosim.robots.pushes import Pushes
from robosim.seeding import Split, Streams
from robosim.task import Done, Metric, Observation, Reward, Task, at_level
from robosim.worlds.platform import PLACE, Platform

PHYSICS_DT = 1 / 250  # s
CONTROL_DT = 1 / 50  # s
TIME_LIMIT = 20.0  # s

# (at level 0, at level 9); between them linear
PUSH = (0.4, 1.5)  # m/s, largest; each is at least half of it. legged_gym pushes up to 1.0
HARD = (0.3, 3.6)  # m/s, at all levels: from hardly felt to what a friction of 0.8 stops within 0.8 m
LOAD = (0.5, 5.0)  # kg, largest on the back: 5 kg is what Unitree lets A1 carry
PUSH_FIRST, PUSH_PAUSE = (1.5, 3.0), (2.5, 4.0)  # s
RECOVERED = 2.0  # s after which a push counts as survived
# How it is told to go back to the middle: a velocity of so much of the way a second, and the heading it began with.
RETURN, SPEED, YAW_GAIN, YAW_RATE = 0.8, 0.3, 1.0, 0.5  # 1/s, m/s, 1/s, rad/s
_NOWHERE = np.zeros(0)  # heights that it does not see


class State(NamedTuple):
    """What happened, as the world knows it.

    Attributes:
        walk: Of the robot and its feet.
        away: m, from the platform's middle.
        survived: m/s, of a push that was `RECOVERED` ago or longer; 0 before.
    """

    walk: score.State
    away: float
    survived: float


def near(s: State) -> float:
    """Gives 1 in the middle and 0 where it is lost."""
    return 1 - min(s.away / PLACE, 1.0)


REWARD: dict[str, Reward[State]] = {
    "upright": Reward(lambda s: s.walk.upright, weight=1.0, unit="1", per="second"),
    "near": Reward(near, weight=1.0, unit="1", per="second"),
    "velocity": Reward(lambda s: score.velocity_kept(s.walk), weight=1.0, unit="1", per="second"),
    "rocking": Reward(lambda s: score.rocking(s.walk), weight=-0.05, unit="rad²/s²", per="second"),
    "effort": Reward(lambda s: score.effort(s.walk), weight=-2e-4, unit="N²·m²", per="second"),
    "roughness": Reward(lambda s: score.roughness(s.walk), weight=-2.0, unit="1", per="second"),
    "action": Reward(lambda s: score.action_size(s.walk), weight=-0.2, unit="1", per="second"),
    "slip": Reward(lambda s: score.slipping(s.walk), weight=-0.5, unit="m/s", per="second"),
    "bump": Reward(lambda s: score.bumping(s.walk), weight=-0.5, unit="1", per="second"),
    "fall": Reward(lambda s: score.fell(s.walk), weight=-10.0, unit="1", per="event"),
    "left": Reward(lambda s: score.left(s.walk), weight=-10.0, unit="1", per="event"),
}
DONE: dict[str, Done[State]] = {
    "fell": Done(lambda s: score.fell(s.walk), kind="failure"),
    "left": Done(lambda s: score.left(s.walk), kind="failure"),
}
METRICS: dict[str, Metric[State]] = {
    "push_survived": Metric(lambda s: s.survived, "m/s", over="max"),
    "away": Metric(lambda s: s.away, "m", over="max"),
    "tilt": Metric(lambda s: math.acos(clip(s.walk.upright, -1.0, 1.0)), "rad", over="max"),
    "slip": Metric(lambda s: score.slipping(s.walk), "m/s"),
    "torque": Metric(lambda s: s.walk.felt.torque, "N·m", over="max"),
    "energy": Metric(lambda s: s.walk.felt.power * CONTROL_DT, "J", over="sum"),
    "fell": Metric(lambda s: float(score.fell(s.walk)), "1", over="max"),
}


class TerrainBalance(Task[State]):
    """The task; see the module.

    The observation is a vector: the robot's proprioception (`robosim.robots.a1.A1`), then the velocity at which it is
    told to go back to the middle (forward and leftward, m/s, yaw rate, rad/s). It does not see the platform.

    Options: ``action``, as `A1` has it. With ``pushes="hard"``, for training, they are of any size up to `HARD` at all
    levels. Pushes, in m/s of the unloaded robot, are the task itself: they stay where nothing else varies.
    """

    OBSERVATIONS = ("state",)
    OPTIONS = {"action": ("gait", "joint"), "pushes": ("graded", "hard")}  # noqa: RUF012 (a Mapping in Task)
    PHYSICS_DT = PHYSICS_DT
    CONTROL_DT = CONTROL_DT
    TIME_LIMIT = TIME_LIMIT
    REWARD = REWARD
    DONE = DONE
    METRICS = METRICS

    def __init__(
        self, physics: Physics, *, observation: str, randomise: bool, split: Split, action: str, pushes: str = "graded"
    ) -> None:
        """Builds platform and robot; see `Task`."""
        self._randomise, self._hard = randomise, pushes == "hard"
        self.platform = Platform(physics)
        self.robot: A1 = A1(physics, CONTROL_DT, cast("Literal['gait', 'joint']", action))
        self.pushes = Pushes(self.robot.body, MASS, PUSH_FIRST, PUSH_PAUSE, CONTROL_DT)
        bound = np.array([*self.robot.proprioception_space.high, SPEED, SPEED, YAW_RATE], np.float32)
        self.observation_space: spaces.Space[Any] = spaces.Box(-bound, bound)

    def reset(self, streams: Streams, level: int) -> None:
        """Arranges an episode; see `Task.reset`."""
        self.platform.reset(streams.world, level, vary=self._randomise)
        load = (0.0, at_level(LOAD, level))
        self.robot.configure(vary(streams.robot, load) if self._randomise else Variation())
        self.robot.reset(self.platform.spawn(streams.world), streams.sensors, float(self._randomise))
        self.plan_pushes(streams.task, level)
        self._time = 0.0
        self._heading = self._facing()

    def plan_pushes(self, rng: np.random.Generator, level: int) -> None:
        """Begins an episode's pushes."""
        most = at_level(PUSH, level)
        self.pushes.reset(rng, HARD if self._hard else (most / 2, most))

    def _facing(self) -> float:
        rows = self.robot.body.rows()
        return math.atan2(rows[1][0], rows[0][0])

    def _heading_error(self) -> float:
        return math.remainder(self._heading - self._facing(), 2 * math.pi)

    def advance(self, action: NDArray[np.float32]) -> None:
        """Tells the robot the way back, and starts pushes; see `Task.advance`."""
        (x, y, _), _ = self.robot.body.pose()
        facing = self._facing()
        cos, sin = math.cos(facing), math.sin(facing)
        forward, left = -cos * x - sin * y, sin * x - cos * y
        rate = clip(YAW_GAIN * self._heading_error(), -YAW_RATE, YAW_RATE)
        self.robot.command[:] = *(clip(RETURN * way, -SPEED, SPEED) for way in (forward, left)), rate
        self.pushes.advance()

    def disturb(self) -> int:
        """Moves the platform and pushes the trunk; see `Task.disturb`."""
        self._time += PHYSICS_DT
        self.platform.move(self._time)
        self.pushes.disturb()
        return 1  # the platform moves all the time

    def state(self) -> State:
        """Reads the robot's motion; see `Task.state`."""
        robot = self.robot
        robot.sense()
        (x, y, _), _ = robot.body.pose()
        away, ground = math.hypot(x, y), self.platform.height(x, y)
        walk = score.read_state(robot, ground, self._heading_error(), away < PLACE, _NOWHERE)
        survived = self.pushes.last if RECOVERED <= self.pushes.since < math.inf else 0.0
        return State(walk, away, 0.0 if score.fell(walk) else survived)

    def observe(self, state: State) -> Observation:
        """Reads the sensors; see the class."""
        return np.concatenate([self.robot.proprioception(), np.array(state.walk.command, np.float32)])

    def succeeded(self, metrics: Mapping[str, float]) -> bool:
        """Judges an episode that lasted: that is all that was asked."""
        return True

    def mirrors(self) -> Mirrors:
        """Gives them; see `Task.mirrors`."""
        size = len(self.robot.action)
        return Mirrors(joined(mirrored_senses(size), COMMAND_MIRROR), mirrored_action(size))

    def viewpoint(self) -> tuple[Vec3, Vec3]:
        """Stands still beside the platform; see `Task.viewpoint`."""
        return (0.9, -2.3, 0.9), (0.0, 0.0, 0.1)

    def sketch(self, state: State) -> Sketch:
        """Draws a push while it lasts, and the way back; see `Task.sketch`."""
        (x, y, z), _ = self.robot.body.pose()
        lines = [Line([(x, y, 0.02), (0.0, 0.0, 0.02)], BLUE, width=2.0)]
        if self.pushes.since < 0.5:
            fx, fy, _ = self.pushes.force
            lines.append(Line([(x - 0.002 * fx, y - 0.002 * fy, z), (x, y, z)], ORANGE, width=5.0, arrow=True))
        return Sketch(lines)

    def captions(self, state: State) -> dict[str, str]:
        """Gives push, load and place; see `Task.captions`."""
        roll, pitch = (math.degrees(angle) for angle in self.platform.place[3:])
        return {
            "platform": f"{roll:+.0f}° {pitch:+.0f}°",
            "last push": f"{self.pushes.last:.2f} m/s",
            "from the middle": f"{state.away:.2f} m",
        }


class TerrainBalanceEnv(SimEnv):
    """robosim/TerrainBalance-v0."""

    TASK = TerrainBalance
