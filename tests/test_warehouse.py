"""The warehouse in the physics: things are felt and seen where the layout says, and episodes come back bit by bit."""

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from rectangles import gap, hit, to_walls

from robosim.body import Body
from robosim.math import axis_angle
from robosim.physics import Physics
from robosim.render.lens import Lens, looking
from robosim.render.renderer import Renderer
from robosim.render.scene import Scene
from robosim.scripts.plan import main
from robosim.sensors.lidar import Lidar
from robosim.shapes import Box, Kind, Visual
from robosim.worlds.warehouse.layout import Layout
from robosim.worlds.warehouse.warehouse import Warehouse

LIDAR_HEIGHT, FAR = 0.2, 8.0  # m
Floats = NDArray[np.float64]


class Built:
    """A warehouse with a box that carries a lidar and can be pushed about."""

    def __init__(self, physics: Physics) -> None:
        self.physics, self.world = physics, Warehouse(physics)
        self.box = physics.add_box((0.5, 0.5, 0.3), 40.0, (1.0, 0.0, 0.0, 1.0), Kind.ROBOT)
        self.box.place((0.0, 0.0, 0.15))
        self.scene = Scene(physics)
        self.lidar = Lidar(self.scene, self.box, 180, range=(0.05, FAR))
        physics.save()

    def reset(self, seed: int, level: int) -> Layout:
        self.physics.restore()
        self.world.reset(np.random.default_rng(seed), level)
        (x, y, _), turn = self.world.spawn(np.random.default_rng(0))
        self.box.place((x, y, LIDAR_HEIGHT), turn)
        return self.world.layout

    def scan(self, x: float, y: float, heading: float) -> NDArray[np.float32]:
        self.box.place((x, y, LIDAR_HEIGHT), axis_angle((0.0, 0.0, 1.0), heading))
        self.lidar.reset(np.random.default_rng(0), 0.0)
        return self.lidar.read(np.random.default_rng(0))


@pytest.fixture(scope="module")
def built() -> Iterator[Built]:
    with Physics(0.01) as physics:
        yield Built(physics)


def free_points(built: Built, count: int, seed: int) -> Floats:
    grid, rng = built.world.true_grid, np.random.default_rng(seed)
    cells = np.argwhere(built.world.clearance > 0.5)
    return np.array([grid.centre(*cells[k].tolist()) for k in rng.integers(len(cells), size=count).tolist()])


@pytest.mark.parametrize(("seed", "level"), [(1, 0), (2, 4), (3, 9)])
def test_things_are_felt_where_the_layout_says(built: Built, seed: int, level: int) -> None:
    layout = built.reset(seed, level)
    built.box.place((0.0, 0.0, 500.0))
    angles = np.random.default_rng(seed).uniform(-math.pi, math.pi, 60)
    for (x, y), angle in zip(free_points(built, 60, seed).tolist(), angles.tolist(), strict=True):
        end = x + 60 * math.cos(angle), y + 60 * math.sin(angle), 0.3
        point = built.physics.ray((x, y, 0.3), end)
        assert point is not None
        assert math.dist(point[:2], (x, y)) == pytest.approx(hit(layout, x, y, angle), abs=2e-3)


@pytest.mark.parametrize(("seed", "level"), [(1, 0), (2, 4), (3, 9)])
def test_lidar_sees_most_of_what_is_felt_and_nothing_before_it(built: Built, seed: int, level: int) -> None:
    layout = built.reset(seed, level)
    open_layout = replace(layout, barriers=())
    for x, y in free_points(built, 6, seed).tolist():
        ranges = built.scan(x, y, 0.3).astype(np.float64)
        angles = (0.3 + built.lidar.azimuths).tolist()
        felt = np.array([hit(layout, x, y, angle) for angle in angles])
        for angle, reach, there in zip(angles, ranges.tolist(), felt.tolist(), strict=True):
            if reach < min(there, FAR) - 1e-3:  # doors and the feet of posts stand out a little
                point = np.array((x + reach * math.cos(angle), y + reach * math.sin(angle)))
                assert gap(layout.true_footprints(), *point) < 0.1 or to_walls(layout, *point) < 0.1
        solid = np.array([hit(open_layout, x, y, angle) for angle in angles])
        near = (felt < 3.0) & (felt == solid)
        assert np.mean(ranges[near] < felt[near] + 0.35) > 0.85  # between loads in racks there are gaps


