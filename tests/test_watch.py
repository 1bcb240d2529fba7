"""Seeing an agent act: the episode that is filmed, the timing of the window, the command."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from decoding import decoded

from robosim.agents.evaluation.episodes import play
from robosim.agents.policies.find import load_policy
from robosim.agents.policies.network import NetworkConfig, build_policy
from robosim.agents.showing.film import HOLD_S, Moment, moments, shots, stage
from robosim.agents.showing.film_apart import Take, side_by_side
from robosim.agents.showing.screening import screen
from robosim.agents.storage.agent import save_agent
from robosim.agents.storage.card import EnvCard
from robosim.errors import RobosimError
from robosim.render.overlay import Banner, Hud, Picture
from robosim.render.window import Window, Wish, check_display
from robosim.scripts.watch import main

ENV = "robosim/WheelBalance-v3"
Captured = pytest.CaptureFixture[str]


# --- the episode


@pytest.mark.parametrize("name", ["expert", "random"])
def test_what_is_filmed_is_what_is_judged(name: str) -> None:
    kwargs: dict[str, Any] = {"level": "mixed", "split": "test"}
    with stage(name, ENV, kwargs) as (env, policy):
        for moment in moments(env, policy, name, seed=11):
            last = moment
    plain = gym.make(ENV, **kwargs)
    assert last.end == play(plain, load_policy(name, plain), 11)
    plain.close()


def test_the_overlay_tells_what_happens() -> None:
    with stage("zero", ENV, {"level": 4, "split": "test"}) as (env, policy):
        first, *_, last = list(moments(env, policy, "nobody", seed=5))
    assert (first.hud.title, first.hud.status, first.hud.clock) == ("nobody", ["level 4", "seed 5"], "0.0 of 20 s")
    assert {"command", "motion", "return"} <= set(first.hud.rows)
    assert first.hud.banner is None
    assert last.end is not None
    assert last.hud.rows["return"] == f"{last.end.ret:.1f}"
    assert last.hud.banner == Banner(f"failed after {last.end.length / 50:.1f} s", kind="failure")
    assert last.hud.progress == pytest.approx(last.end.length / 1000)


def test_a_video_shows_every_second_step_and_holds_the_end() -> None:
    with stage("zero", ENV, {"level": 9, "split": "test"}) as (env, policy):
        seen = list(shots(env, policy, "zero", seed=0))
    ended = [shot for shot in seen if shot.end is not None]
    assert ended[0].end is not None
    steps = ended[0].end.length
    assert len(seen) - len(ended) == (steps + 1) // 2
    assert len(ended) == 1 + round(HOLD_S * 25)
    assert all(shot.picture.shape == (480, 640, 3) for shot in seen)
    assert not np.array_equal(seen[0].picture[130:340], seen[-1].picture[130:340])  # it moved


@pytest.mark.medium
def test_side_by_side_shows_both_and_waits_for_the_longer() -> None:
    takes = [Take("zero", name, ENV, {"level": level, "split": "test"}, 0) for name, level in (("one", 9), ("two", 0))]
    alone = []
    for take in takes:
        with stage(take.agent, take.env, take.kwargs) as (env, policy):
            alone.append([shot.picture for shot in shots(env, policy, take.title, take.seed)])
    both = list(side_by_side(takes))
    assert len(alone[0]) != len(alone[1])
    assert len(both) == max(len(alone[0]), len(alone[1]))
    assert np.array_equal(both[3][:, :640], alone[0][3])
    assert np.array_equal(both[-1][:, -640:], alone[1][-1])
    assert np.array_equal(both[-1][:, :640], alone[0][-1])


@pytest.mark.medium
def test_an_error_beside_is_told() -> None:
    with pytest.raises(RobosimError, match="level=77"):
        list(side_by_side([Take("zero", "one", ENV, {"level": 77}, 0)]))


# --- the window


@dataclass
class Clock:
    """Time that passes only where it is said to."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class PaperWindow(Window):
    """A window without a screen: a picture takes `cost` seconds, and the user wants `wishes` in turn."""

    clock: Clock
    cost: float = 0.0
    wishes: Sequence[tuple[int, Wish]] = ()
    shown: list[float] = field(default_factory=list)
    waits: int = 0

    def show(self, picture: Picture) -> None:
        self.clock.now += self.cost
        self.shown.append(self.clock.now)

    def wait(self, seconds: float) -> Wish | None:
        wish = dict(self.wishes).get(self.waits)
        self.waits += 1
        self.clock.now += 0.0 if wish else max(seconds, 0.001)
        return wish


class Still(gym.Env[np.ndarray, np.ndarray]):
    """Something to draw."""

    def render(self) -> Picture:  # type: ignore[override]
        return np.zeros((48, 64, 3), np.uint8)


def steady(number: int) -> Iterator[Moment]:
    for step in range(number):
        yield Moment(Still(), Hud("still"), step, step / 50, None)


