"""robosim/WarehouseDeliver: fetch the package that was ordered from its rack, and bring it to the area it belongs to.

The whole job, from anywhere in a hall: drive to the rack, take the package out, drive to the area, put it down; up to
five orders in a row. It is made of robosim/WarehouseNavigate, WarehousePick and WarehousePlace: what grows with the
level there, grows here. Success: all that was ordered is delivered, and neither person nor vehicle was touched.
"""

import math
from dataclasses import replace
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from robosim.body import Body
from robosim.envs.arm_sight import COMMANDS, FELT, Eyes, one_hot
from robosim.envs.sim_env import SimEnv
from robosim.envs.warehouse_deliver_score import CONTROL_DT, DONE, METRICS, RATES, REWARD, State, placed, taken
from robosim.envs.warehouse_navigate import FAR, MOVERS, WarehouseNavigate
from robosim.envs.warehouse_pick import NOISE, WarehousePick
from robosim.envs.warehouse_place import WarehousePlace
from robosim.math import Vec3, clip, seen_from
from robosim.physics import Physics
from robosim.render.sketch import ORANGE, Line, Sketch, on_floor
from robosim.robots.courier import RADIUS
from robosim.robots.picker import Picker
from robosim.robots.robot import LASTING
from robosim.seeding import Split, Streams
from robosim.task import Observation, Task, at_level
from robosim.worlds.store.delivered import corners, placement
from robosim.worlds.store.depot import Depot
from robosim.worlds.store.depot_layout import Job
from robosim.worlds.store.layout import AreaLayout, Parcel
from robosim.worlds.warehouse.layout import Area
from robosim.worlds.warehouse.signs import COLOUR_NAMES

PHYSICS_DT = 1 / 100  # s
TIME_PER_ORDER = 240.0  # s
MOST_ORDERS = 5
_SOME = 0.002  # m nearer than ever before in a control step: it is at work
_MOST = np.array([1.0, FAR, FAR, 1.0, 1.0], np.float32)
_JOB = spaces.Box(np.array([0.0, *-_MOST[1:]], np.float32), _MOST)