def test_a_chain_is_seen_by_lidar_only_from_near_by(built: Built) -> None:
    layout = built.reset(8, 9)
    assert layout.barriers
    one, other = layout.barriers[:2]
    shares = {}
    for away in (0.6, 3.0):
        way = math.atan2(one.y - other.y, one.x - other.x)
        x, y = one.x + away * math.cos(way), one.y + away * math.sin(way)
        ranges = built.scan(x, y, way + math.pi)
        azimuths = built.lidar.azimuths
        between = np.abs(np.tan(azimuths)) * away < one.length / 2 - 0.1
        between &= np.abs(azimuths) < 1.2
        shares[away] = np.mean(ranges[between] * np.cos(azimuths[between]) < away + 0.1)
    assert 0.05 < shares[0.6] < 0.6
    assert shares[3.0] < 0.4
    aisle_end = math.dist((one.x, one.y), (other.x, other.y))
    assert built.scan(one.x + 0.6 * math.cos(way), one.y + 0.6 * math.sin(way), way).max() > min(aisle_end, 2.0)


def test_what_is_not_in_use_waits_out_of_sight_and_apart(built: Built) -> None:
    built.reset(3, 9)
    layout = built.reset(0, 0)
    places = np.array([body.pose()[0] for body in built.physics.bodies if body.kind == Kind.RACK])
    waiting = places[places[:, 2] < -10.0]
    assert len(places) - len(waiting) == len(layout.racks)
    apart = np.linalg.norm(waiting[:, None] - waiting[None], axis=-1) + 1e9 * np.eye(len(waiting))
    assert apart.min() > 8.0


def test_reset_makes_nothing_new(built: Built) -> None:
    count = len(built.physics.bodies)
    for level in range(10):
        built.reset(level, level)
    assert len(built.physics.bodies) == count


def drive(built: Built, seed: int, level: int) -> list[bytes]:
    """Pushes the box against whatever is in the way, and gives where it was all along."""
    layout = built.reset(seed, level)
    heading = layout.start[2]
    told = []
    for _ in range(200):
        point = built.box.inertial_pose()[0]
        built.box.push((400 * math.cos(heading), 400 * math.sin(heading), 0.0), point)
        built.physics.step()
        told.append(np.array([*built.box.motion()[0][0], *built.box.motion()[1]]).tobytes())
    return told


def test_an_episode_comes_back_bit_by_bit_after_others() -> None:
    with Physics(0.01) as physics, Physics(0.01) as fresh:
        worn = Built(physics)
        first = drive(worn, 4, 5)
        drive(worn, 1, 9)
        drive(worn, 2, 0)
        assert drive(worn, 4, 5) == first
        assert drive(Built(fresh), 4, 5) == first


@pytest.mark.parametrize("level", [0, 5, 9])
def test_racks_stop_what_drives_into_them(built: Built, level: int) -> None:
    layout = built.reset(1, level)
    tried = 0
    for rack, quarter in product(layout.racks, (-1, 1)):
        others = layout.true_footprints()
        others = others[(others[:, :2] != (rack.x, rack.y)).any(axis=1)]
        across = rack.yaw + quarter * math.pi / 2
        away = rack.footprint[3] + 0.9
        x, y = rack.x + away * math.cos(across), rack.y + away * math.sin(across)
        if gap(others, x, y) < 0.9 or to_walls(layout, x, y) < 0.5:
            continue
        tried += 1
        built.box.place((x, y, 0.15), axis_angle((0.0, 0.0, 1.0), rack.yaw))
        for _ in range(150):
            force = -400 * math.cos(across), -400 * math.sin(across), 0.0
            built.box.push(force, built.box.inertial_pose()[0])
            built.physics.step()
        (x, y, _), _ = built.box.pose()
        into = (x - rack.x) * math.cos(across) + (y - rack.y) * math.sin(across) - rack.footprint[3]
        assert into == pytest.approx(0.25, abs=0.02)
    assert tried


