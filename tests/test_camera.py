"""What a camera sees, against closed forms and OpenCV's own projection."""

import math
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from robosim.body import Body
from robosim.errors import RobosimError
from robosim.math import Quat, Vec3, axis_angle, quaternion_product, rotation_rows, to_world
from robosim.physics import Physics
from robosim.render.scene import Scene
from robosim.sensors.camera import Camera, Mount
from robosim.sensors.camera_noise import CameraNoise
from robosim.shapes import Kind, Sphere, Visual

GREY, RED = (0.5, 0.5, 0.5, 1.0), (1.0, 0.0, 0.0, 1.0)
AWAY = (0.0, 0.0, -50.0)
POSES = [
    ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0)),
    ((1.0, -2.0, 0.5), axis_angle((0.6, 0.0, 0.8), 1.1)),
    ((-3.0, 4.0, 2.0), quaternion_product(axis_angle((0.0, 0.0, 1.0), -2.5), axis_angle((0.0, 1.0, 0.0), 0.4))),
]
MOUNT = Mount((0.2, -0.1, 0.3), (2.0, 0.3, -0.4))


class Stage:
    """A cart that carries cameras, a wall and a ball, each out of sight until it is placed."""

    def __init__(self, physics: Physics) -> None:
        self.physics = physics
        self.cart = physics.add_box((0.02, 0.02, 0.02), 1.0, GREY, Kind.ROBOT)
        self.wall = physics.add_box((0.2, 80.0, 80.0), 0.0, GREY, Kind.WALL)
        self.ball = physics.add_body([Visual(Sphere(0.05), RED)], 0.0, Kind.PACKAGE)
        self.ball.place(AWAY)
        self.wall.place((0.0, 0.0, -150.0))
        self.scene = Scene(physics)


@pytest.fixture(scope="module")
def built() -> Iterator[Stage]:
    with Physics(1 / 200) as physics:
        yield Stage(physics)


@pytest.fixture
def stage(built: Stage) -> Stage:
    built.cart.place((0.0, 0.0, 0.0))
    built.ball.place(AWAY)
    built.wall.place((0.0, 0.0, -150.0))
    return built


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def middle_of(body: Body, labels: NDArray[np.int16]) -> NDArray[np.float64]:
    """Column and row of the middle of what is seen of a body."""
    rows, columns = np.nonzero(labels[..., 0] == body.number)
    assert len(rows) > 12, "the body is hardly seen"
    return np.array([columns.mean(), rows.mean()])


def carried(position: Vec3, quaternion: Quat, mount: Mount, ahead: Vec3) -> Vec3:
    """A world point from where it lies before a camera: to the right, down and ahead, metres."""
    forward = np.array(mount.direction) / np.linalg.norm(mount.direction)
    right = np.cross(forward, mount.up)
    right /= np.linalg.norm(right)
    local = np.array(mount.position) + np.stack([right, np.cross(forward, right), forward], 1) @ ahead
    x, y, z = to_world(rotation_rows(quaternion), local.tolist())
    return position[0] + x, position[1] + y, position[2] + z


@pytest.mark.parametrize(("position", "quaternion"), POSES)
@pytest.mark.parametrize("ahead", [(0.0, 0.0, 2.0), (0.9, -0.6, 2.0), (-1.1, 0.7, 2.5)])
def test_a_ball_is_where_opencv_projects_it(
    stage: Stage, rng: np.random.Generator, position: Vec3, quaternion: Quat, ahead: Vec3
) -> None:
    camera = Camera(stage.scene, stage.cart, 200, 150, 60.0, MOUNT, modes=("segmentation",))
    stage.cart.place(position, quaternion)
    point = carried(position, quaternion, MOUNT, ahead)
    stage.ball.place(point)
    view = camera.view()
    turned, _ = cv2.Rodrigues(view[:, :3])
    expected, _ = cv2.projectPoints(np.array([point]), turned, view[:, 3].copy(), camera.lens.matrix, np.zeros(4))
    by_hand = camera.lens.focal * np.array(ahead[:2]) / ahead[2] + (99.5, 74.5)
    np.testing.assert_allclose(np.ravel(expected), by_hand, atol=1e-6)
    seen = middle_of(stage.ball, camera.read(rng)["segmentation"])
    np.testing.assert_allclose(seen, by_hand, atol=0.3)


