"""The rasteriser against closed form: where surfaces lie, what hides what, and no cracks between them."""

import math
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pytest
from closed_form import seen
from numpy.typing import NDArray
from scenes import (
    Floats,
    Picture,
    blank,
    random_colour,
    random_shape,
    random_turn,
    random_view,
    rays,
    take,
    uniform,
)
from scipy.spatial import Delaunay

from robosim.body import Body
from robosim.math import rotation_rows
from robosim.physics import Physics
from robosim.render.lens import Lens, facing, looking
from robosim.render.renderer import Renderer, Shadows
from robosim.render.scene import Scene
from robosim.shapes import Box, Capsule, Cylinder, Shape, Sphere, Triangles, Visual

GREY = (0.5, 0.5, 0.5, 1.0)
NEAREST = 0.4  # cosine between ray and normal below which a round surface counts as its silhouette


@pytest.fixture
def physics() -> Iterator[Physics]:
    with Physics(1 / 200) as physics:
        yield physics


def check(picture: Picture, depth: Floats, cosine: Floats, *, round_: bool) -> None:
    """Depth within 1 mm and nothing missing, off the silhouette."""
    hit = np.isfinite(depth)
    assert np.array_equal(np.isfinite(picture.depth)[uniform(hit)], hit[uniform(hit)])
    off = uniform(hit) & hit & (cosine > (NEAREST if round_ else 0.02))
    assert off.sum() > 0.02 * hit.size, "too little of it is seen to judge"
    np.testing.assert_allclose(picture.depth[off], depth[off], rtol=0, atol=1e-3 if round_ else 2e-5)


SOLIDS: dict[str, Shape] = {
    "box": Box((1.0, 1.6, 0.7)),
    "flat box": Box((2.0, 1.5, 0.004)),
    "ball": Sphere(0.9),
    "marble": Sphere(0.35),
    "cylinder": Cylinder(0.6, 1.1),
    "disc": Cylinder(0.9, 0.05),
    "capsule": Capsule(0.4, 1.0),
}


