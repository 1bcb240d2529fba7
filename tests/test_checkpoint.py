"""The checkpoint: every bit comes back, and a file that is not whole is refused in one sentence."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import safetensors.torch
import torch
from safetensors import safe_open
from stable_baselines3 import PPO
from stable_baselines3.common.running_mean_std import RunningMeanStd
from stable_baselines3.common.vec_env import VecNormalize
from toy_run import UPDATE, toy, train_until

from robosim.agents.storage.tensor_file import digest
from robosim.agents.training.checkpoint import Progress, load_checkpoint, save_checkpoint
from robosim.agents.training.experiment import Experiment
from robosim.agents.training.learner import derived_seed, make_envs, make_model
from robosim.agents.training.optimizer_state import CheckpointError
from robosim.agents.training.run_folder import RunFolder
from robosim.agents.training.train import train


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A run that was stopped after three updates of a thousand."""
    train_until(tmp_path / "run", 3)
    return RunFolder(tmp_path / "run")


def build(experiment: Experiment, steps: int) -> tuple[PPO, VecNormalize]:
    envs = make_envs(experiment)
    return make_model(experiment, envs, "cpu", steps), envs


def everything(model: PPO, envs: VecNormalize) -> list[object]:
    """All that training changes, to the last bit."""
    adam = model.policy.optimizer.state_dict()
    statistics = [envs.obs_rms, envs.ret_rms]
    return [
        {name: tensor.numpy().tobytes() for name, tensor in model.policy.state_dict().items()},
        {(index, key): v.numpy().tobytes() for index, slot in adam["state"].items() for key, v in slot.items()},
        adam["param_groups"],
        [(rms.mean.tobytes(), rms.var.tobytes(), rms.count) for rms in statistics if isinstance(rms, RunningMeanStd)],
        model.num_timesteps,
        model._n_updates,
    ]


@pytest.fixture
def trained() -> Iterator[tuple[PPO, VecNormalize]]:
    model, envs = build(toy(), steps=0)
    model.learn(3 * UPDATE)
    yield model, envs
    envs.close()


def test_a_checkpoint_brings_back_every_bit(trained: tuple[PPO, VecNormalize], tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.safetensors"
    progress = Progress(experiment_sha256="ab", steps=3 * UPDATE, updates=3, elapsed_s=1.5, row={"steps": 768.0})
    save_checkpoint(path, *trained, progress)
    other, envs = build(toy(), steps=99)
    assert everything(other, envs)[0] != everything(*trained)[0]
    assert load_checkpoint(path, other, envs) == progress
    envs.close()
    assert everything(other, envs) == everything(*trained)
    assert everything(other, envs)[1]  # Adam's moments
    assert other._n_updates > 0


def test_a_resumed_run_starts_other_episodes() -> None:
    seeds = {derived_seed(seed, steps) for seed in range(10) for steps in range(0, 10 * UPDATE, UPDATE)}
    assert len(seeds) == 100
    assert all(0 <= seed < 2**31 for seed in seeds)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1000] ^= 1
    path.write_bytes(data)


def flip_json(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data.replace(b'updates\\": 3', b'updates\\": 4'))


def empty(path: Path) -> None:
    path.write_bytes(b"")


def foreign(path: Path) -> None:
    safetensors.torch.save_file({"weight": torch.zeros(3)}, path)


@pytest.mark.parametrize("damage", [cut, flip, flip_json, empty, foreign])
def test_a_damaged_checkpoint_is_one_clear_error(run: RunFolder, damage: Callable[[Path], None]) -> None:
    before = run.checkpoint.read_bytes()
    damage(run.checkpoint)
    assert run.checkpoint.read_bytes() != before
    curve = run.curve.read_bytes()
    with pytest.raises(CheckpointError, match=r"checkpoint\.safetensors: the checkpoint is damaged"):
        train(toy(), run.path, resume=True)
    assert run.curve.read_bytes() == curve


def reworded(path: Path, old: str, new: str) -> None:
    """Change the JSON of a checkpoint as another version of robosim might have written it, checksum and all."""
    with safe_open(path, framework="pt") as file:
        head = file.metadata()["head"]
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    assert old in head
    head = head.replace(old, new)
    path.write_bytes(safetensors.torch.save(tensors, {"head": head, "sha256": digest(head, tensors)}))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"format": 1', '"format": 2', "not a checkpoint of this version"),
        ('"updates": 3', '"updates": "three"', "not a checkpoint of this version"),
        ('"weight_decay": 0', '"heavy_decay": 0', "of another optimizer"),
    ],
)
def test_a_checkpoint_of_another_version_changes_nothing(run: RunFolder, old: str, new: str, message: str) -> None:
    reworded(run.checkpoint, old, new)
    model, envs = build(toy(), steps=0)
    before = everything(model, envs)
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(run.checkpoint, model, envs)
    envs.close()
    assert everything(model, envs) == before


def test_a_checkpoint_of_another_network_changes_nothing(run: RunFolder) -> None:
    model, envs = build(toy(network={"hidden": [8, 64]}), steps=0)
    before = everything(model, envs)
    with pytest.raises(CheckpointError, match=r"of another network: .* has shape \(64, 3\), .* is \(8, 3\)"):
        load_checkpoint(run.checkpoint, model, envs)
    envs.close()
    assert everything(model, envs) == before
