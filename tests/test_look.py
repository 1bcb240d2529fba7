"""Pictures for people: `robosim look`, the spectator's camera, and colours for depth and segmentation."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from robosim.math import axis_angle
from robosim.physics import Physics
from robosim.render.colouring import KIND_COLOURS, colour_bodies, colour_depth, colour_kinds
from robosim.render.lens import Lens, looking
from robosim.render.renderer import Renderer, Shadows, daylight, sun_camera
from robosim.render.scene import Scene
from robosim.render.spectator import FOV, Spectator
from robosim.scripts.look import main
from robosim.shapes import Kind

WHITE = (1.0, 1.0, 1.0, 1.0)
NAMES = {"behind", "above", "robot-rgb", "robot-depth", "robot-bodies", "robot-kinds"}


@pytest.fixture
def physics() -> Iterator[Physics]:
    with Physics(1 / 200) as physics:
        yield physics


def test_look_writes_every_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "new" / "pictures"
    options = ["--seed", "3", "--level", "2", "--width", "96", "--height", "64", "--out", str(out)]
    assert main(["robosim/WheelBalance-v3", *options]) == 0
    pictures = {path.stem: cv2.imread(str(path)) for path in out.iterdir()}
    assert set(pictures) == NAMES
    for picture in pictures.values():
        assert picture is not None
        assert picture.shape == (64, 96, 3)
        assert picture.std() > 3
    assert len(capsys.readouterr().out.split()) == len(NAMES)


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["robosim/Nothing-v0"], "robosim/WheelBalance-v3"),
        (["robosim/WheelBalance-v3", "--level", "12"], "0 to 9"),
        (["robosim/WheelBalance-v3", "--seed", "-1"], "--seed -1"),
        (["robosim/WheelBalance-v3", "--above", "0"], "--above 0"),
        (["robosim/WheelBalance-v3", "--width", "0"], "width=0"),
    ],
)
def test_what_cannot_be_shown_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], argv: list[str], words: str
) -> None:
    assert main([*argv, "--out", str(tmp_path)]) == 2
    assert words in capsys.readouterr().err


def test_shadows_are_dark_and_edges_are_smooth(physics: Physics) -> None:
    physics.add_box((20.0, 20.0, 0.1), 0.0, WHITE, Kind.FLOOR).place((0.0, 0.0, -0.05))
    box = physics.add_box((1.0, 1.0, 0.1), 0.0, (0.0, 0.0, 0.0, 1.0))
    box.place((0.0, 0.0, 1.0), axis_angle((0.0, 0.0, 1.0), 0.2))
    scene = Scene(physics)
    eye, middle = (0.0, -0.01, 9.0), (0.0, 0.0, 0.0)
    grey = Spectator(scene, (320, 240)).picture(eye, middle).astype(int).mean(axis=2)
    lit = np.median(grey)
    shadow = (grey > 0.4 * lit) & (grey < 0.8 * lit)
    rows, columns = np.nonzero(shadow)
    assert len(rows) > 200  # it falls away from the sun: towards +x, which is to the right, and +y, which is up
    assert columns.mean() > 160
    assert rows.mean() < 120
    # The edge towards the sun lies before the lit floor: there, between black and lit, is nothing but smoothing.
    edge = grey[100:150, 100:150]
    between = np.count_nonzero((edge > 10) & (edge < 0.9 * lit))
    coarse = np.empty((240, 320, 3), np.uint8)
    Renderer(scene, Lens(320, 240, FOV)).draw(looking(eye, middle), coarse)
    hard = coarse.astype(int).mean(axis=2)[100:150, 100:150]
    assert np.count_nonzero((hard > 10) & (hard < 0.9 * np.median(hard[:, :10]))) == 0
    assert between > 10


def test_shadows_do_not_swim_when_the_camera_moves() -> None:
    """The sun's picture moves by whole pixels: whatever is looked at, a point of the world has the same fraction."""
    light, shadows = daylight(), Shadows()
    point = np.array([0.3, -0.2, 0.7, 1.0])
    places = []
    for x in np.linspace(0.0, 0.05, 7):  # a pixel of it is 1 cm wide
        camera = sun_camera(light, shadows, (float(x), 2.0 * float(x), 0.0))
        right, down, _ = np.array(camera.from_world)
        places.append((camera.lens[0] * right @ point, camera.lens[1] * down @ point))
    moved = np.array(places) - places[0]
    assert np.abs(moved - moved.round()).max() < 1e-6
    assert np.abs(moved).max() >= 3


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
