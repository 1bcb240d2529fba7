"""robosim/TerrainPush: pushes that grow, in the worlds of TerrainBalance, and who survives how large ones."""

from typing import Any

import numpy as np
import pytest

from robosim.agents.evaluation.results import read_results
from robosim.agents.policies.find import PRETRAINED, identity, named_files
from robosim.agents.policies.policy import Policy
from robosim.agents.policies.trotter import Trotter
from robosim.agents.policies.wide_stance import ACTION, WideStance
from robosim.envs.sim_env import SimEnv
from robosim.envs.terrain_balance import HARD, PUSH, TerrainBalance, TerrainBalanceEnv
from robosim.envs.terrain_push import GROWTH, TIME_LIMIT, TerrainPushEnv
from robosim.robots.pushes import Pushes


def task_of(env: SimEnv) -> TerrainBalance:
    assert isinstance(env.task, TerrainBalance)
    return env.task


def pushed(pushes: Pushes, seconds: float) -> list[float]:
    """The sizes of what is begun in some time."""
    sizes = []
    for _ in range(round(50 * seconds)):
        pushes.advance()
        if pushes.since == 0.0:
            sizes.append(pushes.last)
    return sizes


def survived(env: SimEnv, policy: Policy, seed: int) -> dict[str, Any]:
    observation, _ = env.reset(seed=seed)
    done = False
    while not done:
        observation, _, terminated, truncated, info = env.step(policy.predict(observation)[0])
        done = terminated or truncated
    return info


@pytest.mark.parametrize("level", [0, 9])
def test_pushes_grow_by_as_much_at_every_level(level: int) -> None:
    env = TerrainPushEnv(level=level)
    env.reset(seed=3)
    sizes = pushed(task_of(env).pushes, TIME_LIMIT)
    assert all(number * GROWTH <= size < (number + 1) * GROWTH for number, size in enumerate(sizes))
    assert sizes[-1] > 3.0
    assert len({round(size % GROWTH, 6) for size in sizes}) == len(sizes)  # of any size within its step
    env.close()


def test_an_episode_is_that_of_terrain_balance_until_the_first_push() -> None:
    seen = []
    for env in (TerrainPushEnv(level=7), TerrainBalanceEnv(level=7)):
        rows = [env.reset(seed=5)[0]]
        while not np.isfinite(task_of(env).pushes.since):
            rows.append(env.step(np.zeros(15, np.float32))[0])
        seen.append(np.array(rows[:-1]))
        env.close()
    assert len(seen[0]) > 50
    assert np.array_equal(seen[0], seen[1])


def test_an_episode_lasts_until_a_push_is_too_large_and_names_the_largest_that_was_not() -> None:
    env = TerrainPushEnv(level=2, split="val")
    info = survived(env, Trotter(), 0)
    assert info["ends"] == ["fell"]
    assert not info["is_success"]
    last = task_of(env).pushes.last
    assert last - 2 * GROWTH < info["episode_metrics"]["push_survived"] < last
    env.close()


def test_in_training_pushes_may_be_hard_at_all_levels() -> None:
    for level in (0, 9):
        env, sizes = TerrainBalanceEnv(level=level, pushes="hard"), list[float]()
        for seed in range(12):
            env.reset(seed=seed)
            sizes += pushed(task_of(env).pushes, 20.0)
        assert HARD[0] <= min(sizes) < PUSH[0]
        assert 3.0 < max(sizes) <= HARD[1]
        env.close()


def test_the_stance_is_wide_low_and_alike_on_both_sides() -> None:
    env = TerrainBalanceEnv()
    assert np.array_equal(task_of(env).mirrors().action(ACTION), ACTION)
    env.close()
    feet = ACTION[:12].reshape(4, 3)
    assert (np.sign(feet[:, 0]) == (1, 1, -1, -1)).all()
    assert (np.sign(feet[:, 1]) == (-1, 1, -1, 1)).all()
    acting = WideStance()
    assert acting.predict(np.zeros(57, np.float32))[0].shape == (15,)
    assert np.array_equal(acting.predict(np.zeros((2, 57), np.float32))[0], [ACTION, ACTION])


@pytest.mark.medium
def test_the_wide_stance_survives_larger_pushes_than_the_rival() -> None:
    env, found = TerrainPushEnv(level=3, split="val"), []
    for policy in (WideStance(), Trotter()):
        largest = [survived(env, policy, seed)["episode_metrics"]["push_survived"] for seed in range(8)]
        found.append(np.median(largest))
    assert found[0] > 1.5 * found[1]
    env.close()


def test_the_shipped_agent_survives_pushes_twice_as_large_as_its_rival_does() -> None:
    results = {result.agent: result for result in read_results(PRETRAINED / "terrain-balance" / "results-push.json")}
    ours, rival = results["terrain-balance"], results["expert"]
    assert ours.sha256 == identity(named_files("terrain-balance")).sha256
    assert {(one.env, one.split, one.level, one.seed) for one in results.values()} == {
        ("robosim/TerrainPush-v0", "test", "mixed", 0)
    }
    assert min(one.episodes for one in results.values()) >= 500
    assert results["controller:terrain-balance"].sha256 == ours.sha256
    pairs = [(ours.metrics, rival.metrics)]
    pairs += [(ours.by_level[level].metrics, rival.by_level[level].metrics) for level in range(10)]
    for found in pairs:
        median, of_rival = (metrics["push_survived"].median for metrics in found)
        assert median is not None
        assert of_rival is not None
        assert median >= 2 * of_rival
