"""robosim/WarehouseNavigate: from anywhere to anywhere in a warehouse, among racks, people and forklifts.

Everything that makes it hard grows with the level: how large and how cluttered the hall is, how narrow its aisles, how
many people and forklifts are about, how noisy the sensors are, and from level 4 on the map is stale: it lacks pallets
that were left in the way, and aisles that were closed. Success: standing within 0.3 m of the goal before time is up,
having touched neither person nor vehicle.
"""

import math
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from robosim.body import Body
from robosim.envs.chase import Chase
from robosim.envs.sim_env import SimEnv
from robosim.envs.warehouse_navigate_score import ARRIVED, DONE, METRICS, RATES, REWARD, STUCK, State
from robosim.math import Vec3, seen_from
from robosim.mirror import Mirror, Mirrors, flipped, signed
from robosim.physics import Physics
from robosim.planning.outline import impending, rectangle_gap
from robosim.planning.planner import Planner
from robosim.render.scene import Scene
from robosim.render.sketch import BLUE, GREEN, ORANGE, Fan, Line, Sketch, on_floor, ring
from robosim.robots.courier import (
    ACCELERATION,
    BACKWARD,
    FORWARD,
    LIDAR,
    RADIUS,
    SIZE,
    Courier,
)
from robosim.seeding import Split, Streams
from robosim.sensors.camera import Camera
from robosim.sensors.lidar import Lidar
from robosim.sensors.localisation import Localisation
from robosim.sensors.outlook import Outlook, Slew
from robosim.sensors.panorama import STANDING, Panorama
from robosim.sensors.sectors import Sectors
from robosim.shapes import Kind
from robosim.task import Observation, Task, at_level
from robosim.worlds.traffic.force import RADIUS as PERSON_RADIUS
from robosim.worlds.traffic.traffic import Traffic
from robosim.worlds.warehouse.warehouse import Warehouse

PHYSICS_DT = 1 / 100  # s
CONTROL_DT = 1 / 10  # s
TIME_LIMIT = 120.0  # s

# At each level
PEOPLE = (0, 1, 2, 4, 5, 6, 8, 9, 10, 12)
FORKLIFTS = (0, 0, 0, 1, 1, 1, 2, 2, 3, 3)
NOISE = (0.0, 1.0)  # at level 0 and at level 9; multiplies the sensors' figures

RAYS, RANGE = 180, (0.05, 8.0)  # m; a safety scanner's reach
RANGE_NOISE = 0.02  # m; SICK TiM5xx, data sheet: statistical error of 20 mm
DROPOUT = 0.01  # share of rays that come back with nothing
SECTORS = 60
AGES = (4,)  # control steps; the earlier scan that sectors are compared with
# m/s and rad/s; the ways of driving on that the robot looks ahead along: backwards, turning where it stands, arcs
_RATES = (-1.2, -0.7, -0.3, 0.0, 0.3, 0.7, 1.2)
ARCS = ((-BACKWARD, 0.0), *((share * FORWARD, rate) for share in (0.0, 1 / 3, 2 / 3, 1.0) for rate in _RATES))
POSE_ERROR = (0.02, 0.01)  # m along x and y, rad: of localisation on the map, standard deviations
POSE_MEMORY = 2.0  # s, over which those errors stay alike
VIEW = (64, 48)  # pixels, of each half of what the cameras see
AHEAD = (0.6, 1.5, 3.0)  # m along the planned path: the points of it that are observed
FAR = 10.0  # m; beyond it distances are observed as this
ROOM = 0.5  # m; to pass people and forklifts closer than that costs,
HORIZON = 2.5  # s; and to be about to, the more the sooner it comes
REACH = 0.3 + PERSON_RADIUS, 0.3 + 0.8  # m between the middles of robot and person, of robot and forklift, that touch
KEEP_CLEAR = 1.5  # m around the start, where nobody is at first
MOVERS = (Kind.PERSON, Kind.FORKLIFT)
PLAN_RADIUS = 0.45  # m; half of the narrowest gap to go through: `RADIUS`, half a cell of the map, and some room
_INSET = (240, 160)  # pixels, of the camera's picture beside a video
_NOBODY: frozenset[Kind] = frozenset()
_HALF = SIZE[0] / 2, SIZE[1] / 2
_STRIDE = 0.2  # m between the points of the driven path that a spectator sees


