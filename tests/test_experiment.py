"""An experiment's YAML and command line: what is read, what is refused, and in which words."""

import re
from pathlib import Path

import pytest
import yaml

from robosim.agents.policies.find import PRETRAINED
from robosim.agents.training.experiment import Experiment
from robosim.agents.training.experiment_file import (
    ExperimentError,
    differing_fields,
    dump_experiment,
    load_experiment,
    parse_experiment,
    shipped_experiments,
)
from robosim.agents.training.run_folder import CHANGEABLE, identity
from robosim.scripts.env_kwargs import KwargsError
from robosim.scripts.train import main
from robosim.scripts.train_options import parse_options

MINIMAL = {"name": "toy", "env": {"id": "toy/Reach-v0"}}


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "some.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", shipped_experiments())
def test_every_shipped_experiment_is_read_by_name_and_by_path(name: str) -> None:
    path = Path(__file__).parents[1] / "configs" / f"{name}.yaml"
    experiment = load_experiment(name)
    assert experiment == load_experiment(path)
    assert experiment.env.id.startswith("robosim/")


@pytest.mark.parametrize("name", shipped_experiments())
def test_a_shipped_experiment_says_only_what_it_changes(name: str) -> None:
    path = Path(__file__).parents[1] / "configs" / f"{name}.yaml"
    given = parse_experiment(yaml.safe_load(path.read_text()), "file")
    required: dict[str, object] = {"name": given.name, "env": {"id": given.env.id}}
    if given.network.encoder is not None:
        required["network"] = {"encoder": {"name": given.network.encoder.name}}
    said = set(differing_fields(parse_experiment(required, "defaults"), given))
    assert said | set(leaves(required)) == set(leaves(yaml.safe_load(path.read_text())))


@pytest.mark.parametrize("name", shipped_experiments())
def test_the_agent_that_a_file_says_is_shipped_is_there(name: str) -> None:
    root = Path(__file__).parents[1]
    text = (root / "configs" / f"{name}.yaml").read_text()
    assert f"agents/pretrained/{name.replace('_', '-')}/" in text or not (PRETRAINED / name.replace("_", "-")).exists()
    for folder in re.findall(r"agents/pretrained/[\w/-]+/", text):
        assert (root / folder).is_dir(), folder


def leaves(values: dict[str, object], prefix: str = "") -> list[str]:
    found = []
    for name, value in values.items():
        found += leaves(value, f"{prefix}{name}.") if isinstance(value, dict) else [prefix + name]
    return found


def test_what_is_written_is_read_back_equal(tmp_path: Path) -> None:
    values = {
        **MINIMAL,
        "env": {"id": "toy/Reach-v0", "kwargs": {"level": "mixed", "randomise": False, "mass": 1.5}},
        "network": {"hidden": [32], "activation": "elu"},
        "ppo": {"target_kl": None, "schedule": "constant"},
    }
    experiment = parse_experiment(values, "test")
    assert load_experiment(write(tmp_path, dump_experiment(experiment))) == experiment


