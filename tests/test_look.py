"""Pictures for people: `robosim look`, the spectator's camera, and colours for depth and segmentation."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from robosim.physics import Physics
from robosim.render.colouring import KIND_COLOURS, colour_bodies, colour_depth, colour_kinds
from robosim.render.scene import Scene
from robosim.render.spectator import Spectator
from robosim.scripts.look import main
from robosim.shapes import Kind

NAMES = {"behind", "above", "robot-rgb", "robot-depth", "robot-bodies", "robot-kinds"}


@pytest.fixture
def physics() -> Iterator[Physics]:
    with Physics(1 / 200) as physics:
        yield physics


def test_look_writes_every_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "new" / "pictures"
    options = ["--seed", "3", "--level", "2", "--width", "96", "--height", "64", "--out", str(out)]
    assert main(["robosim/WheelBalance-v1", *options]) == 0
    pictures = {path.stem: cv2.imread(str(path)) for path in out.iterdir()}
    assert set(pictures) == NAMES
    for picture in pictures.values():
        assert picture.shape == (64, 96, 3)
        assert picture.std() > 3
    assert len(capsys.readouterr().out.split()) == len(NAMES)


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["robosim/Nothing-v0"], "robosim/WheelBalance-v1"),
        (["robosim/WheelBalance-v1", "--level", "12"], "0 to 9"),
        (["robosim/WheelBalance-v1", "--seed", "-1"], "--seed -1"),
        (["robosim/WheelBalance-v1", "--above", "0"], "--above 0"),
        (["robosim/WheelBalance-v1", "--width", "0"], "width=0"),
    ],
)
def test_what_cannot_be_shown_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], argv: list[str], words: str
) -> None:
    assert main([*argv, "--out", str(tmp_path)]) == 2
    assert words in capsys.readouterr().err


def test_edges_are_smooth_and_shadows_are_dark(physics: Physics) -> None:
    white = (1.0, 1.0, 1.0, 1.0)
    physics.add_box((20.0, 20.0, 0.1), 0.0, white, Kind.FLOOR).place((0.0, 0.0, -0.05))
    physics.add_box((1.0, 1.0, 0.1), 0.0, (0.0, 0.0, 0.0, 1.0)).place((0.0, 0.0, 1.0))
    picture = Spectator(Scene(physics), (320, 240)).picture((0.0, -0.01, 9.0), (0.0, 0.0, 0.0)).astype(int)
    grey = picture.mean(axis=2)
    box = grey < 30
    lit = np.median(grey)
    assert 0.003 < np.mean((grey > 30) & (grey < 0.9 * lit)) < 0.2  # a shadow beside the box, and soft edges
    edge = np.diff(np.where(box.any(axis=1))[0])
    assert (edge == 1).all()
    assert len(np.unique(grey.round())) > 20


def test_a_shadow_stays_where_it_is_when_the_camera_moves(physics: Physics) -> None:
    """The sun's picture moves by whole pixels with what is looked at: no edge swims."""
    physics.add_box((20.0, 20.0, 0.1), 0.0, (1.0, 1.0, 1.0, 1.0), Kind.FLOOR).place((0.0, 0.0, -0.05))
    box = physics.add_box((1.0, 1.0, 0.1), 0.0, (1.0, 1.0, 1.0, 1.0))
    box.place((0.0, 0.0, 1.0))
    spectator = Spectator(Scene(physics), (320, 240))
    eye = (0.0, -4.0, 8.0)
    view_a = spectator.picture(eye, (0.0, 0.0, 0.0)).astype(int)
    dx = 0.0037  # m, a fraction of a pixel of the sun's picture
    view_b = spectator.picture((eye[0] + dx, eye[1], eye[2]), (dx, 0.0, 0.0)).astype(int)
    assert np.abs(view_a - view_b).mean() < 0.5


def test_colours_tell_depth_kinds_and_bodies_apart() -> None:
    depth = np.array([[0.5, 5.0, 9.9, 0.0, np.inf, 11.0]], np.float32)
    colours = colour_depth(depth, 0.0, 10.0)[0].astype(int)
    assert colours[0, 0] > colours[0, 2]  # near is red
    assert colours[2, 2] > colours[2, 0]  # far is blue
    assert not colours[3:].any()
    labels = np.array([[(-1, 0), (0, Kind.FLOOR), (1, Kind.PERSON), (2, Kind.PERSON)]], np.int16)
    kinds, bodies = colour_kinds(labels)[0], colour_bodies(labels)[0]
    assert tuple(kinds[2]) == tuple(kinds[3]) == KIND_COLOURS[Kind.PERSON]
    assert len({tuple(colour) for colour in bodies.tolist()}) == 4
    assert set(KIND_COLOURS) == set(Kind)
