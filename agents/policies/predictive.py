"""A scripted controller for the warehouse that looks 2.6 seconds ahead: of many ways of driving on, the cheapest.

It sees what the rival sees, `robosim.agents.policies.dwa`, and makes more of it: what moves in a sector of the scan is
taken to go on so, what is not on the map is kept off like people, and a way leads back to the path after going around
somebody; see `robosim.agents.policies.rollouts`. It keeps nothing from step to step.
"""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from robosim.agents.policies.caution import MARGIN, WALKS
from robosim.agents.policies.dwa import AHEAD, GOAL_COS, GOAL_DISTANCE, GOAL_SIN, RATE, SPEED, action
from robosim.agents.policies.nearby import ROWS
from robosim.agents.policies.policy import Observation, State
from robosim.agents.policies.rollouts import LEGS, MOVES, SECTORS, STANDS, STRANGE, Near, Now, best_way, nothing_near
from robosim.compiled import compiled
from robosim.robots.courier import BACKWARD, FORWARD, SIZE, YAW_RATE
from robosim.sensors.sectors import NEARNESS

LAST, LEFT = slice(2, 4), 13  # in "state": the last action, and how long the path is
AT_GOAL = 0.18  # m; where it stops
MARGINS = (MARGIN, 0.15, 0.2)  # m to be kept off what stands, what is not on the map, what moves
WIDTH = (0.02, 0.04)  # m a metre of distance, at most m: a sector's point may be to either side of its middle
NEAR, SEEN = 3.0, 5.0  # m, as far as it heeds what stands, and what moves
PACE, CARE = 0.4, 3.0  # see `Predictive.steered`
TOLD, BEYOND = 3.0, 1.5  # m of the path that are told, and m by which it is taken to go straight on where it is longer
_SURE = 0.3  # m; a leg shorter than that has no direction


class Predictive:
    """Looks ahead on the observations of robosim/WarehouseNavigate with a lidar and a path; see the module."""

    def __init__(self) -> None:
        """Reserves memory."""
        self._near = nothing_near()

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
            return self._act(observation, 0.0, 0.0), state
        return self.steered(observation, np.zeros((len(observation["state"]), 2), np.float32)), state

    def steered(self, observation: Observation, wishes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Chooses actions for a batch as somebody wishes: whatever that is, all ways are looked at for what they meet.

        Args:
            observation: A batch.
            wishes: (batch, 2), from -1 to 1. The first is how fast it may go: from 0 up as fast as it can, at -1 `PACE`
                of that. The second is how far off it should keep: at 1 being close costs `CARE` times as much, at -1 so
                much less.
        """
        assert isinstance(observation, dict)
        rows = [{key: part[row] for key, part in observation.items()} for row in range(len(wishes))]
        return np.stack([self._act(seen, *wish) for seen, wish in zip(rows, wishes.tolist(), strict=True)])

    def _act(self, seen: Mapping[str, NDArray[np.float32]], pace: float, care: float) -> NDArray[np.float32]:
        told = seen["state"]
        distance = float(told[GOAL_DISTANCE])
        if distance < AT_GOAL:
            return np.zeros(2, np.float32)
        near = self._near
        count = look_around(seen["lidar"], seen["unmapped"], near)
        lay_path(told, near.path)
        share, turn = told[LAST].tolist()
        now = Now(
            goal=(distance * float(told[GOAL_COS]), distance * float(told[GOAL_SIN])),
            motion=(float(told[SPEED]), float(told[RATE])),
            last=(share * (FORWARD if share > 0 else BACKWARD), turn * YAW_RATE),
            fastest=FORWARD * min(1.0 + (1.0 - PACE) * pace, 1.0),
            care=CARE**care,
        )
        return action(*best_way(near, count, now))


@compiled
def look_around(lidar: NDArray[np.float32], unmapped: NDArray[np.float32], near: Near) -> int:
    """Writes what the scan's sectors show near by, and gives how many things that is.

    Args:
        lidar: Rows of sectors, see `robosim.sensors.sectors.Sectors`.
        unmapped: The first of these, of what is not on the map.
        near: Where it is written.
    """
    count = 0
    for sector in range(SECTORS):
        if lidar[sector] <= 0:
            continue
        distance = -NEARNESS * math.log(lidar[sector])
        # The last two rows are velocities in halves of m/s.
        closing = 2.0 * lidar[(ROWS - 2) * SECTORS + sector]
        leftward = 2.0 * lidar[(ROWS - 1) * SECTORS + sector]
        moves = math.hypot(closing, leftward) > WALKS
        if distance >= (SEEN if moves else NEAR):
            continue
        azimuth = (sector + 0.5) / SECTORS * 2 * math.pi - math.pi
        cos, sin = math.cos(azimuth), math.sin(azimuth)
        x, y = distance * cos, distance * sin
        kind = MOVES if moves else STRANGE if unmapped[sector] > 0 else STANDS
        margin = MARGINS[kind] + (min(WIDTH[0] * distance, WIDTH[1]) if kind == STANDS else 0.0)
        # What is nearer already need not be kept off farther, so that it may go on.
        room = math.hypot(max(abs(x) - SIZE[0] / 2, 0.0), max(abs(y) - SIZE[1] / 2, 0.0))
        near.points[count, 0], near.points[count, 1] = x, y
        near.velocities[count, 0] = -leftward * sin - closing * cos if moves else 0.0
        near.velocities[count, 1] = leftward * cos - closing * sin if moves else 0.0
        near.margins[count], near.kinds[count] = min(margin, room), kind
        count += 1
    return count


@compiled
def lay_path(told: NDArray[np.float32], path: NDArray[np.float64]) -> None:
    """Writes the path's legs, as `Near` has them: from the robot to the points told, and straight on beyond them."""
    x = y = 0.0
    for leg in range(LEGS):
        if leg < LEGS - 1:
            to_x, to_y = told[AHEAD.start + 2 * leg], told[AHEAD.start + 2 * leg + 1]
        else:
            before, beyond = path[leg - 1], min(told[LEFT] - TOLD, BEYOND)
            beyond = beyond if beyond > 0 and before[4] > _SURE else 0.0
            to_x, to_y = x + beyond * before[2], y + beyond * before[3]
        length = math.sqrt((to_x - x) ** 2 + (to_y - y) ** 2)
        path[leg, 0], path[leg, 1], path[leg, 4] = x, y, length
        path[leg, 2], path[leg, 3] = (to_x - x) / max(length, 1e-9), (to_y - y) / max(length, 1e-9)
        x, y = to_x, to_y
