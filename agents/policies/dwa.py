"""The scripted rival in the warehouse: follows the planner's path, keeps off what it sees, and stops before it.

It sees by a lidar, or by the depth of cameras; these see nothing behind it, and by them it backs off blindly, slowly.
The path is A* on the known map, planned again on what has been seen; it comes with the observation. How it is followed
is the dynamic window approach (Fox, Burgard, Thrun, "The dynamic window approach to collision avoidance", IEEE Robotics
& Automation Magazine 4(1), 1997): among the speeds that can be reached soon, and from which the robot can still stop
before anything seen, the pair that brings it closest to a point ahead on the path. Where none is left it stands, and
turns towards the path.
"""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from robosim.agents.policies.nearby import points_seen
from robosim.agents.policies.policy import Observation, State
from robosim.compiled import compiled
from robosim.robots.courier import ACCELERATION, BACKWARD, BRAKING, FORWARD, RADIUS, YAW_RATE

# Where robosim/WarehouseNavigate's observation["state"] has what is read here.
SPEED, RATE, GOAL_DISTANCE, GOAL_SIN, GOAL_COS, AHEAD = 0, 1, 4, 5, 6, slice(7, 13)

SPEEDS = np.linspace(0.0, FORWARD, 7)  # m/s
YAW_RATES = np.linspace(-YAW_RATE, YAW_RATE, 21)  # rad/s
HORIZON, SAMPLES = 1.2, 8  # s and moments in it at which distances are looked at
REACH = 0.4  # s; speeds that take longer to get to are no choice now
MARGIN = 0.06  # m kept from everything, beyond the robot's own circle
LATENCY = 0.2  # s, from seeing to braking: a control step to see and one to act
ROOM = 0.5  # m; more distance than this is no better
CARROT = 1  # which of the observed points of the path it aims at
AT_GOAL = 0.2  # m; where it stops
SLOW = 0.8  # 1/s: speed per distance that is left to the goal