@pytest.mark.parametrize(("k1", "k2"), [(-0.25, 0.05), (0.15, 0.0), (-0.1, 0.03)])
@pytest.mark.parametrize("ahead", [(0.0, 0.0, 2.0), (0.9, -0.6, 2.0), (-1.2, 0.9, 2.0)])
def test_a_distorted_ball_is_where_opencv_projects_it(
    stage: Stage, rng: np.random.Generator, k1: float, k2: float, ahead: Vec3
) -> None:
    noise = CameraNoise(k1=k1, k2=k2)
    camera = Camera(stage.scene, stage.cart, 200, 150, 60.0, MOUNT, noise=noise)
    camera.reset(rng, 1.0)
    position, quaternion = POSES[1]
    stage.cart.place(position, quaternion)
    stage.ball.place(carried(position, quaternion, MOUNT, ahead))
    origin = np.zeros(3)
    told, _ = cv2.projectPoints(np.array([ahead]), origin, origin, camera.lens.matrix, np.array([k1, k2, 0.0, 0.0]))
    expected = np.ravel(told)
    images = camera.read(rng)
    seen = middle_of(stage.ball, images["segmentation"])
    np.testing.assert_allclose(seen, expected, atol=0.7)
    rows, columns = np.nonzero(images["rgb"][..., 0].astype(int) > images["rgb"][..., 1].astype(int) + 60)
    np.testing.assert_allclose([columns.mean(), rows.mean()], expected, atol=0.7)
    near = images["depth"][round(expected[1]), round(expected[0]), 0]
    assert near == pytest.approx(ahead[2] - 0.05, abs=0.02)


def test_a_barrel_lens_sees_what_a_pinhole_does_not(stage: Stage, rng: np.random.Generator) -> None:
    stage.ball.place((2.0, 1.62, 0.0))  # the pinhole's left edge is at 1.54 m
    seen = []
    for k1 in (0.0, -0.1):
        camera = Camera(stage.scene, stage.cart, 200, 150, 60.0, noise=CameraNoise(k1=k1))
        camera.reset(rng, 1.0)
        images = camera.read(rng)
        assert images["rgb"].shape == (150, 200, 3)
        seen.append(bool((images["segmentation"][..., 0] == stage.ball.number).any()))
    assert seen == [False, True]


@pytest.mark.parametrize("distance", [0.5, 3.0, 10.0])
@pytest.mark.parametrize("turn", [0.0, 0.5])
def test_depth_of_a_wall_is_its_closed_form(
    stage: Stage, rng: np.random.Generator, distance: float, turn: float
) -> None:
    camera = Camera(stage.scene, stage.cart, 64, 48, 60.0, depth_range=(0.1, 100.0))
    stage.cart.place((0.0, 0.0, 0.0), axis_angle((0.0, 0.0, 1.0), turn))
    stage.wall.place((distance + 0.1, 0.0, 0.0))
    across = (np.arange(64) - 31.5) / camera.lens.focal
    # The wall is the plane x = distance; a ray at `across` to the right turns right of the camera's heading.
    expected = distance / (math.cos(turn) + across * math.sin(turn))
    depth = camera.read(rng)["depth"][..., 0]
    np.testing.assert_allclose(depth, np.tile(expected, (48, 1)), atol=1e-3)


def test_out_of_range_is_no_return(stage: Stage, rng: np.random.Generator) -> None:
    camera = Camera(stage.scene, stage.cart, 65, 65, 60.0, depth_range=(0.5, 4.0))
    stage.ball.place((2.0, 0.0, 0.0))
    depth = camera.read(rng)["depth"]
    assert (depth > 0).any()
    assert (depth == 0).any()  # the sky
    assert depth.max() < 2.0
    stage.wall.place((4.2, 0.0, 0.0))
    assert camera.read(rng)["depth"][0, 0, 0] == 0.0  # at 4.1 m
    stage.wall.place((3.9, 0.0, 0.0))
    assert camera.read(rng)["depth"][0, 0, 0] == pytest.approx(3.8, abs=1e-3)
    stage.wall.place((0.5, 0.0, 0.0))
    assert not camera.read(rng)["depth"].any()  # at 0.4 m


def test_segmentation_names_body_and_kind(stage: Stage, rng: np.random.Generator) -> None:
    camera = Camera(stage.scene, stage.cart, 33, 33, 60.0)
    stage.ball.place((1.0, 0.0, 0.0))
    labels = camera.read(rng)["segmentation"]
    assert labels[16, 16].tolist() == [stage.ball.number, Kind.PACKAGE]
    assert labels[0, 0].tolist() == [-1, Kind.NOTHING]
    stage.wall.place((3.0, 0.0, 0.0))
    assert camera.read(rng)["segmentation"][0, 0].tolist() == [stage.wall.number, Kind.WALL]


def test_the_picture_is_the_right_way_round(stage: Stage, rng: np.random.Generator) -> None:
    camera = Camera(stage.scene, stage.cart, 60, 40, 60.0)
    stage.ball.place((1.0, 0.3, 0.2))  # to the left and up
    rgb = camera.read(rng)["rgb"].astype(int)
    rows, columns = np.nonzero(rgb[..., 0] - rgb[..., 1] > 60)
    assert columns.max() < 30
    assert rows.max() < 20


