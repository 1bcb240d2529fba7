"""A whole training run on a toy env: what lies in its folder, what is told meanwhile, how it ends."""

import math
import multiprocessing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import safetensors.numpy
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from toy_env import ENV_ID
from toy_run import PPO, toy, train_until

from robosim.agents.evaluation.evaluator import Episode, Evaluator
from robosim.agents.policies.frames import Frames
from robosim.agents.policies.residual import Residual
from robosim.agents.storage.agent import load_agent, read_card
from robosim.agents.training.checkpoint import DivergedError, load_checkpoint, read_progress
from robosim.agents.training.curve import read_curve
from robosim.agents.training.experiment import Experiment
from robosim.agents.training.experiment_file import load_experiment, parse_experiment, shipped_experiments
from robosim.agents.training.learner import make_envs, make_model
from robosim.agents.training.mirrored import unfolded
from robosim.agents.training.run_folder import RunError, RunFolder
from robosim.agents.training.status import Outcome, Setup, Status
from robosim.agents.training.train import train
from robosim.agents.vector.pool import WorkerDied
from robosim.scripts.train import main


@dataclass
class Record:
    """A finished run and all it told."""

    run: RunFolder
    experiment: Experiment
    outcome: Outcome
    setups: list[Setup]
    statuses: list[Status]
    asked: list[tuple[str, dict[str, object], int, int]]
    """Agent, kwargs, episodes and seed of every call of the evaluator."""


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    run = RunFolder(tmp_path_factory.mktemp("runs") / "toy")
    experiment = toy(
        total_steps=2500, workers=2, validation={"every_steps": 1000, "episodes": 10}, ppo=PPO | {"n_epochs": 4}
    )
    setups: list[Setup] = []
    statuses: list[Status] = []
    asked = []
    really = Evaluator.run

    def watched(
        self: Evaluator,
        agent: str,
        env_id: str,
        kwargs: Mapping[str, object],
        episodes: int,
        seed: int,
        on_episode: Callable[[Episode], None],
    ) -> list[Episode]:
        asked.append((agent, dict(kwargs), episodes, seed))
        return really(self, agent, env_id, kwargs, episodes, seed, on_episode)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Evaluator, "run", watched)
        outcome = train(experiment, run.path, on_setup=setups.append, on_status=statuses.append)
    return Record(run, experiment, outcome, setups, statuses, asked)


def test_it_learns_and_says_so(record: Record) -> None:
    assert record.outcome.finished
    assert record.outcome.steps == 2560
    assert record.outcome.best is not None
    assert record.outcome.best.success >= 0.9
    assert read_curve(record.run.curve)[0]["rollout/success"] < 0.5


def test_the_folder_holds_what_is_promised(record: Record) -> None:
    names = {entry.name for entry in record.run.path.iterdir()}
    assert names == {"experiment.yaml", "checkpoint.safetensors", "curve.csv", "tensorboard", "best", "last", ".lock"}
    assert load_experiment(record.run.experiment) == record.experiment


def test_validation_sees_the_validation_split_and_always_the_same_episodes(record: Record) -> None:
    # The toy env itself raises on split="test", in training as well.
    assert record.asked == [(str(record.run.last), {"level": 2, "split": "val"}, 10, 0)] * 3


def test_the_curve_has_one_row_an_update(record: Record) -> None:
    rows = read_curve(record.run.curve)
    assert [row["steps"] for row in rows] == [256 * update for update in range(1, 11)]
    assert [row["updates"] for row in rows] == list(range(1, 11))
    assert np.all(np.diff([row["wall_clock_s"] for row in rows]) > 0)
    assert [row["steps"] for row in rows if "validation/success" in row] == [1024, 2048, 2560]
    last = rows[-1]
    assert {"episodes", "fps", "rollout/return", "rollout/success", "rollout/level", "rollout/distance_m"} <= set(last)
    assert {"train/approx_kl", "train/explained_variance", "train/std", "train/learning_rate"} <= set(last)
    assert {"validation/return", "validation/distance_m"} <= set(last)
    assert last["rollout/length"] == 20
    assert last["rollout/level"] == 2
    assert last["episodes"] == 4 * 2560 // 80
    assert "rollout/never" not in last  # a metric that no episode had


def test_tensorboard_shows_the_curve(record: Record) -> None:
    events = EventAccumulator(str(record.run.tensorboard))
    events.Reload()
    rows = read_curve(record.run.curve)
    assert set(events.Tags()["scalars"]) == {name for row in rows for name in row} - {"steps"}
    for name in ("rollout/success", "validation/return", "train/std"):
        points = [(event.step, event.value) for event in events.Scalars(name)]
        assert points == [(row["steps"], pytest.approx(row[name], rel=1e-4)) for row in rows if name in row]