@pytest.mark.parametrize("name", SOLIDS)
@pytest.mark.parametrize("seed", range(6))
def test_depth_ten_metres_away(physics: Physics, name: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape, turn = SOLIDS[name], random_turn(rng)
    body = physics.add_body([Visual(shape, GREY)], 0.0)
    position = rng.uniform(-5, 5, 3)
    body.place(position.tolist(), turn)
    away = rng.normal(size=3)
    away = away / np.linalg.norm(away) + 1.2 * np.array(rotation_rows(turn))[:, 2]  # no disc is seen from its edge
    lens = Lens(97, 80, 14.0)
    view = looking(position + 10.0 * away / np.linalg.norm(away), position)
    depth, cosine = seen(shape, np.array(rotation_rows(turn)), position, lens, view)
    check(take(physics, lens, view), depth, cosine, round_=not isinstance(shape, Box))


def test_the_caps_of_a_cylinder_and_a_capsule_seen_along_their_axes(physics: Physics) -> None:
    shapes: tuple[Shape, ...] = (Cylinder(0.6, 1.0), Capsule(0.5, 1.0))
    for number, shape in enumerate(shapes):
        physics.add_body([Visual(shape, GREY)], 0.0).place((5.0 * number, 0.0, 0.0))
        for side in (-1, 1):
            lens, view = Lens(60, 60, 9.0), looking((5.0 * number, 0.0, side * 10.0), (5.0 * number, 0.0, 0.0))
            depth, cosine = seen(shape, np.eye(3), np.array([5.0 * number, 0.0, 0.0]), lens, view)
            check(take(physics, lens, view), depth, cosine, round_=True)


@pytest.mark.parametrize("height", [0.03, 0.3, 2.0, 10.0])
def test_a_camera_over_an_endless_floor(physics: Physics, height: float) -> None:
    """The floor's corners lie far behind the camera: the near plane cuts them off."""
    floor = physics.add_plane()
    rng = np.random.default_rng(4)
    lens = Lens(80, 60, 75.0)
    for _ in range(12):
        forward = rng.normal(size=3) * (1, 1, 0.5)
        view = facing((3.0, -2.0, height), forward / np.linalg.norm(forward), rng.normal(size=3))
        down = (rays(lens) @ view[:, :3])[..., 2]
        with np.errstate(divide="ignore"):
            depth = np.where(down < 0, -height / down, np.inf)
        picture = take(physics, lens, view)
        near = (depth < 60.0) & (depth > lens.near + 1e-9)
        assert (picture.bodies[near] == floor.number).all()
        assert not np.isfinite(picture.depth[down >= 0]).any()
        np.testing.assert_allclose(picture.depth[near], depth[near], rtol=1e-6, atol=1e-5)


def test_a_box_through_the_near_plane_is_cut_there(physics: Physics) -> None:
    shape, rng = Box((4.0, 0.8, 0.6)), np.random.default_rng(5)
    body, lens = physics.add_body([Visual(shape, GREY)], 0.0), Lens(90, 70, 80.0, near=0.7)
    cut = 0
    for _ in range(40):
        turn, position = random_turn(rng), rng.uniform((0.5, -1.0, -1.0), (2.5, 1.0, 1.0))
        body.place(position.tolist(), turn)
        view = looking((0.0, 0.0, 0.0), (1.0, 0.0, 0.0))
        depth, _ = seen(shape, np.array(rotation_rows(turn)), position, lens, view)
        depth = np.where(depth > 0, depth, np.inf)
        expected = np.where(depth >= lens.near, depth, np.inf)  # behind the cut are only faces that look away
        sure = uniform(np.isfinite(expected)) & (np.abs(depth - lens.near) > 1e-6)
        np.testing.assert_allclose(take(physics, lens, view).depth[sure], expected[sure], rtol=0, atol=1e-5)
        cut += int((depth < lens.near).any() and np.isfinite(expected).any())
    assert cut > 5  # or nothing was tried


def test_from_inside_a_body_one_sees_what_is_outside(physics: Physics) -> None:
    floor, box = physics.add_plane(), physics.add_box((2.0, 2.0, 2.0), 0.0, GREY)
    box.place((0.0, 0.0, 1.5))
    lens, view = Lens(40, 40, 60.0), looking((0.1, 0.2, 1.4), (2.0, 0.3, 0.0))
    bodies = take(physics, lens, view).bodies
    assert floor.number in bodies
    assert box.number not in bodies


def test_a_surface_is_seen_from_its_front_alone(physics: Physics) -> None:
    corners = np.array([(0.0, -1.0, -1.0), (0.0, 1.0, -1.0), (0.0, 1.0, 1.0), (0.0, -1.0, 1.0)])
    _add_surface(physics, Triangles(corners, np.array([[0, 1, 2], [0, 2, 3]], np.int32)))
    lens = Lens(20, 20, 20.0)
    assert np.isfinite(take(physics, lens, looking((4.0, 0.0, 0.0), (0.0, 0.0, 0.0))).depth).all()
    assert not np.isfinite(take(physics, lens, looking((-4.0, 0.0, 0.0), (0.0, 0.0, 0.0))).depth).any()


@pytest.mark.parametrize("size", [(64, 48), (63, 49), (200, 31)])
def test_pixels_are_where_opencv_projects_points(physics: Physics, size: tuple[int, int]) -> None:
    """A box's silhouette is the hull of its corners: pixels' middles inside it see the box, others do not."""
    box, rng = physics.add_box((1.0, 0.8, 1.4), 0.0, GREY), np.random.default_rng(6)
    lens = Lens(*size, fov=50.0)
    signs = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) / 2
    for _ in range(10):
        turn = random_turn(rng)
        box.place((0.2, 0.1, 0.3), turn)
        corners = (signs * (1.0, 0.8, 1.4)) @ np.array(rotation_rows(turn)).T + (0.2, 0.1, 0.3)
        view = random_view(rng, (0.0, 0.0, 0.0))
        image, _ = cv2.projectPoints(corners, cv2.Rodrigues(view[:, :3])[0], view[:, 3], lens.matrix, None)
        hull = cv2.convexHull(image.astype(np.float32))
        bodies = take(physics, lens, view).bodies
        for row in range(lens.height):
            for column in range(lens.width):
                inside = cv2.pointPolygonTest(hull, (float(column), float(row)), True)
                if abs(inside) > 1e-3:
                    assert (bodies[row, column] == box.number) == (inside > 0)


def test_the_field_of_view_reaches_from_edge_to_edge() -> None:
    lens = Lens(80, 60, 40.0)
    top = rays(lens)[0, 0, 1] - 0.5 / lens.focal  # half a pixel above the middle of the first row
    assert math.degrees(2 * math.atan(-top)) == pytest.approx(40.0)


def _add_surface(physics: Physics, surface: Triangles) -> Body:
    """Adds what is seen and cannot be touched."""
    body = physics.add_box((0.001, 0.001, 0.001), 0.0, GREY)
    body.visuals = (Visual(surface, GREY),)
    return body


