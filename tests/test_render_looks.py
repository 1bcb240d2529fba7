"""What the rasteriser shades, and where it shows bodies that move, change colour or cannot be drawn."""

import math
import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from closed_form import seen
from numpy.typing import NDArray
from scenes import (
    EVEN,
    Floats,
    blank,
    eye_of,
    random_bodies,
    rays,
    take,
    uniform,
)

from robosim.body import Body
from robosim.bullet import pybullet
from robosim.errors import RobosimError
from robosim.math import IDENTITY, axis_angle, rotation_rows
from robosim.physics import Physics
from robosim.render.lens import Lens, View, looking
from robosim.render.renderer import NO_IMAGES, Renderer, Shadows, daylight
from robosim.render.scene import Scene
from robosim.robots.wheel_courier import WHEEL_RADIUS, Load, WheelCourier
from robosim.shapes import Box, Capsule, Cylinder, Shape, Sphere, Visual

GREY = (0.5, 0.5, 0.5, 1.0)


@pytest.fixture
def physics() -> Iterator[Physics]:
    with Physics(1 / 200) as physics:
        yield physics


def test_a_shadow_lies_where_the_sun_throws_it(physics: Physics) -> None:
    physics.add_plane()
    box = physics.add_box((0.8, 0.5, 0.4), 0.0, GREY)
    turn, position = axis_angle((0.0, 0.6, 0.8), 0.7), np.array([0.3, -0.2, 1.5])
    box.place(position.tolist(), turn)
    signs = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) / 2
    corners = (signs * (0.8, 0.5, 0.4)) @ np.array(rotation_rows(turn)).T + position
    sun = np.array(daylight().to_sun)
    feet = (corners - corners[:, 2:] / sun[2] * sun)[:, :2]
    hull = cv2.convexHull(feet.astype(np.float32))
    lens, view = Lens(240, 180, 45.0), looking((-1.5, 4.0, 4.0), (0.6, 0.4, 0.0))
    bright, dark = take(physics, lens, view), take(physics, lens, view, shadows=Shadows(1024, 10.0))
    point = eye_of(view) + bright.depth[..., None].astype(float) * (rays(lens) @ view[:, :3])
    blur = 0.05  # m: shadows' edges are soft over some pixels of 1 cm
    counts = {True: 0, False: 0}
    for row, column in np.argwhere(bright.bodies != box.number):
        x, y = point[row, column, :2]
        inside = cv2.pointPolygonTest(hull, (float(x), float(y)), True)
        if abs(inside) > blur and max(abs(x), abs(y)) < 3.5:
            shaded = int(dark.rgb[row, column].sum()) < 0.9 * int(bright.rgb[row, column].sum())
            assert shaded == (inside > 0), (x, y, inside)
            counts[shaded] += 1
    assert min(counts.values()) > 200


def test_a_lit_surface_does_not_shade_itself(physics: Physics) -> None:
    rng = np.random.default_rng(12)
    physics.add_plane()
    shapes: tuple[Shape, ...] = (Box((0.8, 0.8, 0.8)), Sphere(0.4), Cylinder(0.4, 0.8))
    for number, shape in enumerate(shapes):
        body = physics.add_body([Visual(shape, GREY)], 0.0)
        body.place((2.0 * number - 2.0, 0.0, 0.5), IDENTITY if number else axis_angle((0, 0, 1), 0.4))
    lens, sun = Lens(200, 150, 35.0), np.array(daylight().to_sun)
    # From where the sun is nothing lies in shadow.
    view = looking((8.0 * sun + rng.normal(0, 0.01, 3)).tolist(), (0.0, 0.0, 0.3))
    bright, dark = take(physics, lens, view), take(physics, lens, view, shadows=Shadows())
    facing_sun = uniform(bright.bodies)
    assert (dark.rgb[facing_sun].astype(int) >= bright.rgb[facing_sun].astype(int) - 40).mean() > 0.97


def test_a_body_that_is_left_out_leaves_what_is_behind_it(physics: Physics) -> None:
    random_bodies(physics, np.random.default_rng(13), 8)
    lens, view = Lens(80, 60, 40.0), looking((8.0, 1.0, 2.0), (0.0, 0.0, 1.0))
    before = take(physics, lens, view, shadows=Shadows(512, 10.0))
    box = physics.add_box((1.5, 1.5, 1.5), 0.0, GREY)
    box.place((1.0, 0.5, 1.0))
    assert (take(physics, lens, view).bodies == box.number).any()
    without = take(physics, lens, view, without=box.number, shadows=Shadows(512, 10.0))
    np.testing.assert_array_equal(before.rgb, without.rgb)
    np.testing.assert_array_equal(before.depth, without.depth)
    np.testing.assert_array_equal(before.segmentation, without.segmentation)


