"""`Shards`: a set of labelled pictures for PyTorch, one by one, in batches, or a whole shard as arrays."""

import errno
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from robosim.errors import RobosimError
from robosim.perception.data.files import DatasetError, Entry, checked_bytes, read_index, read_shard, recipe_of
from robosim.perception.data.mapped import make_room, map_shard
from robosim.perception.data.studio import DEPTH_STEP
from robosim.seeding import checked_split

Arrays = dict[str, NDArray[Any]]
_AS_INT64 = ("box_classes", "box_symbols", "box_colours")
_NOTHING = 255  # as shards have it


class Shards(Dataset[dict[str, torch.Tensor]]):
    """A split's pictures; an item is as `robosim.perception.data.sample` says, and `len` tells how many there are.

    Every file is read once here and compared with the index, about a second a gigabyte. After that they are mapped into
    memory, so that a set may be larger than it, and a loader's workers share it.

    Args:
        folder: Where `robosim dataset` wrote.
        split: "train", "val" or "test".
        damaged: What to do about a shard that is missing, cut off or damaged: refuse to load, or leave it out.

    Attributes:
        folder: As given.
        split: As given.
        recipe: By which the pictures were made.
        left_out: What is wrong with each shard that was left out, the file's name included.

    Raises:
        DatasetError: The folder has no pictures of the split, or a shard of it is damaged.
        RobosimError: There is no such split or choice.
    """

    def __init__(self, folder: Path, split: str = "train", damaged: Literal["refuse", "skip"] = "refuse") -> None:
        """Checks all files; see the class."""
        if damaged not in ("refuse", "skip"):
            raise RobosimError(f"damaged={damaged!r} is neither 'refuse' nor 'skip'")
        self.folder, self.split = Path(folder), split
        index = read_index(self.folder)
        self.recipe = recipe_of(index, self.folder)
        self.left_out: list[str] = []
        self._entries: list[Entry] = []
        for _, entry in sorted(index.splits[checked_split(split)].items()):
            try:
                checked_bytes(self.folder, entry)
                self._entries.append(entry)
            except DatasetError as error:
                if damaged == "refuse":
                    raise
                self.left_out.append(str(error))
        if not self._entries:
            raise DatasetError(
                f"{self.folder}: has no shard of the {split} split that can be read; draw some, or finish the set, by "
                f"robosim dataset {self.folder} --{split} N"
            )
        self._starts = np.cumsum([0, *(entry.images for entry in self._entries)])
        self._maps: dict[int, Arrays] = {}
        make_room(self.shards)

    def __len__(self) -> int:
        """Gives how many pictures there are."""
        return int(self._starts[-1])

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        """Gives one picture with its labels."""
        if not -len(self) <= index < len(self):
            raise IndexError(f"picture {index} of {len(self)}")
        return {name: values[0] for name, values in self.batch([index % len(self)]).items()}

    def __getitems__(self, indices: Sequence[int]) -> list[dict[str, torch.Tensor]]:
        """Gives several; PyTorch's loaders ask so."""
        batch = self.batch(indices)
        return [{name: values[row] for name, values in batch.items()} for row in range(len(indices))]

    def batch(self, indices: Sequence[int] | NDArray[np.int64]) -> dict[str, torch.Tensor]:
        """Gives several as one batch, in the order of ``indices``: what loaders stack from single items, but faster."""
        wanted = np.asarray(indices, np.int64)
        shards = np.searchsorted(self._starts, wanted, side="right") - 1
        rows = wanted - self._starts[shards]
        kept = self._mapped(int(shards[0]))
        picked = {name: np.empty((len(wanted), *values.shape[1:]), values.dtype) for name, values in kept.items()}
        for shard in np.unique(shards).tolist():
            places = np.flatnonzero(shards == shard)
            for name, values in self._mapped(shard).items():
                picked[name][places] = values[rows[places]]
        return {name: torch.from_numpy(values) for name, values in as_samples(picked).items()}

    @property
    def shards(self) -> int:
        """How many shards there are."""
        return len(self._entries)

    def whole(self, shard: int) -> Arrays:
        """Gives a whole shard as arrays, as items have them, with a dimension more in front."""
        return as_samples(read_shard(self.folder, self._entries[shard]))

    def worlds(self) -> NDArray[np.int64]:
        """Gives which world each picture shows, (n,); a world's pictures are not independent of one another."""
        return self.column("worlds").astype(np.int64)

    def column(self, name: str) -> NDArray[Any]:
        """Gives one of a shard's arrays, such as ``box_symbols``, for all pictures: without reading the others."""
        return np.concatenate([np.array(self._mapped(shard)[name]) for shard in range(self.shards)])

    def _mapped(self, shard: int) -> Arrays:
        if shard not in self._maps:
            path = self.folder / self._entries[shard].file
            try:
                self._maps[shard] = map_shard(path)
            except OSError as error:
                hint = f"; each of the {self.shards} shards stays open, and `ulimit -n` tells how many files may be"
                full = error.errno == errno.EMFILE
                raise DatasetError(f"{path}: cannot be read: {error.strerror}{hint if full else ''}") from error
        return self._maps[shard]

    def __getstate__(self) -> dict[str, Any]:
        """Goes to other processes without its maps: they make their own."""
        return {**self.__dict__, "_maps": {}}


def as_samples(kept: Arrays) -> Arrays:
    """Gives samples from what shards keep of them: types, units and meanings are those of items."""
    instances = kept["instances"]
    return {
        "rgb": kept["rgb"],
        "depth": (kept["depth"] * np.float32(DEPTH_STEP))[:, None],
        "classes": _classes(kept["table"], instances),
        "instances": np.where(instances == _NOTHING, np.int16(-1), instances.astype(np.int16)),
        "boxes": kept["boxes"],
        **{name: kept[name].astype(np.int64) for name in _AS_INT64},
        "box_distances": kept["box_distances"],
        "free": kept["free"],
    }


def _classes(table: NDArray[np.uint8], instances: NDArray[np.uint8]) -> NDArray[np.uint8]:
    flat = np.take_along_axis(table, instances.reshape(len(table), -1).astype(np.intp), axis=1)
    return flat.reshape(instances.shape)
