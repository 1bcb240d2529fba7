"""robosim/WheelBalance: a two-wheeled courier stays upright, drives as commanded and takes pushes with a load on top.

Everything that makes it hard grows with the level: speed and turning that are commanded, pushes, load, slope,
slipperiness, sensor noise and the delay between command and torque. Success: on its wheels for the whole time, on
average within 0.15 m/s of the commanded speed and 0.25 rad/s of the commanded yaw rate.
"""

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from robosim.envs.sim_env import SimEnv
from robosim.math import Vec3, axis_angle, clip, quaternion_product, rotation_rows, to_body, to_world
from robosim.physics import Physics
from robosim.render.scene import Scene
from robosim.render.sketch import BLUE, ORANGE, Line, Sketch
from robosim.robots.robot import LASTING
from robosim.robots.wheel_courier import CHASSIS_COM, WHEEL_RADIUS, Load, WheelCourier, wheel_shares
from robosim.seeding import Split, Streams
from robosim.sensors.camera import Camera
from robosim.sensors.timing import Timed
from robosim.task import Done, Metric, Observation, Reward, Task, at_level
from robosim.worlds.floor import Floor

PHYSICS_DT = 1 / 200  # s
CONTROL_DT = 1 / 50  # s
TIME_LIMIT = 20.0  # s

SPEED_TOLERANCE = 0.15  # m/s, mean error of a success
YAW_RATE_TOLERANCE = 0.25  # rad/s, mean error of a success
FALLEN = 0.6  # rad; tilt from which it is lost

# (at level 0, at level 9); between them linear
SPEED = (0.4, 1.2)  # m/s, largest commanded; JOE drives at 1.5
YAW_RATE = (0.4, 1.5)  # rad/s, largest commanded
PUSH = (0.0, 18.0)  # N·s, largest; at 19 kg, 18 N·s is a kick of 0.95 m/s
LOAD = (0.0, 8.0)  # kg, largest
LOAD_OFFSET = (0.0, 0.12)  # m, largest, along x and along y
SLOPE = math.radians(8)  # largest at level 9; a wheelchair ramp has 4.8°
GRIP = 0.3  # Coulomb friction, lowest at level 9: rubber on wet, polished concrete
LATENCY = (0.0, 0.050)  # s, largest
NOISE = (0.0, 1.0)  # multiplies the sensors' figures
LEAN = (0.02, 0.20)  # rad, largest at the start

SPEED_SLEW = 1.0  # m/s², at which the command moves to a new target
YAW_SLEW = 2.0  # rad/s²
COMMAND_HOLD = (4.0, 2.0)  # s between new targets, at least; at most twice that
PUSH_PAUSE = (3.0, 6.0)  # s between pushes
PUSH_TIME = 0.1  # s; a shove, not a blow

AGES = (0, 2, 4)  # control steps; the frames that are observed, so that load and delay can be felt
MEMORY = 2.0  # s, over which the observed errors are accumulated
MOST_DRIFT = 5.0  # m and rad, where that ends
MOST_ERROR = (10.0, 20.0)  # m/s and rad/s, where an observed error ends
CAMERA_SIZE = 64  # pixels each way
CAMERA_RATE = 25.0  # Hz
CAMERA_LATENCY = 0.04  # s; exposure, transfer and decoding of a webcam-class camera
_AHEAD, _WAY_POINTS = 1.0, 16  # s and number of points that a spectator is shown of the way


@dataclass(frozen=True)
class State:
    """What happened, as the world knows it.

    Attributes:
        speed: m/s, of the axle along the heading.
        yaw_rate: rad/s, about the chassis' own vertical.
        tilt: rad, of the chassis against the vertical.
        speed_command: m/s.
        yaw_rate_command: rad/s.
        torques: Left and right, shares of the peak in [-1, 1], as commanded.
        previous: Those of the control step before.
    """

    speed: float
    yaw_rate: float
    tilt: float
    speed_command: float
    yaw_rate_command: float
    torques: tuple[float, float]
    previous: tuple[float, float]


def speed_error(s: State) -> float:
    """Gives the distance from the commanded speed, m/s."""
    return abs(s.speed - s.speed_command)


def yaw_rate_error(s: State) -> float:
    """Gives the distance from the commanded yaw rate, rad/s."""
    return abs(s.yaw_rate - s.yaw_rate_command)


