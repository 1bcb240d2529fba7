"""Nothing damaged, edited or foreign is loaded as an agent, and nothing in it is run."""

import hashlib
import inspect
import os
import pickle
from collections.abc import Callable
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
import safetensors.numpy
import yaml
from toy import save_toy_agent

from robosim.agents.policies.normalise import BOX_KEY, Normaliser
from robosim.agents.policies.policy import Array
from robosim.agents.storage import files as agent_files
from robosim.agents.storage import reading as agent_reading
from robosim.agents.storage.agent import AgentError, load_agent, read_card
from robosim.agents.storage.card import AgentCard, EnvCard, seal
from robosim.agents.storage.files import CARD_NAME, WEIGHTS_NAME, read_files
from robosim.agents.storage.strict_yaml import StrictYamlError, read_yaml


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A sound agent to be damaged."""
    statistics = Normaliser({BOX_KEY: np.arange(3.0)}, {BOX_KEY: np.ones(3)}, clip=10.0, epsilon=1e-8)
    return save_toy_agent(tmp_path / "agent", normaliser=statistics)


def forge(folder: Path, weights: bytes | None = None, **changes: object) -> None:
    """Change an agent as someone would who knows about its checksums."""
    files = read_files(folder)
    content: dict[str, object] = yaml.safe_load(files.card) | changes
    weights = files.weights if weights is None else weights
    content["sha256"] = hashlib.sha256(weights).hexdigest()
    card = seal(AgentCard.model_validate(content))
    (folder / CARD_NAME).write_text(yaml.safe_dump(card.model_dump(mode="json"), sort_keys=False))
    (folder / WEIGHTS_NAME).write_bytes(weights)


def tensors(folder: Path) -> dict[str, Array]:
    found: dict[str, Array] = safetensors.numpy.load((folder / WEIGHTS_NAME).read_bytes())
    return found


def test_a_card_cut_short_anywhere_is_refused(copy: Path) -> None:
    whole = (copy / CARD_NAME).read_bytes()
    ends = [place for place, letter in enumerate(whole[:-1]) if letter == ord("\n")]
    for length in [*range(0, len(whole) - 1, 7), *ends, len(whole) - 2]:  # whole without the last line break
        (copy / CARD_NAME).write_bytes(whole[:length])
        with pytest.raises(AgentError, match=r"agent\.yaml"):
            read_card(copy)


def test_a_changed_letter_in_the_card_is_refused_or_means_the_same(copy: Path) -> None:
    whole, card = (copy / CARD_NAME).read_bytes(), read_card(copy)
    refused = 0
    for place in range(0, len(whole), 5):
        for bit in (1, 128):
            (copy / CARD_NAME).write_bytes(whole[:place] + bytes([whole[place] ^ bit]) + whole[place + 1 :])
            try:
                assert read_card(copy) == card
            except AgentError:
                refused += 1
    assert refused > 0.9 * len(whole) * 2 / 5


@pytest.mark.parametrize("share", [0.0, 0.001, 0.1, 0.5, 0.999])
def test_weights_cut_short_or_changed_are_refused(copy: Path, share: float) -> None:
    whole = (copy / WEIGHTS_NAME).read_bytes()
    place = int(share * len(whole))
    changed = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
    for content in (whole[:place], changed, whole + b"\0"):
        (copy / WEIGHTS_NAME).write_bytes(content)
        with pytest.raises(AgentError, match=r"policy\.safetensors.*SHA-256"):
            load_agent(copy)


def test_a_pickle_in_place_of_the_weights_is_not_run(copy: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
            return os.mkdir, (str(copy / "exploded"),)

    forge(copy, weights=pickle.dumps(Bomb()))
    with pytest.raises(AgentError, match="not a safetensors file"):
        load_agent(copy)
    assert not (copy / "exploded").exists()


def test_files_beyond_the_caps_are_not_read(copy: Path) -> None:
    with (copy / WEIGHTS_NAME).open("ab") as file:
        file.truncate(agent_files.MAX_WEIGHTS_BYTES + 1)  # sparse: takes no room
    with pytest.raises(AgentError, match=r"policy\.safetensors: has 268435457 bytes, at most 268435456"):
        load_agent(copy)
    (copy / CARD_NAME).write_bytes(b"#" * (agent_files.MAX_CARD_BYTES + 1))
    with pytest.raises(AgentError, match=r"agent\.yaml: has 262145 bytes"):
        load_agent(copy)


@pytest.mark.parametrize("name", [CARD_NAME, WEIGHTS_NAME])
def test_a_missing_file_is_named_with_what_there_is(copy: Path, name: str) -> None:
    (copy / name).unlink()
    (copy / "notes.txt").touch()
    with pytest.raises(AgentError, match=r"holds .*notes\.txt.*; an agent is a folder with agent\.yaml and policy"):
        load_agent(copy)


def test_what_is_no_folder_is_refused(copy: Path) -> None:
    with pytest.raises(AgentError, match="does not exist"):
        load_agent(copy / "nowhere")
    with pytest.raises(AgentError, match=r"agent\.yaml.*an agent is a folder"):
        load_agent(copy / CARD_NAME)


@pytest.mark.parametrize("name", [CARD_NAME, WEIGHTS_NAME])
def test_links_and_pipes_are_not_followed(copy: Path, name: str, tmp_path: Path) -> None:
    (copy / name).rename(tmp_path / "elsewhere")
    (copy / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(AgentError, match="symbolic link"):
        load_agent(copy)
    (copy / name).unlink()
    os.mkfifo(copy / name)
    with pytest.raises(AgentError, match="not a plain file"):
        load_agent(copy)


def _drop(found: dict[str, Array]) -> None:
    found["policy/value"] = found.pop("policy/value_net.bias")


def _transpose(found: dict[str, Array]) -> None:
    key = "policy/mlp_extractor.policy_net.0.weight"
    found[key] = np.ascontiguousarray(found[key].T)


def _widen(found: dict[str, Array]) -> None:
    found["policy/log_std"] = found["policy/log_std"].astype(np.float64)


def _poison(found: dict[str, Array]) -> None:
    found["policy/log_std"][:] = np.nan


def _add(found: dict[str, Array]) -> None:
    found["optimiser/step"] = np.ones(1, np.float32)


def _grow(found: dict[str, Array]) -> None:
    found["policy/more"] = np.ones(1, np.float32)


def _forget(found: dict[str, Array]) -> None:
    del found["normalise/observation/mean"], found["normalise/observation/var"]


def _negate(found: dict[str, Array]) -> None:
    found["normalise/observation/var"][:] = -1.0


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_drop, r"missing: \['value_net\.bias'\]; .*belong: \['value'\]"),
        (_transpose, r"policy_net\.0\.weight is float32 of shape \(3, 32\).*must be float32 of shape \(32, 3\)"),
        (_widen, r"log_std is float64"),
        (_poison, "log_std holds numbers that are not finite"),
        (_add, r"no part of an agent: \['optimiser/step'\]"),
        (_grow, r"holds \d+ weights, the network of the card has \d+"),
        (_forget, "lacks the observation statistics"),
        (_negate, "var must not be negative"),
    ],
)
def test_foreign_tensors_are_refused(copy: Path, damage: Callable[[dict[str, Array]], None], message: str) -> None:
    found = tensors(copy)
    damage(found)
    forge(copy, weights=safetensors.numpy.save(found))
    with pytest.raises(AgentError, match=message):
        load_agent(copy)


def test_a_card_cannot_ask_for_all_memory(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_reading, "build_policy", lambda *_: pytest.fail("was built"))
    forge(copy, network={"hidden": [2048] * 6})
    with pytest.raises(AgentError, match="the network of the card has"):
        load_agent(copy)
    for name, changes in {
        "network.hidden": {"network": {"hidden": [10**9]}},
        "observation_space": {"observation_space": {"shape": [10**9], "dtype": "float32", "low": 0, "high": 1}},
    }.items():
        content = yaml.safe_load((copy / CARD_NAME).read_text()) | changes
        content["observation_space"].setdefault("kind", "box")
        (copy / CARD_NAME).write_text(yaml.safe_dump(content))
        with pytest.raises(AgentError, match=name):
            load_agent(copy)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("colour: red", "colour: Extra inputs"),
        ("seed: 3", "duplicate key 'seed'"),
        ("1: 2", "keys must be text"),
        ("<<: {a: 1}", "keys must be text"),
        ("a: &a [1]\nb: *a", "aliases"),
        ("a: " + "[" * 50_000, "nested deeper"),
        ("a: !!python/object/apply:os.mkdir [exploded]", "could not determine a constructor"),
        ("a: \x00", "special characters"),
        ("a: 2001-02-31", "day is out of range"),
        (f"a: 0x{'F' * 20_000}", "a whole number of more than 63 bits"),
    ],
)
def test_yaml_that_is_more_than_a_card_is_refused(
    copy: Path, line: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(copy)
    with (copy / CARD_NAME).open("a") as file:
        file.write(line + "\n")
    with pytest.raises(AgentError, match=message):
        load_agent(copy)
    assert not (copy / "exploded").exists()


def test_an_alias_bomb_goes_off_nowhere() -> None:
    levels = [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    with pytest.raises(StrictYamlError, match=r"aliases.*line 2"):
        read_yaml("\n".join(["a0: &a0 lol", *levels]))


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ({"id": "antigravity:Pendulum-v1"}, r"env\.id"),
        ({"kwargs": {"max_episode_steps": 5}}, r"env\.kwargs: .*max_episode_steps cannot be set here: .* gym\.make"),
        ({"kwargs": {"disable_env_checker": False}}, r"env\.kwargs: .*disable_env_checker"),
        (
            {"kwargs": {"split": "test", "render_mode": "human"}},
            r"env\.kwargs: .*render_mode, split cannot be set here",
        ),
        ({"kwargs": {"layout": {"walls": 3}}}, r"env\.kwargs\.layout"),
        ({"kwargs": {"speed": float("inf")}}, r"env\.kwargs\.speed"),
    ],
)
def test_a_card_says_which_env_and_not_what_is_imported_or_how_it_is_judged(
    copy: Path, env: dict[str, object], message: str
) -> None:
    content = yaml.safe_load((copy / CARD_NAME).read_text())
    content["env"] |= env
    (copy / CARD_NAME).write_text(yaml.safe_dump(content))
    with pytest.raises(AgentError, match=message):
        load_agent(copy)


def test_all_that_gym_make_takes_for_itself_is_refused() -> None:
    own = set(inspect.signature(gym.make).parameters) - {"kwargs"}
    for name in own:
        with pytest.raises(ValueError, match=f"{name} cannot be set here"):
            EnvCard(id="Pendulum-v1", kwargs={name: 1})


@pytest.mark.parametrize(
    "space",
    [
        {"kind": "box", "shape": [3], "dtype": "uint8", "low": -1.0, "high": 1.0},
        {"kind": "dict", "spaces": {"a.b": {"shape": [3], "dtype": "float32", "low": -1.0, "high": 1.0}}},
    ],
)
def test_spaces_for_which_no_network_can_be_built_are_refused(copy: Path, space: dict[str, object]) -> None:
    forge(copy, observation_space=space, normalisation=None)
    with pytest.raises(AgentError, match=r"agent\.yaml: there is no network for its spaces"):
        load_agent(copy)


@pytest.mark.parametrize("change", [{"seed": -1}, {"steps": -1}])
def test_counts_out_of_bounds_are_refused(copy: Path, change: dict[str, int]) -> None:
    content = yaml.safe_load((copy / CARD_NAME).read_text()) | change
    (copy / CARD_NAME).write_text(yaml.safe_dump(content))
    with pytest.raises(AgentError, match=f"{next(iter(change))}: Input should be"):
        read_card(copy)