def test_no_cracks_between_triangles_of_uneven_ground(physics: Physics) -> None:
    rng = np.random.default_rng(7)
    ground = physics.add_heights(rng.uniform(0.0, 0.6, (50, 60)), 0.11, GREY)
    lens = Lens(160, 120, 35.0)
    scene, picture = Scene(physics), blank(lens)
    renderer = Renderer(scene, lens)
    for _ in range(60):
        eye = (*rng.uniform(-0.5, 0.5, 2).tolist(), float(rng.uniform(1.5, 3.0)))
        renderer.draw(looking(eye, (*rng.uniform(-0.3, 0.3, 2).tolist(), 0.0), rng.normal(size=3)), *picture)
        assert (picture.bodies == ground.number).all()


@pytest.mark.parametrize("distance", [0.05, 0.7, 3.0])
def test_no_cracks_between_slivers(physics: Physics, distance: float) -> None:
    """Random triangles that tile a square, many of them needles, in front of a wall of another body."""
    rng = np.random.default_rng(8)
    points = np.concatenate([rng.uniform(-4, 4, (700, 2)), [(-4, -4), (-4, 4), (4, -4), (4, 4)]])
    points[:300, 0] *= 0.001
    faces = Delaunay(points).simplices.astype(np.int32)
    surface = _add_surface(physics, Triangles(np.column_stack([points, np.zeros(len(points))]), faces))
    physics.add_plane().place((0.0, 0.0, -1.0))
    lens, scene = Lens(160, 120, 50.0), Scene(physics)
    picture, renderer = blank(lens), Renderer(scene, lens)
    for _ in range(40):
        x, y = rng.uniform(-0.2, 0.2, 2)
        view = looking((x, y, distance), (x + 0.1 * distance, y, 0.0), rng.normal(size=3))
        renderer.draw(view, *picture)
        assert (picture.bodies == surface.number).all()


def test_no_cracks_in_a_ball_before_a_wall(physics: Physics) -> None:
    ball, rng = physics.add_body([Visual(Sphere(1.0), GREY)], 0.0), np.random.default_rng(9)
    wall = physics.add_box((0.1, 40.0, 40.0), 0.0, GREY)
    wall.place((6.0, 0.0, 0.0))
    lens, scene = Lens(150, 150, 30.0), Scene(physics)
    picture, renderer = blank(lens), Renderer(scene, lens)
    for _ in range(30):
        ball.place((0.0, 0.0, 0.0), random_turn(rng))
        scene.update()
        view = looking((-6.0, *rng.uniform(-1, 1, 2).tolist()), (0.0, 0.0, 0.0))
        renderer.draw(view, *picture)
        depth, cosine = seen(Sphere(1.0), np.eye(3), np.zeros(3), lens, view)
        inside = np.isfinite(depth) & (cosine > 0.1)
        assert (picture.bodies[inside] == ball.number).all()


def test_what_an_update_leaves_out_the_next_one_reads(physics: Physics) -> None:
    box, other = (physics.add_box((0.1, 0.1, 0.1), 1.0, GREY) for _ in range(2))
    scene = Scene(physics)
    for body, height in ((box, 3.0), (other, 5.0)):
        body.place((0.0, 0.0, height))
    scene.update(without=box)
    assert scene.poses[:, 2, 3].tolist() == [0.0, 5.0]
    scene.update()
    assert scene.poses[:, 2, 3].tolist() == [3.0, 5.0]


def test_the_order_in_which_bodies_were_added_is_not_seen() -> None:
    pictures: list[list[NDArray[Any]]] = []
    for order in (range(30), reversed(range(30))):
        with Physics(1 / 200) as physics:
            named: dict[int, int] = {-1: -1}
            for name in order:
                rng = np.random.default_rng(name)
                body = physics.add_body([Visual(random_shape(rng), random_colour(rng))], 0.0)
                body.place(rng.uniform(-1.0, 1.0, 3).tolist(), random_turn(rng))
                named[body.number] = name
            view = looking((5.0, 1.0, 2.0), (0.0, 0.0, 0.0))
            picture = take(physics, Lens(160, 120, 35.0), view, shadows=Shadows(512, 8.0))
            names = np.vectorize(named.__getitem__)(picture.bodies)
            pictures.append([picture.rgb, picture.depth, names])
    for one, other in zip(pictures[0], pictures[1], strict=True):
        np.testing.assert_array_equal(one, other)


def test_equal_faces_in_one_place_do_not_take_turns(physics: Physics) -> None:
    for _ in range(2):
        physics.add_box((1.0, 1.0, 1.0), 0.0, GREY)
    labels = np.empty((60, 80, 2), np.int16)
    view = looking((2.0, 1.3, 1.1), (0.0, 0.0, 0.0))
    Renderer(Scene(physics), Lens(80, 60, 50.0)).draw(view, segmentation=labels)
    assert len(np.unique(labels[..., 0])) == 2  # nothing, and one of the two