def test_a_mount_that_looks_down_with_its_up_ahead(stage: Stage, rng: np.random.Generator) -> None:
    mount = Mount((0.0, 0.0, 0.0), (0.0, 0.0, -1.0), (1.0, 0.0, 0.0))
    camera = Camera(stage.scene, stage.cart, 120, 80, 60.0, mount)
    stage.ball.place((0.2, -0.3, -1.0))  # ahead and to the right
    column, row = middle_of(stage.ball, camera.read(rng)["segmentation"])
    assert column > 60
    assert row < 40


def test_the_view_follows_the_body_through_the_physics(rng: np.random.Generator) -> None:
    with Physics(1 / 200) as physics:
        cart = physics.add_box((0.1, 0.1, 0.1), 1.0, GREY, Kind.ROBOT)
        floor = physics.add_plane()
        cart.place((0.0, 0.0, 5.0))
        down = Mount((0.0, 0.0, -0.05), (0.0, 0.0, -1.0), (1.0, 0.0, 0.0))
        camera = Camera(Scene(physics), cart, 8, 8, 40.0, down)
        for _ in range(3):
            physics.step(20)
            height = cart.pose()[0][2]
            images = camera.read(rng)
            np.testing.assert_allclose(images["depth"], height - 0.05, atol=1e-3)
            assert (images["segmentation"][..., 0] == floor.number).all()
        assert height < 4.6


def test_readings_are_in_the_space_and_share_no_memory(stage: Stage, rng: np.random.Generator) -> None:
    for noise in (0.0, 1.0):
        stage.ball.place((1.0, 0.0, 0.0))
        camera = Camera(
            stage.scene, stage.cart, 40, 30, noise=CameraNoise(shot=5.0, blur=0.7, k1=-0.1, axial=0.01, edge_holes=1.0)
        )
        camera.reset(rng, noise)
        first = camera.read(rng)
        kept = {mode: image.copy() for mode, image in first.items()}
        stage.ball.place((1.0, 0.2, 0.1))
        second = camera.read(rng)
        assert camera.space.contains(first)
        assert camera.space.contains(second)
        assert list(first) == list(camera.space.spaces)
        for mode, image in first.items():
            assert not np.shares_memory(image, second[mode])
            np.testing.assert_array_equal(image, kept[mode])
            assert (image != second[mode]).any()


def test_a_mode_looks_the_same_alone(stage: Stage, rng: np.random.Generator) -> None:
    stage.ball.place((1.0, 0.0, 0.0))
    together = Camera(stage.scene, stage.cart, 24, 24).read(rng)
    for mode, image in together.items():
        camera = Camera(stage.scene, stage.cart, 24, 24, modes=[mode])
        alone = camera.read(rng)
        assert list(alone) == list(camera.space.spaces) == [mode]
        np.testing.assert_array_equal(alone[mode], image)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"modes": ("rgb", "heat")}, "modes="),
        ({"modes": ()}, "modes="),
        ({"modes": "rgb"}, "modes="),
        ({"width": 0}, "width=0"),
        ({"height": -3}, "height=-3"),
        ({"fov": 180.0}, "fov=180.0"),
        ({"depth_range": (3.0, 1.0)}, "depth_range="),
        ({"depth_range": (-0.1, 1.0)}, "depth_range="),
        ({"depth_range": (0.1, math.inf)}, "depth_range="),
        ({"depth_range": (0.1, math.nan)}, "depth_range="),
        ({"noise": CameraNoise(k1=-0.9)}, "k1=-0.9"),
    ],
)
def test_what_cannot_be_is_refused_by_name(stage: Stage, arguments: dict[str, object], named: str) -> None:
    with pytest.raises(RobosimError, match=named):
        Camera(stage.scene, stage.cart, **arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"direction": (0.0, 0.0, 0.0)}, "direction="),
        ({"direction": (0.0, 0.0, -1.0)}, "up="),
        ({"up": (0.0, 0.0, 0.0)}, "up="),
        ({"position": (0.0, math.nan, 0.0)}, "position="),
        ({"position": (0.0, 1.0)}, "position="),
    ],
)
def test_a_mount_that_cannot_be_is_refused_by_name(arguments: dict[str, Any], named: str) -> None:
    with pytest.raises(RobosimError, match=named):
        Mount(**arguments)


def test_depth_in_bytes_is_the_depth_in_steps(stage: Stage, rng: np.random.Generator) -> None:
    stage.wall.place((4.1, 0.0, 0.0))
    images = Camera(stage.scene, stage.cart, 8, 8, mount=Mount((0.2, 0.0, 0.0)), modes=("depth", "depth8")).read(rng)
    assert images["depth8"].dtype == np.uint8
    assert images["depth8"].shape == (8, 8, 1)
    assert images["depth8"].min() == round(3.8 * 25.5)
    assert np.abs(images["depth8"] * 10.0 / 255 - images["depth"]).max() <= 5.0 / 255 + 1e-6