def test_the_card_says_where_the_agent_comes_from(record: Record) -> None:
    card = read_card(record.run.last)
    assert (card.name, card.seed, card.steps) == ("toy", 0, 2560)
    assert card.env.model_dump() == {"id": ENV_ID, "kwargs": {"level": 2}}  # the split belongs to who uses it
    assert card.network == record.experiment.network
    assert card.wall_clock_s > 0
    score = card.scores["validation"]
    assert isinstance(score, dict)
    row = read_curve(record.run.curve)[-1]
    assert score["success"] == row["validation/success"]
    assert score["return"] == pytest.approx(row["validation/return"], rel=1e-4)
    assert (score["split"], score["level"], score["episodes"], score["seed"]) == ("val", 2, 10, 0)


def test_best_is_the_best_of_all_validations(record: Record) -> None:
    rows = [row for row in read_curve(record.run.curve) if "validation/success" in row]
    best = max(rows, key=lambda row: (row["validation/success"], row["validation/return"]))
    assert read_card(record.run.best).steps == best["steps"]


def test_the_agent_acts_as_the_network_that_was_trained(record: Record) -> None:
    envs = make_envs(record.experiment)
    model = make_model(record.experiment, envs, "cpu", steps_done=1)
    load_checkpoint(record.run.checkpoint, model, envs)
    envs.close()
    agent = load_agent(record.run.last)
    observations = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    trained, _ = model.predict(envs.normalize_obs(observations), deterministic=True)
    assert np.array_equal(agent.predict(observations, deterministic=True)[0], trained)


def test_what_runs_where_is_told_once_with_the_reason(record: Record) -> None:
    (setup,) = record.setups
    assert (setup.envs, setup.workers, setup.resumed_at, setup.total_steps) == (4, 2, 0, 2500)
    assert setup.parameters == sum(len(p.ravel()) for p in numbers(record.run.last))
    assert setup.device.device == "cpu"
    assert f"{setup.parameters:,} parameters" in setup.device.reason


def numbers(folder: Path) -> list[npt.NDArray[np.float32]]:
    tensors = safetensors.numpy.load_file(folder / "policy.safetensors")
    return [tensor for name, tensor in tensors.items() if name.startswith("policy/")]


def test_the_status_advances_and_counts_validation_episodes(record: Record) -> None:
    steps = [status.steps for status in record.statuses]
    assert steps == sorted(steps)
    assert record.statuses[0].seconds_left is None
    assert record.statuses[-1].seconds_left == 0
    counted = [status.validating for status in record.statuses if status.validating is not None]
    assert counted == list(range(1, 11)) * 3
    assert record.statuses[-1].best == record.outcome.best


def test_a_folder_that_holds_anything_is_left_alone(record: Record, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in record.run.path.rglob("*") if path.is_file()}
    with pytest.raises(RunError, match=r"already holds a run; go on with it by --resume, or start anew by another"):
        train(record.experiment, record.run.path)
    assert {path: path.read_bytes() for path in record.run.path.rglob("*") if path.is_file()} == before
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(RunError, match="is not empty, and holds no run"):
        train(record.experiment, tmp_path)