def test_paint_and_opacity_count_at_once(physics: Physics) -> None:
    box = physics.add_box((1.0, 1.0, 1.0), 0.0, (1.0, 0.0, 0.0, 1.0))
    lens, view = Lens(9, 9, 10.0), looking((4.0, 0.0, 0.0), (0.0, 0.0, 0.0))
    scene, picture = Scene(physics), blank(lens)
    renderer = Renderer(scene, lens, light=EVEN)
    (link,) = box._links
    for colour, expected in (
        (None, (255, 0, 0)),
        ((0.0, 0.4, 0.0, 1.0), (0, 102, 0)),
        ((0.0, 0.0, 1.0, 0.0), None),
        ((0.2, 0.2, 1.0, 1.0), (51, 51, 255)),
    ):
        if colour is not None:
            box.set_colour(link, colour)
        scene.update()
        renderer.draw(view, *picture)
        assert (picture.bodies[4, 4] == box.number) == (expected is not None)
        if expected is not None:
            assert picture.rgb[4, 4] == pytest.approx(expected, abs=1)


def test_a_body_is_seen_where_it_was_put(physics: Physics) -> None:
    still, free = (physics.add_box((1.0, 1.0, 1.0), mass, GREY) for mass in (0.0, 1.0))
    scene, lens = Scene(physics), Lens(9, 9, 10.0)
    picture, renderer = blank(lens), Renderer(scene, lens)
    for body, y in ((still, 3.0), (free, -3.0), (free, 3.0), (still, -3.0)):
        body.place((0.0, y, 0.0))
        other = free if body is still else still
        other.place((0.0, 0.0, 9.0))
        scene.update()
        renderer.draw(looking((5.0, y, 0.0), (0.0, y, 0.0)), *picture)
        assert picture.bodies[4, 4] == body.number
        assert picture.depth[4, 4] == pytest.approx(4.5, abs=1e-5)


def test_a_restored_world_is_seen_as_it_was(physics: Physics) -> None:
    bodies = [physics.add_box((1.0, 1.0, 1.0), mass, GREY) for mass in (0.0, 1.0)]
    for number, body in enumerate(bodies):
        body.place((0.0, 3.0 * number, 0.0))
    physics.save()
    lens, view, scene = Lens(40, 20, 60.0), looking((8.0, 1.5, 0.0), (0.0, 1.5, 0.0)), Scene(physics)
    picture, renderer = blank(lens), Renderer(scene, lens)
    for body in bodies:
        body.place((0.0, 0.0, 9.0))
    scene.update()
    physics.restore()
    scene.update()
    renderer.draw(view, *picture)
    fresh = take(physics, lens, view)
    assert np.isfinite(fresh.depth).any()
    assert np.array_equal(picture.segmentation, fresh.segmentation)


def _links_by_closed_form(physics: Physics, body: Body, lens: Lens, view: View) -> tuple[Floats, NDArray[np.intp]]:
    """Gives depth, and the number of the visual that is seen, where PyBullet says that the links are."""
    client, number = physics.client, body.number
    depths = []
    for visual in body.visuals:
        if visual.link < 0:
            com, turn = pybullet.getBasePositionAndOrientation(number, physicsClientId=client)
            info = pybullet.getDynamicsInfo(number, -1, physicsClientId=client)
            frame = pybullet.multiplyTransforms(com, turn, *pybullet.invertTransform(info[3], info[4]))
        else:
            frame = pybullet.getLinkState(number, visual.link, computeForwardKinematics=True, physicsClientId=client)
            frame = frame[4:6]
        position, turn = pybullet.multiplyTransforms(*frame, visual.position, visual.quaternion)
        opaque = body.colours.get(visual.link, visual.colour)[3] >= 0.5
        depth, _ = seen(visual.shape, np.array(rotation_rows(turn)), np.array(position), lens, view)
        depths.append(depth if opaque else np.full_like(depth, np.inf))
    nearest = np.argmin(depths, axis=0)
    return np.min(depths, axis=0), np.where(np.isinf(np.min(depths, axis=0)), -1, nearest)


