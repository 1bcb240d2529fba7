"""Lidar: the same ranges as from every ray against every triangle, as from the physics, and as by hand."""

import math
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from scenes import carrier, random_turn

from robosim.errors import RobosimError
from robosim.math import IDENTITY, Quat, Vec3, axis_angle, quaternion_product, rotation_rows, to_world
from robosim.physics import Physics
from robosim.render.scene import Scene
from robosim.sensors.lidar import Lidar
from robosim.sensors.vary import Uniform
from robosim.shapes import Box, Capsule, Cylinder, Shape, Sphere, Visual

MIDDLE = (0.0, 0.0, 0.5)  # m, where most sensors are
GREY = (0.5, 0.5, 0.5, 1.0)
LINK = "link0"  # what PyBullet calls the only link of a body that is not loaded from a file
FAR = 20.0
LAYERS = (-75.0, -15.0, -1.0, 0.0, 2.0, 40.0)
Floats = NDArray[np.float64]


@pytest.fixture
def physics() -> Iterator[Physics]:
    with Physics(1 / 200) as physics:
        yield physics


def scan(lidar: Lidar, noise: float = 0.0) -> NDArray[np.float32]:
    rng = np.random.default_rng(0)
    lidar.reset(rng, noise)
    return lidar.read(rng)


def some_shape(rng: np.random.Generator) -> Shape:
    a, b, c = rng.uniform(0.05, 1.5, 3).tolist()
    return (Box((a, b, c)), Sphere(a / 2), Cylinder(a / 2, b), Capsule(a / 3, b))[rng.integers(4)]


def add_shapes(physics: Physics, rng: np.random.Generator, count: int, within: float) -> None:
    for _ in range(count):
        body = physics.add_body([Visual(some_shape(rng), GREY)], 0.0)
        x, y, z = rng.uniform(-within, within, 3).tolist()
        body.place((x, y, 0.3 * z), random_turn(rng))


def triangles(scene: Scene, without: int) -> Floats:
    """Corners in the world, (n, 3, 3)."""
    found = []
    geometry = scene.geometry
    for part, link in enumerate(geometry.links):
        if geometry.labels[part, 0] != without:
            faces = geometry.faces[geometry.first_face[part] : geometry.first_face[part + 1]]
            found.append(
                geometry.vertices[faces].astype(np.float64) @ scene.poses[link, :, :3].T + scene.poses[link, :, 3]
            )
    return np.concatenate(found)


def every_ray(eye: Vec3, rays: Floats, corners: Floats, near: float, far: float) -> Floats:
    """Möller and Trumbore's test of each ray (n, 3) against the outside of each triangle (m, 3, 3)."""
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    to_eye = eye - corners[:, 0]
    across = np.cross(to_eye, first)
    ranges = np.full(len(rays), far)
    for number, ray in enumerate(rays):
        slant = np.cross(ray, second)
        area = np.einsum("fk,fk->f", slant, first)
        with np.errstate(divide="ignore", invalid="ignore"):
            u = np.einsum("fk,fk->f", slant, to_eye) / area
            v = across @ ray / area
            distance = np.einsum("fk,fk->f", across, second) / area
            hit = (area > 0) & (u >= 0) & (v >= 0) & (u + v <= 1) & (distance >= near)
        ranges[number] = min(far, distance[hit].min(initial=math.inf))
    return ranges


def directions(lidar: Lidar, layers: tuple[float, ...], turn: Quat) -> Floats:
    """Unit vectors in the world, (layers × rays, 3)."""
    up, around = np.meshgrid(np.radians(layers), lidar.azimuths, indexing="ij")
    own = np.stack([np.cos(up) * np.cos(around), np.cos(up) * np.sin(around), np.sin(up)], -1).reshape(-1, 3)
    return np.asarray(own @ np.array(rotation_rows(turn)).T)


