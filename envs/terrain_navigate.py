"""robosim/TerrainNavigate: a quadruped finds its way to a goal across ground that it can partly not cross.

Distance, roughness and what is in the way grow with the level; from level 3 on something lies half-way on the straight
line. Success: its middle comes within 0.4 m of the goal, in 60 s.
"""

import math
from typing import Any, Literal, NamedTuple, cast

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from robosim.envs import legged_score as score
from robosim.envs.ground_scan import LIMIT, SIZE, GroundScan
from robosim.envs.sim_env import SimEnv
from robosim.math import Vec3
from robosim.physics import Physics
from robosim.planning.polyline import ahead, nearest, remaining
from robosim.render.sketch import BLUE, GREEN, ORANGE, Line, Sketch
from robosim.robots.a1 import A1, MASS, Variation, vary
from robosim.robots.gait import SPEED, SPEED_RANGE, TURN_RANGE
from robosim.robots.pushes import Pushes
from robosim.seeding import Split, Streams
from robosim.task import Done, Metric, Observation, Reward, Task
from robosim.terrain.relief import read_heights
from robosim.worlds.explored import Explored, View
from robosim.worlds.terrain_field import HALF, ROOM, TerrainField

PHYSICS_DT = 1 / 250  # s
CONTROL_DT = 1 / 50  # s
TIME_LIMIT = 60.0  # s

ARRIVED = 0.4  # m
FAR = 16.0  # m; farther goals are observed as this
LOOK = 1.0  # m along its way: the point of it that is observed with guidance
# The outlook: a coarse grid of heights of the level frame around the trunk, m.
OUTLOOK_X, OUTLOOK_Y = np.linspace(-2.4, 6.0, 15), np.linspace(-4.2, 4.2, 15)
_OUTLOOK = np.stack(np.meshgrid(OUTLOOK_X, OUTLOOK_Y, indexing="ij"), -1).reshape(-1, 2)
# The map of what was in its bounds: of the heights as they are, every `robosim.worlds.explored.CELL`, without noise.
VIEW = View(float(OUTLOOK_X[-1]), -float(OUTLOOK_X[0]), float(OUTLOOK_Y[-1]))
STEP = 0.25  # m; A1's hips are 0.24 m above its feet
REPLAN = 25  # control steps from one plan to the next at least

# Drawn in each episode, uniformly; off with randomise=False, as what the robot varies is (`robosim.robots.a1.vary`).
PUSH = (0.2, 0.6)  # m/s, by which a push changes the speed of the nominal robot, in any direction
PUSH_FIRST, PUSH_PAUSE = (2.0, 6.0), (5.0, 9.0)  # s to the first, s from one to the next


class State(NamedTuple):
    """What happened, as the world knows it.

    Attributes:
        walk: Of the robot and its feet; inside is where it can stand.
        to_goal: m, straight.
        way: m, the shortest way that can be gone.
        progress: m of that, gone in this control step.
        walked: m in this control step.
        path: m walked since the start.
        shortest: m of the shortest way at the start.
    """

    walk: score.State
    to_goal: float
    way: float
    progress: float
    walked: float
    path: float
    shortest: float


def arrived(s: State) -> bool:
    """Says whether it is at its goal, on its feet."""
    return s.to_goal <= ARRIVED and not score.fell(s.walk)


def spl(s: State) -> float:
    """Gives success weighted by path length: Anderson et al., "On Evaluation of Embodied Navigation Agents", 2018."""
    return s.shortest / max(s.shortest, s.path, 1e-9) if arrived(s) else 0.0


REWARD: dict[str, Reward[State]] = {
    "progress": Reward(lambda s: s.progress, weight=3.0, unit="m"),
    "arrived": Reward(arrived, weight=10.0, unit="1"),
    "time": Reward(lambda s: 1.0, weight=-0.2, unit="1", per="second"),
    "bounce": Reward(lambda s: score.bounce(s.walk), weight=-0.5, unit="m²/s²", per="second"),
    "rocking": Reward(lambda s: score.rocking(s.walk), weight=-0.05, unit="rad²/s²", per="second"),
    "effort": Reward(lambda s: score.effort(s.walk), weight=-2e-4, unit="N²·m²", per="second"),
    "roughness": Reward(lambda s: score.roughness(s.walk), weight=-2.0, unit="1", per="second"),
    "action": Reward(lambda s: score.action_size(s.walk), weight=-0.2, unit="1", per="second"),
    "slip": Reward(lambda s: score.slipping(s.walk), weight=-0.5, unit="m/s", per="second"),
    "bump": Reward(lambda s: score.bumping(s.walk), weight=-0.5, unit="1", per="second"),
    "fall": Reward(lambda s: score.fell(s.walk), weight=-10.0, unit="1"),
    "strayed": Reward(lambda s: score.left(s.walk), weight=-10.0, unit="1"),
}
DONE: dict[str, Done[State]] = {
    "arrived": Done(arrived, kind="success"),
    "fell": Done(lambda s: score.fell(s.walk), kind="failure"),
    "strayed": Done(lambda s: score.left(s.walk), kind="failure"),
}
METRICS: dict[str, Metric[State]] = {
    "spl": Metric(spl, "1", over="last"),
    "to_goal": Metric(lambda s: s.to_goal, "m", over="last"),
    "walked": Metric(lambda s: s.walked, "m", over="sum"),
    "time": Metric(lambda s: CONTROL_DT, "s", over="sum"),
    "energy": Metric(lambda s: s.walk.felt.power * CONTROL_DT, "J", over="sum"),
    "slip": Metric(lambda s: score.slipping(s.walk), "m/s"),
    "torque": Metric(lambda s: s.walk.felt.torque, "N·m", over="max"),
    "fell": Metric(lambda s: float(score.fell(s.walk)), "1", over="max"),
    "strayed": Metric(lambda s: float(score.left(s.walk)), "1", over="max"),
}


