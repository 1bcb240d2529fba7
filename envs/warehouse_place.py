"""robosim/WarehousePlace: a parked robot holds a package near the area where it belongs, and puts it down there.

How far aside and how close to the area's edge it can go, how the robot carries it, at first over its own deck, where
and how it is held, what it weighs, and what lies in the area already grow harder with the level. Success: the package
counts as delivered (`robosim.worlds.store.delivered`), in 20 s.
"""

import math
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from robosim.body import Body, Pose
from robosim.envs.sim_env import SimEnv
from robosim.envs.warehouse_place_score import DONE, METRICS, MOVED, REWARD, TILTED, State, remaining
from robosim.math import Vec3, axis_angle, clip, rotation_rows, seen_from, to_world
from robosim.physics import Physics
from robosim.render.sketch import GREEN, ORANGE, Line, Sketch, on_floor
from robosim.robots.mast import STAGES
from robosim.robots.picker import Picker
from robosim.seeding import Split, Streams
from robosim.task import Observation, Task
from robosim.worlds.store.delivered import GENTLE, PutDown, delivered, placement
from robosim.worlds.store.layout import Parcel
from robosim.worlds.store.store import DropOff
from robosim.worlds.warehouse.layout import Area

PHYSICS_DT = 1 / 100  # s
CONTROL_DT = 1 / 10  # s
TIME_LIMIT = 20.0  # s

NEAREST = 3  # others that are observed
FAR = 3.0  # m; what is farther is observed as this
_TOUCH = 0.001  # m between cup and face at first
_FAST = 3.0  # m/s; faster is observed as this
_SETTLING = 0.002  # m, by which others may move by themselves
_UP: Vec3 = (0.0, 0.0, 1.0)