def test_exponents_are_numbers(tmp_path: Path) -> None:
    path = write(tmp_path, "name: toy\nenv: {id: toy/Reach-v0}\nppo: {learning_rate: 3e-4}\n")
    assert load_experiment(path).ppo.learning_rate == 3e-4


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"ppo": {"gamma": 1.5}}, r"ppo\.gamma = 1\.5: should be less than or equal to 1"),
        ({"ppo": {"gama": 0.9}}, r"ppo\.gama: there is no such field; did you mean ppo\.gamma\?"),
        ({"gamma": 0.9}, r"gamma: there is no such field; did you mean ppo\.gamma\?"),
        ({"ppo": {"xyz": 1}}, r"ppo\.xyz: there is no such field \(there are: n_steps, batch_size, "),
        ({"ppo": {"learning_rate": float("nan")}}, r"ppo\.learning_rate = nan: should be a finite number"),
        ({"ppo": {"schedule": "cosine"}}, r"ppo\.schedule = 'cosine': should be 'constant' or 'linear'"),
        ({"network": {"hidden": [64, 0]}}, r"network\.hidden\[1\] = 0: should be greater than or equal to 1"),
        ({"validation": {"level": "easy"}}, r"validation\.level = 'easy': .*integer.* or should be 'mixed'"),
        ({"env": {}}, r"env\.id: is missing, and has no default"),
        ({"env": {"id": "a", "kwargs": {"split": "test"}}}, r"env\.kwargs = .*: split cannot be set here"),
        ({"env": {"id": "a", "kwargs": {"size": [1]}}}, r"env\.kwargs\.size = \[1\]: "),
        ({"name": "../up"}, r"name = '\.\./up': String should match pattern"),
        ({"envs": 4, "workers": 5}, r"workers = 5: must be at most envs = 4"),
        ({"envs": 3, "ppo": {"n_steps": 10, "batch_size": 7}}, r"ppo\.batch_size = 7: must divide .* = 30"),
        ({"env": {"id": "robosim/A-v0", "splits": False}}, r"env\.splits = False: robosim/A-v0 has splits"),
        (
            {"env": {"id": "robosim/A-v0", "kwargs": {"level": 3}, "curriculum": True}},
            r"env\.curriculum = True: sets the level of training envs, which is told to be 3",
        ),
        (
            {"env": {"id": "robosim/A-v0", "training": {"level": 8}, "curriculum": True}},
            r"env\.curriculum = True: sets the level of training envs, which is told to be 8",
        ),
        ({"env": {"id": "a", "curriculum": True}}, r"env\.curriculum = True: a is none of robosim's envs"),
        (
            {"env": {"id": "a", "kwargs": {"max_episode_steps": 5}}},
            r"env\.kwargs = .*: max_episode_steps cannot be set",
        ),
        ({"checkpoint_every_s": 61}, r"checkpoint_every_s = 61: should be less than or equal to 60"),
        ({"seed": -1}, r"seed = -1: should be greater than or equal to 0"),
    ],
)
def test_a_wrong_value_is_told_by_name_value_and_what_is_allowed(values: dict[str, object], said: str) -> None:
    with pytest.raises(ExperimentError, match=rf"^my\.yaml: 1 wrong field:\n  {said}"):
        parse_experiment({**MINIMAL, **values}, "my.yaml")


def test_all_wrong_fields_are_told_at_once() -> None:
    values = {**MINIMAL, "seed": "x", "ppo": {"gamma": 2, "clip": 1}, "envs": 0}
    with pytest.raises(ExperimentError) as error:
        parse_experiment(values, "my.yaml")
    assert re.findall(r"^  ([\w.]+)", str(error.value), re.MULTILINE) == ["seed", "envs", "ppo.gamma", "ppo.clip"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: a\nseed: 1\nseed: 2\nenv: {id: x}\n", r"duplicate key 'seed'.*line 3"),
        ("name: [\n", "not readable as YAML"),
        ("- name\n", "must map field names to values, and is list"),
        ("", "must map field names to values, and is NoneType"),
        (f"name: a\nseed: 0x{'F' * 20_000}\nenv: {{id: x}}\n", "a whole number of more than 63 bits.*line 2"),
        ("name: !!python/object/apply:os.getcwd []\n", "not readable as YAML"),
    ],
)
def test_a_file_that_is_no_experiment_is_refused_by_its_name(tmp_path: Path, text: str, said: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ExperimentError, match=said) as error:
        load_experiment(path)
    assert str(error.value).startswith(f"{path}: ")


def test_an_unknown_name_lists_the_shipped_ones() -> None:
    with pytest.raises(ExperimentError, match=r"wheel_balance, wheel_balance_demo"):
        load_experiment("wheel_balanse")


def test_the_split_is_the_trainers_and_validation_may_have_its_own_level() -> None:
    values = {**MINIMAL, "env": {"id": "toy/Reach-v0", "kwargs": {"level": 1}}, "validation": {"level": "mixed"}}
    experiment = parse_experiment(values, "test")
    assert experiment.env_kwargs("train") == {"level": 1, "split": "train"}
    assert experiment.env_kwargs("val") == {"level": "mixed", "split": "val"}
    foreign = parse_experiment({"name": "p", "env": {"id": "Pendulum-v1", "splits": False}}, "test")
    assert foreign.env_kwargs("train") == foreign.env_kwargs("val") == {}