def upright(s: State) -> float:
    """Gives 1 upright and 0 at a fall."""
    return 1 - min(s.tilt / FALLEN, 1.0) ** 2


def runaway(s: State) -> float:
    """Gives the distance from the commanded speed, m/s, up to 1.5: what success is judged by, also after a push."""
    return min(speed_error(s), 1.5)


def spin(s: State) -> float:
    """Gives the distance from the commanded yaw rate, rad/s, up to 2: the same for turning."""
    return min(yaw_rate_error(s), 2.0)


def speed_kept(s: State) -> float:
    """Gives 1 at the commanded speed, a half where the error is what a success may have on average."""
    return 1 / (1 + (speed_error(s) / SPEED_TOLERANCE) ** 2)


def yaw_rate_kept(s: State) -> float:
    """Gives 1 at the commanded yaw rate, a half where the error is what a success may have on average."""
    return 1 / (1 + (yaw_rate_error(s) / YAW_RATE_TOLERANCE) ** 2)


def effort(s: State) -> float:
    """Gives the mean square of the torques, as shares of their peak."""
    return (s.torques[0] ** 2 + s.torques[1] ** 2) / 2


def roughness(s: State) -> float:
    """Gives the mean square change of the torques from one control step to the next."""
    return ((s.torques[0] - s.previous[0]) ** 2 + (s.torques[1] - s.previous[1]) ** 2) / 2


def fell(s: State) -> bool:
    """Says whether it is past recovering."""
    return s.tilt > FALLEN


# Upright and straight on its way pays 4 a second. `runaway` and `spin` fall as the mean errors do by which success is
# judged, and where the terms that pay for precision are flat. The speed is what costs a success (of those that keep
# their wheels at level 8 nearly all that fail), so it weighs most.
REWARD = {
    "upright": Reward(upright, weight=2.0, unit="1", per="second"),
    "speed": Reward(speed_kept, weight=1.0, unit="1", per="second"),
    "yaw_rate": Reward(yaw_rate_kept, weight=1.0, unit="1", per="second"),
    "runaway": Reward(runaway, weight=-5.0, unit="m/s", per="second"),
    "spin": Reward(spin, weight=-1.0, unit="rad/s", per="second"),
    "effort": Reward(effort, weight=-0.2, unit="1", per="second"),
    "roughness": Reward(roughness, weight=-1.0, unit="1", per="second"),
    "fall": Reward(fell, weight=-10.0, unit="1", per="event"),
}
DONE = {"fell": Done(fell, kind="failure")}
METRICS = {
    "speed_error": Metric(speed_error, "m/s"),
    "yaw_rate_error": Metric(yaw_rate_error, "rad/s"),
    "tilt": Metric(lambda s: s.tilt, "rad", over="max"),
    "effort": Metric(effort, "1"),
}


