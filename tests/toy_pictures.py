"""Labelled pictures that cost nothing to make: a person and a labelled package, each a patch of its own colour."""

from pathlib import Path

import numpy as np

from robosim.perception.data.files import Index, write_shard
from robosim.perception.data.recipe import Recipe
from robosim.perception.data.sample import CLASSES
from robosim.perception.data.studio import Arrays, empty
from robosim.seeding import SPLITS

PERSON, PACKAGE, FLOOR = (CLASSES.index(name) for name in ("person", "package", "floor"))


def toy_arrays(recipe: Recipe, count: int, seed: int) -> Arrays:
    """Draws pictures as shards keep them, two of each world."""
    rng = np.random.default_rng(seed)
    arrays = empty(recipe, count)
    arrays["rgb"][:] = rng.integers(60, 90, arrays["rgb"].shape)
    arrays["depth"][:] = 12_000
    arrays["free"][:] = 3.0
    arrays["instances"][:] = 2
    arrays["table"][:, :3] = PERSON, PACKAGE, FLOOR
    arrays["box_classes"][:] = arrays["box_symbols"][:] = arrays["box_colours"][:] = -1
    arrays["worlds"][:] = np.arange(count) // 2
    for number in range(count):
        symbol = int(rng.integers(6))
        for place, (wide, high) in enumerate(((12, 30), (24, 20))):
            x, y = (int(rng.integers(size - side)) for size, side in ((recipe.width, wide), (recipe.height, high)))
            arrays["rgb"][number, place, y : y + high, x : x + wide] = 240
            arrays["instances"][number, y : y + high, x : x + wide] = place
            arrays["boxes"][number, place] = x, y, x + wide, y + high
            arrays["box_classes"][number, place] = (PERSON, PACKAGE)[place]
            arrays["box_distances"][number, place] = 1.5
            if place:
                arrays["rgb"][number, 2, y + 3 * symbol : y + 3 * symbol + 3, x : x + wide] = 255
        arrays["box_symbols"][number, 1] = arrays["box_colours"][number, 1] = symbol
    return arrays


def make_toy(folder: Path, count: int = 12, size: int = 128, labels: int = 12, seed: int = 0) -> Path:
    """Writes a set with a shard in every split, in which so many labels can be read."""
    recipe = Recipe(seed, width=size, height=size, views=2, worlds=count // 2)
    index = Index(recipe.told())
    folder.mkdir(parents=True)
    for number, split in enumerate(SPLITS):
        arrays = toy_arrays(recipe, count, number)
        arrays["box_symbols"][labels:] = arrays["box_colours"][labels:] = -1
        index.splits[split][0] = write_shard(folder, split, 0, arrays)
    index.write(folder)
    return folder
