"""A run that begins with an agent's network and statistics, and agents with which it cannot."""

import shutil
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from toy_run import UPDATE, toy, train_until

from robosim.agents.policies.normalise import BOX_KEY, Normaliser
from robosim.agents.storage.agent import load_agent, read_card, save_agent
from robosim.agents.storage.files import read_files
from robosim.agents.storage.reading import card_of, normaliser_of, policy_of, tensors_of, weights_of
from robosim.agents.training.experiment import Experiment
from robosim.agents.training.learner import make_envs, make_model
from robosim.agents.training.start_from import start_from
from robosim.errors import RobosimError


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two updates."""
    folder = tmp_path_factory.mktemp("start") / "before"
    train_until(folder, 2)
    return folder


def begin(experiment: Experiment) -> tuple[dict[str, np.ndarray], Normaliser | None]:
    """Gives the weights and the statistics with which a run begins."""
    with closing(make_envs(experiment)) as envs:
        model = make_model(experiment, envs, "cpu", 0)
        start_from(model, envs, experiment)
        weights = {key: part.numpy().copy() for key, part in weights_of(model.policy).items()}
        return weights, Normaliser.from_vec_normalize(envs)


def test_network_and_statistics_are_the_agents(made: Path) -> None:
    weights, statistics = begin(toy(start_from=str(made)))
    files = read_files(made / "last")
    tensors = tensors_of(files)
    card = card_of(files)
    for key, part in weights_of(policy_of(files.source, card, tensors)).items():
        np.testing.assert_array_equal(weights[key], part.numpy())
    known = normaliser_of(files.source, card, tensors)
    assert known is not None
    assert statistics is not None
    np.testing.assert_array_equal(statistics.mean[BOX_KEY], known.mean[BOX_KEY])
    np.testing.assert_array_equal(statistics.var[BOX_KEY], known.var[BOX_KEY])


def test_statistics_of_who_only_imitated_are_kept(made: Path, tmp_path: Path) -> None:
    files = read_files(made / "last")
    card = card_of(files)
    tensors = tensors_of(files)
    known = normaliser_of(files.source, card, tensors)
    assert known is not None
    save_agent(
        tmp_path / "cloned",
        policy_of(files.source, card, tensors),
        name="cloned",
        env=card.env,
        network=card.network,
        normaliser=known,
        seed=0,
        steps=0,
        wall_clock_s=1.0,
    )
    asked = toy(start_from=str(tmp_path / "cloned"))
    with closing(make_envs(asked)) as envs:
        start_from(make_model(asked, envs, "cpu", 0), envs, asked)
        envs.reset()
        after = Normaliser.from_vec_normalize(envs)
    assert after is not None
    np.testing.assert_allclose(after.mean[BOX_KEY], known.mean[BOX_KEY], rtol=0.02, atol=1e-3)
    np.testing.assert_allclose(after.var[BOX_KEY], known.var[BOX_KEY], rtol=0.02, atol=1e-3)


def test_a_run_goes_on_from_an_agent_and_is_resumed_without_it(made: Path, tmp_path: Path) -> None:
    slow = {"n_steps": 64, "batch_size": 64, "n_epochs": 1, "learning_rate": 1e-9}
    begun = shutil.copytree(made, tmp_path / "begun")
    train_until(tmp_path / "after", 1, start_from=str(begun), ppo=slow, seed=1)
    train_until(tmp_path / "new", 1, ppo=slow, seed=1)
    before = load_agent(begun / "last")
    shutil.rmtree(begun)
    train_until(tmp_path / "after", 2, resume=True, start_from=str(begun), ppo=slow, seed=1)
    card = read_card(tmp_path / "after" / "last")
    assert card.steps == 2 * UPDATE
    assert card.start_from is not None
    assert card.start_from.model_dump() == before.card.model_dump(include={"name", "steps", "sha256"})
    assert read_card(tmp_path / "new" / "last").start_from is None
    shape = before.card.observation_space.build().shape
    assert shape is not None
    seen = np.random.default_rng(0).normal(size=(20, *shape)).astype(np.float32)
    agents = before, load_agent(tmp_path / "after" / "last"), load_agent(tmp_path / "new" / "last")
    own, after, new = (agent.predict(seen, deterministic=True)[0] for agent in agents)
    assert np.abs(after - own).max() < np.abs(new - own).max() / 4


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"network": {"hidden": [8]}}, r"network.hidden: the agent has \[64, 64\], here it is \[8\]"),
        ({"network": {"activation": "elu"}}, "network.activation: the agent has tanh, here it is elu"),
        ({"normalise": {"observation": False}}, r"normalises \['observation'\], here it is nothing"),
        ({"normalise": {"clip": 2.0}}, "normalise.clip: the agent has 10, here it is 2"),
        ({"start_from": "wheel-balance"}, "observation_space"),
        ({"start_from": "nobody"}, "start_from: nobody: there is no such agent or folder"),
        ({"start_from": "expert"}, "start_from = expert: must be a shipped agent"),
        ({"start_from": "warehouse-deliver"}, "is a team; agents in shipped teams are .*warehouse-deliver/placer"),
    ],
)
def test_an_agent_with_which_it_cannot_begin_is_refused(made: Path, changes: dict[str, object], told: str) -> None:
    with pytest.raises(RobosimError, match=told):
        begin(toy(**{"start_from": str(made), **changes}))


@pytest.mark.parametrize(
    "changes", [{"ppo": {"mirror": True}}, {"network": {"encoder": {"name": "nature", "weights": "eyes"}}}]
)
def test_what_would_be_lost_is_refused_at_once(changes: dict[str, object]) -> None:
    with pytest.raises(RobosimError, match="start_from = wheel-balance: must be none with"):
        toy(start_from="wheel-balance", **changes)
