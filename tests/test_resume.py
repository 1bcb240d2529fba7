"""A run that is killed or stopped, and goes on: what it keeps, and what it refuses."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecNormalize
from toy_run import CHECKPOINT_S, TOTAL, UPDATE, toy, train_until
from toy_run import PPO as SETTINGS

from robosim.agents.storage.agent import read_card, set_scores
from robosim.agents.storage.files import AgentError
from robosim.agents.training import run_log
from robosim.agents.training.checkpoint import Progress, read_progress, save_checkpoint
from robosim.agents.training.curve import read_curve
from robosim.agents.training.experiment_file import dump_experiment, load_experiment
from robosim.agents.training.learner import learning_rate
from robosim.agents.training.run_folder import RunError, RunFolder
from robosim.agents.training.train import train
from robosim.agents.training.validation import best_so_far
from robosim.scripts.train_options import parse_options


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A run that was stopped after three updates of a thousand."""
    train_until(tmp_path / "run", 3)
    return RunFolder(tmp_path / "run")


def check_curve(run: RunFolder, updates: int) -> None:
    """One row for every update, in order, with a clock that advances and the learning rate of its place."""
    rows = read_curve(run.curve)
    assert [row["steps"] for row in rows] == [UPDATE * (update + 1) for update in range(updates)]
    assert [row["updates"] for row in rows] == list(range(1, updates + 1))
    assert np.all(np.diff([row["wall_clock_s"] for row in rows]) > 0)
    assert np.all(np.diff([row["episodes"] for row in rows]) > 0)
    rate = learning_rate(toy().ppo)
    assert np.all(np.diff([row["train/n_updates"] for row in rows]) > 0)
    wanted = [rate(1 - row["steps"] / TOTAL) for row in rows]
    assert [row["train/learning_rate"] for row in rows] == pytest.approx(wanted, rel=1e-5)


# --- the run


def test_a_run_goes_on_where_it_stopped(run: RunFolder) -> None:
    before = read_curve(run.curve)
    outcome, told = train_until(run.path, 6, resume=True)
    assert outcome.steps == 6 * UPDATE
    assert read_curve(run.curve)[:3] == before
    check_curve(run, 6)
    assert told[0].steps == 3 * UPDATE
    assert told[0].ret == pytest.approx(before[-1]["rollout/return"], rel=0.2)  # not blank until new episodes end
    assert read_card(run.last).steps == 6 * UPDATE
    assert read_progress(run.checkpoint).steps == 6 * UPDATE
    assert not list(run.path.glob(".*.partial"))


class Killed(BaseException):
    """What a process feels of a kill -9."""


def test_a_kill_between_the_best_agent_and_its_checkpoint_loses_no_validation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = RunFolder(tmp_path / "run")

    def die(path: Path, model: PPO, envs: VecNormalize, progress: Progress) -> None:
        if progress.validated_at is not None:
            raise Killed
        save_checkpoint(path, model, envs, progress)

    with monkeypatch.context() as patch:
        patch.setattr(run_log, "save_checkpoint", die)
        with pytest.raises(Killed):
            train_until(run.path, 9)
    best = best_so_far(run.best)
    assert best is not None
    train_until(run.path, 3, resume=True)
    rows = read_curve(run.curve)
    assert [row["steps"] for row in rows if "validation/success" in row] == [best.steps] == [2 * UPDATE]
    assert rows[1]["validation/return"] == pytest.approx(best.ret, rel=1e-4)
    assert best_so_far(run.best) == best


def test_a_run_killed_while_its_experiment_was_written_can_be_started(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    run.path.mkdir()
    (run.path / ".experiment.yaml.123.partial").write_bytes(b"name: to")
    with pytest.raises(RunError, match="there is no run to resume; start it without --resume"):
        train_until(run.path, 1, resume=True)
    train_until(run.path, 1)
    assert not list(run.path.glob(".*.partial"))
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / ".my.partial").write_text("mine")
    with pytest.raises(RunError, match="is not empty"):
        train_until(tmp_path / "notes", 1)


def test_what_lies_beyond_the_checkpoint_is_cut(run: RunFolder) -> None:
    header, *rows = run.curve.read_text().splitlines(keepends=True)
    later = "".join(f"{UPDATE * update}," + rows[-1].partition(",")[2] for update in (4, 5))
    run.curve.write_text(header + "".join(rows) + later + "1536,6,3.")  # and the last line only half written
    (run.path / ".checkpoint.safetensors.123.partial").write_bytes(b"half")
    train_until(run.path, 5, resume=True)
    check_curve(run, 5)
    assert not list(run.path.glob("*.partial")) + list(run.path.glob(".*.partial"))


def test_a_row_that_the_curve_lacks_is_in_the_checkpoint(run: RunFolder) -> None:
    run.curve.write_text("".join(run.curve.read_text().splitlines(keepends=True)[:-1]))
    train_until(run.path, 4, resume=True)
    check_curve(run, 4)


def test_the_best_agent_is_kept_until_it_is_beaten(run: RunFolder) -> None:
    set_scores(run.best, {"validation": {"success": 1.0, "return": 0.0}})  # nobody can do better
    before = [(run.best / name).read_bytes() for name in ("agent.yaml", "policy.safetensors")]
    outcome, _ = train_until(run.path, 6, resume=True)
    assert [(run.best / name).read_bytes() for name in ("agent.yaml", "policy.safetensors")] == before
    assert outcome.best is not None
    assert (outcome.best.success, outcome.best.ret, outcome.best.steps) == (1.0, 0.0, 2 * UPDATE)
    set_scores(run.best, {"validation": {"success": 0.0, "return": -1e9}})
    train_until(run.path, 8, resume=True)
    assert read_card(run.best).steps == 6 * UPDATE  # whose validation the stop had broken off


