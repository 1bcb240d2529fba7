"""robosim/WarehousePick: parked before a rack, take out the package that was ordered, and touch no other.

What makes it hard grows with the level: how high or low the package stands, how many others there are and how close,
how heavy packages are, how worn their labels. Success: a package of the order's letter is held by the cup, wholly
outside the rack and steady for 0.3 s, before time is up; no other was moved by 5 cm or leaned by 15 degrees.
"""

import math
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from robosim.body import Body
from robosim.envs.arm_sight import FAR, Eyes, Localiser, Tool, ahead_of, observation_space
from robosim.envs.sim_env import SimEnv
from robosim.envs.warehouse_pick_score import CONTROL_DT, DONE, METRICS, REWARD, STEADY, State
from robosim.math import Vec3, clip, rotation_rows
from robosim.physics import Physics
from robosim.render.sketch import GREEN, ORANGE, Line, Sketch
from robosim.robots.mast import CLEAR, REACH, TURN_LOW
from robosim.robots.picker import Picker
from robosim.seeding import Split, Streams
from robosim.task import Observation, Task, at_level
from robosim.worlds.store.delivered import corners
from robosim.worlds.store.layout import BOARD, DEPTH, RackLayout
from robosim.worlds.store.packages import Packages
from robosim.worlds.store.store import Store

PHYSICS_DT = 1 / 100  # s
TIME_LIMIT = 25.0  # s

NOISE = (0.0, 1.0)  # at level 0 and at level 9; multiplies what the sensors err by
OTHERS = 4  # packages that are observed beside the ordered one: the nearest
OUTSIDE = DEPTH / 2 + 0.01  # m along x, the rack's own axis: beyond it a package is clear
TURRET, OUT = 0.35, (REACH[0], 0.32)  # rad, m: where the arm begins, at most, and between
LIFTS = {"ready": (CLEAR + 0.05, 1.3), "anywhere": (0.15, 1.75), "nearby": (0.15, 1.75)}  # m, by the option ``begins``
NEARBY = 0.15  # m from the ordered package's height, in `AS_OFTEN` of the episodes that begin "nearby"
AS_OFTEN = 0.5
CLOSE = 0.05  # m; millimetres count before the front, and are nothing in a range of metres
ROOM = 0.5  # m; more than that above a package is told as this
_SIZES = 0.5  # m, of a package, at most


