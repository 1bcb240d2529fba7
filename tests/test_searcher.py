"""An arm that picks by cameras and has come to a stand: where it looks next, and when it is left alone."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from robosim.agents.policies.policy import Observation, State
from robosim.agents.policies.searcher import HEIGHTS, LIFT, LONGEST, NEAR, OUT, PATIENCE, Searcher
from robosim.robots.mast import RATES, REACH

DT = 0.1  # s


class Still:
    """Says the same whatever it sees."""

    said = np.array([0.0, 0.0, 0.0, 1.0], np.float32)

    def predict(
        self,
        observation: Observation,
        state: State = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[np.float32], State]:
        """Says it, for one or for many."""
        assert isinstance(observation, dict)
        return np.broadcast_to(self.said, (*observation["state"].shape[:-1], 4)).copy(), None


def feels(lift: float, held: float = 0.0, press: float = 0.0, out: float = 0.3) -> dict[str, NDArray[Any]]:
    """What an arm feels, straight ahead."""
    felt = np.zeros(15, np.float32)
    felt[[LIFT, OUT, 7, 9]] = lift, out, held, press
    return {"state": felt, "depth8_wrist": np.full((64, 64, 1), 255, np.uint8)}


def lifts(start: float, steps: int, **felt: float) -> list[float]:
    """Lets it search, and gives the height of its lift at each step; joints follow at once."""
    searcher, state, seen, found = Searcher(Still()), None, feels(start, **felt), []
    for step in range(steps):
        action, state = searcher.predict(seen, state, np.array([step == 0]))
        for joint, place in enumerate((0, LIFT, OUT)):
            seen["state"][place] += action[joint] * RATES[joint] * DT
        found.append(float(seen["state"][LIFT]))
    return found


def test_it_leaves_who_has_not_stood_for_long_alone() -> None:
    assert lifts(0.8, PATIENCE) == pytest.approx([0.8] * PATIENCE)


def test_who_stands_is_taken_to_every_height_in_turn() -> None:
    found = np.array(lifts(0.7, 300))
    assert all(np.abs(found - height).min() < NEAR[1] for height in HEIGHTS)
    # Farthest first; and there it is left alone again, for as long.
    first, last = (int((np.abs(found - height) < NEAR[1]).argmax()) for height in (HEIGHTS[-1], HEIGHTS[0]))
    assert first < last
    assert (np.abs(found[first : first + PATIENCE] - found[first]) < 0.02).all()


@pytest.mark.parametrize("felt", [{"held": 1.0}, {"press": 0.01}])
def test_who_holds_something_or_touches_it_is_left_alone(felt: dict[str, float]) -> None:
    assert lifts(0.8, 60, **felt) == pytest.approx([0.8] * 60)


def test_it_draws_the_arm_in_without_air_before_it_takes_it_elsewhere() -> None:
    searcher, state, seen = Searcher(Still()), None, feels(0.8, out=0.6)
    for _ in range(PATIENCE + 2):
        action, state = searcher.predict(seen, state)
    assert action.tolist() == [0.0, 0.0, -1.0, -1.0]
    seen["state"][OUT] = REACH[0]
    action, _ = searcher.predict(seen, state)
    assert abs(action[1]) == 1.0


def test_what_is_blocked_on_its_way_goes_elsewhere() -> None:
    searcher, state, goals = Searcher(Still()), None, []
    for _ in range(PATIENCE + 3 * LONGEST):  # and the lift does not move
        action, state = searcher.predict(feels(0.7, out=REACH[0]), state)
        goals.append(float(np.sign(action[1])))
    assert {-1.0, 1.0} <= set(goals)


def test_each_of_a_batch_is_remembered_by_itself_and_a_new_episode_begins_with_nothing() -> None:
    searcher, state = Searcher(Still()), None
    one, other = feels(0.8), feels(0.8, held=1.0)
    both = {key: np.stack([one[key], other[key]]) for key in one}
    for _ in range(PATIENCE + 2):
        actions, state = searcher.predict(both, state)
    assert (np.abs(actions[:, 1]) > 0).tolist() == [True, False]
    actions, _ = searcher.predict(both, state, np.array([True, True]))
    assert (actions == Still.said).all()