class WarehousePlace(Task[State]):
    """The task; see the module.

    The robot is parked; its actions and its proprioception, with which observations begin, are those of
    `robosim.robots.picker.Picker` with ``parked``. The *tool frame* has its origin at the lip of the cup, x where the
    arm points to and z up. The rest of ``observation="state"`` is

    =====  ===  =================================================================================
    11-13  m    the package's middle in the tool frame
    14-15  1    sine and cosine of how much its back is turned from the tool's x
    16-18  m    its depth, width and height
    19     m    its lowest corner above the floor
    20     rad  how much it leans
    21     m/s  how fast its middle moves
    22-23  m    the area's middle in the tool frame
    24-25  1    sine and cosine of four times how much the area's sides are turned from the tool's x
    26-46       the three nearest others, the nearest first, zeros where there are none: x and y in the
                tool frame (m), sine and cosine of twice how much they are turned from its x, depth,
                width and height (m)
    =====  ===  =================================================================================

    An area measures 1.6 by 1.6 m.
    """

    OBSERVATIONS = ("state",)
    PHYSICS_DT = PHYSICS_DT
    CONTROL_DT = CONTROL_DT
    TIME_LIMIT = TIME_LIMIT
    REWARD = REWARD
    DONE = DONE
    METRICS = METRICS

    def __init__(self, physics: Physics, *, observation: str, randomise: bool, split: Split) -> None:
        """Builds world and robot; see `Task`."""
        self._randomise = randomise
        self.world = DropOff(physics)
        self.robot: Picker = Picker(physics, parked=True)
        self.robot.suction.allow(self.world.packages.bodies)
        self._motors = self.robot.body.joints(
            "turret_joint", "lift_joint", *(f"stage_{number + 1}_joint" for number in range(STAGES))
        )
        self.observation_space: spaces.Space[Any] = self._space()

    def _space(self) -> spaces.Box:
        senses = self.robot.proprioception_space
        package = [FAR, FAR, FAR, 1.0, 1.0, 1.0, 1.0, 1.0, FAR, math.pi, _FAST]
        other = [FAR, FAR, 1.0, 1.0, 1.0, 1.0, 1.0]
        rest = [*package, FAR, FAR, 1.0, 1.0, *(other * NEAREST)]
        low = np.float32([*senses.low, *(-value for value in rest)])
        return spaces.Box(low, np.float32([*senses.high, *rest]))

    def reset(self, streams: Streams, level: int) -> None:
        """Arranges an episode; see `Task.reset`."""
        world, robot = self.world, self.robot
        world.reset(streams.world, level)
        layout = world.layout
        robot.reset(world.spawn(streams.world), streams.sensors, float(self._randomise), layout.arm)
        self.package = self._hand_over(layout.held, layout.grip)
        self._others = [(parcel, world.packages.bodies[parcel.number]) for parcel in layout.parcels]
        self._watch = PutDown(layout.held.model.size)
        self._steps = self._delivered = self._free = 0
        self._best, self._landed = math.inf, False
        self._pushed = [0.0] * len(self._others)

    def _hand_over(self, held: Parcel, grip: tuple[float, float]) -> Body:
        """Puts the package into the cup."""
        (x, y, z), _ = self.robot.suction.pose()
        yaw = self._pointing() + math.pi
        left, up = grip
        ahead = held.model.size[0] / 2 + _TOUCH
        dx, dy, dz = to_world(rotation_rows(axis_angle(_UP, yaw)), (ahead, left, up))
        middle = x - dx, y - dy, z - dz
        body = self.world.packages.put(held.number, middle, math.remainder(yaw, 2 * math.pi), held.mass, held.friction)
        self.robot.suction.grasp(body)
        return body

    def _pointing(self) -> float:
        """Gives where the arm points to in the world, rad."""
        _, turn = self.robot.suction.pose()
        rows = rotation_rows(turn)
        return math.atan2(rows[1][0], rows[0][0])

    def advance(self, action: NDArray[np.float32]) -> None:
        """Counts; see `Task.advance`."""
        self._steps += 1

    def disturb(self) -> None:
        """Watches how fast the package comes down: nobody pushes; see `Task.disturb`."""
        pose, velocity, _ = self.package.motion()
        self._watch.follow(pose, velocity)

    def state(self) -> State:
        """Reads package, others and motors; see `Task.state`."""
        layout = self.world.layout
        pose, velocity, _ = self.package.motion()
        self._watch.follow(pose, velocity)
        held = self.robot.suction.held is not None
        lies = placement(pose, layout.held.model.size, layout.area)
        counts = delivered(lies, self._watch.speed, math.hypot(*velocity), held=held)
        self._delivered = self._delivered + 1 if counts else 0
        self._free = 0 if held else self._free + 1
        left = remaining(lies)
        progress = 0.0 if math.isinf(self._best) else max(self._best - left, 0.0)
        self._best = min(self._best, left)
        down = self._watch.speed <= GENTLE and lies.outside <= 0
        landed, self._landed = down and not self._landed, down or self._landed
        pushed, displaced = self._push()
        _, rates, efforts = self._motors.efforts()
        return State(
            lies=lies,
            held=held,
            put_down=self._watch.speed,
            delivered=self._delivered * CONTROL_DT,
            free=self._free * CONTROL_DT,
            progress=progress,
            landed=landed,
            pushed=pushed,
            displaced=displaced,
            error=math.dist(pose[0][:2], layout.held.position[:2]),
            power=sum(abs(rate * effort) for rate, effort in zip(rates, efforts, strict=True)),
            time=self._steps * CONTROL_DT,
        )

    def _push(self) -> tuple[float, int]:
        """Gives how far others were newly moved, m, and how many count as displaced."""
        newly, displaced = 0.0, 0
        for number, (parcel, body) in enumerate(self._others):
            position, turn = body.pose()
            moved = math.dist(position, parcel.position)
            newly += max(moved - max(self._pushed[number], _SETTLING), 0.0)
            self._pushed[number] = max(self._pushed[number], moved)
            leans = math.acos(clip(rotation_rows(turn)[2][2], -1.0, 1.0))
            displaced += moved > MOVED or leans > TILTED
        return newly, displaced

    def observe(self, state: State) -> Observation:
        """Reads the joints and looks at packages and area; see the class."""
        senses = self.robot.proprioception()
        layout, (origin, _), ahead = self.world.layout, self.robot.suction.pose(), self._pointing()
        pose, velocity, _ = self.package.motion()
        tool = origin[0], origin[1], ahead
        turned = _yaw(pose) + math.pi - ahead
        seen = [*seen_from(tool, pose[0][:2]), pose[0][2] - origin[2], math.sin(turned), math.cos(turned)]
        seen += [*layout.held.model.size, state.lies.height, state.lies.tilt, math.hypot(*velocity)]
        seen += _area_from(tool, layout.area)
        seen += self._nearest(tool)
        space = self.observation_space
        assert isinstance(space, spaces.Box)
        whole: NDArray[np.float32] = np.clip(np.array([*senses.tolist(), *seen], np.float32), space.low, space.high)
        return whole

    def _nearest(self, tool: Vec3) -> list[float]:
        others = list[tuple[float, list[float]]]()
        for parcel, body in self._others:
            pose = body.pose()
            x, y = seen_from(tool, pose[0][:2])
            twice = 2 * (_yaw(pose) - tool[2])
            others.append((math.hypot(x, y), [x, y, math.sin(twice), math.cos(twice), *parcel.model.size]))
        rows = [row for _, row in sorted(others)[:NEAREST]]
        return _flat([*rows, *[[0.0] * 7] * (NEAREST - len(rows))])

    def viewpoint(self) -> tuple[Vec3, Vec3]:
        """Stands beside the area; see `Task.viewpoint`."""
        return (1.5, -2.5, 1.7), (0.65, 0.0, 0.45)

    def sketch(self, state: State) -> Sketch:
        """Draws the place that was kept free, and the package's shadow; see `Task.sketch`."""
        held = self.world.layout.held
        spot = _outline(held.x, held.y, held.yaw, held.model.size)
        pose = self.package.pose()
        shadow = _outline(pose[0][0], pose[0][1], _yaw(pose), held.model.size)
        return Sketch([Line(spot, GREEN, 2.0), Line(shadow, ORANGE, 2.0)])

    def captions(self, state: State) -> dict[str, str]:
        """Gives order, weight and how it goes; see `Task.captions`."""
        held = self.world.layout.held
        return {
            "order": f"package {held.model.letter} → area {held.model.letter}",
            "weight": f"{held.mass:.1f} kg",
            "above the floor": f"{100 * max(state.lies.height, 0.0):.0f} cm",
            "to the area": f"{100 * max(state.lies.outside, 0.0):.0f} cm",
        }


def _yaw(pose: Pose) -> float:
    rows = rotation_rows(pose[1])
    return math.atan2(rows[1][0], rows[0][0])


def _area_from(tool: Vec3, area: Area) -> list[float]:
    four = 4 * (area.yaw - tool[2])
    return [*seen_from(tool, (area.x, area.y)), math.sin(four), math.cos(four)]


def _flat(rows: list[list[float]]) -> list[float]:
    return [value for row in rows for value in row]


def _outline(x: float, y: float, yaw: float, size: Vec3) -> NDArray[np.float64]:
    cos, sin = math.cos(yaw), math.sin(yaw)
    a, b = size[0] / 2, size[1] / 2
    corners = [(-a, -b), (a, -b), (a, b), (-a, b), (-a, -b)]
    return on_floor([(x + cos * u - sin * v, y + sin * u + cos * v) for u, v in corners])


class WarehousePlaceEnv(SimEnv):
    """robosim/WarehousePlace-v0."""

    TASK = WarehousePlace
