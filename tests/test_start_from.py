"""A run that begins with an agent's network and statistics, and agents with which it cannot."""

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from toy_run import UPDATE, toy, train_until

from robosim.agents.policies.normalise import BOX_KEY, Normaliser
from robosim.agents.storage.agent import load_agent, read_card
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


def test_a_run_goes_on_from_an_agent_and_can_be_resumed(made: Path, tmp_path: Path) -> None:
    slow = {"n_steps": 64, "batch_size": 64, "n_epochs": 1, "learning_rate": 1e-9}
    train_until(tmp_path / "after", 1, start_from=str(made), ppo=slow)
    train_until(tmp_path / "after", 2, resume=True, start_from=str(made), ppo=slow)
    assert read_card(tmp_path / "after" / "last").steps == 2 * UPDATE
    before, after = load_agent(made / "last"), load_agent(tmp_path / "after" / "last")
    shape = before.card.observation_space.build().shape
    assert shape is not None
    seen = np.random.default_rng(0).normal(size=(20, *shape)).astype(np.float32)
    one, other = (agent.predict(seen, deterministic=True)[0] for agent in (before, after))
    np.testing.assert_allclose(one, other, atol=0.05)  # statistics go on


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"network": {"hidden": [8]}}, r"another network: .* \(64, \d+\), here \(8, \d+\)"),
        ({"normalise": {"observation": False}}, r"normalises \['observation'\], here it is nothing"),
        ({"start_from": "nobody"}, "nobody: there is no such agent or folder"),
        ({"start_from": "warehouse-deliver"}, "is a team; name one of its agents"),
    ],
)
def test_an_agent_with_which_it_cannot_begin_is_refused(made: Path, changes: dict[str, object], told: str) -> None:
    with pytest.raises(RobosimError, match=told):
        begin(toy(**{"start_from": str(made), **changes}))