def test_a_damaged_best_agent_is_told_and_not_replaced(run: RunFolder) -> None:
    weights = run.best / "policy.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    before = weights.read_bytes()
    with pytest.raises(AgentError, match="best"):
        train(toy(), run.path, resume=True)
    assert weights.read_bytes() == before


def test_a_run_killed_before_its_first_checkpoint_begins_anew(run: RunFolder) -> None:
    run.checkpoint.unlink()
    train_until(run.path, 2, resume=True)
    check_curve(run, 2)


def test_total_steps_may_be_raised_and_a_finished_run_is_left_as_it_is(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    assert train(toy(total_steps=300), run.path).steps == 2 * UPDATE
    curve = run.curve.read_bytes()
    assert train(toy(total_steps=300), run.path, resume=True).finished
    assert run.curve.read_bytes() == curve
    assert train(toy(total_steps=4 * UPDATE), run.path, resume=True).steps == 4 * UPDATE
    assert load_experiment(run.experiment).total_steps == 4 * UPDATE
    assert len(read_curve(run.curve)) == 4
    with pytest.raises(RunError, match=r"total_steps = 256: the run .* has made 1024 already"):
        train(toy(total_steps=256), run.path, resume=True)
    assert load_experiment(run.experiment).total_steps == 4 * UPDATE


def test_another_experiment_is_refused_by_the_fields_that_differ(run: RunFolder) -> None:
    ppo = {**SETTINGS, "gamma": 0.5}
    with pytest.raises(RunError) as error:
        train(toy(ppo=ppo, seed=4, total_steps=7 * TOTAL), run.path, resume=True)
    assert "ppo.gamma: the run has 0.98, asked for is 0.5" in str(error.value)
    assert "seed: the run has 0, asked for is 4" in str(error.value)
    assert "\n  total_steps:" not in str(error.value)


def test_an_edited_experiment_no_longer_fits_its_checkpoint(run: RunFolder) -> None:
    edited = toy(seed=4)
    run.experiment.write_text(dump_experiment(edited))
    with pytest.raises(RunError, match=r"experiment\.yaml: was changed since checkpoint\.safetensors"):
        train(edited, run.path, resume=True)


def test_where_there_is_no_run_there_is_nothing_to_resume(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="does not exist: there is no run to resume"):
        train(toy(), tmp_path / "nothing", resume=True)
    assert not (tmp_path / "nothing").exists()


def test_resume_reads_the_runs_own_experiment(run: RunFolder) -> None:
    options = parse_options(["--resume", "--out", str(run.path), "--total-steps", "5000"])
    assert options.experiment == toy(total_steps=5000)
    assert (options.folder, options.resume) == (run.path, True)


# --- other processes

HOLD = "import fcntl, sys; f = open(sys.argv[1], 'w'); fcntl.lockf(f, fcntl.LOCK_EX); print(); sys.stdin.read()"
COMMAND = "import sys, toy_env; from robosim.scripts.train import main; sys.exit(main(sys.argv[1:]))"


def test_a_run_is_not_trained_by_two_processes_at_once(run: RunFolder) -> None:
    command = [sys.executable, "-c", HOLD, str(run.path / ".lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        other.stdout.readline()
        with pytest.raises(RunError, match="another process is training in this folder"):
            train(toy(), run.path, resume=True)
        other.stdin.close()


def start(*words: str) -> subprocess.Popen[str]:
    root = Path(__file__).parents[1]
    path = os.pathsep.join([str(root / "tests"), str(root)])
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, *words],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def wait_for_rows(run: RunFolder, rows: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 100
    while len(read_curve(run.curve)) < rows:
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.medium
def test_a_run_survives_being_killed_at_any_moment(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    config = tmp_path / "toy.yaml"
    config.write_text(dump_experiment(toy()))
    rng = random.Random(0)
    words, done = [str(config), "--out", str(run.path)], 0
    for _ in range(3):
        process = start(*words)
        wait_for_rows(run, done + rng.randint(3, 12), process)
        time.sleep(rng.uniform(0.0, 0.5))
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        rows, progress = read_curve(run.curve), read_progress(run.checkpoint)
        done = progress.updates
        lost = rows[-1]["wall_clock_s"] - progress.elapsed_s
        slowest = max(np.diff([0.0, *(row["wall_clock_s"] for row in rows)]))
        assert lost <= CHECKPOINT_S + 2 * slowest
        words = ["--resume", "--out", str(run.path)]
    outcome, told = train_until(run.path, done + 3, resume=True)
    assert told[0].updates == done
    check_curve(run, outcome.steps // UPDATE)
    rows = [row for row in read_curve(run.curve) if "validation/success" in row]
    best = best_so_far(run.best)
    assert best is not None
    assert best.success >= max(row["validation/success"] for row in rows)


@pytest.mark.medium
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_run_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    run = RunFolder(tmp_path / "run")
    config = tmp_path / "toy.yaml"
    config.write_text(dump_experiment(toy()))
    process = start(str(config), "--out", str(run.path))
    wait_for_rows(run, 3, process)
    os.killpg(process.pid, number)  # as a terminal does: the workers get it too
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == 130, printed
    assert f"go on by: robosim train --resume --out {run.path}" in printed
    assert "Traceback" not in printed
    rows = read_curve(run.curve)
    assert read_progress(run.checkpoint).steps == rows[-1]["steps"] == read_card(run.last).steps
