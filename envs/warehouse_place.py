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

from robosim.body import Body
from robosim.envs.arm_sight import FAR, Eyes, Localiser, Tool, front, observation_space
from robosim.envs.sim_env import SimEnv
from robosim.envs.warehouse_place_score import CONTROL_DT, DONE, METRICS, MOVED, REWARD, TILTED, State, remaining
from robosim.math import Vec3, axis_angle, clip, rotation_rows, to_world
from robosim.physics import Physics
from robosim.render.sketch import GREEN, ORANGE, Line, Sketch, on_floor
from robosim.robots.picker import Picker
from robosim.seeding import Split, Streams
from robosim.task import Observation, Task, at_level
from robosim.worlds.store.delivered import GENTLE, PutDown, delivered, placement
from robosim.worlds.store.layout import AreaLayout, Parcel
from robosim.worlds.store.packages import Packages
from robosim.worlds.store.store import DropOff

PHYSICS_DT = 1 / 100  # s
TIME_LIMIT = 20.0  # s

NOISE = (0.0, 1.0)  # at level 0 and at level 9; multiplies what the sensors err by
OTHERS = 3  # packages in the area that are observed: the nearest
_SIZES = 0.5  # m, of a package, at most
_TOUCH = 0.001  # m between cup and face at first
_SETTLING = 0.002  # m, by which others may move by themselves
_UP: Vec3 = (0.0, 0.0, 1.0)