class WarehousePick(Task[State]):
    """The task; see the module.

    Actions are those of `robosim.robots.picker.Picker`, parked: turret, lift, arm, suction.

    With ``observation="state"`` it is a vector. The tool's frame has its origin at the lip of the cup at rest, x ahead
    along the arm, z up.

    ======  ====  =====================================================================================
    0–10          the arm's proprioception; see `Picker`
    11–14   1     the last action
    15–17   m     middle of the ordered package's front
    18, 19  1     sine and cosine of the angle by which that front is off from looking straight at the tool
    20      rad   how far its front points up
    21–23   m     its depth, width and height
    24      m     room above it, up to the next board, as it stood at first, at most `ROOM`
    25      m     how far its front is above where it stood
    26      m     how far it is still to be pulled to be clear of the rack
    27      m     from the tool to the rack's front, along the rack's axis
    28, 29  1     sine and cosine of the angle by which the rack's front is off from looking straight at the tool
    30–61         of the `OTHERS` that stood nearest to it, nearest first: middle (m), sine and cosine as above, depth,
                  width and height (m); where there are fewer, `FAR` away and of no size
    62–64   1     the ordered front again, close up: each of 15–17 as v / (|v| + `CLOSE`)
    ======  ====  =====================================================================================

    Where packages are is known to within `robosim.envs.arm_sight.POSE_ERROR`; what they weigh is not.

    With ``"camera"`` it is a dict: ``"state"`` has the first fifteen numbers, ``"order"`` the letter as one-hot, and
    the pictures are those of `robosim.envs.arm_sight.Eyes`.

    Two options are for training: with ``begins="anywhere"`` the arm begins at any height, as who looks elsewhere comes
    to all of them, and with ``"nearby"`` half of the times, by chance, at that of the ordered package, to within
    `NEARBY`; with ``seconds=6`` an episode is over sooner, and who learns sees more racks.
    """

    OBSERVATIONS = ("state", "camera")
    OPTIONS = {"begins": tuple(LIFTS), "seconds": (f"{TIME_LIMIT:g}", "6")}  # noqa: RUF012 (a constant of the class)
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
        begins: str = "ready",
        seconds: str = f"{TIME_LIMIT:g}",
        packages: Packages | None = None,
        robot: Picker | None = None,
    ) -> None:
        """Builds rack, packages and robot, where it is not given them; see `Task`."""
        self._randomise, self._begins, self._seconds = randomise, begins, float(seconds)
        if packages is None:
            self.world = Store(physics)
            packages = self.world.packages
        self._packages = packages
        self.robot: Picker = Picker(physics, parked=True) if robot is None else robot
        self._localiser = Localiser()
        self._eyes = Eyes(physics, self.robot) if observation == "camera" else None
        seen = [FAR] * 3 + [1.0, 1.0]
        most = [*seen, 2.0, *[_SIZES] * 3, ROOM, FAR, FAR, FAR, 1.0, 1.0, *[*seen, *[_SIZES] * 3] * OTHERS, *[1.0] * 3]
        self.observation_space: spaces.Space[Any] = observation_space(self.robot, self._eyes, most)

    @property
    def time_limit(self) -> float:
        """Length of an episode, s."""
        return self._seconds

    def reset(self, streams: Streams, level: int) -> None:
        """Arranges an episode; see `Task.reset`."""
        world, rng = self.world, streams.robot
        world.reset(streams.world, level)
        noise = at_level(NOISE, level) if self._randomise else 0.0
        turret, lift, out = (float(rng.uniform(*ends)) for ends in ((-TURRET, TURRET), self._lifts(rng), OUT))
        # Below the deck's height it cannot be turned farther.
        arm = clip(turret, -TURN_LOW, TURN_LOW) if lift < CLEAR else turret, lift, out
        self.robot.reset(world.spawn(streams.world), streams.sensors, noise, arm)
        self.begin(world.layout, streams, noise)

    def _lifts(self, rng: np.random.Generator) -> tuple[float, float]:
        """Gives between which heights the arm begins, m."""
        low, high = LIFTS[self._begins]
        if self._begins != "nearby" or rng.random() >= AS_OFTEN:
            return low, high
        height = self.world.layout.ordered.z
        return max(height - NEARBY, low), min(height + NEARBY, high)

    def begin(self, layout: RackLayout, streams: Streams, noise: float) -> None:
        """Takes an order; rack, packages and robot are where they are already.

        Args:
            layout: What is ordered from where; the rack may stand anywhere.
            streams: The episode's.
            noise: Multiplies what the sensors err by.
        """
        robot, bodies = self.robot, self._packages.bodies
        self._rack, self._stood_at = layout.shelving, layout.ordered.z
        self._ordered = bodies[layout.ordered.number]
        self._letter = layout.ordered.model.letter
        self._letters = {bodies[parcel.number].number: parcel.model.letter for parcel in layout.parcels}
        self._size = {bodies[parcel.number].number: parcel.model.size for parcel in layout.parcels}
        middle = layout.ordered.position
        others = sorted(layout.parcels, key=lambda parcel: math.dist(parcel.position, middle))[1:]
        self._others = [bodies[parcel.number] for parcel in others]
        robot.suction.allow([self._ordered, *self._others])
        self._watched = [self._ordered, *self._others[:OTHERS]]
        self._localiser.reset(streams.sensors, self._watched, noise)
        self._sensors = streams.sensors
        top = layout.ordered.z + layout.ordered.model.size[2] / 2
        above = [height - BOARD - top for height in layout.shelving.heights if height > top]
        self._room = min([ROOM, *above])
        self._action = np.zeros(4, np.float32)
        self._begin()

    def _begin(self) -> None:
        self._stood = {body.number: body.inertial_pose()[0] for body in [self._ordered, *self._others]}
        self._start_out = self._least(self._ordered)
        self._closest = self._gap()
        self._most_out = self._most_moved = self._changed = 0.0
        self._has_held = self._holding = False
        self._steady = self._time = 0.0

    def advance(self, action: NDArray[np.float32]) -> None:
        """Keeps the action, to be observed; see `Task.advance`."""
        action = np.minimum(np.maximum(action, -1.0), 1.0).astype(np.float32)
        self._changed = float(np.square(action[:3] - self._action[:3]).mean())
        self._action = action
        self._time += CONTROL_DT

    def _gap(self) -> float:
        """Gives how far the lip is from the middle of the ordered front, m."""
        (x, y, z), turn = self._ordered.pose()
        a, b, c = rotation_rows(turn)
        half = self._size[self._ordered.number][0] / 2
        place = x + half * a[0], y + half * b[0], z + half * c[0]
        return math.dist(place, self.robot.suction.pose()[0])

    def _least(self, body: Body) -> float:
        """Gives how far ahead of the rack's middle the corner of a package is that is deepest in the rack, m."""
        return min(self._ahead(x, y) for x, y, _ in corners(body.pose(), self._size[body.number]))

    def _ahead(self, x: float, y: float) -> float:
        """Gives how far a point is ahead of the rack's middle, along the rack's axis, m."""
        rack = self._rack
        return math.cos(rack.yaw) * (x - rack.x) + math.sin(rack.yaw) * (y - rack.y)

    def state(self) -> State:
        """Reads where packages are and what the cup holds; see `Task.state`."""
        suction, held = self.robot.suction, self.robot.suction.held
        letter = None if held is None else self._letters[held.number]
        right = letter == self._letter
        gap = self._gap()
        approached, self._closest = max(self._closest - gap, 0.0), min(self._closest, gap)
        grasped, self._has_held = right and not self._has_held, self._has_held or right
        dropped, self._holding = self._holding and held is None, held is not None
        out, clear = self._outside(held if right and held is not None else self._ordered)
        pulled = max(out - self._most_out, 0.0) if right else 0.0
        self._most_out += pulled
        slow = right and held is not None and math.hypot(*held.motion()[1]) < STEADY[0]
        self._steady = self._steady + CONTROL_DT if right and clear and slow else 0.0
        moved, leaned = self._disturbance(held if right else None)
        nudged, self._most_moved = max(moved - self._most_moved, 0.0), max(moved, self._most_moved)
        below = self._stood[self._ordered.number][2] - self._ordered.inertial_pose()[0][2]
        return State(
            approached=approached,
            grasped=grasped,
            pulled=pulled,
            held=right,
            wrong=held is not None and not right,
            out=out,
            steady=self._steady,
            moved=moved,
            leaned=leaned,
            nudged=nudged,
            fallen=0.0 if held is self._ordered else below,
            dropped=dropped,
            strain=suction.strain,
            power=self.robot.mast.power(),
            changed=self._changed,
            time=self._time,
        )

    def _outside(self, body: Body) -> tuple[float, bool]:
        """Gives what share of its way out of the rack a package has come, and whether it is clear of it."""
        least = self._least(body)
        way = max(OUTSIDE - self._start_out, 1e-6)
        return clip((least - self._start_out) / way, 0.0, 1.0), least >= OUTSIDE

    def _disturbance(self, held: Body | None) -> tuple[float, float]:
        """Gives how far other packages were moved (m) and how far they lean (rad), at most."""
        moved, upright = 0.0, 1.0
        for body in self._others:
            if body is held:
                continue
            place, turn = body.inertial_pose()
            moved = max(moved, math.dist(place, self._stood[body.number]))
            upright = min(upright, 1 - 2 * (turn[0] * turn[0] + turn[1] * turn[1]))
        return moved, math.acos(clip(upright, -1.0, 1.0))

    def observe(self, state: State) -> Observation:
        """Reads the sensors; see the class."""
        felt = [*self.robot.proprioception().tolist(), *self._action.tolist()]
        if self._eyes is not None:
            return self._eyes.observe(felt, self._letter, self._sensors)
        return self.sense(felt)

    def sense(self, felt: list[float]) -> NDArray[np.float32]:
        """Gives what is observed by poses after what the arm feels: its proprioception and the last action."""
        tool = Tool(self.robot)
        ordered, *others = self._localiser.read(self._watched)
        size = self._size[self._ordered.number]
        face = ahead_of(ordered, size[0] / 2)
        felt = [*felt, *tool.see(face), *tool.facing(ordered[1]), ordered[2], *size, self._room]
        felt += [
            clip(face[2] - self._stood_at, -FAR, FAR),
            clip(OUTSIDE - self._least(self._ordered), 0.0, FAR),
            clip(self._ahead(tool.x, tool.y) - DEPTH / 2, -FAR, FAR),
        ]
        felt += tool.facing(self._rack.yaw)
        for body, (place, yaw, _) in zip(self._watched[1:], others, strict=True):
            felt += [*tool.see(place), *tool.facing(yaw), *self._size[body.number]]
        felt += [FAR, FAR, FAR, 0.0, 0.0, 0.0, 0.0, 0.0] * (OTHERS - len(others))
        felt += [value / (abs(value) + CLOSE) for value in tool.see(face)]
        return np.array(felt, np.float32)

    def viewpoint(self) -> tuple[Vec3, Vec3]:
        """Stands beside the robot, looking at rack and arm; see `Task.viewpoint`."""
        (x, y, _), _ = self.robot.body.pose()
        return (x + 0.9, y + 1.9, 1.9), (x - 0.6, y, 0.85)

    def sketch(self, state: State) -> Sketch:
        """Frames the ordered package's front, and shows what the cameras see; see `Task.sketch`."""
        points = corners(self._ordered.pose(), self._size[self._ordered.number])[4:]
        ring = [points[k] for k in (0, 1, 3, 2, 0)]
        insets = {} if self._eyes is None else self._eyes.pictures
        return Sketch([Line(ring, GREEN if state.held else ORANGE)], insets=insets)

    def captions(self, state: State) -> dict[str, str]:
        """Gives the order, and how it goes; see `Task.captions`."""
        return {
            "order": self._letter,
            "held": "yes" if state.held else "wrong package" if state.wrong else "no",
            "out": f"{100 * state.out:.0f} %",
            "strain": f"{100 * state.strain:.0f} %",
        }


class WarehousePickEnv(SimEnv):
    """robosim/WarehousePick-v0."""

    TASK = WarehousePick
