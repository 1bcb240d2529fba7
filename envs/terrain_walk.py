"""robosim/TerrainWalk: a quadruped follows a commanded velocity for 20 s over ground it has never seen.

The ground's kind is drawn, and its difficulty is the level. What is commanded changes every few seconds, and keeps it
on its lane. It is pushed, and body, motors and friction vary. Success: no fall, at least 80 % of the commanded way, and
on average within 0.35 rad of the commanded heading.
"""

import math
from collections.abc import Mapping
from typing import Any, Literal, cast

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from robosim.envs import legged_score as score
from robosim.envs.ground_eyes import GroundEyes
from robosim.envs.ground_scan import LIMIT, SCAN_MIRROR, SIZE, GroundScan
from robosim.envs.legged_score import State
from robosim.envs.sim_env import SimEnv
from robosim.math import Vec3, clip
from robosim.mirror import Mirrors, joined
from robosim.physics import GRAVITY, Physics
from robosim.render.sketch import BLUE, ORANGE, Line, Sketch
from robosim.robots.a1 import A1, MASS, Variation, vary
from robosim.robots.a1_mirror import COMMAND_MIRROR, mirrored_action, mirrored_senses
from robosim.robots.pushes import Pushes
from robosim.seeding import Split, Streams
from robosim.task import Done, Metric, Observation, Rate, Reward, Task
from robosim.worlds.terrain import CHOICES, Terrain

PHYSICS_DT = 1 / 250  # s
CONTROL_DT = 1 / 50  # s
TIME_LIMIT = 20.0  # s

SHARE = 0.8  # of the commanded way, least of a success
HEADING_TOLERANCE = 0.35  # rad, mean error of a success

SPEED = (0.25, 0.6)  # m/s, forward
SIDE_SPEED = 0.1  # m/s, either way
HEADING = 0.3  # rad, either way from the lane's
HOLD = (4.0, 6.0)  # s from one command to the next
SPEED_SLEW = 0.5  # m/s²
HEADING_SLEW = 0.4  # rad/s
STEER = 0.4  # rad a metre that the heading is turned back towards the lane's middle
MOST_HEADING = 0.6  # rad
YAW_GAIN, YAW_RATE = 1.0, 0.6  # 1/s of the heading's error, and rad/s at most, as legged_gym turns headings into rates

# Drawn in each episode, uniformly; off with randomise=False, as what the robot varies is (`robosim.robots.a1.vary`).
PUSH = (0.4, 0.8)  # m/s, by which a push changes the speed of the nominal robot, in any direction
PUSH_FIRST, PUSH_PAUSE = (1.0, 4.0), (4.0, 7.0)  # s to the first, s from one to the next

REWARD = {
    "progress": Reward(score.progress, weight=2.0, unit="1", per="second"),
    "velocity": Reward(score.velocity_kept, weight=1.0, unit="1", per="second"),
    "turning": Reward(score.turning_kept, weight=0.5, unit="1", per="second"),
    "bounce": Reward(score.bounce, weight=-0.5, unit="m²/s²", per="second"),
    "rocking": Reward(score.rocking, weight=-0.05, unit="rad²/s²", per="second"),
    "effort": Reward(score.effort, weight=-2e-4, unit="N²·m²", per="second"),
    "roughness": Reward(score.roughness, weight=-2.0, unit="1", per="second"),
    "action": Reward(score.action_size, weight=-0.2, unit="1", per="second"),
    "slip": Reward(score.slipping, weight=-0.5, unit="m/s", per="second"),
    "bump": Reward(score.bumping, weight=-0.5, unit="1", per="second"),
    "fall": Reward(score.fell, weight=-5.0, unit="1", per="event"),
    "left": Reward(score.left, weight=-5.0, unit="1", per="event"),
}
DONE = {"fell": Done(score.fell, kind="failure"), "left": Done(score.left, kind="failure")}
METRICS = {
    "covered": Metric(lambda s: score.speed_along(s) * CONTROL_DT, "m", over="sum"),
    "commanded": Metric(lambda s: score.speed_commanded(s) * CONTROL_DT, "m", over="sum"),
    "velocity_error": Metric(score.velocity_error, "m/s"),
    "heading_error": Metric(lambda s: abs(s.heading_error), "rad"),
    "energy": Metric(lambda s: s.felt.power * CONTROL_DT, "J", over="sum"),
    "slip": Metric(score.slipping, "m/s"),
    "torque": Metric(lambda s: s.felt.torque, "N·m", over="max"),
    "tilt": Metric(lambda s: math.acos(clip(s.upright, -1.0, 1.0)), "rad", over="max"),
    "fell": Metric(lambda s: float(score.fell(s)), "1", over="max"),
}
RATES = {
    "distance_share": Rate("covered", "commanded", 1.0, "1"),
    # What the motors put in, over weight times way; of the moments that are controlled, fifty a second.
    "cost_of_transport": Rate("energy", "covered", 1 / (MASS * GRAVITY), "1"),
}


