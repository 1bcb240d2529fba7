"""`Studio`: takes the labelled pictures of one world after another; each is a function of the recipe and its number."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from robosim.perception.data.appearance import draw_light
from robosim.perception.data.codes import dull, mark
from robosim.perception.data.faces import know
from robosim.perception.data.measure import Labels, make_room, measure
from robosim.perception.data.optics import NoiseTable, Optics, draw_noise, make_lenses
from robosim.perception.data.recipe import Recipe
from robosim.perception.data.sample import FARTHEST, MAX_BOXES
from robosim.perception.data.stage import SETTINGS, Arranged, Setting, Stage
from robosim.perception.data.stickers import draw_colours
from robosim.perception.data.views import aim
from robosim.perception.data.wardrobe import Wardrobe, label_colours
from robosim.physics import Physics
from robosim.render.lens import View
from robosim.render.renderer import Renderer
from robosim.seeding import Split, Streams
from robosim.sensors.camera_noise import Flaws
from robosim.worlds.warehouse.clutter import STALE_FROM as CLOSED_AISLES_FROM

Arrays = dict[str, NDArray[Any]]

SHARES: dict[Setting, float] = {"hall": 0.5, "rack": 0.35, "area": 0.15}
DEPTH_STEP = 1 / 4000  # m, in which depth is kept
GROUP = 16  # pictures in a row that share lens, sensor, light and the places of people
_TRIES = 4  # to take a picture that shows something
_NOMINAL = 0.5  # share of worlds, but for the test split's, whose labels have the colours of their areas


class Studio:
    """Everything that pictures are taken with, built once in a process.

    Args:
        recipe: Whose pictures are taken.
    """

    def __init__(self, recipe: Recipe) -> None:
        """Builds it; see the class."""
        self._recipe = recipe
        self._physics = Physics(1 / 100)
        self._stage = Stage(self._physics)
        self._wardrobe = Wardrobe(self._stage.scene)
        self._lenses = make_lenses(recipe.width, recipe.height, recipe.seed)
        self._noise = NoiseTable(recipe.seed)
        self._packages = [body.number for body in self._stage.packages]
        self._known, self._room = know(self._stage.scene, self._packages), make_room(recipe.width)
        geometry = self._stage.scene.geometry
        self._shape = geometry.face_part, geometry.links, geometry.face_uvs, geometry.uvs

    def close(self) -> None:
        """Ends the physics."""
        self._physics.close()

    def take_shard(self, split: Split, number: int) -> Arrays:
        """Takes all pictures of a shard's worlds."""
        recipe = self._recipe
        arrays = empty(recipe, recipe.images)
        for world in range(recipe.worlds):
            start = world * recipe.views
            rows = {name: values[start : start + recipe.views] for name, values in arrays.items()}
            self.take(split, number * recipe.worlds + world, rows)
        return arrays

    def take(self, split: Split, number: int, arrays: Arrays | None = None) -> Arrays:
        """Takes all pictures of a world.

        Args:
            split: Whose.
            number: Of the world, 0 and up.
            arrays: Where they are written; None for fresh memory.

        Returns:
            What a shard keeps of each picture, a row each; see `empty`.
        """
        recipe, streams = self._recipe, Streams(split, self._recipe.world_seed(number))
        setting = SETTINGS[int(streams.level.choice(len(SETTINGS), p=list(SHARES.values())))]
        least = CLOSED_AISLES_FROM if setting == "hall" and streams.level.random() < 0.5 else 0  # or signs are rare
        arranged = self._stage.arrange(setting, streams, int(streams.level.integers(least, 10)))
        nominal = split != "test" and bool(streams.level.random() < _NOMINAL)
        colours = draw_colours(streams.level, nominal=nominal)
        self._known.colours[self._packages] = label_colours(colours)
        self._wardrobe.dress(split, streams.level, colours)
        arrays = arrays or empty(recipe, recipe.views)
        arrays["worlds"][:], arrays["settings"][:] = number, SETTINGS.index(setting)
        for first in range(0, recipe.views, GROUP):
            last = min(first + GROUP, recipe.views)
            self._take_group(split, arranged, streams, {name: rows[first:last] for name, rows in arrays.items()})
        return arrays

    def _take_group(self, split: Split, arranged: Arranged, streams: Streams, arrays: Arrays) -> None:
        stage, rng = self._stage, streams.robot
        moved = stage.move(arranged, streams)
        optics = self._lenses[int(rng.integers(len(self._lenses)))]
        camera = _Camera(stage, optics, Renderer(stage.scene, optics.lens, light=draw_light(split, streams.level)))
        self._noise.begin(streams.sensors)
        flaws = Flaws(draw_noise(streams.sensors), optics.lens, streams.sensors, 1.0)
        for row in range(len(arrays["rgb"])):
            for _ in range(_TRIES):
                shot = aim(stage, moved, rng)
                stage.scene.update()
                camera.expose(shot.view)
                mark(
                    camera.renderer.faces, camera.depth, self._known, self._shape, stage.scene.poses, shot.view,
                    camera.numbers, shot.own, camera.codes, camera.reach,
                )  # fmt: skip
                if not dull(camera.codes, camera.depth, self._known, shot.own):
                    break
            labels = Labels(*(arrays[name][row] for name in Labels._fields))
            measure(*camera.bent_labels(), self._known, self._room, labels)
            arrays["rgb"][row] = camera.colour(flaws, self._noise).transpose(2, 0, 1)
            arrays["depth"][row] = _kept_depth(camera.bend(flaws.depth(camera.depth, self._noise)))