@pytest.mark.parametrize("seed", range(8))
def test_ranges_are_those_of_every_ray_against_every_triangle(physics: Physics, seed: int) -> None:
    rng = np.random.default_rng(seed)
    physics.add_plane().place((0.0, 0.0, -0.7))
    add_shapes(physics, rng, count=30, within=4.0)
    position, turn = tuple(rng.uniform(-0.5, 0.5, 3)), random_turn(rng)
    mount, askew = (0.3, -0.2, 0.1), random_turn(rng)
    layers = LAYERS if seed % 2 else (0.0,)
    body = carrier(physics, position, turn)
    scene = Scene(physics)
    lidar = Lidar(
        scene, body, rays=int(rng.integers(100, 200)), fov=(360.0, 200.0, 75.0, 359.0)[seed % 4], range=(0.3, FAR),
        layers=layers, position=mount, quaternion=askew,
    )  # fmt: skip
    ranges = scan(lidar)
    eye = tuple(np.add(position, to_world(rotation_rows(turn), mount)))
    rays = directions(lidar, layers, quaternion_product(turn, askew))
    expected = every_ray(eye, rays, triangles(scene, body.number), 0.3, FAR)
    assert (expected < FAR).mean() > 0.1
    np.testing.assert_allclose(ranges.ravel(), expected, atol=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_ranges_are_those_of_the_physics(physics: Physics, seed: int) -> None:
    rng = np.random.default_rng(seed)
    physics.add_plane()
    for _ in range(40):
        box = physics.add_box(rng.uniform(0.2, 1.5, 3).tolist(), 0.0, GREY)
        distance, angle = rng.uniform(2.0, 8.0), rng.uniform(0.0, 2 * math.pi)
        box.place((distance * math.cos(angle), distance * math.sin(angle), 0.5), random_turn(rng))
    turn = axis_angle((0.6, 0.8, 0.0), 0.05)
    lidar = Lidar(body=carrier(physics, (0.0, 0.0, 0.6), turn), scene=Scene(physics), range=(0.2, FAR))
    expected = []
    for ray in directions(lidar, (0.0,), turn):
        start = np.array([0.0, 0.0, 0.6]) + 0.2 * ray
        hit = physics.ray(start, start + (FAR - 0.2) * ray)
        expected.append(FAR if hit is None else float(np.linalg.norm(np.subtract(hit, (0.0, 0.0, 0.6)))))
    difference = np.abs(scan(lidar) - expected)
    assert (difference > 1e-3).mean() < 0.01  # Bullet's own cast is off where a ray grazes a side or an edge
    assert np.median(difference) < 1e-4


def add_room(physics: Physics) -> None:
    """Walls 3 m ahead, 2 m to the left, 4 m behind and 1 m to the right."""
    for size, place in (
        ((0.2, 20.0, 4.0), (3.1, 0.0, 0.0)),
        ((20.0, 0.2, 4.0), (0.0, 2.1, 0.0)),
        ((0.2, 20.0, 4.0), (-4.1, 0.0, 0.0)),
        ((20.0, 0.2, 4.0), (0.0, -1.1, 0.0)),
    ):
        physics.add_box(size, 0.0, GREY).place(place)


def test_rays_run_counter_clockwise_from_straight_backward(physics: Physics) -> None:
    add_room(physics)
    lidar = Lidar(body=carrier(physics, MIDDLE), scene=Scene(physics), rays=360)
    ranges = scan(lidar)
    assert ranges[[0, 90, 180, 270]] == pytest.approx([4.0, 1.0, 3.0, 2.0], abs=1e-5)
    assert lidar.azimuths[[0, 180]] == pytest.approx([-math.pi, 0.0])
    assert ranges[270 - 20] == pytest.approx(2.0 / math.cos(math.radians(20)), abs=1e-5)


def test_a_part_of_the_circle_runs_from_the_right_edge_to_the_left_one(physics: Physics) -> None:
    add_room(physics)
    body, scene = carrier(physics, MIDDLE), Scene(physics)
    assert scan(Lidar(scene, body, rays=3, fov=180.0)) == pytest.approx([1.0, 3.0, 2.0], abs=1e-5)
    assert scan(Lidar(scene, body, rays=1, fov=10.0)) == pytest.approx([3.0], abs=1e-5)
    turned = axis_angle((0.0, 0.0, 1.0), math.pi / 2)
    assert scan(Lidar(scene, body, rays=3, fov=180.0, quaternion=turned)) == pytest.approx([3.0, 2.0, 4.0], abs=1e-5)


def test_layers_see_the_floor_all_around_and_right_below(physics: Physics) -> None:
    """Two triangles of 200 m; the sensor's axis goes through their edge."""
    physics.add_plane()
    layers = (-89.5, -60.0, -30.0, -5.0)
    ranges = scan(Lidar(body=carrier(physics, MIDDLE), scene=Scene(physics), rays=720, layers=layers))
    expected = 0.5 / np.sin(-np.radians(layers))
    np.testing.assert_allclose(ranges, np.tile(expected[:, None], (1, 720)), rtol=1e-5)


@pytest.mark.parametrize("shift", [(0.0, 0.0), (0.5, 0.0), (0.25, 0.25), (1e-9, -1e-9)])
def test_no_ray_slips_through_where_corners_and_edges_meet_the_axis(
    physics: Physics, shift: tuple[float, float]
) -> None:
    rng = np.random.default_rng(0)
    heights = rng.uniform(0.0, 0.2, (21, 31))
    physics.add_heights(heights, 0.5, GREY)
    body = carrier(physics, (*shift, 1.0))
    scene = Scene(physics)
    lidar = Lidar(scene, body, rays=90, layers=(-89.9, -80.0, -60.0, -30.0))
    ranges = scan(lidar)
    assert ranges.max() < 3.0
    rays = directions(lidar, (-89.9, -80.0, -60.0, -30.0), IDENTITY)
    expected = every_ray((*shift, 1.0), rays, triangles(scene, body.number), 0.05, 30.0)
    met = expected < 30.0  # the plain test of each triangle by itself loses rays between two
    np.testing.assert_allclose(ranges.ravel()[met], expected[met], atol=1e-5)


def test_a_body_that_moves_or_fades_is_followed(physics: Physics) -> None:
    box, body = physics.add_box((1.0, 1.0, 1.0), 0.0, GREY), carrier(physics, MIDDLE)
    lidar = Lidar(Scene(physics), body, rays=4)
    for distance in (2.0, 5.0):
        box.place((distance, 0.0, 0.5))
        assert scan(lidar).tolist() == pytest.approx([30.0, 30.0, distance - 0.5, 30.0])
    body.place((1.0, 0.0, 0.5))
    assert scan(lidar)[2] == pytest.approx(3.5)
    box.set_colour(LINK, (1.0, 1.0, 1.0, 0.0))
    assert scan(lidar)[2] == 30.0


def test_what_stands_behind_is_seen_beside_and_above_what_stands_before(physics: Physics) -> None:
    physics.add_box((0.2, 0.6, 1.0), 0.0, GREY).place((1.1, 0.0, 0.5))  # ±16.7°, up to 26.6°
    physics.add_box((0.2, 4.0, 0.2), 0.0, GREY).place((5.1, 0.0, 0.5))  # ±21.8°
    physics.add_box((0.2, 2.0, 8.0), 0.0, GREY).place((6.1, 0.0, 0.5))  # ±9.5°, up to 33.7°
    physics.add_box((0.2, 2.0, 0.2), 0.0, GREY).place((18.1, 9.0, 0.5))  # from 23.9° to 29.1°
    body, scene = carrier(physics, MIDDLE), Scene(physics)
    angles = np.arange(-30, 31)
    level = np.select([np.abs(angles) < 17, np.abs(angles) < 22, angles >= 24], [1.0, 5.0, 18.0], 99.0)
    level[-1] = 99.0
    for layers in ((0.0,), (0.0, 28.0)):
        ranges = scan(Lidar(scene, body, rays=61, fov=60.0, range=(0.1, 21.0), layers=layers)).reshape(-1, 61)
        above = np.where(np.abs(angles) < 10, 6.0, 99.0)
        for layer, row, distance in zip(layers, ranges, (level, above), strict=False):
            slant = np.cos(np.radians(angles)) * math.cos(math.radians(layer))
            np.testing.assert_allclose(row, np.where(distance < 99, distance / slant, 21.0), atol=1e-4)


def test_the_own_body_is_not_seen(physics: Physics) -> None:
    add_room(physics)
    body = physics.add_box((0.6, 0.6, 0.6), 1.0, GREY)
    body.place((0.0, 0.0, 0.5))
    scene = Scene(physics)
    assert scan(Lidar(scene, body, rays=4, position=(-0.5, 0.0, 0.0)))[2] == pytest.approx(3.5)
    other = carrier(physics, (-0.5, 0.0, 0.5))
    assert scan(Lidar(Scene(physics), other, rays=4))[2] == pytest.approx(0.2)


def test_what_is_too_near_or_too_far_is_not_seen(physics: Physics) -> None:
    add_room(physics)
    body, scene = carrier(physics, MIDDLE), Scene(physics)
    assert scan(Lidar(scene, body, rays=4, range=(1.5, 3.5))).tolist() == pytest.approx([3.5, 3.5, 3.0, 2.0])


def test_noise_is_as_large_as_said_and_spares_what_is_not_met(physics: Physics) -> None:
    physics.add_box((0.2, 400.0, 4.0), 0.0, GREY).place((3.1, 0.0, 0.5))
    body, scene = carrier(physics, MIDDLE), Scene(physics)
    exact = scan(Lidar(scene, body, rays=3600))
    lidar = Lidar(scene, body, rays=3600, noise=0.02)
    noisy = scan(lidar, noise=1.0)
    met = exact < 29.0
    assert np.std((noisy - exact)[met]) == pytest.approx(0.02, rel=0.1)
    assert (noisy[exact == 30.0] == 30.0).all()
    assert lidar.space.contains(noisy)
    assert np.std((scan(lidar, noise=0.5) - exact)[met]) == pytest.approx(0.01, rel=0.1)
    assert (scan(lidar, noise=0.0) == exact).all()


def test_rays_drop_out_as_often_as_said(physics: Physics) -> None:
    add_room(physics)
    body, scene = carrier(physics, MIDDLE), Scene(physics)
    lidar = Lidar(scene, body, rays=3600, fov=270.0, range=(0.1, 50.0), dropout=Uniform(0.1, 0.3))
    rng, shares = np.random.default_rng(0), []
    for _ in range(20):
        lidar.reset(rng, 1.0)
        shares.append(float((lidar.read(rng) == 50.0).mean()))
    assert min(shares) > 0.08
    assert max(shares) < 0.32
    assert np.std(shares) == pytest.approx(0.2 / math.sqrt(12), rel=0.4)


def test_readings_are_within_the_space_and_share_no_memory(physics: Physics) -> None:
    add_room(physics)
    body, scene = carrier(physics, MIDDLE), Scene(physics)
    for layers, shape in (((0.0,), (8,)), ((-3.0, 3.0), (2, 8))):
        lidar = Lidar(scene, body, rays=8, layers=layers, noise=5.0)
        first, second = scan(lidar, 1.0), scan(lidar, 1.0)
        assert first.shape == shape == lidar.space.shape
        assert lidar.space.contains(first)
        assert (first == second).all()
        assert not np.shares_memory(first, second)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rays", 0),
        ("fov", 0.0),
        ("fov", 361.0),
        ("range", (2.0, 1.0)),
        ("range", (0.0, math.inf)),
        ("layers", ()),
        ("layers", (1.0, -1.0)),
        ("layers", (0.0, 90.0)),
        ("noise", -0.1),
        ("noise", Uniform(-0.1, 0.1)),
        ("dropout", 1.5),
    ],
)
def test_impossible_values_are_refused(physics: Physics, name: str, value: object) -> None:
    with pytest.raises(RobosimError, match=name):
        Lidar(body=carrier(physics, MIDDLE), scene=Scene(physics), **{name: value})  # type: ignore[arg-type]
