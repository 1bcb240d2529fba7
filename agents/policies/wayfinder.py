"""The rival in TerrainNavigate: follows the way that it is told, or goes straight at the goal without one.

It steers, and legs walk: the rival's trot with its reflexes, a teacher's steps, or an agent of TerrainWalk in a team.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from robosim.agents.policies.policy import Observation, Policy, State
from robosim.agents.policies.trotter import Trotter
from robosim.robots.gait import SPEED, SPEED_RANGE, TURN_RANGE

FAST, SLOW = 0.45, 0.1  # m/s, straight on and while it turns
TURN = 1.5  # 1/s, of the bearing
WIDE = 0.6  # rad, a bearing at which it is as slow as it gets
# Numbers of the state: before the last action, of contacts and clock behind it, and of the goal at the end.
_FELT, _TOUCH, _GOAL = 33, 6, 3
JOINTS = 12
"""Actions of a robot that does not trot: no steering is among them."""
_JOINT_SIZE = _FELT + JOINTS + _TOUCH + _GOAL


class Wayfinder:
    """Chooses actions as `Policy` says, in either of `A1`'s modes; it keeps what its legs keep.

    Args:
        legs: What walks, on an observation as TerrainWalk has it.
    """

    def __init__(self, legs: Policy | None = None) -> None:
        """Takes its legs; see the class."""
        self._legs = legs or Trotter()

    def predict(
        self,
        observation: Observation,
        state: State = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[np.float32], State]:
        """Chooses an action; see `Policy.predict`."""
        assert isinstance(observation, dict)
        felt = np.atleast_2d(observation["state"])
        goal = felt[:, -_GOAL:]
        way = observation.get("way")
        aim = goal[:, :1] * goal[:, 1:] if way is None else np.atleast_2d(way)[:, :2]
        steering = _steer(aim)
        trots = _trots(felt)
        walk = walking(observation, None if trots else steering)
        actions, state = self._legs.predict(walk, state, episode_start, deterministic)
        if trots:
            wanted = np.stack([(steering[:, 0] - SPEED) / SPEED_RANGE, steering[:, 1] / TURN_RANGE], axis=1)
            actions = np.concatenate([actions, wanted.clip(-1, 1)], axis=1)
        return actions.astype(np.float32).reshape(*observation["state"].shape[:-1], -1), state


def walking(
    seen: Mapping[str, NDArray[np.float32]], steering: NDArray[np.float64] | None = None
) -> NDArray[np.float32]:
    """Gives what TerrainWalk's robot would observe, with a scan.

    Args:
        seen: Observations of TerrainNavigate, or the bounds of its parts.
        steering: What is wanted, forward speed (m/s) and yaw rate (rad/s), shape (n, 2): no trot follows a command in
            joint mode, so the legs have to know. None: what the trot follows.

    Returns:
        Shape (n, size).
    """
    felt = np.atleast_2d(seen["state"])
    acted, size = (15, 17) if _trots(felt) else (JOINTS, JOINTS)
    touch = felt[:, _FELT + size : _FELT + size + _TOUCH]
    command = felt[:, -_GOAL - 2 : -_GOAL] if steering is None else steering
    aside = np.zeros((len(felt), 1))
    parts = [felt[:, : _FELT + acted], touch, command[:, :1], aside, command[:, 1:], np.atleast_2d(seen["scan"])]
    return np.concatenate(parts, axis=1).astype(np.float32)


def _trots(felt: NDArray[np.float32]) -> bool:
    return bool(felt.shape[1] != _JOINT_SIZE)


def _steer(aim: NDArray[np.float32]) -> NDArray[np.float64]:
    """Gives forward speed (m/s) and yaw rate (rad/s) towards points of the robot's frame."""
    bearing = np.arctan2(aim[:, 1], aim[:, 0]).astype(np.float64)
    share = np.clip(1 - np.abs(bearing) / WIDE, 0.0, 1.0)
    return np.stack([SLOW + (FAST - SLOW) * share, np.clip(TURN * bearing, -TURN_RANGE, TURN_RANGE)], axis=1)