class TerrainWalk(Task[State]):
    """The task; see the module.

    The observation is a vector: the robot's proprioception (`robosim.robots.a1.A1`), the commanded velocity (forward
    and leftward, m/s, yaw rate, rad/s) and, with ``observation="scan"``, heights of the ground, as
    `robosim.envs.ground_scan.GroundScan` has them. With ``"camera"`` it is a dict of that vector without heights,
    ``"state"``, and of pictures of the ground, as `robosim.envs.ground_eyes.GroundEyes` has them.

    Options: ``action``, as `A1` has it, and ``terrain``: a kind of ground, ``"mix"`` for three kinds in a row, or
    ``"mixed"`` to draw it in each episode; in the split for training, what is hard to learn more often.
    """

    OBSERVATIONS = ("state", "camera", "scan")
    OPTIONS = {"action": ("gait", "joint"), "terrain": ("mixed", *CHOICES)}  # noqa: RUF012 (a Mapping in Task)
    PHYSICS_DT = PHYSICS_DT
    CONTROL_DT = CONTROL_DT
    TIME_LIMIT = TIME_LIMIT
    REWARD = REWARD
    DONE = DONE
    METRICS = METRICS
    RATES = RATES

    def __init__(
        self, physics: Physics, *, observation: str, randomise: bool, split: Split, action: str, terrain: str
    ) -> None:
        """Builds ground and robot; see `Task`."""
        self._randomise = randomise
        self._kind = None if terrain == "mixed" else terrain
        self.terrain = Terrain(physics, split)
        self.robot: A1 = A1(physics, CONTROL_DT, cast("Literal['gait', 'joint']", action))
        self.pushes = Pushes(self.robot.body, MASS, PUSH_FIRST, PUSH_PAUSE, CONTROL_DT)
        self._scans = observation == "scan"
        self.scan = GroundScan(self.robot, sees=self._scans)
        self._eyes = GroundEyes(physics, self.robot, CONTROL_DT) if observation == "camera" else None
        high = [*self.robot.proprioception_space.high, SPEED[1], SIDE_SPEED, YAW_RATE]
        bound = np.array([*high, *[LIMIT] * (SIZE if self._scans else 0)], np.float32)
        self.observation_space: spaces.Space[Any] = spaces.Box(-bound, bound)
        if self._eyes is not None:
            self.observation_space = spaces.Dict({"state": self.observation_space, **self._eyes.space})

    def reset(self, streams: Streams, level: int) -> None:
        """Arranges an episode; see `Task.reset`."""
        self._rng = streams.task
        self.terrain.reset(streams.world, level, self._kind, vary=self._randomise)
        self.robot.configure(vary(streams.robot) if self._randomise else Variation())
        self.robot.reset(self.terrain.spawn(streams.world), streams.sensors, float(self._randomise))
        self.scan.reset(streams.sensors, float(self._randomise))
        if self._eyes is not None:
            self._eyes.reset(streams.sensors, float(self._randomise))
        self._sensors = streams.sensors
        self._time = 0.0
        self._velocity, self._target = [0.0, 0.0], [0.0, 0.0]
        self._heading, self._goal_heading = self._facing(), 0.0
        self._retarget_at = 0.0
        self.pushes.reset(self._rng, PUSH if self._randomise else None)

    def _facing(self) -> float:
        rows = self.robot.body.rows()
        return math.atan2(rows[1][0], rows[0][0])

    def advance(self, action: NDArray[np.float32]) -> None:
        """Moves the command and starts pushes; see `Task.advance`."""
        self._time += CONTROL_DT
        self._move_command()
        self.pushes.advance()

    def _move_command(self) -> None:
        rng = self._rng
        if self._time >= self._retarget_at:
            self._retarget_at = self._time + rng.uniform(*HOLD)
            self._target = [rng.uniform(*SPEED), rng.uniform(-SIDE_SPEED, SIDE_SPEED)]
            self._goal_heading = rng.uniform(-HEADING, HEADING)
        for i in range(2):
            step = SPEED_SLEW * CONTROL_DT
            self._velocity[i] += clip(self._target[i] - self._velocity[i], -step, step)
        (_, y, _), _ = self.robot.body.pose()
        goal = clip(self._goal_heading - STEER * y, -MOST_HEADING, MOST_HEADING)
        turn = HEADING_SLEW * CONTROL_DT
        self._heading += clip(goal - self._heading, -turn, turn)
        rate = clip(YAW_GAIN * self._heading_error(), -YAW_RATE, YAW_RATE)
        self.robot.command[:] = *self._velocity, rate

    def _heading_error(self) -> float:
        return math.remainder(self._heading - self._facing(), 2 * math.pi)

    def disturb(self) -> int:
        """Pushes the trunk while a push lasts; see `Task.disturb`."""
        return self.pushes.disturb()

    def state(self) -> State:
        """Reads the robot's motion and the ground around it; see `Task.state`."""
        robot = self.robot
        robot.sense()
        (x, y, _), _ = robot.body.pose()
        ground, heights = self.scan.look(self.terrain.relief)
        return score.read_state(robot, ground, self._heading_error(), self.terrain.on(x, y), heights)

    def observe(self, state: State) -> Observation:
        """Reads the sensors; see the class."""
        parts = [self.robot.proprioception(), np.array(state.command, np.float32)]
        if self._scans:
            parts.append(self.scan.read(state.heights))
        felt = np.concatenate(parts)
        return felt if self._eyes is None else {"state": felt, **self._eyes.read(self._sensors)}

    def succeeded(self, metrics: Mapping[str, float]) -> bool:
        """Judges an episode that lasted; see the module."""
        return metrics["covered"] >= SHARE * metrics["commanded"] and metrics["heading_error"] <= HEADING_TOLERANCE

    def labels(self) -> dict[str, str]:
        """Gives the kind of ground; see `Task.labels`."""
        return {"kind": self.terrain.kind}

    def mirrors(self) -> Mirrors | None:
        """Gives them where no cameras see; see `Task.mirrors`."""
        if self._eyes is not None:
            return None
        size = len(self.robot.action)
        scan = [SCAN_MIRROR] * self._scans
        return Mirrors(joined(mirrored_senses(size), COMMAND_MIRROR, *scan), mirrored_action(size))

    def viewpoint(self) -> tuple[Vec3, Vec3]:
        """Stands ahead of the robot's right side; see `Task.viewpoint`."""
        (x, y, z), _ = self.robot.body.pose()
        return (x + 0.5, y - 1.9, z + 0.55), (x + 0.1, y, z - 0.05)

    def sketch(self, state: State) -> Sketch:
        """Draws the velocity of the next second, as commanded and as it is, and what cameras see; see `Task.sketch`."""
        asked, going = self._arrow(*state.command[:2]), self._arrow(*state.velocity[:2])
        insets = {} if self._eyes is None else self._eyes.pictures
        return Sketch([Line(going, BLUE, width=2.0), Line(asked, ORANGE, arrow=True)], insets=insets)

    def _arrow(self, forward: float, left: float) -> list[Vec3]:
        (x, y, z), _ = self.robot.body.pose()
        facing = self._facing()
        cos, sin = math.cos(facing), math.sin(facing)
        z += 0.15
        return [(x, y, z), (x + cos * forward - sin * left, y + sin * forward + cos * left, z)]

    def captions(self, state: State) -> dict[str, str]:
        """Gives ground, command and motion; see `Task.captions`."""
        forward, left, turn = state.command
        return {
            "ground": self.terrain.kind.replace("_", " "),
            "command": f"{forward:+.2f} {left:+.2f} m/s  {turn:+.2f} rad/s",
            "motion": f"{state.velocity[0]:+.2f} {state.velocity[1]:+.2f} m/s  {state.spin[2]:+.2f} rad/s",
        }


class TerrainWalkEnv(SimEnv):
    """robosim/TerrainWalk-v0."""

    TASK = TerrainWalk
