"""A small set of labelled pictures, and what several test files check it by."""

from pathlib import Path

from robosim.perception.data.files import Index
from robosim.perception.data.make import make
from robosim.perception.data.recipe import Recipe
from robosim.seeding import Split

SMALL = Recipe(seed=3, width=48, height=40, views=5, worlds=2)
WANTED: dict[Split, int] = {"train": 30, "val": 10, "test": 10}


def make_small(folder: Path, workers: int = 1) -> Index:
    """Makes five shards: three to train on, one to choose by, one to judge by."""
    return make(folder, SMALL, WANTED, workers)


def contents(folder: Path) -> dict[str, bytes]:
    """Gives all files by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}
