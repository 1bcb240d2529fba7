"""What a rival is told of an environment that others have to find out."""

import gymnasium as gym
import pytest

from robosim.agents.evaluation.evaluator import Evaluator
from robosim.agents.policies.find import TOLD, kwargs_for, taught_kwargs
from robosim.envs import ENVS

LEAST = {"guidance": "goal", "observation": "camera"}


def test_only_the_rival_is_told_and_the_rest_stays() -> None:
    asked = {"guidance": "goal", "level": 3}
    assert kwargs_for("expert", "robosim/TerrainNavigate-v0", asked) == {"guidance": "path", "level": 3}
    assert kwargs_for("zero", "robosim/TerrainNavigate-v0", asked) == asked
    assert kwargs_for("expert", "robosim/WheelBalance-v3", {"level": 3}) == {"level": 3}


@pytest.mark.parametrize("env_id", [one for one in ENVS if one.rsplit("-v", 1)[0] in TOLD])
def test_being_told_changes_what_is_observed_and_no_episode(env_id: str) -> None:
    rival = TOLD[env_id.rsplit("-v", 1)[0]]
    told, others = (
        gym.make(env_id, level=3, split="val", **kwargs)  # type: ignore[arg-type]
        for kwargs in (rival, {name: LEAST[name] for name in rival})
    )
    pays = []
    for env in (told, others):
        assert env.action_space == others.action_space
        env.reset(seed=5)
        env.action_space.seed(0)
        pays.append([env.step(env.action_space.sample())[1] for _ in range(20)])
        env.close()
    assert pays[0] == pays[1]
    assert told.observation_space != others.observation_space


def test_the_rival_is_judged_with_what_it_is_told() -> None:
    with Evaluator() as evaluator:
        kwargs = {"level": 0, "split": "val"}
        told, straight = (
            evaluator.run("expert", "robosim/TerrainNavigate-v0", {**kwargs, "guidance": guidance}, 2, seed=0)
            for guidance in ("path", "goal")
        )
    assert [one.ret for one in told] == [one.ret for one in straight]


def test_a_teacher_goes_along_the_way_that_its_student_is_told() -> None:
    for guidance, taught in (("goal", "path"), ("map", "map"), ("path", "path")):
        asked = {"guidance": guidance}
        assert taught_kwargs("expert", "robosim/TerrainNavigate-v0", asked) == {"guidance": taught}
    assert taught_kwargs("expert", "robosim/WarehouseNavigate-v2", {}) == TOLD["robosim/WarehouseNavigate"]
