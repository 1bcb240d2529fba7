"""A set of labelled pictures on disk: shards of samples in safetensors files, and an index of them.

An index says by what recipe the pictures were made, and of each shard how long its file is and its CRC-32, so that a
file that was damaged or cut off is noticed. Nothing of it can run code.
"""

import json
import zlib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load, save

from robosim.errors import RobosimError
from robosim.perception.data.recipe import Recipe
from robosim.perception.data.sample import CLASSES, COLOURS, SYMBOLS
from robosim.seeding import SPLITS, Split
from robosim.whole_file import write_whole

INDEX = "index.json"
NAMES = {"classes": list(CLASSES), "symbols": list(SYMBOLS), "colours": list(COLOURS)}


class DatasetError(RobosimError):
    """A set of pictures that is not there, is damaged, or is another one than was asked for."""


@dataclass(frozen=True)
class Entry:
    """What an index says of a shard.

    Attributes:
        file: Its name.
        images: How many pictures it has.
        bytes: Of the file.
        crc32: Of the file.
    """

    file: str
    images: int
    bytes: int
    crc32: int


@dataclass(frozen=True)
class Index:
    """What is in a folder.

    Attributes:
        recipe: By which it was made, as `Recipe.told` gives it.
        splits: Shards by split and number; a number may be missing while they are made.
    """

    recipe: dict[str, Any]
    splits: dict[Split, dict[int, Entry]] = field(default_factory=lambda: {split: {} for split in SPLITS})

    def images(self, split: Split) -> int:
        """Gives how many pictures of a split there are."""
        return sum(entry.images for entry in self.splits[split].values())

    def write(self, folder: Path) -> None:
        """Writes it."""
        splits = {
            split: {str(number): asdict(entry) for number, entry in sorted(shards.items())}
            for split, shards in self.splits.items()
        }
        told = {"recipe": self.recipe, "names": NAMES, "splits": splits}
        write_whole(folder / INDEX, json.dumps(told, indent=1).encode())


def read_index(folder: Path) -> Index:
    """Reads a folder's index.

    Raises:
        DatasetError: There is none, or it is not one of this version of robosim.
    """
    path = folder / INDEX
    if not path.is_file():
        raise DatasetError(f"{folder}: holds no labelled pictures, there is no {INDEX}; `robosim dataset` makes them")
    try:
        told = json.loads(path.read_bytes())
        if told["names"] != NAMES:
            raise DatasetError(f"{path}: its classes, symbols or colours are not those of this version of robosim")
        splits: dict[Split, dict[int, Entry]] = {
            split: {int(number): Entry(**entry) for number, entry in told["splits"][split].items()} for split in SPLITS
        }
        return Index(dict(told["recipe"]), splits)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, DatasetError):
            raise
        raise DatasetError(f"{path}: is no index of labelled pictures: {error!r}") from error


def shard_name(split: Split, number: int) -> str:
    """Gives the name of a shard's file."""
    return f"{split}-{number:05d}.safetensors"


def write_shard(folder: Path, split: Split, number: int, arrays: dict[str, NDArray[Any]]) -> Entry:
    """Writes a shard whole, and gives its entry."""
    data = save({name: np.ascontiguousarray(rows) for name, rows in arrays.items()})
    name = shard_name(split, number)
    write_whole(folder / name, data)
    return Entry(name, len(arrays["rgb"]), len(data), zlib.crc32(data))


def read_shard(folder: Path, entry: Entry) -> dict[str, NDArray[Any]]:
    """Reads a shard, as it was written.

    Raises:
        DatasetError: Its file is missing, was cut off or is damaged.
    """
    return load(checked_bytes(folder, entry))


def checked_bytes(folder: Path, entry: Entry) -> bytes:
    """Reads a shard's file and compares it with the index; see `read_shard`."""
    path = folder / entry.file
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read: {error.strerror}") from error
    if len(data) != entry.bytes:
        raise DatasetError(f"{path}: has {len(data):,} bytes, the index says {entry.bytes:,}: it was cut off")
    if zlib.crc32(data) != entry.crc32:
        raise DatasetError(f"{path}: is damaged: its CRC-32 is not that of the index")
    return data


def recipe_of(index: Index, folder: Path) -> Recipe:
    """Gives the recipe of an index.

    Raises:
        DatasetError: This version of robosim has no such recipes.
    """
    try:
        return Recipe(**index.recipe)
    except TypeError as error:
        raise DatasetError(f"{folder / INDEX}: is of another version of robosim: {error}") from error