class WarehouseNavigate(Task[State]):
    """The task; see the module.

    Observations are dicts. ``"state"`` has speed (m/s) and yaw rate (rad/s) by the encoders, the last action, the goal
    in the robot's polar frame (m, at most `FAR`; sine and cosine of its bearing), and with ``guidance="path"`` the
    points of the planned path `AHEAD` in the robot's frame (x, y in m) and what is left of it (m, at most `FAR`).
    Where the robot is on the map, it knows to within `POSE_ERROR`.

    ``"lidar"`` and ``"outlook"``, with ``observation="lidar"`` or ``"full"``, are readings of
    `robosim.sensors.sectors.Sectors`, with `AGES`, and of `robosim.sensors.outlook.Outlook`, of `ARCS`. ``"rgb"`` and
    ``"depth8"``, with ``"camera"`` or ``"full"``, are those of two cameras in the robot's front, which see all that is
    ahead from left to right; see `robosim.sensors.panorama.Panorama`.

    ``"unmapped"``, with a lidar and a path, is the first row of ``"lidar"`` again, of the rays that met what is not on
    the given map: people, forklifts, what was left in the way. A lidar sees shins, and feet and elbows are nearer.

    The path is a planner's, on the map that the robot was given and what its lidar has added to that since, or the
    depth of its cameras where it has no lidar. With ``guidance="goal"`` nothing is planned.

    Attributes:
        world: The hall.
        traffic: Who else is about.
        carried: What may touch the robot, because it carries it; None for nothing.
        covers: The disc that others take the robot for: its middle, ahead and to the left, and its radius, m.
        pose: x, y (m) and heading (rad) that the robot believed in last.
    """

    OBSERVATIONS = ("lidar", "camera", "full")
    OPTIONS = {"guidance": ("path", "goal")}  # noqa: RUF012 (a constant of the class)
    PHYSICS_DT = PHYSICS_DT
    CONTROL_DT = CONTROL_DT
    TIME_LIMIT = TIME_LIMIT
    REWARD = REWARD
    DONE = DONE
    METRICS = METRICS
    RATES = RATES

    def __init__(
        self,
        physics: Physics,
        *,
        observation: str,
        randomise: bool,
        split: Split,
        guidance: str = "path",
        hall: Warehouse | None = None,
        robot: Courier | None = None,
    ) -> None:
        """Builds hall, traffic and robot, where it is not given them; see `Task`."""
        self._randomise = randomise
        self.world = Warehouse(physics) if hall is None else hall
        self.traffic = Traffic(physics, PEOPLE[-1], FORKLIFTS[-1])
        self.robot: Courier = Courier(physics) if robot is None else robot
        self._scene = scene = Scene(physics)
        lidar = Lidar(scene, self.robot.body, RAYS, 360.0, RANGE, RANGE_NOISE, DROPOUT, position=LIDAR)
        self._azimuths = lidar.azimuths
        self.lidar = Sectors(lidar, SECTORS, AGES, CONTROL_DT) if observation != "camera" else None
        slew = Slew(ACCELERATION, self.robot.braking, self.robot.yaw_acceleration)
        self._outlook = None if self.lidar is None else Outlook(self.lidar, ARCS, _HALF, slew)
        mount = self.robot.mount.position
        self._eyes = None if observation == "lidar" else Panorama(scene, self.robot.body, *VIEW, mount)
        self._inset: Camera | None = None
        self._chase = Chase()
        self.covers = 0.0, 0.0, RADIUS
        self.carried: Body | None = None
        self._localisation = Localisation(self.robot.body, POSE_ERROR, POSE_MEMORY, CONTROL_DT)
        self.planner = Planner(PLAN_RADIUS) if guidance == "path" else None
        self._kinds = {body.number: body.kind for body in physics.bodies}
        encoders = self.robot.proprioception_space.high[:2].tolist()
        most = [*encoders, 1.0, 1.0, FAR, 1.0, 1.0]
        if self.planner is not None:
            most += [FAR] * (2 * len(AHEAD) + 1)
        bound = np.array(most, np.float32)
        parts: dict[str, spaces.Space[Any]] = {"state": spaces.Box(-bound, bound)}
        if self.lidar is not None and self._outlook is not None:
            parts["lidar"], parts["outlook"] = self.lidar.space, self._outlook.space
            if self.planner is not None:
                parts["unmapped"] = spaces.Box(0.0, 1.0, (SECTORS,), np.float32)
        if self._eyes is not None:
            parts.update(self._eyes.space.spaces)
        self.observation_space: spaces.Space[Any] = spaces.Dict(parts)

    def reset(self, streams: Streams, level: int) -> None:
        """Arranges an episode; see `Task.reset`."""
        world = self.world
        world.reset(streams.world, level)
        position, quaternion = world.spawn(streams.world)
        start, goal = world.layout.start, world.layout.goal
        self.traffic.reset(
            streams.task,
            world.layout,
            (world.true_grid, world.clearance),
            PEOPLE[level],
            FORKLIFTS[level],
            keep_clear=[(start[0], start[1], KEEP_CLEAR)],
        )
        noise = at_level(NOISE, level) if self._randomise else 0.0
        self.robot.reset((position, quaternion), streams.sensors, noise)
        for sensor in (self._localisation, self.lidar, self._eyes):
            if sensor is not None:
                sensor.reset(streams.sensors, noise)
        if self.planner is not None:
            self.planner.reset(world.known_grid, goal)
        self._sensors, self._goal = streams.sensors, goal
        self._action = np.zeros(2, np.float32)
        self._trail = [(start[0], start[1])]
        self._chase.begin(start[2])
        self._begin(start)

    def head_for(self, goal: tuple[float, float]) -> None:
        """Takes a new goal, on the way; map and what was seen of it stay."""
        self.world.head_for(goal)
        if self.planner is not None:
            self.planner.head_for(goal)
        self._goal = goal
        x, y, heading, _, _ = self._motion()
        self._begin((x, y, heading))

    def _begin(self, start: tuple[float, float, float]) -> None:
        way = self.world.geodesic.distance(start[0], start[1])
        # From rest to full speed and back; a way too short for that is driven up to a lower speed.
        ramp = 1 / ACCELERATION + 1 / self.robot.braking
        peak = min(FORWARD, math.sqrt(2 * way / ramp))
        self._shortest, self._fastest = way, way / peak + peak * ramp / 2
        self._way, self._at, self._speeds = way, (start[0], start[1]), (0.0, 0.0)
        self._driven, self._steps = 0.0, 0
        self._anchor, self._anchored = self._at, 0

    def advance(self, action: NDArray[np.float32]) -> None:
        """Lets people and forklifts take a step; see `Task.advance`."""
        self._action = np.minimum(np.maximum(action, -1.0), 1.0)
        self._steps += 1
        x, y, heading, speed = self._moves
        cos, sin = math.cos(heading), math.sin(heading)
        self._chase.turn(heading, CONTROL_DT)
        a, b, radius = self.covers
        middle = x + cos * a - sin * b, y + sin * a + cos * b
        self.traffic.advance(CONTROL_DT, (*middle, speed * cos, speed * sin, radius))

    def _motion(self) -> tuple[float, float, float, float, float]:
        """Gives x, y (m), heading (rad), speed forward (m/s) and yaw rate (rad/s)."""
        ((x, y, _), _), velocity, spin = self.robot.body.motion()
        rows = self.robot.body.rows()
        heading = math.atan2(rows[1][0], rows[0][0])
        return x, y, heading, velocity[0] * rows[0][0] + velocity[1] * rows[1][0], spin[2]

    def state(self) -> State:
        """Reads motion, contacts and distances; see `Task.state`."""
        x, y, heading, speed, yaw_rate = self._motion()
        self._moves = x, y, heading, speed
        way = self.world.geodesic.distance(x, y)
        progress = self._way - way if math.isfinite(way) else 0.0
        self._way = way if math.isfinite(way) else self._way
        drove = math.dist(self._at, (x, y))
        self._driven += drove
        before, last = self._speeds
        self._at, self._speeds = (x, y), (last, speed)
        if math.dist(self._anchor, self._at) > STUCK[0]:
            self._anchor, self._anchored = self._at, self._steps
        met, impact = self._contacts()
        return State(
            x=x,
            y=y,
            heading=heading,
            speed=speed,
            yaw_rate=yaw_rate,
            jerk=abs(speed - 2 * last + before) / CONTROL_DT**2,
            to_goal=math.dist(self._at, self._goal),
            progress=progress,
            drove=drove,
            driven=self._driven,
            shortest=self._shortest,
            fastest=self._fastest,
            time=self._steps * CONTROL_DT,
            idle=(self._steps - self._anchored) * CONTROL_DT,
            gap=rectangle_gap(x, y, heading, _HALF, self.traffic.people_positions) - PERSON_RADIUS,
            danger=self._danger(x, y, speed * math.cos(heading), speed * math.sin(heading)),
            met=met,
            impact=impact,
            tipped=self.robot.tipped,
        )

    def _danger(self, x: float, y: float, vx: float, vy: float) -> float:
        traffic = self.traffic
        people, forklifts = (
            impending((x, y), (vx, vy), others, velocities, reach, ROOM, HORIZON)
            for others, velocities, reach in (
                (traffic.people_positions, traffic.people_velocities, REACH[0]),
                (traffic.forklift_positions, traffic.forklift_velocities, REACH[1]),
            )
        )
        return max(people, forklifts)

    def _contacts(self) -> tuple[frozenset[Kind], float]:
        bumps = self.robot.bumped()
        if bumps and self.carried is not None:
            bumps.pop(self.carried.number, None)
        if not bumps:
            return _NOBODY, 0.0
        met = frozenset(self._kinds[number] for number in bumps)
        return met, sum(force for number, force in bumps.items() if self._kinds[number] not in MOVERS)

    def observe(self, state: State) -> Observation:
        """Reads the sensors and plans; see the class."""
        speed, yaw_rate = self.robot.proprioception().tolist()
        return self.sense(speed, yaw_rate)

    def sense(self, speed: float, yaw_rate: float) -> dict[str, NDArray[Any]]:
        """Gives what is observed, where the encoders were read already (m/s, rad/s)."""
        self.pose = x, y, heading = self._localisation.read(self._sensors).tolist()
        seen: dict[str, NDArray[Any]] = {}
        if self.lidar is not None and self._outlook is not None:
            a, b, turn = self.robot.believed[:3].tolist()
            self.lidar.odometry = a, b, turn
            seen["lidar"] = self.lidar.read(self._sensors)
            seen["outlook"] = self._outlook.read(speed, yaw_rate)
        if self._eyes is not None:
            seen.update(self._eyes.read(self._sensors))
            if self.lidar is None and self.planner is not None:
                self._look_out((x, y, heading), self.planner, self._eyes, seen["depth8"])
        told = [speed, yaw_rate, *self._action.tolist(), *self._guidance((x, y, heading))]
        seen["state"] = np.array(told, np.float32)
        if self.lidar is not None and self.planner is not None:
            seen["unmapped"] = self.lidar.nearness(self.planner.seen.unmapped)
        return seen

    def _look_out(
        self, pose: tuple[float, float, float], planner: Planner, eyes: Panorama, depth8: NDArray[np.uint8]
    ) -> None:
        """Lets the planner know what the cameras see standing there."""
        x, y, heading = pose
        ahead = self.robot.mount.position[0]
        ranges = eyes.columns.standing(depth8, STANDING, RANGE[1])
        at = x + ahead * math.cos(heading), y + ahead * math.sin(heading)
        planner.seen.add(*at, heading, eyes.columns.azimuths, ranges, RANGE[1])

    def _guidance(self, pose: tuple[float, float, float]) -> list[float]:
        ahead, left = seen_from(pose, self._goal)
        distance = math.hypot(ahead, left)
        scale = max(distance, 1e-6)
        told = [min(distance, FAR), left / scale, ahead / scale]
        if self.planner is None:
            return told
        x, y, heading = pose
        if self.lidar is None:
            self.planner.follow(x, y)
        else:
            self.planner.update(x, y, heading, self._azimuths, self.lidar.ranges, RANGE[1])
        points, remaining = self.planner.outlook(x, y, AHEAD)
        for point in points:
            told += seen_from(pose, point)
        return [*told, min(remaining, FAR)]

    def mirrors(self) -> Mirrors | None:
        """Gives them where no cameras see; see `Task.mirrors`."""
        if self.lidar is None or self._outlook is None or self._eyes is not None:
            return None
        speeds, goal = (1.0, -1.0), (1.0, -1.0, 1.0)  # yaw rates turn left; of the goal's bearing the sine points there
        path = () if self.planner is None else ((1.0, -1.0) * len(AHEAD) + (1.0,))
        state = signed(*speeds, *speeds, *goal, *path)
        parts: dict[str, Mirror] = {"state": state, "lidar": self.lidar.mirror, "outlook": self._outlook.mirror}
        if self.planner is not None:
            parts["unmapped"] = flipped(1, SECTORS)
        return Mirrors(parts, signed(*speeds))

    def viewpoint(self) -> tuple[Vec3, Vec3]:
        """Follows the robot from behind and above; see `Task.viewpoint`."""
        (x, y, _), _ = self.robot.body.pose()
        return self._chase.view(x, y, self.world.layout)

    def sketch(self, state: State) -> Sketch:
        """Draws the path planned and driven, the goal, the lidar's fan, and what the camera sees; see `Task.sketch`."""
        if math.dist(self._trail[-1], (state.x, state.y)) > _STRIDE:
            self._trail.append((state.x, state.y))
        lines = [Line(ring(self._goal, ARRIVED), GREEN), Line(on_floor(self._trail), BLUE)]
        if self.planner is not None:
            metres = np.arange(0.0, self.planner.remaining(state.x, state.y) + _STRIDE, _STRIDE).tolist()
            planned = [self.planner.ahead(state.x, state.y, far) for far in metres]
            lines.append(Line(on_floor(planned), ORANGE))
        fans = [] if self.lidar is None else [self._fan(state, self.lidar.ranges)]
        return Sketch(lines, fans, {"camera": self._picture()})

    def _fan(self, state: State, ranges: NDArray[np.float32]) -> Fan:
        turn = self._azimuths + state.heading
        ends = np.column_stack([ranges * np.cos(turn), ranges * np.sin(turn), np.zeros(RAYS)])
        origin = state.x, state.y, LIDAR[2]
        return Fan(origin, np.array(origin) + ends, closed=True)

    def _picture(self) -> NDArray[np.uint8]:
        if self._inset is None:  # only spectators need it
            self._inset = Camera(self._scene, self.robot.body, *_INSET, mount=self.robot.mount, modes=("rgb",))
        picture: NDArray[np.uint8] = self._inset.read(np.random.default_rng(0))["rgb"]
        return picture

    def captions(self, state: State) -> dict[str, str]:
        """Gives motion, what is left and who is about; see `Task.captions`."""
        return {
            "speed": f"{state.speed:+.2f} m/s  {state.yaw_rate:+.2f} rad/s",
            "to the goal": f"{self._way:.1f} of {state.shortest:.1f} m",
            "nearest person": "nobody" if math.isinf(state.gap) else f"{state.gap:.1f} m",
        }


class WarehouseNavigateEnv(SimEnv):
    """robosim/WarehouseNavigate-v2."""

    TASK = WarehouseNavigate