class WarehousePlace(Task[State]):
    """The task; see the module.

    Actions are those of `robosim.robots.picker.Picker`, parked: turret, lift, arm, suction. Episodes begin with the
    package held; suction must go on to keep it.

    With ``observation="state"`` it is a vector. The tool's frame has its origin at the lip of the cup at rest, x ahead
    along the arm, z up.

    ======  ====  =====================================================================================
    0–10          the arm's proprioception; see `Picker`
    11–14   1     the last action
    15–17   m     the package's middle
    18, 19  1     sine and cosine of the angle by which its front is off from looking straight at the tool
    20      rad   how far its front points up: hanging from the cup, it nods
    21–23   m     its depth, width and height
    24      m     its lowest corner above the floor
    25, 26  m     the area's middle, ahead and to the left
    27, 28  1     sine and cosine of four times the angle from the arm's direction to the area's sides
    29–52         of the `OTHERS` nearest packages that lie in the area, nearest first: middle (m), sine and cosine as
                  above, depth, width and height (m); where there are fewer, `FAR` away and of no size
    ======  ====  =====================================================================================

    Where packages are is known to within `robosim.envs.arm_sight.POSE_ERROR`; what they weigh is not. An area measures
    1.6 m each way.

    With ``"camera"`` it is a dict: ``"state"`` has the first fifteen numbers, ``"order"`` the letter as one-hot, and
    the pictures are those of `robosim.envs.arm_sight.Eyes`.
    """

    OBSERVATIONS = ("state", "camera")
    PHYSICS_DT = PHYSICS_DT
    CONTROL_DT = CONTROL_DT
    TIME_LIMIT = TIME_LIMIT
    REWARD = REWARD
    DONE = DONE
    METRICS = METRICS

    def __init__(
        self,
        physics: Physics,
        *,
        observation: str,
        randomise: bool,
        split: Split,
        packages: Packages | None = None,
        robot: Picker | None = None,
    ) -> None:
        """Builds world and robot, where it is not given them; see `Task`."""
        self._randomise = randomise
        if packages is None:
            self.world = DropOff(physics)
            packages = self.world.packages
        self._packages = packages
        self.robot: Picker = Picker(physics, parked=True) if robot is None else robot
        self.robot.suction.allow(packages.bodies)
        self._localiser = Localiser()
        self._eyes = Eyes(physics, self.robot) if observation == "camera" else None
        pose, size = [FAR, FAR, FAR, 1.0, 1.0], [_SIZES] * 3
        most = [*pose, 2.0, *size, FAR, FAR, FAR, 1.0, 1.0, *[*pose, *size] * OTHERS]
        self.observation_space: spaces.Space[Any] = observation_space(self.robot, self._eyes, most)

    def reset(self, streams: Streams, level: int) -> None:
        """Arranges an episode; see `Task.reset`."""
        world, robot = self.world, self.robot
        world.reset(streams.world, level)
        layout = world.layout
        noise = at_level(NOISE, level) if self._randomise else 0.0
        robot.reset(world.spawn(streams.world), streams.sensors, noise, layout.arm)
        self.begin(layout, self._hand_over(layout.held, layout.grip), streams, noise)

    def begin(self, layout: AreaLayout, package: Body, streams: Streams, noise: float) -> None:
        """Takes a package that the robot holds already, to be put down.

        Args:
            layout: Where, and what lies there already; its frame may be any.
            package: The body that is held.
            streams: The episode's.
            noise: Multiplies what the sensors err by.
        """
        self.layout, self.package = layout, package
        self._others = [(parcel, self._packages.bodies[parcel.number]) for parcel in layout.parcels]
        self._localiser.reset(streams.sensors, [self.package, *(body for _, body in self._others)], noise)
        self._sensors, self._action = streams.sensors, np.zeros(4, np.float32)
        self._watch = PutDown(layout.held.model.size)
        self._steps = self._delivered = self._free = 0
        self._best, self._landed = math.inf, False
        self._pushed = [0.0] * len(self._others)

    def _hand_over(self, held: Parcel, grip: tuple[float, float]) -> Body:
        """Puts the package into the cup."""
        (x, y, z), turn = self.robot.suction.pose()
        yaw = front(turn)[0] + math.pi
        left, up = grip
        ahead = held.model.size[0] / 2 + _TOUCH
        dx, dy, dz = to_world(rotation_rows(axis_angle(_UP, yaw)), (ahead, left, up))
        middle = x - dx, y - dy, z - dz
        body = self._packages.put(held.number, middle, math.remainder(yaw, 2 * math.pi), held.mass, held.friction)
        self.robot.suction.grasp(body)
        return body

    def advance(self, action: NDArray[np.float32]) -> None:
        """Keeps the action, to be observed; see `Task.advance`."""
        self._action = np.minimum(np.maximum(action, -1.0), 1.0).astype(np.float32)
        self._steps += 1

    def disturb(self) -> int:
        """Watches how fast the package comes down: nobody pushes; see `Task.disturb`."""
        pose, velocity, _ = self.package.motion()
        self._watch.follow(pose, velocity)
        return 1

    def state(self) -> State:
        """Reads package, others and motors; see `Task.state`."""
        layout = self.layout
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
            power=self.robot.mast.power(),
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
        """Reads the sensors; see the class."""
        felt = [*self.robot.proprioception().tolist(), *self._action.tolist()]
        if self._eyes is not None:
            return self._eyes.observe(felt, self.layout.area.letter, self._sensors)
        return self.sense(felt, state.lies.height)

    def sense(self, felt: list[float], height: float) -> NDArray[np.float32]:
        """Gives what is observed by poses.

        Args:
            felt: What the arm feels: its proprioception and the last action.
            height: m, of the package's lowest corner above the floor.
        """
        layout = self.layout
        tool, area = Tool(self.robot), layout.area
        (place, yaw, pitch), *others = self._localiser.read([self.package, *(body for _, body in self._others)])
        lowest = clip(height + place[2] - self.package.pose()[0][2], -FAR, FAR)
        felt = [*felt, *tool.see(place), *tool.facing(yaw), pitch, *layout.held.model.size, lowest]
        four = 4 * (area.yaw - tool.heading)
        felt += [*tool.see((area.x, area.y, tool.z))[:2], math.sin(four), math.cos(four)]
        rows = [
            [*tool.see(middle), *tool.facing(turned), *parcel.model.size]
            for (parcel, _), (middle, turned, _) in zip(self._others, others, strict=True)
        ]
        for row in sorted(rows, key=lambda row: math.hypot(*row[:2]))[:OTHERS]:
            felt += row
        felt += [FAR, FAR, FAR, 0.0, 0.0, 0.0, 0.0, 0.0] * max(OTHERS - len(rows), 0)
        return np.array(felt, np.float32)

    def viewpoint(self) -> tuple[Vec3, Vec3]:
        """Stands beside the area; see `Task.viewpoint`."""
        return (1.5, -2.5, 1.7), (0.65, 0.0, 0.45)

    def sketch(self, state: State) -> Sketch:
        """Draws the place that was kept free, and the package's shadow; see `Task.sketch`."""
        held = self.layout.held
        spot = _outline(held.x, held.y, held.yaw, held.model.size)
        (x, y, _), turn = self.package.pose()
        shadow = _outline(x, y, front(turn)[0], held.model.size)
        insets = {} if self._eyes is None else self._eyes.pictures
        return Sketch([Line(spot, GREEN, 2.0), Line(shadow, ORANGE, 2.0)], insets=insets)

    def captions(self, state: State) -> dict[str, str]:
        """Gives order, weight and how it goes; see `Task.captions`."""
        held = self.layout.held
        return {
            "order": f"package {held.model.letter} → area {held.model.letter}",
            "weight": f"{held.mass:.1f} kg",
            "above the floor": f"{100 * max(state.lies.height, 0.0):.0f} cm",
            "to the area": f"{100 * max(state.lies.outside, 0.0):.0f} cm",
        }


def _outline(x: float, y: float, yaw: float, size: Vec3) -> NDArray[np.float64]:
    cos, sin = math.cos(yaw), math.sin(yaw)
    a, b = size[0] / 2, size[1] / 2
    corners = [(-a, -b), (a, -b), (a, b), (-a, b), (-a, -b)]
    return on_floor([(x + cos * u - sin * v, y + sin * u + cos * v) for u, v in corners])


class WarehousePlaceEnv(SimEnv):
    """robosim/WarehousePlace-v0."""

    TASK = WarehousePlace
