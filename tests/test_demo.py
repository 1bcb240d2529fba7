"""The demo: where it writes, whom it judges, what it films, and all of it on a small scale."""

import json
import shlex
from pathlib import Path

import pytest

from robosim.agents.evaluation.episodes import Episode
from robosim.agents.evaluation.results import read_results
from robosim.agents.policies.find import BASELINES
from robosim.agents.training.curve import read_curve
from robosim.scripts.demo import main
from robosim.scripts.demo_cast import DemoError, new_folder, task_of, worth_seeing
from robosim.scripts.main import main as robosim

ENV = "robosim/WheelBalance-v3"
TINY = """
name: tiny
env: {id: robosim/WheelBalance-v3, kwargs: {level: mixed}}
envs: 2
workers: 2
total_steps: 256
network: {hidden: [8]}
ppo: {n_steps: 64, batch_size: 64, n_epochs: 1}
validation: {every_steps: 128, episodes: 2, level: 0}
"""
Captured = pytest.CaptureFixture[str]


def episode(seed: int, level: int, success: bool, length: int) -> Episode:
    return Episode(seed, level, success, length, 0.0, {})


def test_a_folder_that_is_there_is_never_touched(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo-2").write_text("a file of the user's")
    assert new_folder(tmp_path / "demo") == tmp_path / "demo-3"
    assert new_folder(tmp_path / "demo") == tmp_path / "demo-4"
    assert new_folder(tmp_path / "a" / "b") == tmp_path / "a" / "b"
    with pytest.raises(DemoError, match="cannot be made"):
        new_folder(tmp_path / "demo-2" / "inside")


def test_the_hardest_episode_that_both_master_is_filmed() -> None:
    fresh = [episode(0, 3, True, 1000), episode(1, 5, True, 1000), episode(2, 6, True, 1000), episode(3, 9, False, 900)]
    rival = [episode(0, 3, True, 1000), episode(1, 5, True, 1000), episode(2, 6, False, 9), episode(3, 9, True, 1000)]
    assert worth_seeing(fresh, rival).seed == 1


def test_an_agent_that_masters_nothing_is_filmed_where_it_lasts_longest() -> None:
    fresh = [episode(0, 9, False, 20), episode(1, 1, False, 90), episode(2, 4, False, 90), episode(3, 0, False, 50)]
    rival = [episode(seed, 1, True, 1000) for seed in range(4)]
    assert worth_seeing(fresh, rival).seed == 2


def test_envs_of_others_are_refused() -> None:
    assert task_of(ENV).METRICS["tilt"].unit == "rad"
    with pytest.raises(DemoError, match="CartPole-v1"):
        task_of("CartPole-v1")


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["--episodes", "0"], "--episodes must be at least 1, got 0"),
        (["--workers", "0"], "--workers must be at least 1, got 0"),
        (["--seconds", "0"], "--seconds must be above 0, got 0.0"),
        (["--seconds", "nan"], "--seconds must be above 0, got nan"),
        (["--film-seconds", "-1"], "--film-seconds must be above 0, got -1.0"),
        (["--config", "nowhere"], "nowhere"),
    ],
)
def test_a_mistake_is_told_before_a_folder_is_made(
    argv: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(argv) == 2
    assert told in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_the_whole_demo_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.chdir(tmp_path)
    Path("tiny.yaml").write_text(TINY)
    argv = ["--config", "tiny.yaml", "--episodes", "4", "--film-seconds", "0.4"]
    assert main(argv) == 0
    first = {path.name: path.read_bytes() for path in Path("runs/demo").iterdir() if path.is_file()}
    told = capsys.readouterr().out
    assert [f"[{stage}/4]" in told for stage in (1, 2, 3, 4)] == [True] * 4

    results = read_results(Path("runs/demo/results.json"))
    assert [one.agent for one in results][:4] == [*BASELINES, str(Path("runs/demo"))]
    assert all((one.episodes, one.split, one.level, one.seed) == (4, "test", "mixed", 0) for one in results)
    assert results[0].command == shlex.join(["robosim", "demo", *argv])
    (film,) = Path("runs/demo").glob("*.mp4")
    page = first["report.html"].decode()
    assert all(f">{name}<" in page for name in (*BASELINES, "fresh"))
    assert "data:video/mp4;base64," in page
    assert "name: tiny" in page
    assert read_curve(Path("runs/demo/curve.csv"))[-1]["steps"] == 256

    shown = told.replace("\n", "")
    assert all(str(path) in shown for path in (film, Path("runs/demo/report.html"), Path("runs/demo/results.json")))
    assert main(argv) == 0
    assert json.loads(Path("runs/demo-2/results.json").read_text())[3]["agent"] == str(Path("runs/demo-2"))
    assert first == {path.name: path.read_bytes() for path in Path("runs/demo").iterdir() if path.is_file()}

    proposed = [line.strip() for line in told.splitlines() if "runs/demo" in line and " --" in line]
    assert len(proposed) == 4
    for line in proposed:
        assert run_small(line) == 0, line


def run_small(line: str) -> int:
    """Run a command that was proposed, cut short."""
    _, _, short = line.partition("scripts.main " if "scripts.main" in line else "robosim ")
    short = short.replace("--episodes 500", "--episodes 2").replace("1000000", "384")
    cut = ["--seconds", "0.1"] if short.startswith("watch") else []
    return robosim([*shlex.split(short), *cut])
