"""Marks in the world, drawn where OpenCV projects them."""

import cv2
import numpy as np
from numpy.typing import NDArray

from robosim.render.lens import Lens, looking
from robosim.render.marking import draw_sketch, project
from robosim.render.sketch import BLUE, GREEN, ORANGE, Fan, Line, Sketch

LENS = Lens(320, 240, 60.0)
VIEW = looking((-3.0, -1.0, 2.0), (0.0, 0.0, 0.0))


def blank() -> NDArray[np.uint8]:
    return np.zeros((240, 320, 3), np.uint8)


def changed(picture: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return np.asarray(picture.any(axis=2))


def test_points_lie_where_opencv_projects_them() -> None:
    points = np.random.default_rng(0).uniform(-0.8, 0.8, (20, 3))
    turn, _ = cv2.Rodrigues(VIEW[:, :3])
    theirs, _ = cv2.projectPoints(points, turn, VIEW[:, 3], LENS.matrix, None)
    np.testing.assert_allclose(project(points, LENS, VIEW), theirs[:, 0], atol=1e-9)


def test_a_line_is_drawn_from_point_to_point_and_no_further() -> None:
    ends = [(0.0, -0.5, 0.0), (0.0, 0.5, 0.0)]
    drawn = changed(draw_sketch(blank(), Sketch([Line(ends, BLUE)]), LENS, VIEW))
    _, columns = np.nonzero(drawn)
    places = project(ends, LENS, VIEW)
    assert abs(columns.min() - places[:, 0].min()) < 4
    assert abs(columns.max() - places[:, 0].max()) < 4
    assert drawn.sum() < 6 * np.linalg.norm(places[1] - places[0])


def test_an_arrow_has_a_head_at_its_end() -> None:
    ends = [(0.0, -0.5, 0.0), (0.0, 0.5, 0.0)]
    plain = draw_sketch(blank(), Sketch([Line(ends, ORANGE)]), LENS, VIEW)
    arrow = draw_sketch(blank(), Sketch([Line(ends, ORANGE, arrow=True)]), LENS, VIEW)
    rows, columns = np.nonzero(changed(arrow) & ~changed(plain))
    near = np.hypot(*(np.stack([columns, rows]) - project([ends[1]], LENS, VIEW).T))
    assert len(rows) > 10
    assert near.max() < 40


def test_what_lies_behind_the_camera_is_left_out() -> None:
    behind = [(-5.0, -2.0, 3.0), (-6.0, -2.0, 3.0)]
    assert np.isnan(project(behind, LENS, VIEW)).all()
    sketch = Sketch([Line(behind, arrow=True)], [Fan(behind[0], behind)])
    assert not changed(draw_sketch(blank(), sketch, LENS, VIEW)).any()


def test_a_fan_shades_what_the_rays_sweep_and_leaves_the_rest() -> None:
    picture = np.full((240, 320, 3), 100, np.uint8)
    angles = np.linspace(-0.6, 0.6, 30)
    ends = np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1)
    drawn = draw_sketch(picture, Sketch(fans=[Fan((0.0, 0.0, 0.0), ends, GREEN)]), LENS, VIEW)
    inside, outside = project([(0.5, 0.0, 0.0), (-0.5, 0.0, 0.0)], LENS, VIEW).round().astype(int)
    assert drawn[inside[1], inside[0], 1] > 110
    assert (drawn[outside[1], outside[0]] == 100).all()


def test_insets_lie_at_the_right_edge_and_the_picture_given_is_kept() -> None:
    picture = blank()
    red = np.zeros((16, 16, 3), np.uint8)
    red[..., 0] = 255
    drawn = draw_sketch(picture, Sketch(insets={"camera": red, "depth": red}), LENS, VIEW)
    rows, columns = np.nonzero(drawn[..., 0] == 255)
    assert columns.min() > 320 * 0.7
    assert len(rows) > 2 * 0.8 * (0.28 * 240) ** 2
    assert not picture.any()
    assert not draw_sketch(np.zeros((30, 8, 3), np.uint8), Sketch(insets={"camera": red}), LENS, VIEW).any()


def test_a_fan_that_is_not_closed_leaves_its_blind_sector() -> None:
    picture = np.full((240, 320, 3), 100, np.uint8)
    angles = np.linspace(0.75 * np.pi, 2.25 * np.pi, 60)  # 270°, blind towards +x + y
    ends = 0.8 * np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1)
    blind = project([(0.2, 0.5, 0.0)], LENS, VIEW)[0].round().astype(int)
    for closed in (False, True):
        fan = Fan((0.0, 0.0, 0.0), ends, GREEN, closed=closed)
        drawn = draw_sketch(picture, Sketch(fans=[fan]), LENS, VIEW)
        assert (drawn[blind[1], blind[0]] == 100).all() != closed