def _check_robot(physics: Physics, scene: Scene, robot: Body) -> None:
    x, y, z = robot.pose()[0]
    lens = Lens(160, 120, 30.0)
    picture, renderer = blank(lens), Renderer(scene, lens)
    for eye in ((1.6, 0.5, 0.5), (-0.9, -1.4, 0.9), (0.2, 1.7, 0.2)):
        view = looking((x + eye[0], y + eye[1], z + eye[2]), (x, y, z + 0.2))
        renderer.draw(view, *picture)
        depth, visual = _links_by_closed_form(physics, robot, lens, view)
        off = uniform(visual)
        assert (np.isfinite(picture.depth) == np.isfinite(depth))[off].all()
        off &= np.isfinite(depth)
        assert off.sum() > 1000
        error = np.abs(picture.depth[off] - depth[off])
        assert np.quantile(error, 0.99) < 1e-3
        assert error.max() < 5e-3  # round tyres, seen at a glancing angle


@pytest.mark.parametrize("load", [0.0, 3.0])
def test_links_stand_where_the_physics_says(physics: Physics, load: float) -> None:
    robot = WheelCourier(physics)
    robot.configure(Load(load, 0.1, -0.05), 0.0)
    robot.reset(((1.0, 2.0, WHEEL_RADIUS), axis_angle((0.0, 0.0, 1.0), 0.6)), np.random.default_rng(0), 0.0)
    scene = Scene(physics)
    _check_robot(physics, scene, robot.body)
    for _ in range(60):
        robot.act(np.array([0.5, 0.2], np.float32))
        robot.actuate()
        physics.step()
    scene.update()
    _check_robot(physics, scene, robot.body)


def test_joints_that_are_put_somewhere_are_seen_there(physics: Physics) -> None:
    robot = WheelCourier(physics)
    robot.configure(Load(2.0), 0.0)
    robot.reset(((0.0, 0.0, WHEEL_RADIUS), IDENTITY), np.random.default_rng(0), 0.0)
    scene = Scene(physics)
    robot.wheels.reset((0.8, -0.3))
    robot.configure(Load(2.0, -0.1, 0.1), 0.0)
    scene.update()
    _check_robot(physics, scene, robot.body)


def test_joints_move_on_a_base_that_is_fixed() -> None:
    with Physics(1 / 200) as physics:
        path = Path(__file__).parents[1] / "robosim" / "robots" / "assets" / "wheel_courier.urdf"
        robot = physics.load_urdf(path, (0.0, 0.0, 1.0), fixed=True)
        scene = Scene(physics)
        robot.joints("left_wheel_joint", "right_wheel_joint").drive((2.0, -1.0), 20.0)
        physics.step(30)
        scene.update()
        _check_robot(physics, scene, robot)


WELDED = """<robot name="welded">
  <link name="base">LINK(0.1 0.05 0.2, 0.3 0.2 0.1) SEEN(0.05 0 0.1, 0 0 0.4, box size="0.8 0.5 0.3")</link>
  <link name="arm">LINK(0 0 0.3, 0.5 0 0) SEEN(0 0 0.35, 0.2 0.1 0, box size="0.2 0.15 0.7")</link>
  <joint name="shoulder" type="revolute"><parent link="base"/><child link="arm"/>
    <origin xyz="0.1 0 0.25" rpy="0 0 0.5"/><axis xyz="0 1 0"/>
    <limit lower="-2" upper="2" effort="9" velocity="9"/></joint>
  <link name="hand">LINK(0.1 0 0, 0.1 0.7 0) SEEN(0.2 0 0, 0 0.3 0, box size="0.4 0.3 0.1")</link>
  <joint name="wrist" type="fixed"><parent link="arm"/><child link="hand"/>
    <origin xyz="0 0 0.7" rpy="0 0.4 0.3"/></joint>
  <link name="tool">LINK(0 0 0, 0 0 0) SEEN(0 0 0.1, 0 0 0, box size="0.1 0.1 0.3")</link>
  <joint name="clamp" type="fixed"><parent link="hand"/><child link="tool"/>
    <origin xyz="0.4 0 0" rpy="0.2 0 0.3"/></joint>
  <link name="tail">LINK(0 0 0, 0 0 0) SEEN(-0.2 0 0, 0 0 0, box size="0.4 0.1 0.1")</link>
  <joint name="root" type="fixed"><parent link="base"/><child link="tail"/>
    <origin xyz="-0.4 0 0" rpy="0.1 0.3 0"/></joint>
</robot>"""


