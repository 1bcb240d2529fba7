"""What labelled pictures say is there: masks, boxes, what labels say, free floor; and how the splits look."""

import colorsys
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from pictures_set import SMALL

from robosim.body import Body
from robosim.math import Vec3
from robosim.perception.data.appearance import (
    TEST_HUES,
    TRAIN_HUES,
    draw_colour,
    draw_light,
    draw_pattern,
    hues,
    patterns,
)
from robosim.perception.data.codes import mark
from robosim.perception.data.faces import know
from robosim.perception.data.measure import Labels, make_room, measure
from robosim.perception.data.optics import make_lenses
from robosim.perception.data.recipe import Recipe
from robosim.perception.data.sample import CLASSES, FARTHEST, MAX_BOXES, SYMBOLS
from robosim.perception.data.stage import SETTINGS
from robosim.perception.data.stickers import HUES, draw_colours, sticker
from robosim.perception.data.studio import Studio, empty
from robosim.perception.data.wardrobe import label_colours
from robosim.physics import Physics
from robosim.render.lens import Lens, looking
from robosim.render.renderer import Renderer
from robosim.render.scene import Scene
from robosim.seeding import SPLITS
from robosim.shapes import Box, Kind, Visual
from robosim.worlds.floor import TEXTURE
from robosim.worlds.store.packages import POOL, Packages

LENS = Lens(128, 128, 60.0)
NUMBER = next(number for number, model in enumerate(POOL) if model.letter == "C" and not model.worn)
DEPTH, _, HEIGHT = POOL[NUMBER].size


class Place(NamedTuple):
    """A floor with a package on it, whose front looks along x, and a wall."""

    scene: Scene
    packages: Packages
    wall: Body


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with Physics(1 / 100) as physics:
        physics.add_plane(TEXTURE)
        packages = Packages(physics)
        wall = physics.add_fixture([Visual(Box((0.1, 3.0, 3.0)))], [], Kind.WALL)
        yield Place(Scene(physics), packages, wall)


def look(place: Place, eye: Vec3, target: Vec3, wall: float = -9.0) -> Labels:
    """Labels what a camera sees; the wall stands at an x."""
    scene = place.scene
    place.packages.park()
    place.packages.put(NUMBER, (0.0, 0.0, HEIGHT / 2), 0.0, 1.0, 1.0)
    place.wall.place((wall - 0.05, 0.0, 1.5))
    known = know(scene, [body.number for body in place.packages.bodies])
    known.colours[:] = 4
    depth, rooms = np.empty((128, 128), np.float32), empty(Recipe(), 1)
    renderer, view = Renderer(scene, LENS), looking(eye, target)
    scene.update()
    renderer.draw(view, depth=depth)
    codes, reach = np.empty((128, 128), np.int16), np.empty((128, 128), np.float32)
    geometry = scene.geometry
    shape = geometry.face_part, geometry.links, geometry.face_uvs, geometry.uvs
    numbers = LENS.focal, 63.5, 63.5
    mark(renderer.faces, depth, known, shape, scene.poses, view, numbers, -1, codes, reach)
    labels = Labels(*(rooms[name][0] for name in Labels._fields))
    measure(codes, depth, reach, known, make_room(128), labels)
    return labels


def test_a_label_is_read_near_by_and_from_its_front(place: Place) -> None:
    labels = look(place, (DEPTH / 2 + 0.7, 0.0, HEIGHT / 2), (0.0, 0.0, HEIGHT / 2))
    assert labels.box_classes[0] == CLASSES.index("package")
    assert labels.box_symbols[0] == SYMBOLS.index("C")
    assert labels.box_colours[0] == 4
    assert labels.box_distances[0] == pytest.approx(0.7, abs=0.002)
    assert labels.box_classes[1] == -1


@pytest.mark.parametrize(
    ("eye", "why"),
    [
        ((DEPTH / 2 + 2.3, 0.0, HEIGHT / 2), "too far"),
        ((DEPTH / 2 + 1.8, 0.0, HEIGHT / 2), "too small"),
        ((0.01, 0.0, HEIGHT + 0.8), "the top has no label"),
        ((0.6, 1.1 - 0.4, HEIGHT + 0.9), "too slanting"),
    ],
)
def test_a_label_is_not_read(place: Place, eye: Vec3, why: str) -> None:
    labels = look(place, eye, (0.0, 0.0, HEIGHT / 2))
    assert labels.box_classes[0] == CLASSES.index("package"), why
    assert labels.box_symbols[0] == labels.box_colours[0] == -1, why


def test_half_a_letter_is_not_read(place: Place) -> None:
    eye = DEPTH / 2 + 0.5, 0.0, HEIGHT / 2
    half = 0.5 * 64 / LENS.focal  # m across half of the picture at that distance
    whole = look(place, eye, (DEPTH / 2, half - 0.15, HEIGHT / 2))
    cut = look(place, eye, (DEPTH / 2, half + 0.015, HEIGHT / 2))
    assert whole.box_symbols[0] == SYMBOLS.index("C")
    assert cut.box_classes[0] == CLASSES.index("package")
    assert cut.box_symbols[0] == -1