def test_only_what_may_change_leaves_the_identity_alone() -> None:
    experiment = parse_experiment(MINIMAL, "test")
    changes: dict[str, dict[str, object]] = {
        "total_steps": {"total_steps": 5},
        "workers": {"workers": 1},
        "checkpoint_every_s": {"checkpoint_every_s": 5},
        "validation.every_steps": {"validation": {"every_steps": 5}},
    }
    assert tuple(changes) == CHANGEABLE
    for change in changes.values():
        assert identity(parse_experiment({**MINIMAL, **change}, "test")) == identity(experiment)
    for other in ({"seed": 1}, {"ppo": {"gamma": 0.9}}, {"validation": {"episodes": 7}}):
        assert identity(parse_experiment({**MINIMAL, **other}, "test")) != identity(experiment)


@pytest.fixture
def config(tmp_path: Path) -> str:
    text = "name: toy\nenv: {id: toy/Reach-v0, kwargs: {level: 1, fast: true}}\nppo: {gamma: 0.5}\n"
    return str(write(tmp_path, text))


def test_options_change_any_field_of_the_file(config: str) -> None:
    words = "--ppo.learning-rate 5e-4 --network.hidden 32 16 --ppo.target_kl None --normalise.reward True --seed 3"
    more = "--env.kwargs.level mixed --env.kwargs.mass=0.5 --env.kwargs.fast false --device cpu --out some/where"
    options = parse_options([config, *words.split(), *more.split()])
    experiment = options.experiment
    assert differing_fields(load_experiment(config), experiment) == {
        "env.kwargs.level": (1, "mixed"),
        "env.kwargs.fast": (True, False),
        "env.kwargs.mass": (None, 0.5),
        "seed": (0, 3),
        "network.hidden": ([64, 64], [32, 16]),
        "ppo.learning_rate": (1e-3, 5e-4),
        "ppo.target_kl": (0.03, None),
        "normalise.reward": (False, True),
    }
    assert (options.folder, options.device, options.resume) == (Path("some/where"), "cpu", False)


def test_without_options_it_is_the_file_and_its_own_folder(config: str) -> None:
    options = parse_options([config])
    assert options.experiment == load_experiment(config)
    assert options.folder == Path("runs/toy")


def test_help_shows_every_field_with_the_files_value(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        parse_options([config, "--help"])
    shown = capsys.readouterr().out
    for name in [*leaves(Experiment.model_validate(MINIMAL).model_dump()), "env.kwargs.level", "out", "device"]:
        assert f"--{name.replace('_', '-')}" in shown
    assert "(default: 0.5)" in shown
    assert "Discount of one step." in shown
    assert "Units of each hidden layer" in shown


def test_a_wrong_option_ends_with_one_error_and_2(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([config, "--ppo.gamma", "7", "--seed", "-1"]) == 2
    told = capsys.readouterr().err
    assert f"{config} with the options of the command line: 2 wrong fields" in told
    assert "ppo.gamma = 7.0: should be less than or equal to 1" in told


@pytest.mark.parametrize("words", [["--env.kwargs.mass", "--seed", "3"], ["--seed", "3", "--env.kwargs.mass"]])
def test_an_argument_of_the_env_without_a_value_does_not_take_the_next_option(config: str, words: list[str]) -> None:
    with pytest.raises(KwargsError, match=r"--env\.kwargs\.mass: needs a value"):
        parse_options([config, *words])
    assert parse_options([config, "--env.kwargs.mass", "-1", "--seed", "3"]).experiment.env.kwargs["mass"] == -1


def test_an_unknown_option_is_refused(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        parse_options([config, "--ppo.gama", "0.9"])
    assert "--ppo.gamma" in capsys.readouterr().err


def test_without_a_config_the_choice_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seed", "3"]) == 2
    assert "wheel_balance" in capsys.readouterr().err
