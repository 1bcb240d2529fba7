"""What is drawn onto pictures, and pictures in a file."""

import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from decoding import decoded

from robosim.render.overlay import MARGIN, Banner, Hud, Picture, draw
from robosim.render.video import Video, VideoError

HUD = Hud(
    "an agent",
    {"command": "+0.32 m/s  -0.11 rad/s", "return": "12.3"},
    ["level 5", "seed 3"],
    "6.4 of 20 s",
    0.32,
    Banner("success", "speed error 0.08", "success"),
)


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