class WheelBalance(Task[State]):
    """The task; see the module.

    The observation is a vector: for each age of `AGES`, the robot's eight proprioceptive numbers of that time
    (direction of gravity, angular velocity in rad/s, wheel speeds in rad/s) and the action before it; then the
    commanded speed (m/s) and yaw rate (rad/s), and where the two are moving to; then their errors as the sensors see
    them (m/s, rad/s), and these accumulated over about `MEMORY` (m, rad), so that a lasting
    error can be told from a passing one.

    With ``observation="camera"`` it is a dict: this vector as ``"state"``, and ``"rgb"`` and ``"depth8"`` of a camera
    in the robot's front, `CAMERA_SIZE` pixels each way, `CAMERA_RATE` pictures a second, one of them
    `CAMERA_LATENCY` late and without noise at every level; see `robosim.sensors.camera.Camera`.
    """

    OBSERVATIONS = ("state", "camera")
    PHYSICS_DT = PHYSICS_DT
    CONTROL_DT = CONTROL_DT
    TIME_LIMIT = TIME_LIMIT
    REWARD = REWARD
    DONE = DONE
    METRICS = METRICS

    def __init__(self, physics: Physics, *, observation: str, randomise: bool, split: Split) -> None:
        """Builds floor and robot; see `Task`."""
        self._randomise = randomise
        self._floor = Floor(physics, steepest=SLOPE, slickest=GRIP)
        self.robot: WheelCourier = WheelCourier(physics)
        senses = self.robot.proprioception_space.high
        frame = np.concatenate([senses, self.robot.action_space.high])
        command = [*(SPEED[1], YAW_RATE[1]) * 2, *MOST_ERROR, MOST_DRIFT, MOST_DRIFT]
        self._frames: deque[NDArray[np.float32]] = deque(maxlen=AGES[-1] + 1)
        bound = np.concatenate([*[frame] * len(AGES), command]).astype(np.float32)
        self.observation_space: spaces.Space[Any] = spaces.Box(-bound, bound)
        self._camera: Timed | None = None
        self._seen: NDArray[np.uint8] | None = None
        if observation == "camera":
            size = CAMERA_SIZE, CAMERA_SIZE
            camera = Camera(Scene(physics), self.robot.body, *size, mount=self.robot.mount, modes=("rgb", "depth8"))
            self._camera = Timed(camera, CAMERA_RATE, CAMERA_LATENCY, CONTROL_DT)
            self.observation_space = spaces.Dict({"state": self.observation_space, **camera.space})

    def reset(self, streams: Streams, level: int) -> None:
        """Arranges an episode; see `Task.reset`."""
        self._level = level
        self._rng = rng = streams.task
        drawn = level if self._randomise else 0
        self._floor.reset(streams.world, drawn)
        self._reset_robot(streams, drawn)
        self._time = 0.0
        self._command = [0.0, 0.0]
        self._target = [0.0, 0.0]
        self._retarget_at = 0.0
        self._force: Vec3 = (0.0, 0.0, 0.0)
        self._push_steps = 0
        self._push_at = rng.uniform(1.0, PUSH_PAUSE[1])
        self._action = np.zeros(2, np.float32)
        self._torques = self._previous = 0.0, 0.0
        self._error = [0.0, 0.0]
        self._drift = [0.0, 0.0]
        self._frames.clear()
        self._sensors = streams.sensors
        if self._camera is not None:
            self._camera.reset(streams.sensors, 0.0)

    def _reset_robot(self, streams: Streams, level: int) -> None:
        rng = streams.robot
        offset = at_level(LOAD_OFFSET, level)
        load = Load(at_level(LOAD, level) * rng.random(), *rng.uniform(-offset, offset, 2).tolist())
        self.robot.configure(load, latency=at_level(LATENCY, level) * rng.random())
        (x, y, z), turn = self._floor.spawn(streams.world)
        nx, ny, nz = self._floor.normal
        lift = WHEEL_RADIUS + 0.001
        position = (x + lift * nx, y + lift * ny, z + lift * nz)
        lean = axis_angle((0.0, 1.0, 0.0), rng.uniform(-1, 1) * at_level(LEAN, self._level))
        self.robot.reset((position, quaternion_product(turn, lean)), streams.sensors, at_level(NOISE, level))

    def advance(self, action: NDArray[np.float32]) -> None:
        """Moves the command and starts pushes; see `Task.advance`."""
        self._time += CONTROL_DT
        self._action = np.minimum(np.maximum(action, -1.0), 1.0)
        self._previous, self._torques = self._torques, wheel_shares(action)
        self._move_command()
        self._plan_push()

    def _move_command(self) -> None:
        if self._time >= self._retarget_at:
            self._retarget_at = self._time + at_level(COMMAND_HOLD, self._level) * self._rng.uniform(1, 2)
            limits = at_level(SPEED, self._level), at_level(YAW_RATE, self._level)
            self._target = [limit * self._rng.uniform(-1, 1) for limit in limits]
        for i, slew in enumerate((SPEED_SLEW, YAW_SLEW)):
            step = slew * CONTROL_DT
            self._command[i] += clip(self._target[i] - self._command[i], -step, step)

    def _plan_push(self) -> None:
        self._push_steps -= 1
        if self._time >= self._push_at:
            self._push_at = self._time + self._rng.uniform(*PUSH_PAUSE)
            impulse, way = at_level(PUSH, self._level) * self._rng.uniform(0.3, 1), self._rng.uniform(-math.pi, math.pi)
            force = impulse / PUSH_TIME
            self._force = force * math.cos(way), force * math.sin(way), 0.0
            self._push_steps = round(PUSH_TIME / CONTROL_DT)

    def disturb(self) -> int:
        """Pushes the chassis at its centre of mass while a push lasts; see `Task.disturb`."""
        if self._push_steps > 0:
            (x, y, z), turn = self.robot.body.pose()
            lever = to_world(rotation_rows(turn), (0.0, 0.0, CHASSIS_COM))
            self.robot.body.push(self._force, (x + lever[0], y + lever[1], z + lever[2]))
            return 1
        return LASTING

    def state(self) -> State:
        """Reads the robot's motion; see `Task.state`."""
        (_, quaternion), velocity, spin = self.robot.body.motion()
        rows = rotation_rows(quaternion)
        heading = math.hypot(rows[0][0], rows[1][0])
        speed = (velocity[0] * rows[0][0] + velocity[1] * rows[1][0]) / max(heading, 1e-6)
        yaw_rate = to_body(rows, spin)[2]
        tilt = math.acos(clip(rows[2][2], -1.0, 1.0))
        command, turn = self._command
        return State(speed, yaw_rate, tilt, command, turn, self._torques, self._previous)

    def observe(self, state: State) -> Observation:
        """Reads the sensors and gives what they say, now and before; see the class."""
        vector = self._sense()
        if self._camera is None:
            return vector
        images = self._camera.read(self._sensors)
        assert isinstance(images, dict)
        self._seen = images["rgb"]
        return {"state": vector, **images}

    def _sense(self) -> NDArray[np.float32]:
        senses = self.robot.proprioception()
        self._accumulate(senses)
        frame = np.concatenate([senses, self._action])
        frames = self._frames
        frames.extend([frame] * (1 if frames else AGES[-1] + 1))
        newest = AGES[-1]
        tail = np.array([*self._command, *self._target, *self._error, *self._drift], np.float32)
        return np.concatenate([*(frames[newest - age] for age in AGES), tail])

    def _accumulate(self, senses: NDArray[np.float32]) -> None:
        pitch_rate, yaw_rate, left, right = senses[4:8].tolist()
        speed = WHEEL_RADIUS * ((left + right) / 2 + pitch_rate)
        for i, (value, most) in enumerate(((speed, MOST_ERROR[0]), (yaw_rate, MOST_ERROR[1]))):
            self._error[i] = error = clip(value - self._command[i], -most, most)
            drift = self._drift[i] + CONTROL_DT * (error - self._drift[i] / MEMORY)
            self._drift[i] = clip(drift, -MOST_DRIFT, MOST_DRIFT)

    def succeeded(self, metrics: Mapping[str, float]) -> bool:
        """Judges an episode that lasted; see the module."""
        return metrics["speed_error"] <= SPEED_TOLERANCE and metrics["yaw_rate_error"] <= YAW_RATE_TOLERANCE

    def viewpoint(self) -> tuple[Vec3, Vec3]:
        """Stands behind and beside the robot; see `Task.viewpoint`."""
        (x, y, z), _ = self.robot.body.pose()
        return (x - 1.6, y - 1.3, z + 0.9), (x, y, z + 0.2)

    def sketch(self, state: State) -> Sketch:
        """Draws the way of the next second, as commanded and as it goes on from now; see `Task.sketch`."""
        asked = self._way(state.speed_command, state.yaw_rate_command)
        going = self._way(state.speed, state.yaw_rate)
        lines = [Line(going, BLUE, width=2.0), Line(asked, ORANGE, arrow=True)]
        return Sketch(lines, insets={} if self._seen is None else {"camera": self._seen})

    def _way(self, speed: float, yaw_rate: float) -> list[Vec3]:
        """Gives where a steady motion leads within `_AHEAD`, on the floor, metres in the world."""
        (x, y, _), quaternion = self.robot.body.pose()
        rows = rotation_rows(quaternion)
        heading = math.atan2(rows[1][0], rows[0][0])
        way = []
        for _ in range(_WAY_POINTS):
            way.append((x, y, self._floor.height(x, y) + 0.01))
            x += speed * _AHEAD / _WAY_POINTS * math.cos(heading)
            y += speed * _AHEAD / _WAY_POINTS * math.sin(heading)
            heading += yaw_rate * _AHEAD / _WAY_POINTS
        return way

    def captions(self, state: State) -> dict[str, str]:
        """Gives command, motion and load; see `Task.captions`."""
        return {
            "command": f"{state.speed_command:+.2f} m/s  {state.yaw_rate_command:+.2f} rad/s",
            "motion": f"{state.speed:+.2f} m/s  {state.yaw_rate:+.2f} rad/s",
        }


class WheelBalanceEnv(SimEnv):
    """robosim/WheelBalance-v3."""

    TASK = WheelBalance