def test_what_is_welded_on_is_seen_where_the_physics_says(physics: Physics, tmp_path: Path) -> None:
    """Fixed joints one after another, on the base and on a link that moves, with centres of mass anywhere."""
    inertial = r"""<inertial><origin xyz="\1" rpy="\2"/><mass value="1"/>
      <inertia ixx="0.02" iyy="0.03" izz="0.04" ixy="0.003" ixz="0.001" iyz="0"/></inertial>"""
    text = re.sub(r"LINK\((.*?), (.*?)\)", inertial, WELDED)
    text = re.sub(
        r"SEEN\((.*?), (.*?), (.*?)\)", r'<visual><origin xyz="\1" rpy="\2"/><geometry><\3/></geometry></visual>', text
    )
    (tmp_path / "welded.urdf").write_text(text)
    robot = physics.load_urdf(tmp_path / "welded.urdf", (1.0, 2.0, 0.5), axis_angle((0.6, 0.0, 0.8), 0.9))
    scene, shoulder = Scene(physics), robot.joints("shoulder")
    for angle in (0.0, 1.1, -0.6):
        shoulder.reset([angle])
        robot.place((0.5, -angle, 1.0), axis_angle((0.0, 0.6, 0.8), angle))
        physics.step(3)
        scene.update()
        _check_robot(physics, scene, robot)


def test_a_body_that_was_left_out_is_read_the_next_time(physics: Physics) -> None:
    box, other = (physics.add_box((1.0, 1.0, 1.0), 1.0, GREY) for _ in range(2))
    scene = Scene(physics)
    for body in (box, other):
        body.place((3.0, 4.0, 5.0))
    scene.update(without=box)
    np.testing.assert_allclose(scene.poses[scene.row(other), :, 3], (3.0, 4.0, 5.0))
    np.testing.assert_allclose(scene.poses[scene.row(box), :, 3], (0.0, 0.0, 0.0))
    scene.update()
    np.testing.assert_allclose(scene.poses[scene.row(box), :, 3], (3.0, 4.0, 5.0))


def test_a_snap_sees_no_haze_on_whatever_there_is(physics: Physics) -> None:
    physics.add_body([Visual(Sphere(0.5), GREY)], 0.0).place((6.0, 1.0, 0.0))
    physics.add_box((0.8, 0.8, 0.8), 0.0, GREY).place((6.0, -1.0, 0.0))
    scene, lens, view = Scene(physics), Lens(96, 48, 60.0), looking((0.0, 0.0, 0.0), (6.0, 0.0, 0.0))
    taken = []
    for haze in (math.inf, 3.0):
        rgb, bodies = np.zeros((48, 96, 3), np.uint8), np.zeros((48, 96, 2), np.int16)
        renderer = Renderer(scene, lens, light=daylight(haze))
        renderer.snap(view, NO_IMAGES._replace(rgb=rgb, segmentation=bodies))
        taken.append(rgb[bodies[..., 0] >= 0])
    assert len(taken[0]) > 20
    assert (taken[0] == taken[1]).all()


def test_memory_that_is_not_in_one_piece_is_refused(physics: Physics) -> None:
    """Pixels are written without looking where: into a part of a larger picture they would go elsewhere."""
    lens = Lens(8, 6, 60.0)
    renderer, canvas = Renderer(Scene(physics), lens), np.zeros((6, 24, 3), np.uint8)
    for part in (canvas[:, 8:16], np.zeros((6, 8, 3), np.uint8)[::-1]):
        with pytest.raises(RobosimError, match=r"rgb .*contiguous: False.*contiguous, are needed"):
            renderer.draw(looking((1.0, 0.0, 1.0), (0.0, 0.0, 0.0)), part)
    with pytest.raises(RobosimError, match=r"samples=2: a snap has 1 sample a pixel"):
        Renderer(Scene(physics), lens, samples=2).snap(
            looking((1.0, 0.0, 1.0), (0.0, 0.0, 0.0)), NO_IMAGES._replace(rgb=np.zeros((6, 8, 3), np.uint8))
        )