def test_nothing_is_printed_and_no_process_stays(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    threads = torch.get_num_threads()
    train(toy(total_steps=256), tmp_path / "run")
    assert capfd.readouterr() == ("", "")
    assert not [child for child in multiprocessing.active_children() if child.name.startswith("envs-")]
    assert torch.get_num_threads() == threads


def test_stopping_saves_and_closes(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    outcome, _ = train_until(run.path, 2)
    assert (outcome.finished, outcome.steps) == (False, 512)
    assert read_card(run.last).steps == read_progress(run.checkpoint).steps == 512
    assert [row["steps"] for row in read_curve(run.curve)] == [256, 512]


def test_stopping_does_not_wait_for_a_validation(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    seen: list[int | None] = []
    outcome = train(
        toy(total_steps=10**6, validation={"every_steps": 256, "episodes": 10**6}),
        run.path,
        on_status=lambda status: seen.append(status.validating),
        stop=lambda: 3 in seen,
    )
    assert not outcome.finished
    assert outcome.steps == 256
    assert [row["steps"] for row in read_curve(run.curve)] == [256]


def test_a_stop_in_the_last_validation_is_made_up_for(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    experiment = toy(total_steps=512)
    seen: list[int | None] = []
    outcome = train(experiment, run.path, on_status=lambda s: seen.append(s.validating), stop=lambda: 3 in seen)
    assert not outcome.finished
    assert "validation/success" not in read_curve(run.curve)[-1]
    outcome = train(experiment, run.path, resume=True)
    assert outcome.finished
    assert [row["steps"] for row in read_curve(run.curve)] == [256, 512]
    assert "validation/success" in read_curve(run.curve)[-1]
    assert read_card(run.best).steps == 512


def test_training_that_diverges_keeps_the_last_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = RunFolder(tmp_path / "run")
    really, updates = torch.optim.Adam.step, 0

    def spoil(self: torch.optim.Adam) -> None:
        nonlocal updates
        updates += 1
        really(self)
        if updates > 3 * 8:  # three updates of 4 minibatches in 2 epochs
            self.param_groups[0]["params"][1].data.fill_(math.nan)

    monkeypatch.setattr(torch.optim.Adam, "step", spoil)
    with pytest.raises(DivergedError, match=r"diverged after 1024 steps .* smaller ppo\.learning_rate"):
        train(toy(checkpoint_every_s=0, ppo={**PPO, "target_kl": None}), run.path)
    assert read_card(run.last).steps == 768
    assert np.isfinite(np.concatenate([p.ravel() for p in numbers(run.last)])).all()


def test_an_env_that_breaks_ends_the_run_with_its_traceback_and_seed(tmp_path: Path) -> None:
    env = {"id": ENV_ID, "kwargs": {"fragile": True}}
    with pytest.raises(WorkerDied, match=r"(?s)episode seed .*the wheel came off"):
        train(toy(env=env, workers=2), tmp_path / "run")


def test_the_command_tells_devices_validations_and_the_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("robosim.scripts.cli.EVERY_S", 0.0)
    config = tmp_path / "toy.yaml"
    config.write_text(f"name: toy\nenv: {{id: {ENV_ID}}}\nenvs: 2\nppo: {{n_steps: 64, batch_size: 64}}\n")
    out = tmp_path / "run"
    words = ["--total-steps", "256", "--validation.episodes", "3", "--workers", "1", "--out", str(out)]
    assert main([str(config), *words]) == 0
    shown = capsys.readouterr().out
    assert "policy and update  cpu, because a network of" in shown
    assert "2 envs in 1 worker process" in shown
    assert "256 steps: validation success" in shown
    assert "128 steps: " in shown
    assert "validating, 2 episodes" in shown
    assert f"robosim watch {out}" in shown
    assert main([str(config), *words]) == 2
    assert "--resume" in capsys.readouterr().err.replace("\n", " ")


@pytest.mark.medium
@pytest.mark.parametrize("name", shipped_experiments())
def test_every_shipped_experiment_trains_saves_and_loads(name: str, tmp_path: Path) -> None:
    shipped = load_experiment(name).model_dump()
    shipped |= {"envs": 2, "workers": 1, "total_steps": 256, "validation": {"episodes": 2, "level": 0}}
    shipped["ppo"] |= {"n_steps": 64, "batch_size": 64, "n_epochs": 2}
    shipped |= {"expert_steps": min(shipped["expert_steps"], 1024), "expert_rounds": min(shipped["expert_rounds"], 2)}
    shipped |= {"expert_epochs": 2}
    experiment = parse_experiment(shipped, name)
    run = RunFolder(tmp_path / name)
    outcome = train(experiment, run.path)
    assert (outcome.steps, outcome.finished) == (256, True)
    assert len(read_curve(run.curve)) == 2
    envs = make_envs(experiment)
    model = make_model(experiment, envs, "cpu", steps_done=1)
    load_checkpoint(run.checkpoint, model, envs)
    raw: Any = envs.unwrapped.reset()
    envs.close()
    seen, _ = Frames(envs.unwrapped.observation_space, experiment.network.frames)(raw)
    policy, _ = unfolded(model.policy, experiment.network)  # itself, where it has no mirror
    trained, _ = policy.predict(envs.normalize_obs(seen), deterministic=True)
    np.testing.assert_allclose(model.predict(envs.normalize_obs(seen), deterministic=True)[0], trained, atol=1e-5)
    if experiment.network.residual is not None:
        added_to = Residual(experiment.network.residual, envs.unwrapped.observation_space, envs.action_space)
        trained = added_to(raw, trained)
    for folder in (run.last, run.best):
        assert np.array_equal(load_agent(folder).predict(raw, deterministic=True)[0], trained)
    assert run.cloned.is_dir() == (shipped["expert_steps"] > 0)
    if run.cloned.is_dir():
        assert load_agent(run.cloned).card.steps == 0