def test_a_fast_window_shows_every_moment_in_real_time() -> None:
    window = PaperWindow(Clock(), cost=0.002)
    assert screen(window, steady(50), clock=window.clock) == (None, None)
    assert len(window.shown) == 50
    assert window.clock.now == pytest.approx(49 / 50, abs=0.02)


def test_a_slow_window_leaves_moments_out_and_keeps_time() -> None:
    window = PaperWindow(Clock(), cost=0.1)
    screen(window, steady(200), clock=window.clock)
    assert 30 <= len(window.shown) <= 45
    assert window.clock.now == pytest.approx(199 / 50, abs=0.2)


def test_the_user_decides() -> None:
    for wish in ("next", "quit"):
        window = PaperWindow(Clock(), wishes=[(3, wish)])
        assert screen(window, steady(50), clock=window.clock) == (None, wish)
        assert len(window.shown) == 4
    window = PaperWindow(Clock(), wishes=[(3, "pause"), (5, "pause")])  # one wait of an hour between
    screen(window, steady(50), clock=window.clock)
    assert len(window.shown) == 50
    assert window.clock.now == pytest.approx(3600 + 1, abs=0.1)


def test_without_a_display_that_is_said() -> None:
    with pytest.raises(RobosimError, match="no window can be opened here"):
        check_display()


# --- the command


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained agent of level 3."""
    folder = tmp_path_factory.mktemp("agents") / "green"
    env = gym.make(ENV)
    network = NetworkConfig(hidden=(8,))
    save_agent(
        folder,
        build_policy(env.observation_space, env.action_space, network),
        name="green",
        env=EnvCard(id=ENV, kwargs={"level": 3}),
        network=network,
        normaliser=None,
        seed=0,
        steps=0,
        wall_clock_s=0.0,
    )
    env.close()
    return folder


@pytest.mark.parametrize("ending", ["mp4", "gif"])
def test_watch_writes_a_video(ending: str, tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / f"a.{ending}"
    argv = ["random", "--env", ENV, "--level", "0", "--seed", "4", "--seconds", "0.1", "--episodes", "2"]
    assert main([*argv, "--video", str(path)]) == 0
    found = decoded(path)
    assert len(found) == {"mp4": 6, "gif": 3}[ending]  # 0 to 0.1 s at 25 pictures a second, twice
    assert found[0].shape == {"mp4": (720, 1280, 3), "gif": (270, 480, 3)}[ending]
    assert found[0].std() > 10
    shown = capsys.readouterr().out
    assert str(path) in shown.replace("\n", "")
    assert "seed 4" in shown
    assert "seed 5" in shown


def test_watch_tells_what_came_of_it(tmp_path: Path, capsys: Captured) -> None:
    assert main(["zero", "--env", ENV, "--level", "9", "--video", str(tmp_path / "a.mp4")]) == 0
    assert "seed 0, level 9: no success after " in capsys.readouterr().out


def test_an_agent_brings_its_env_and_level(agent: Path, tmp_path: Path, capsys: Captured) -> None:
    assert main([str(agent), "--video", str(tmp_path / "a.mp4")]) == 0
    assert "level 3:" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["random", "--video", "a.mp4"], "give --env"),
        (["nobody", "--video", "a.mp4"], "nobody: there is no such agent"),
        (["random", "--env", ENV, "--video", "a.avi"], ".mp4 or .gif"),
        (["random", "--env", ENV, "--video", "a.mp4", "--window"], "choose one"),
        (["random", "--env", ENV, "--video", "a.mp4", "--level", "12"], "level=12"),
        (["random", "--env", ENV, "--video", "a.mp4", "--seed", "-1"], "--seed"),
        (["random", "--env", ENV, "--video", "a.mp4", "--episodes", "0"], "--episodes"),
        (["random", "--env", ENV, "--video", "a.mp4", "--seconds", "0"], "--seconds"),
        (["random", "--env", "robosim/Nowhere-v0", "--video", "a.mp4"], "unknown env 'robosim/Nowhere-v0'"),
        (["random", "--env", ENV], "--video FILE.mp4"),
        (["random", "--env", ENV, "--window"], "--video FILE.mp4"),
    ],
)
def test_a_mistake_is_told_before_anything_is_written(
    argv: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(argv) == 2
    assert told in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.medium
@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_ctrl_c_ends_a_video_early(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from robosim.scripts.watch import main; sys.exit(main(sys.argv[1:]))"
    )
    argv = ["expert", "--env", ENV, "--level", "0", "--video", str(path), "--episodes", "1000"]
    process = subprocess.Popen([sys.executable, "-c", code, *argv], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        while not list(tmp_path.iterdir()):  # its name is another while it is written
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(2)
        said = process.communicate(timeout=60)[0].decode()
    finally:
        process.kill()
    assert process.returncode == 130, said
    assert decoded(path) if path.exists() else "nothing was written" in said
