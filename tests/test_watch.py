"""Seeing an agent act: the overlay, the video file, the episode that is filmed, the window's timing, the command."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import gymnasium as gym
import numpy as np
import pytest

from robosim.agents.agent import save_agent
from robosim.agents.card import EnvCard
from robosim.agents.episodes import play
from robosim.agents.film import HOLD_S, Moment, moments, shots, stage
from robosim.agents.film_apart import Take, side_by_side
from robosim.agents.find import load_policy
from robosim.agents.network import NetworkConfig, build_policy
from robosim.agents.screening import screen
from robosim.errors import RobosimError
from robosim.render.overlay import MARGIN, Banner, Hud, Picture, draw
from robosim.render.video import Video, VideoError
from robosim.render.window import Window, Wish, check_display
from robosim.scripts.watch import main

ENV = "robosim/WheelBalance-v0"
HUD = Hud(
    "an agent",
    {"command": "+0.32 m/s  -0.11 rad/s", "return": "12.3"},
    ["level 5", "seed 3"],
    "6.4 of 20 s",
    0.32,
    Banner("success", "speed error 0.08", "success"),
)
Captured = pytest.CaptureFixture[str]


def noise(height: int = 480, width: int = 640) -> Picture:
    return np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8)


# --- overlay


@pytest.mark.parametrize("size", [(480, 640), (720, 1280), (240, 320), (480, 200), (64, 64), (4, 6), (1, 1)])
def test_the_overlay_keeps_shape_dtype_and_the_picture_it_was_given(size: tuple[int, int]) -> None:
    picture = noise(*size)
    before = picture.copy()
    drawn = draw(picture, HUD)
    assert drawn.shape == picture.shape
    assert drawn.dtype == np.uint8
    assert np.array_equal(picture, before)


def test_the_overlay_leaves_the_margins_and_the_middle_alone() -> None:
    picture = noise()
    changed = (draw(picture, HUD) != picture).any(axis=2)
    rows, columns = np.nonzero(changed)
    assert (rows.min(), columns.min()) == (MARGIN, MARGIN)
    assert (479 - rows.max(), 639 - columns.max()) == (MARGIN, MARGIN)
    assert not changed[120:330].any()  # where the robot is
    assert not changed[:, 320:][:120].any()


def test_a_name_that_is_too_long_stays_inside() -> None:
    picture = noise()
    hud = Hud("runs/" + "long/" * 60, {"name " * 40: "value " * 40}, ["level 5"] * 40, "6.4 of 20 s")
    columns = np.nonzero((draw(picture, hud) != picture).any(axis=2))[1]
    assert columns.min() >= MARGIN
    assert columns.max() <= 639 - MARGIN


def test_every_part_of_the_overlay_is_seen() -> None:
    picture = noise()
    whole = draw(picture, HUD)
    for other in (
        Hud("another", HUD.rows, HUD.status, HUD.clock, HUD.progress, HUD.banner),
        Hud(HUD.title, {**HUD.rows, "return": "12.4"}, HUD.status, HUD.clock, HUD.progress, HUD.banner),
        Hud(HUD.title, HUD.rows, ["level 6", "seed 3"], HUD.clock, HUD.progress, HUD.banner),
        Hud(HUD.title, HUD.rows, HUD.status, "6.5 of 20 s", HUD.progress, HUD.banner),
        Hud(HUD.title, HUD.rows, HUD.status, HUD.clock, 0.4, HUD.banner),
        Hud(HUD.title, HUD.rows, HUD.status, HUD.clock, HUD.progress, Banner("failed", "", "failure")),
    ):
        assert not np.array_equal(draw(picture, other), whole)


# --- video


def decoded(path: Path) -> list[Picture]:
    """Every picture of a video, as another program than the one that wrote it reads it."""
    reader = cv2.VideoCapture(str(path))
    found = []
    while (frame := reader.read())[0]:
        found.append(np.asarray(frame[1][..., ::-1], np.uint8))
    reader.release()
    return found


def fade(number: int, height: int = 48, width: int = 64) -> Iterator[Picture]:
    for index in range(number):
        yield np.full((height, width, 3), (20 * index, 200 - 10 * index, 90), np.uint8)


def write(path: Path, pictures: Iterator[Picture], overwrite: bool = False) -> None:
    with Video(path, 25.0, overwrite=overwrite) as video:
        for picture in pictures:
            video.add(picture)


def test_an_mp4_has_every_picture_in_its_colours(tmp_path: Path) -> None:
    write(tmp_path / "a.mp4", fade(9))
    found = decoded(tmp_path / "a.mp4")
    assert len(found) == 9
    for ours, theirs in zip(fade(9), found, strict=True):
        assert theirs.shape == ours.shape
        assert np.abs(theirs.astype(int) - ours).mean() < 4
    assert cv2.VideoCapture(str(tmp_path / "a.mp4")).get(cv2.CAP_PROP_FPS) == 25
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_a_gif_has_half_of_the_pictures(tmp_path: Path) -> None:
    write(tmp_path / "a.GIF", fade(8))
    found = decoded(tmp_path / "a.GIF")
    assert len(found) == 4
    assert found[0].shape == (48, 64, 3)
    assert np.abs(found[0].astype(int) - next(fade(1))).mean() < 8


def test_odd_sides_are_padded(tmp_path: Path) -> None:
    write(tmp_path / "a.mp4", fade(2, 47, 63))
    assert decoded(tmp_path / "a.mp4")[0].shape == (48, 64, 3)


@pytest.mark.parametrize("name", ["a.avi", "a", "a.mp4.txt", "nowhere/a.mp4"])
def test_a_file_that_cannot_be_is_refused_at_once(name: str, tmp_path: Path) -> None:
    with pytest.raises(VideoError, match=r"\.mp4 or \.gif|there is no folder"):
        Video(tmp_path / name, 25.0)


def test_a_file_that_is_there_is_kept_unless_told_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_text("holiday")
    with pytest.raises(VideoError, match=r"already there, and is kept.*--overwrite"):
        Video(path, 25.0)
    assert path.read_text() == "holiday"
    write(path, fade(3), overwrite=True)
    assert len(decoded(path)) == 3


def stopped(error: BaseException, number: int) -> Iterator[Picture]:
    yield from fade(number)
    raise error


def test_after_an_error_there_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        write(tmp_path / "a.mp4", stopped(ZeroDivisionError(), 5))
    write(tmp_path / "b.mp4", fade(0))
    assert not list(tmp_path.iterdir())


def test_after_ctrl_c_there_is_a_shorter_video_or_the_old_one(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "new.mp4", stopped(KeyboardInterrupt(), 5))
    assert len(decoded(tmp_path / "new.mp4")) == 5
    (tmp_path / "old.mp4").write_text("holiday")
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "old.mp4", stopped(KeyboardInterrupt(), 5), overwrite=True)
    assert (tmp_path / "old.mp4").read_text() == "holiday"
    assert len(list(tmp_path.iterdir())) == 2


def test_what_ffmpeg_says_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules["robosim.render.video"].FORMATS, ".mp4", ["-c:v", "no-such-codec", "-f", "mp4"])
    with pytest.raises(VideoError, match="no-such-codec"):
        write(tmp_path / "a.mp4", fade(200, 480, 640))
    assert not list(tmp_path.iterdir())


def test_pictures_of_a_video_have_one_size(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="shape"):
        write(tmp_path / "a.mp4", iter([noise(48, 64), noise(48, 66)]))


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
        yield Moment(Still(), HUD, step, step / 50, None)


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
    argv = ["random", "--env", ENV, "--level", "0", "--seed", "4", "--seconds", "0.2", "--episodes", "2"]
    assert main([*argv, "--video", str(path)]) == 0
    found = decoded(path)
    assert len(found) == {"mp4": 12, "gif": 6}[ending]  # 0 to 0.2 s at 25 pictures a second, twice
    assert found[0].shape == {"mp4": (480, 640, 3), "gif": (360, 480, 3)}[ending]
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