def test_what_cannot_be_drawn_is_named_and_nothing_crashes(physics: Physics) -> None:
    body = physics.add_box((1.0, 1.0, 1.0), 1.0, GREY)
    scene, lens = Scene(physics), Lens(16, 12, 60.0)
    renderer, view = Renderer(scene, lens), looking((5.0, 0.0, 0.0), (0.0, 0.0, 0.0))
    with pytest.raises(RobosimError, match=r"rgb .*\(256, 256, 3\).*\(12, 16, 3\)"):
        renderer.draw(view, np.empty((256, 256, 3), np.uint8))
    with pytest.raises(RobosimError, match=r"depth .*float64.*float32"):
        renderer.draw(view, depth=np.empty((12, 16)))  # type: ignore[arg-type]
    with pytest.raises(RobosimError, match="not finite"):
        renderer.draw(view * np.nan, np.empty((12, 16, 3), np.uint8))
    with pytest.raises(RobosimError, match="writeable: False"):
        renderer.draw(view, np.broadcast_to(np.zeros(3, np.uint8), (12, 16, 3)))
    for shape in ((3, 3), (2, 4), (4, 4)):
        with pytest.raises(RobosimError, match=rf"view of shape \({shape[0]}, {shape[1]}\)"):
            renderer.draw(np.zeros(shape), np.empty((12, 16, 3), np.uint8))
    with pytest.raises(RobosimError, match="carrier=1000"):
        renderer.draw(view, np.empty((12, 16, 3), np.uint8), carrier=1000)
    with pytest.raises(RobosimError, match=r"depth8 .* needs a depth_range"):
        renderer.draw(view, depth8=np.empty((12, 16, 1), np.uint8))
    labels = np.empty((12, 16, 2), np.int16)
    scene.poses[:] = np.nan  # as a body's that diverged
    renderer.draw(view, np.empty((12, 16, 3), np.uint8), segmentation=labels)
    assert (labels[..., 0] == -1).all()
    physics.add_box((1.0, 1.0, 1.0), 1.0, GREY)
    with pytest.raises(RobosimError, match="made of 1 bodies, and there are 2"):
        scene.update()
    assert body.number == 0


def test_impossible_shapes_and_textures_are_refused(physics: Physics) -> None:
    for make in (
        lambda: Sphere(0.0),
        lambda: Cylinder(0.1, -1.0),
        lambda: Capsule(math.nan, 1.0),
        lambda: Box((1, 0, 1)),
    ):
        with pytest.raises(RobosimError, match="positive"):
            make()
    physics.add_body([Visual(Sphere(0.3), texture=np.zeros((4, 4, 3), np.uint8))], 0.0)
    with pytest.raises(RobosimError, match=r"Sphere.*texture"):
        Scene(physics)


@pytest.mark.parametrize("width", [63, 64])
def test_a_picture_is_the_same_wherever_in_memory_it_is_written(physics: Physics, width: int) -> None:
    """Pixels are written as words, where a row is a whole number of them; what lies beside a picture stays as it is."""
    stripes = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    physics.add_body([Visual(Box((2.0, 2.0, 2.0)), texture=stripes)], 0.0)
    lens, view = Lens(width, 48, 60.0), looking((4.0, 1.0, 0.5), (0.0, 0.0, 0.0))
    renderer, size = Renderer(Scene(physics), lens), width * 48 * 3
    whole = np.zeros((48, width, 3), np.uint8)
    renderer.draw(view, whole)
    assert len(np.unique(whole)) > 50
    for offset in range(1, 4):
        memory = np.full(size + 8, 7, np.uint8)
        renderer.draw(view, memory[offset : offset + size].reshape(48, width, 3))
        np.testing.assert_array_equal(memory[offset : offset + size].reshape(48, width, 3), whole)
        assert (memory[:offset] == 7).all()
        assert (memory[offset + size :] == 7).all()


def test_colours_return_with_the_rest_of_the_world(physics: Physics) -> None:
    body = physics.add_box((1.0, 1.0, 1.0), 0.0, (1.0, 0.0, 0.0, 1.0))
    scene, view = Scene(physics), looking((5.0, 0.0, 0.0), (0.0, 0.0, 0.0))
    renderer, before, after = Renderer(scene, Lens(9, 9, 30.0)), *np.empty((2, 9, 9, 3), np.uint8)
    physics.save()
    renderer.draw(view, before)
    body.set_colour(next(iter(body._links)), (0.0, 1.0, 0.0, 1.0))
    scene.update()
    renderer.draw(view, after)
    assert after[4, 4, 1] > after[4, 4, 0]
    physics.restore()
    scene.update()
    renderer.draw(view, after)
    np.testing.assert_array_equal(after, before)