class TerrainNavigate(Task[State]):
    """The task; see the module.

    Observations are dicts. ``"state"`` is the robot's proprioception (`robosim.robots.a1.A1`, which steers itself), in
    gait mode the velocity that its trot follows (forward, m/s, yaw rate, rad/s), and the goal in its polar frame (m, at
    most `FAR`; cosine and sine of its bearing). ``"scan"`` is heights of the ground around trunk and feet, m
    (`robosim.envs.ground_scan.GroundScan`), and ``"outlook"`` those at the points of `OUTLOOK_X` and `OUTLOOK_Y` (x
    slowest), above where the ground would be under a robot that stands on the level.

    ``"way"`` is the point of a way to the goal, `LOOK` ahead, in the robot's frame (x, y in m), and what is left of
    that way (m, at most twice `FAR`). With ``guidance="map"`` the robot plans it on a map of the ground that was within
    the bounds of its outlook so far (`robosim.worlds.explored.Explored`), which is finer than the outlook, and exact.
    With ``guidance="path"`` it is the shortest one that can be gone, which no sense tells. With ``guidance="goal"``
    there is none: the network has to find the way itself.

    Options: ``action``, as `A1` has it, and ``guidance``.
    """

    OBSERVATIONS = ("scan",)
    OPTIONS = {"action": ("gait", "joint"), "guidance": ("goal", "path", "map")}  # noqa: RUF012 (a Mapping in Task)
    PHYSICS_DT = PHYSICS_DT
    CONTROL_DT = CONTROL_DT
    TIME_LIMIT = TIME_LIMIT
    REWARD = REWARD
    DONE = DONE
    METRICS = METRICS

    def __init__(
        self, physics: Physics, *, observation: str, randomise: bool, split: Split, action: str, guidance: str
    ) -> None:
        """Builds field and robot; see `Task`."""
        self._randomise, self._guided = randomise, guidance != "goal"
        self._explored = Explored(HALF, VIEW, STEP, ROOM, REPLAN) if guidance == "map" else None
        self.field = TerrainField(physics, split)
        self.robot: A1 = A1(physics, CONTROL_DT, cast("Literal['gait', 'joint']", action), steers=True)
        self.pushes = Pushes(self.robot.body, MASS, PUSH_FIRST, PUSH_PAUSE, CONTROL_DT)
        self.scan = GroundScan(self.robot)
        self._heights = np.zeros(len(_OUTLOOK))
        steered = [SPEED + SPEED_RANGE, TURN_RANGE] if action == "gait" else []
        self._trots = action == "gait"
        most = [*self.robot.proprioception_space.high, *steered, FAR, 1.0, 1.0]
        high = {"state": most, "scan": [LIMIT] * SIZE, "outlook": [LIMIT] * len(_OUTLOOK)}
        if self._guided:
            high["way"] = [LOOK, LOOK, 2 * FAR]
        bounds = {name: np.array(part, np.float32) for name, part in high.items()}
        self.observation_space: spaces.Space[Any] = spaces.Dict(
            {name: spaces.Box(-bound, bound) for name, bound in bounds.items()}
        )

    def reset(self, streams: Streams, level: int) -> None:
        """Arranges an episode; see `Task.reset`."""
        noise = float(self._randomise)
        self.field.reset(streams.world, level, vary=self._randomise)
        self.robot.configure(vary(streams.robot) if self._randomise else Variation())
        self.robot.reset(self.field.spawn(streams.world), streams.sensors, noise)
        self.scan.reset(streams.sensors, noise)
        self.pushes.reset(streams.task, PUSH if self._randomise else None)
        x, y, _ = self.field.layout.start
        self._at, self._path = (x, y), 0.0
        self._way = self._shortest = self.field.geodesic.distance(x, y)
        if self._explored is not None:
            self._explored.reset(self.field.relief, self.field.layout.goal)

    def advance(self, action: NDArray[np.float32]) -> None:
        """Starts pushes; see `Task.advance`."""
        self.pushes.advance()

    def disturb(self) -> int:
        """Pushes the trunk while a push lasts; see `Task.disturb`."""
        return self.pushes.disturb()

    def state(self) -> State:
        """Reads the robot's motion, the ground around it and what is left of the way; see `Task.state`."""
        robot, field = self.robot, self.field
        robot.sense()
        (x, y, _), _ = robot.body.pose()
        ground, heights = self.scan.look(field.relief)
        walk = score.read_state(robot, ground, 0.0, field.passable(x, y), heights)
        way = field.geodesic.distance(x, y)
        way = way if math.isfinite(way) else self._way
        progress, self._way = self._way - way, way
        walked, self._at = math.dist(self._at, (x, y)), (x, y)
        self._path += walked
        to_goal = math.dist((x, y), field.layout.goal)
        return State(walk, to_goal, way, progress, walked, self._path, self._shortest)

    def _frame(self) -> tuple[float, float, float, float]:
        """Gives x, y (m) and the cosine and sine of the heading."""
        (x, y, _), _ = self.robot.body.pose()
        rows = self.robot.body.rows()
        length = math.hypot(rows[0][0], rows[1][0]) or 1.0
        return x, y, rows[0][0] / length, rows[1][0] / length

    def observe(self, state: State) -> Observation:
        """Reads the sensors; see the class."""
        x, y, cos, sin = self._frame()
        goal_x, goal_y = self.field.layout.goal
        dx, dy = goal_x - x, goal_y - y
        away = max(state.to_goal, 1e-6)
        bearing = (cos * dx + sin * dy) / away, (cos * dy - sin * dx) / away
        steered = state.walk.command[::2] if self._trots else ()
        felt = np.array([*steered, min(away, FAR), *bearing], np.float32)
        seen: Observation = {
            "state": np.concatenate([self.robot.proprioception(), felt]),
            "scan": self.scan.read(state.walk.heights),
            "outlook": self._look_out(x, y, cos, sin, state.walk.height),
        }
        if self._explored is not None:
            self._explored.look(x, y, cos, sin)
        if self._guided:
            point_x, point_y, left = self._guide(x, y)
            dx, dy = point_x - x, point_y - y
            share = min(1.0, LOOK / max(math.hypot(dx, dy), 1e-6))
            dx, dy = share * dx, share * dy
            seen["way"] = np.array([cos * dx + sin * dy, cos * dy - sin * dx, min(left, 2 * FAR)], np.float32)
        return seen

    def _look_out(self, x: float, y: float, cos: float, sin: float, height: float) -> NDArray[np.float32]:
        read_heights(self.field.relief, x, y, cos, sin, _OUTLOOK, self._heights)
        (_, _, z), _ = self.robot.body.pose()
        return self.scan.read(self._heights - (z - height))

    def _guide(self, x: float, y: float) -> tuple[float, float, float]:
        """Gives the point of its way that is `LOOK` ahead, and how much of that way is left, m."""
        path = (self.field.geodesic.path if self._explored is None else self._explored.way)(x, y)
        if len(path) < 2:
            return (*self.field.layout.goal, self._way)
        place, _ = nearest(path, x, y)
        return (*ahead(path, place, LOOK), remaining(path, place))

    def viewpoint(self) -> tuple[Vec3, Vec3]:
        """Looks from behind and above the robot towards the goal; see `Task.viewpoint`."""
        (x, y, z), _ = self.robot.body.pose()
        goal_x, goal_y = self.field.layout.goal
        away = math.hypot(goal_x - x, goal_y - y)
        # Near the goal the direction to it would turn the view about.
        along = ((goal_x - x) / away, (goal_y - y) / away) if away > 1.0 else self._along
        self._along = along
        return (x - 1.9 * along[0], y - 1.9 * along[1], z + 1.3), (x + 0.8 * along[0], y + 0.8 * along[1], z - 0.1)

    _along = (1.0, 0.0)

    def sketch(self, state: State) -> Sketch:
        """Draws the shortest way, the one that it has planned itself, and a mark on the goal; see `Task.sketch`."""
        (x, y, _), _ = self.robot.body.pose()
        goal_x, goal_y = self.field.layout.goal
        lines = [Line(self._on_ground(self.field.geodesic.path(x, y)), BLUE, width=2.0)]
        if self._explored is not None:
            lines.append(Line(self._on_ground(self._explored.way(x, y)), GREEN, width=2.0))
        z = self.field.height(goal_x, goal_y)
        mark: list[Vec3] = [(goal_x, goal_y, z + 0.6), (goal_x, goal_y, z)]
        return Sketch([*lines, Line(mark, ORANGE, width=4.0, arrow=True)])

    def _on_ground(self, path: NDArray[np.float64]) -> list[Vec3]:
        return [(x, y, max(self.field.height(x, y), 0.0) + 0.03) for x, y in path.tolist()]

    def captions(self, state: State) -> dict[str, str]:
        """Gives distances and motion; see `Task.captions`."""
        forward, _, turn = state.walk.command
        return {
            "goal": f"{state.to_goal:.1f} m",
            "shortest way": f"{state.way:.1f} m",
            "steers": f"{forward:+.2f} m/s  {turn:+.2f} rad/s",
        }


class TerrainNavigateEnv(SimEnv):
    """robosim/TerrainNavigate-v0."""

    TASK = TerrainNavigate