def test_cameras_tell_racks_floor_walls_and_goods_apart(built: Built) -> None:
    renderer = Renderer(built.scene, Lens(96, 72, 70.0, near=0.05))
    kinds = set[int]()
    for seed in range(6):
        layout = built.reset(seed, 6)
        built.box.place((0.0, 0.0, 500.0))
        built.scene.update()
        rgb, segmentation = np.zeros((72, 96, 3), np.uint8), np.zeros((72, 96, 2), np.int16)
        for x, y, heading in layout.places.tolist():
            back = x - 1.5 * math.cos(heading), y - 1.5 * math.sin(heading), 1.0
            renderer.draw(looking(back, (x, y, 0.2)), rgb, None, segmentation)
            kinds |= set(np.unique(segmentation[..., 1]).tolist())
            assert rgb.std() > 5
    assert kinds >= {Kind.FLOOR, Kind.WALL, Kind.RACK, Kind.PACKAGE, Kind.AREA}


def test_roof_and_walls_hide_nothing_from_above_and_outside(built: Built) -> None:
    layout = built.reset(2, 3)
    built.scene.update()
    renderer = Renderer(built.scene, Lens(64, 64, 60.0, near=0.05))
    segmentation = np.zeros((64, 64, 2), np.int16)
    renderer.draw(looking((0.0, -0.1, 14.0), (0.0, 0.0, 0.0)), None, None, segmentation)
    assert np.mean(segmentation[..., 1] == Kind.RACK) > 0.05
    renderer.draw(looking((0.0, -layout.size[1] / 2 - 3.0, 2.0), (0.0, 0.0, 0.0)), None, None, segmentation)
    assert np.isin(segmentation[32], (Kind.RACK, Kind.PACKAGE)).any()
    renderer.draw(looking((*layout.start[:2], 1.0), (*layout.start[:2], 5.0)), None, None, segmentation)
    assert (segmentation[..., 1] == Kind.WALL).mean() > 0.5  # from within there is a roof


def test_the_start_and_the_floor_are_the_layouts(built: Built) -> None:
    layout = built.reset(7, 5)
    (x, y, z), turn = built.world.spawn(np.random.default_rng(1))
    assert (x, y, z) == (*layout.start[:2], 0.0)
    assert 2 * math.atan2(turn[2], turn[3]) == pytest.approx(layout.start[2])
    assert built.world.height(x, y) == 0.0
    assert built.world.geodesic.distance(x, y) > 0
    assert built.world.known_grid.blocked.shape == built.world.clearance.shape == built.world.true_grid.blocked.shape


def test_plan_draws_a_warehouse(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "new" / "plan.png"
    assert main([str(file), "--level", "9", "--seed", "3"]) == 0
    assert file.read_bytes()[:4] == b"\x89PNG"
    assert "plan.png" in capsys.readouterr().out
    assert main([str(file), "--level", "12"]) == 2
    assert "0 to 9" in capsys.readouterr().err
    assert main([str(tmp_path), "--level", "1"]) == 2
    assert ".png" in capsys.readouterr().err
    assert main([str(file), "--seed", "-1"]) == 2


def test_a_fixture_is_felt_otherwise_than_it_is_seen() -> None:
    with Physics(0.01) as physics:
        small, large = Visual(Box((0.1, 0.1, 0.1))), Visual(Box((1.0, 1.0, 1.0)))
        felt: Body = physics.add_fixture([small], [large])
        ghost = physics.add_fixture([large], [])
        felt.place((2.0, 0.0, 0.0))
        assert physics.ray((0.0, 0.0, 0.0), (5.0, 0.0, 0.0)) == pytest.approx((1.5, 0.0, 0.0))
        felt.place((0.0, 3.0, 0.0), axis_angle((0.0, 0.0, 1.0), math.pi / 4))
        ghost.place((2.0, 0.0, 0.0))
        assert physics.ray((0.0, 0.0, 0.0), (5.0, 0.0, 0.0)) is None
        assert ghost.pose()[0] == (2.0, 0.0, 0.0)
        assert physics.ray((0.0, 0.0, 0.0), (0.0, 5.0, 0.0)) == pytest.approx(
            (0.0, 3.0 - math.sqrt(0.5), 0.0), abs=1e-3
        )