def test_free_floor_ends_at_what_stands_on_it(place: Place) -> None:
    labels = look(place, (2.5, 0.0, 0.5), (0.0, 0.0, 0.3), wall=-3.0)
    assert labels.free[64] == pytest.approx(2.5 - DEPTH / 2, abs=0.01)
    assert labels.free[40] == pytest.approx(5.5 / np.cos(np.arctan((63.5 - 40) / LENS.focal)), rel=0.01)
    assert labels.free[10] == FARTHEST  # beside the wall


def test_free_floor_ends_where_no_more_of_it_is_seen(place: Place) -> None:
    down = look(place, (2.5, 0.0, 1.0), (1.5, 0.0, 0.0))
    steep = np.arctan(1.0) - np.radians(LENS.fov / 2)  # below the horizon, of the picture's upper edge
    assert down.free[20] == pytest.approx(1.0 / np.tan(steep), rel=0.05)
    level = look(place, (2.5, 0.0, 1.0), (2.5, 3.0, 1.0))
    assert (level.free == FARTHEST).all()
    up = look(place, (2.5, 0.0, 1.0), (2.5, 1.0, 3.0))
    assert (up.free == 0).all()


@pytest.fixture(scope="module")
def worlds() -> dict[str, NDArray[np.generic]]:
    """Eighteen worlds, a group of pictures each."""
    studio = Studio(SMALL)
    taken = [studio.take("train", number) for number in range(18)]
    studio.close()
    return {name: np.concatenate([world[name] for world in taken]) for name in taken[0]}


def test_all_settings_and_classes_are_there(worlds: dict[str, NDArray[np.generic]]) -> None:
    settings = np.asarray(worlds["settings"], np.int64)
    assert set(settings.tolist()) == set(range(len(SETTINGS)))
    table, instances = np.asarray(worlds["table"]), np.asarray(worlds["instances"], np.int64)
    seen = {int(table[row, number]) for row in range(len(table)) for number in np.unique(instances[row])}
    assert seen == set(range(len(CLASSES)))


def test_boxes_are_the_extents_of_masks_nearest_first(worlds: dict[str, NDArray[np.generic]]) -> None:
    checked = 0
    for row in range(len(worlds["rgb"])):
        instances, boxes = np.asarray(worlds["instances"][row]), np.asarray(worlds["boxes"][row])
        classes, distances = np.asarray(worlds["box_classes"][row]), np.asarray(worlds["box_distances"][row])
        count = int((classes >= 0).sum())
        assert (classes[count:] == -1).all()
        assert not boxes[count:].any()
        assert (np.diff(distances[:count]) >= 0).all()
        for box in range(count):
            rows, columns = np.nonzero(instances == box)
            extent = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
            assert boxes[box].tolist() == list(extent)
            assert worlds["table"][row][box] == classes[box]
            checked += 1
    assert checked > 100
    assert (np.asarray(worlds["box_classes"]) >= 0).sum(axis=1).max() <= MAX_BOXES


def test_colours_of_splits_are_apart() -> None:
    rng = np.random.default_rng(0)
    for split in SPLITS:
        for _ in range(300):
            hue = colorsys.rgb_to_hsv(*draw_colour(split, rng))[0] * 360
            assert any(low - 1e-6 <= (hue - low) % 360 + low <= high + 1e-6 for low, high in hues(split))
    assert hues("train") == hues("val")
    for low, high in TEST_HUES:
        for start, end in TRAIN_HUES:
            assert (start - high) % 360 >= 10
            assert (low - end) % 360 >= 10


def test_light_and_patterns_of_splits_are_apart() -> None:
    rng = np.random.default_rng(0)
    drawn = {split: [draw_light(split, rng) for _ in range(300)] for split in SPLITS}
    warmth = {
        split: [light.sun[0] / light.sun[2] for light in lights if max(light.sun) < 1]
        for split, lights in drawn.items()
    }
    inner, outer = max(warmth["train"]), min(value for value in warmth["test"] if value > 1)
    assert inner < outer
    assert max(value for value in warmth["test"] if value < 1) < min(warmth["train"])
    kinds = {split: {draw_pattern(split, rng) for _ in range(60)} for split in SPLITS}
    assert kinds["train"] == kinds["val"]
    assert not kinds["train"] & kinds["test"]
    assert kinds["train"] | kinds["test"] == set(range(len(patterns())))


def test_labels_have_any_colour_but_in_nominal_worlds() -> None:
    rng = np.random.default_rng(0)
    assert label_colours(draw_colours(rng, nominal=True)).tolist() == [SYMBOLS.index(model.letter) for model in POOL]
    several = np.array([label_colours(draw_colours(rng, nominal=False)) for _ in range(200)])
    assert (np.array([(several == colour).mean() for colour in range(len(HUES))]) > 0.12).all()
    assert not np.array_equal(sticker(0, 1, 0), sticker(0, 0, 0))
    assert not np.array_equal(sticker(0, 1, 1), sticker(0, 1, 2))
    band = sticker(2, 3, 0)[2, 10]
    assert band.tolist() == [round(255 * part) for part in HUES[3]]


@pytest.mark.parametrize(("width", "height"), [(128, 128), (320, 60), (40, 200)])
def test_lenses_bend_no_picture_over(width: int, height: int) -> None:
    for optics in make_lenses(width, height, 0):
        assert optics.lens.width >= width
        assert (optics.distortion is None) == (optics.k1 == 0)
