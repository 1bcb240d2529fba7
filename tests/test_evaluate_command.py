"""`robosim evaluate`: one table, one file, one line for a mistake, and an end at Ctrl-C."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from toy import OTHER, TOY, save_toy_agent

from robosim.agents.evaluation.evaluator import Evaluator
from robosim.agents.evaluation.results import read_results
from robosim.agents.storage.agent import read_card
from robosim.scripts import evaluate
from robosim.scripts.evaluate import main


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_toy_agent(tmp_path_factory.mktemp("toy") / "agent")


def judge(*argv: str | Path) -> int:
    return main([str(one) for one in argv])


def error_of(capsys: pytest.CaptureFixture[str], *argv: str | Path) -> str:
    """The command's one line of complaint."""
    assert judge(*argv) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err
    return captured.err


def test_several_agents_are_judged_on_the_same_episodes_in_one_table(
    agent: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("robosim.scripts.cli.EVERY_S", 0.0)
    path = tmp_path / "r.json"
    argv = (agent, "random", "zero", "--episodes", "12", "--seed", "5", "--json", path)
    assert judge(*argv, "--workers", "1") == 0
    captured = capsys.readouterr()
    assert "random" in captured.out
    assert "12 episodes of split test" in captured.out
    assert f"judged in {TOY}" in captured.err
    assert "zero: 11 of 12 episodes, success " in captured.err
    results = read_results(path)
    assert [result.agent for result in results] == [str(agent), "random", "zero"]
    for result in results:
        assert (result.env, result.split, result.seed, result.episodes) == (TOY, "test", 5, 12)
        assert result.kwargs == {"level": "mixed", "split": "test"}  # not as in training, and no window
        assert result.command.startswith("robosim evaluate ")
        assert set(result.versions) >= {"robosim", "torch", "pybullet"}
    one, *others = [{**result.metrics["return"].model_dump(), "n": result.episodes} for result in results]
    assert one not in others
    assert [sorted(result.by_level) for result in results] == [sorted(results[0].by_level)] * 3
    assert [len(result.sha256 or "") for result in results] == [64, 0, 0]
    assert judge(*argv, "--workers", "2") == 0
    again = read_results(path)
    volatile = {"command", "wall_clock_s"}
    assert [r.model_dump(exclude=volatile) for r in again] == [r.model_dump(exclude=volatile) for r in results]


def test_the_env_and_its_arguments_default_to_those_of_the_agent(tmp_path: Path) -> None:
    folder, path = save_toy_agent(tmp_path / "agent", size=5), tmp_path / "r.json"
    argv = ("--episodes", "2", "--workers", "1", "--level", "2", "--split", "val", "--json", path)
    assert judge("random", folder, *argv) == 0
    for result in read_results(path):
        assert result.kwargs == {"size": 5, "level": 2, "split": "val"}
        assert list(result.by_level) == [2]
        assert result.level == 2
    assert judge("zero", "--env", TOY, *argv) == 0
    assert read_results(path)[0].kwargs == {"level": 2, "split": "val"}


def test_the_envs_own_arguments_can_be_told(agent: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, told = tmp_path / "r.json", ["--env.kwargs.fail_at", "-2"]
    assert judge(agent, "zero", *told, "--episodes", "2", "--json", path) == 0
    capsys.readouterr()
    assert [result.kwargs["fail_at"] for result in read_results(path)] == [-2, -2]
    assert "--env.kwargs.level cannot be set: --level says it" in error_of(capsys, agent, "--env.kwargs.level", "3")
    assert "--env.kwargs.fail_at: needs a value" in error_of(capsys, agent, "--env.kwargs.fail_at")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--level", "12"], "level=12 is neither an integer from 0 to 9 nor 'mixed'"),
        (["--level", "hard"], "level='hard' is neither"),
        (["--episodes", "0"], "--episodes must be at least 1, got 0"),
        (["--workers", "0"], "--workers must be at least 1, got 0"),
        (["--seed", "-1"], "--seed must be at least 0, got -1"),
        (["--env", "robosim/WheelBalanse-v0"], "robosim has: robosim/"),
        (["--env", "Pendulum-v1"], "Pendulum-v1 cannot be made with"),
        (["--json", "nowhere/r.json"], "there is no folder nowhere"),
    ],
)
def test_a_mistake_ends_in_one_line_before_the_first_episode(
    argv: list[str], message: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Evaluator, "run", lambda *_, **__: pytest.fail("episodes were played"))
    default = [] if "--env" in argv else ["--env", TOY]
    assert message in error_of(capsys, "zero", *default, *argv)
    assert "wolker: there is no such agent or folder; choose random, zero" in error_of(capsys, "zero", "wolker")


def test_agents_of_different_envs_need_to_be_told_where_to_act(
    agent: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = save_toy_agent(tmp_path / "other", OTHER)
    assert "different envs (Toy-v0, WideToy-v0): give --env" in error_of(capsys, agent, other)
    assert "observation_space.shape" in error_of(capsys, agent, other, "--env", TOY)
    assert "give --env (robosim has: robosim/" in error_of(capsys, "random", "zero")
    assert "name at least one agent: random, zero, expert" in error_of(capsys)


def test_a_damaged_agent_ends_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = save_toy_agent(tmp_path / "agent")
    (folder / "policy.safetensors").write_bytes(b"")
    assert "is cut short, changed, or of another agent" in error_of(capsys, folder)


def test_the_agent_that_is_named_is_the_one_that_was_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, path = save_toy_agent(tmp_path / "agent"), tmp_path / "r.json"
    argv = (folder, "--episodes", "3", "--workers", "1", "--json", path)
    assert judge(*argv) == 0
    (first,) = read_results(path)

    def train_on(*_: object) -> None:
        torch.manual_seed(1)
        save_toy_agent(folder)

    monkeypatch.setattr(evaluate, "check_agent", train_on)  # a run that goes on writes a better agent meanwhile
    assert judge(*argv) == 0
    (second,) = read_results(path)
    assert read_card(folder).sha256 != first.sha256
    assert (second.sha256, second.metrics) == (first.sha256, first.metrics)


@pytest.mark.medium
@pytest.mark.timeout(120)
@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_ends_the_command_and_its_workers(workers: str, tmp_path: Path) -> None:
    code = (
        "import toy, sys\n"
        "from robosim.scripts.evaluate import main\n"
        "if __name__ == '__main__':\n"
        "    sys.exit(main(sys.argv[1:]))\n"
    )
    (tmp_path / "script.py").write_text(code)
    begun = tmp_path / "begun"
    agent = save_toy_agent(tmp_path / "agent", mark=str(begun))
    root = Path(__file__).resolve().parents[1]
    path = os.pathsep.join([str(root), str(root / "tests")])
    process = subprocess.Popen(
        [sys.executable, tmp_path / "script.py", agent, "--episodes", "100000", "--workers", workers],
        env={**os.environ, "PYTHONPATH": path},
        stderr=subprocess.PIPE,
        start_new_session=True,  # a group of its own, all of which Ctrl-C reaches
        text=True,
    )
    while not begun.exists():  # the first episode
        assert process.poll() is None
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    _, error = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in error
    for _ in range(50):
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    pytest.fail("processes are left")