class _Camera:
    """A renderer and the pictures that it makes, before the lens bends them and after."""

    def __init__(self, stage: Stage, optics: Optics, renderer: Renderer) -> None:
        self.renderer, self._distortion = renderer, optics.distortion
        lens = optics.lens
        size = lens.height, lens.width
        self.numbers = lens.focal, (lens.width - 1) / 2, (lens.height - 1) / 2
        self._rgb, self.depth = np.empty((*size, 3), np.uint8), np.empty(size, np.float32)
        self.codes, self.reach = np.empty(size, np.int16), np.empty(size, np.float32)

    def expose(self, view: View) -> None:
        """Draws what is seen from somewhere."""
        self.renderer.draw(view, self._rgb, self.depth)

    def bend(self, image: NDArray[Any]) -> NDArray[Any]:
        """Gives an image as the lens bends it, no values mixed."""
        return image if self._distortion is None else self._distortion.pick(image)

    def bent_labels(self) -> tuple[NDArray[np.int16], NDArray[np.float32], NDArray[np.float32]]:
        """Gives codes, depth and reach as the lens bends them."""
        return self.bend(self.codes), self.bend(self.depth), self.bend(self.reach)

    def colour(self, flaws: Flaws, noise: NoiseTable) -> NDArray[np.uint8]:
        """Gives the colours as they come from the sensor, (height, width, 3)."""
        rgb = self._rgb if self._distortion is None else self._distortion.blend(self._rgb)
        return flaws.colour(rgb, noise)


def _kept_depth(depth: NDArray[np.float32]) -> NDArray[np.uint16]:
    seen = (depth > 0) & (depth <= FARTHEST)
    return (np.where(seen, depth, 0.0) * np.float32(1 / DEPTH_STEP) + np.float32(0.5)).astype(np.uint16)


def empty(recipe: Recipe, images: int) -> Arrays:
    """Makes room for some pictures and their labels, as shards keep them; `robosim.perception.data.sample` explains.

    ``depth`` is in steps of `DEPTH_STEP`. ``instances`` are 255 for nothing; the class of number i is column i of
    ``table``. ``worlds`` and ``settings`` say which world it is and of which sort.
    """
    height, width = recipe.height, recipe.width
    return {
        "rgb": np.zeros((images, 3, height, width), np.uint8),
        "depth": np.zeros((images, height, width), np.uint16),
        "instances": np.zeros((images, height, width), np.uint8),
        "table": np.zeros((images, 256), np.uint8),
        "boxes": np.zeros((images, MAX_BOXES, 4), np.float32),
        "box_classes": np.zeros((images, MAX_BOXES), np.int8),
        "box_symbols": np.zeros((images, MAX_BOXES), np.int8),
        "box_colours": np.zeros((images, MAX_BOXES), np.int8),
        "box_distances": np.zeros((images, MAX_BOXES), np.float32),
        "free": np.zeros((images, width), np.float32),
        "worlds": np.zeros(images, np.int32),
        "settings": np.zeros(images, np.uint8),
    }