class WarehouseDeliver(Task[State]):
    """The task; see the module.

    Actions are those of `robosim.robots.picker.Picker`: speed, yaw rate, turret, lift, arm, suction.

    Observations are dicts. With ``observation="state"`` they have the parts of robosim/WarehouseNavigate's with a lidar
    and a path, to where the robot has to stand next; ``"pick"``, what robosim/WarehousePick observes, while a package
    is to be fetched, and zeros after that; ``"place"``, what robosim/WarehousePlace observes, while it is to be
    brought, and zeros before that; and ``"job"``:

    ====  ====  =================================================================
    0     1     1 while a package is to be fetched, 0 while it is to be brought
    1, 2  m     where the robot has to stand for that, ahead and to its left
    3, 4  1     sine and cosine of the heading in which, against its own
    ====  ====  =================================================================

    With ``"camera"`` there are neither lidar nor poses of packages: ``"state"`` and the front camera's ``"rgb"`` and
    ``"depth8"`` as robosim/WarehouseNavigate has them with cameras, ``"arm"``, the first fifteen numbers of ``"pick"``,
    ``"order"``, the letter as one-hot, the pictures of `robosim.envs.arm_sight.Eyes`, and ``"job"``.
    """

    OBSERVATIONS = ("state", "camera")
    OPTIONS = {"orders": tuple(str(number + 1) for number in range(MOST_ORDERS))}  # noqa: RUF012 (a constant)
    PHYSICS_DT = PHYSICS_DT
    CONTROL_DT = CONTROL_DT
    TIME_LIMIT = MOST_ORDERS * TIME_PER_ORDER
    REWARD = REWARD
    DONE = DONE
    METRICS = METRICS
    RATES = RATES

    def __init__(self, physics: Physics, *, observation: str, randomise: bool, split: Split, orders: str = "1") -> None:
        """Builds hall, rack, packages and robot; see `Task`."""
        self._randomise, self._orders = randomise, int(orders)
        self.world = Depot(physics, self._orders)
        self.robot: Picker = Picker(physics)
        seeing = observation == "camera"
        self.drive = WarehouseNavigate(
            physics,
            observation="camera" if seeing else "lidar",
            randomise=randomise,
            split=split,
            hall=self.world,
            robot=self.robot,
        )
        self.pick = WarehousePick(
            physics,
            observation="state",
            randomise=randomise,
            split=split,
            packages=self.world.packages,
            robot=self.robot,
        )
        self.place = WarehousePlace(
            physics,
            observation="state",
            randomise=randomise,
            split=split,
            packages=self.world.packages,
            robot=self.robot,
        )
        self._eyes = Eyes(physics, self.robot) if seeing else None
        self._nothing = {
            name: np.zeros(part.observation_space.shape or (), np.float32)
            for name, part in (("pick", self.pick), ("place", self.place))
        }
        self._kinds = {body.number: body.kind for body in physics.bodies}
        self.observation_space: spaces.Space[Any] = spaces.Dict({**self._parts(), "job": _JOB})

    def _parts(self) -> dict[str, spaces.Space[Any]]:
        assert isinstance(self.drive.observation_space, spaces.Dict)
        parts = dict(self.drive.observation_space.spaces)
        pick, place = self.pick.observation_space, self.place.observation_space
        if self._eyes is None:
            return {**parts, "pick": pick, "place": place}
        assert isinstance(pick, spaces.Box)
        arm = spaces.Box(pick.low[: FELT + COMMANDS], pick.high[: FELT + COMMANDS])
        return {**parts, "arm": arm, "order": spaces.Box(0.0, 1.0, one_hot("A").shape, np.float32), **self._eyes.space}

    @property
    def time_limit(self) -> float:
        """Length of an episode, s: `TIME_PER_ORDER` for each."""
        return self._orders * TIME_PER_ORDER

    @property
    def job(self) -> Job:
        """What is to be done now; after the last one, that."""
        return self._jobs[min(self._delivered, self._orders - 1)]

    @property
    def fetching(self) -> bool:
        """Whether the package of `job` is still to be taken from the rack."""
        return self._package is None

    def reset(self, streams: Streams, level: int) -> None:
        """Arranges an episode; see `Task.reset`."""
        self.drive.reset(streams, level)
        self._streams, self._level = streams, level
        self._noise = at_level(NOISE, level) if self._randomise else 0.0
        self._jobs = list(self.world.depot.jobs)
        self._brought: list[tuple[int, Area]] = []
        self._delivered = self._steps = self._stirred = 0
        self._arm = np.zeros(COMMANDS, np.float32)
        self._fetch()

    def _fetch(self) -> None:
        """Takes the next order."""
        gone = {number for number, _ in self._brought}
        rack = self.world.depot.rack(self.job.parcel, gone, self.job.fetch)
        self._package: Body | None = None
        self.drive.carried = self.world.packages.bodies[rack.ordered.number]
        self.pick.begin(rack, self._streams, self._noise)

    def _bring(self, package: Body) -> None:
        """Goes on with a package that was taken out."""
        depot, job = self.world.depot, self.job
        bodies = self.world.packages.bodies
        number = next(n for n, parcel in enumerate(depot.parcels) if bodies[parcel.number] is package)
        for later in range(self._delivered, self._orders):  # whose package it took, gets its own
            if self._jobs[later].parcel == number:
                self._jobs[later] = replace(self._jobs[later], parcel=job.parcel)
        area = job.area
        lying = tuple(self._lying(other) for other, where in self._brought if where is area)
        held = depot.parcels[number]
        held = replace(held, x=area.x, y=area.y, z=held.model.size[2] / 2, yaw=area.yaw)
        self._package = self.drive.carried = package
        self._brought.append((number, area))
        layout = AreaLayout(self._level, area, lying, held, (0.0, 0.0, 0.0), (0.0, 0.0))
        self.place.begin(layout, package, self._streams, self._noise)
        self.drive.head_for(job.bring[:2])

    def _lying(self, number: int) -> Parcel:
        """Gives a package where it lies now."""
        parcel = self.world.depot.parcels[number]
        body = self.world.packages.bodies[parcel.number]
        (x, y, z), _ = body.pose()
        rows = body.rows()
        return replace(parcel, x=x, y=y, z=z, yaw=math.atan2(rows[1][0], rows[0][0]))

    def advance(self, action: NDArray[np.float32]) -> None:
        """Lets people and forklifts take a step; see `Task.advance`."""
        self._arm = np.minimum(np.maximum(action[2:], -1.0), 1.0).astype(np.float32)
        self._steps += 1
        self.drive.covers = self._covered()
        self.drive.advance(action[:2])
        (self.pick if self.fetching else self.place).advance(self._arm)

    def _covered(self) -> tuple[float, float, float]:
        """Gives the disc around robot, arm and what it holds: who comes by sees all of it."""
        x, y, _ = self.robot.tool()
        if self._package is not None:
            size = self.place.layout.held.model.size
            turret = self.robot.mast.motion().turret
            x, y = x + size[0] * math.cos(turret), y + size[0] * math.sin(turret)
        far = math.hypot(x, y)
        more = max(far - RADIUS, 0.0) / 2
        return more * x / max(far, RADIUS), more * y / max(far, RADIUS), RADIUS + more

    def disturb(self) -> int:
        """Watches how fast a package comes down; see `Task.disturb`."""
        return LASTING if self.fetching else self.place.disturb()

    def state(self) -> State:
        """Reads how driving and the arm's work go; see `Task.state`."""
        drive = self.drive.state()
        pick = self.pick.state() if self.fetching else None
        place = None if self.fetching else self.place.state()
        state = State(
            drive=drive,
            pick=pick,
            place=place,
            knocked=self._knocks(),
            delivered=self._delivered,
            orders=self._orders,
            idle=0.0,
            power=self.robot.mast.power(),
            time=self._steps * CONTROL_DT,
        )
        if self._stirs(state):
            self._stirred = self._steps
        state = state._replace(idle=(self._steps - self._stirred) * CONTROL_DT)
        held = self.robot.suction.held
        if taken(state) and held is not None:
            self._bring(held)
        elif placed(state):
            self._delivered += 1
            state = state._replace(delivered=self._delivered)
            if self._delivered < self._orders:
                self._fetch()
                self.drive.head_for(self.job.fetch[:2])
        return state

    @staticmethod
    def _stirs(state: State) -> bool:
        """Says whether it has just got half a metre on, or its arm on with its work."""
        picks = state.pick is not None and (state.pick.approached > _SOME or state.pick.pulled > 0 or state.pick.held)
        places = state.place is not None and (state.place.progress > _SOME or not state.place.held)
        return state.drive.idle == 0 or picks or places

    def _knocks(self) -> bool:
        """Says whether what is carried touches somebody."""
        held = self.robot.suction.held
        return held is not None and any(self._kinds[number] in MOVERS for number in held.touches(held.base_link))

    def observe(self, state: State) -> Observation:
        """Reads the sensors; see the class."""
        speed, yaw_rate, *arm = self.robot.proprioception().tolist()
        seen = self.drive.sense(speed, yaw_rate)
        felt = [*arm, *self._arm.tolist()]
        seen["job"] = self._told()
        if self._eyes is not None:
            seen["arm"], seen["order"] = np.array(felt, np.float32), one_hot(self.job.area.letter)
            seen.update(self._eyes.read(self._streams.sensors))
        elif self._package is None:
            seen["pick"], seen["place"] = self.pick.sense(felt), self._nothing["place"].copy()
        else:
            # A package that was taken out in this very step has not been judged yet.
            size, area = self.place.layout.held.model.size, self.place.layout.area
            lies = placement(self._package.pose(), size, area) if state.place is None else state.place.lies
            seen["pick"], seen["place"] = self._nothing["pick"].copy(), self.place.sense(felt, lies.height)
        return seen

    def _told(self) -> NDArray[np.float32]:
        x, y, heading = self.job.fetch if self.fetching else self.job.bring
        ahead, left = seen_from(self.drive.pose, (x, y))
        off = heading - self.drive.pose[2]
        told = float(self.fetching), clip(ahead, -FAR, FAR), clip(left, -FAR, FAR), math.sin(off), math.cos(off)
        return np.array(told, np.float32)

    def viewpoint(self) -> tuple[Vec3, Vec3]:
        """Follows the robot; see `Task.viewpoint`."""
        return self.drive.viewpoint()

    def sketch(self, state: State) -> Sketch:
        """Draws what is drawn of driving, and frames package and area; see `Task.sketch`."""
        drawn = self.drive.sketch(state.drive)
        area = self.job.area
        cos, sin = math.cos(area.yaw), math.sin(area.yaw)
        a, b = area.size[0] / 2, area.size[1] / 2
        around = [(-a, -b), (a, -b), (a, b), (-a, b), (-a, -b)]
        outline = on_floor([(area.x + cos * u - sin * v, area.y + sin * u + cos * v) for u, v in around])
        return replace(drawn, lines=[*drawn.lines, Line(outline, ORANGE), *self._framed()], insets=self._insets(drawn))

    def _framed(self) -> list[Line]:
        """Frames the front of the package that is asked for."""
        if not self.fetching:
            return []
        parcel = self.world.depot.parcels[self.job.parcel]
        pose = self.world.packages.bodies[parcel.number].pose()
        points = corners(pose, parcel.model.size)[4:]
        return [Line([points[k] for k in (0, 1, 3, 2, 0)], ORANGE)]

    def _insets(self, drawn: Sketch) -> dict[str, NDArray[np.uint8]]:
        return drawn.insets if self._eyes is None else {**drawn.insets, **self._eyes.pictures}

    def captions(self, state: State) -> dict[str, str]:
        """Gives the order, how far it is, and motion; see `Task.captions`."""
        letter = self.job.area.letter
        doing = "fetch it" if self.fetching else "bring it" if state.delivered < state.orders else "done"
        return {
            "order": f"{COLOUR_NAMES[letter]} {letter} → area {letter}",
            "now": doing,
            "delivered": f"{state.delivered} of {state.orders}",
            "speed": f"{state.drive.speed:+.2f} m/s",
        }


class WarehouseDeliverEnv(SimEnv):
    """robosim/WarehouseDeliver-v0."""

    TASK = WarehouseDeliver