class Dwa:
    """The dynamic window approach on the observations of robosim/WarehouseNavigate.

    Without a lidar it goes by its cameras' depth, and does not see behind; without a path it heads for the goal.

    Args:
        braking: m/s² with which the robot slows down.
        yaw_acceleration: rad/s² with which it reaches a yaw rate; None for one that does so at once, nearly.
    """

    def __init__(self, braking: float = BRAKING, yaw_acceleration: float | None = None) -> None:
        """Lays out the choices; see the class."""
        self._braking, self._twist = braking, yaw_acceleration
        speeds, rates = np.meshgrid(SPEEDS, YAW_RATES, indexing="ij")
        self._speeds, self._rates = speeds.ravel(), rates.ravel()
        time = HORIZON / SAMPLES * np.arange(1, SAMPLES + 1)
        turn = self._rates[:, None] * time
        # Along an arc of circle, exactly; sinc tends to 1 on the straight.
        chord = self._speeds[:, None] * time * np.sinc(turn / (2 * math.pi))
        self._at_once = chord * np.cos(turn / 2), chord * np.sin(turn / 2)

    def predict(
        self,
        observation: Observation,
        state: State = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[np.float32], State]:
        """Chooses an action; see `robosim.agents.policies.policy.Policy.predict`."""
        assert isinstance(observation, dict)
        if observation["state"].ndim == 1:
            return self._act(observation), state
        rows = [{key: part[row] for key, part in observation.items()} for row in range(len(observation["state"]))]
        return np.stack([self._act(seen) for seen in rows]), state

    def _act(self, seen: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
        told = seen["state"]
        distance = float(told[GOAL_DISTANCE])
        if distance < AT_GOAL:
            return np.zeros(2, np.float32)
        points = points_seen(seen)
        points = points[np.hypot(points[:, 0], points[:, 1]) < HORIZON * FORWARD + RADIUS + ROOM]
        carrot = aimed_at(told)
        speed = float(told[SPEED])
        arcs = self._at_once if self._twist is None else self._slowly(speed, float(told[RATE]), self._twist)
        room = self._room(points, *arcs)
        reachable = (self._speeds <= speed + REACH) & (self._speeds >= speed - 2 * self._braking * REACH)
        braking = self._speeds**2 / (2 * self._braking) + self._speeds * LATENCY
        far_enough = np.where(self._speeds > 0, room >= MARGIN + 0.3 * braking, True)
        allowed = reachable & far_enough & (self._speeds <= SLOW * distance + 0.1)
        allowed &= braking <= ahead_free(points)
        if not (allowed & (self._speeds > 0)).any():
            return turn_towards(carrot, points)
        end = np.hypot(arcs[0][:, -1] - carrot[0], arcs[1][:, -1] - carrot[1])
        cost = end - 0.3 * np.minimum(room, ROOM) - 0.15 * self._speeds
        best = int(np.where(allowed, cost, np.inf).argmin())
        return action(float(self._speeds[best]), float(self._rates[best]))

    def _slowly(self, speed: float, rate: float, twist: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Gives the arcs of a robot that reaches its speeds by and by: x and y, m, shape (choices, samples) each."""
        dt = HORIZON / SAMPLES
        time = dt * np.arange(1, SAMPLES + 1)
        rates = rate + np.clip(self._rates[:, None] - rate, -twist * time, twist * time)
        speeds = speed + np.clip(self._speeds[:, None] - speed, -self._braking * time, ACCELERATION * time)
        turned = np.cumsum(rates, axis=1) * dt
        middle = turned - rates * dt / 2
        return np.cumsum(speeds * np.cos(middle), axis=1) * dt, np.cumsum(speeds * np.sin(middle), axis=1) * dt

    def _room(
        self, points: NDArray[np.float64], arc_x: NDArray[np.float64], arc_y: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Gives the least distance from the robot's circle to what is seen, along each arc, m."""
        least = np.full(len(self._speeds), np.inf)
        approach(points, arc_x, arc_y, least)
        room: NDArray[np.float64] = np.sqrt(least) - RADIUS
        return room


@compiled
def approach(
    points: NDArray[np.float64], arc_x: NDArray[np.float64], arc_y: NDArray[np.float64], least: NDArray[np.float64]
) -> None:
    """Lowers ``least``, (arcs,), m², to the square of the least distance from points (n, 2) to arcs (arcs, samples)."""
    for arc in range(len(arc_x)):
        for sample in range(len(arc_x[arc])):
            for point in range(len(points)):
                x, y = arc_x[arc, sample] - points[point, 0], arc_y[arc, sample] - points[point, 1]
                least[arc] = min(least[arc], x * x + y * y)


def ahead_free(points: NDArray[np.float64]) -> float:
    """Gives how far the robot may go straight on before it meets something, m: the stop zone."""
    inside = (points[:, 0] > 0) & (np.abs(points[:, 1]) < RADIUS)
    return float(points[inside, 0].min()) - RADIUS if inside.any() else math.inf


def aimed_at(told: NDArray[np.float32]) -> NDArray[np.float32]:
    """Gives the point it aims at, in the robot's frame, m: on the path, or the goal where no path is told."""
    path = told[AHEAD].reshape(-1, 2)
    aim: NDArray[np.float32] = path[CARROT] if len(path) else told[GOAL_DISTANCE] * told[[GOAL_COS, GOAL_SIN]]
    return aim


def turn_towards(carrot: NDArray[np.float32], points: NDArray[np.float64]) -> NDArray[np.float32]:
    """Stands and turns towards a point; backs off where something is as close ahead as it is not behind."""
    bearing = math.atan2(float(carrot[1]), float(carrot[0]))
    near = points[np.hypot(points[:, 0], points[:, 1]) < RADIUS + 0.25] if len(points) else points
    ahead, behind = (near[:, 0] > 0).any(), (near[:, 0] < 0).any()
    back = -0.5 * BACKWARD if ahead and not behind else 0.0
    return action(back, 1.5 * bearing)


def action(speed: float, rate: float) -> NDArray[np.float32]:
    """Gives the action for a speed (m/s) and a yaw rate (rad/s)."""
    share = speed / FORWARD if speed > 0 else speed / BACKWARD
    return np.clip(np.array([share, rate / YAW_RATE], np.float32), -1.0, 1.0)
