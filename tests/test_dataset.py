"""Sets of labelled pictures: the same for one recipe however they are made, kept whole, read back by PyTorch."""

import errno
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from pictures_set import SMALL, WANTED, contents, make_small
from torch.utils.data import DataLoader

from robosim.errors import RobosimError
from robosim.perception.data import make as making
from robosim.perception.data.files import DatasetError, read_index
from robosim.perception.data.make import make
from robosim.perception.data.recipe import Recipe
from robosim.perception.data.sample import BOXED, CLASSES, COLOURS, FARTHEST, MAX_BOXES, SYMBOLS
from robosim.perception.data.shards import Shards
from robosim.perception.data.studio import Studio
from robosim.seeding import Split

H, W = SMALL.height, SMALL.width
ITEM: dict[str, tuple[torch.dtype, tuple[int, ...]]] = {
    "rgb": (torch.uint8, (3, H, W)),
    "depth": (torch.float32, (1, H, W)),
    "classes": (torch.uint8, (H, W)),
    "instances": (torch.int16, (H, W)),
    "boxes": (torch.float32, (MAX_BOXES, 4)),
    "box_classes": (torch.int64, (MAX_BOXES,)),
    "box_symbols": (torch.int64, (MAX_BOXES,)),
    "box_colours": (torch.int64, (MAX_BOXES,)),
    "box_distances": (torch.float32, (MAX_BOXES,)),
    "free": (torch.float32, (W,)),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    make_small(folder)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(made, tmp_path / "copy"))


def test_a_set_has_what_was_asked_for(made: Path) -> None:
    index = read_index(made)
    assert {split: index.images(split) for split in WANTED} == WANTED
    assert [len(Shards(made, split)) for split in WANTED] == list(WANTED.values())


@pytest.mark.medium
def test_the_number_of_processes_changes_no_bit(made: Path, tmp_path: Path) -> None:
    make_small(tmp_path, workers=2)
    assert contents(tmp_path) == contents(made)


@pytest.mark.medium
def test_a_world_does_not_depend_on_those_before_it() -> None:
    studio, fresh = Studio(SMALL), Studio(SMALL)
    for number in (7, 0, 2, 5):
        studio.take("test", number)
    again: list[tuple[Split, int]] = [("train", 4), ("val", 4), ("test", 1), ("train", 0), ("test", 2), ("test", 5)]
    for split, number in again:
        one, other = studio.take(split, number), fresh.take(split, number)
        assert {name: rows.tobytes() for name, rows in one.items()} == {
            name: rows.tobytes() for name, rows in other.items()
        }
    studio.close()
    fresh.close()


def test_splits_and_seeds_share_no_world(made: Path) -> None:
    pictures = [Shards(made, split).whole(0)["rgb"] for split in WANTED]
    assert len({picture.tobytes() for rows in pictures for picture in rows}) == sum(map(len, pictures))
    one, other = Recipe(seed=0), Recipe(seed=1)
    assert one.world_seed(999_999) < other.world_seed(0)
    with pytest.raises(RobosimError, match="1000000"):
        one.world_seed(1_000_000)


def test_stopped_it_goes_on_where_it_was(made: Path, tmp_path: Path) -> None:
    def stop(split: Split, images: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(tmp_path, SMALL, WANTED, on_shard=stop)
    assert read_index(tmp_path).images("train") == SMALL.images
    first = (tmp_path / "train-00000.safetensors").stat().st_mtime_ns
    told = list[tuple[Split, int]]()
    make(tmp_path, SMALL, WANTED, on_shard=lambda split, images: told.append((split, images)))
    assert (tmp_path / "train-00000.safetensors").stat().st_mtime_ns == first
    assert len(told) == 5
    assert contents(tmp_path) == contents(made)


@pytest.mark.medium
def test_what_processes_had_finished_when_stopped_is_kept(made: Path, tmp_path: Path) -> None:
    def stop(split: Split, images: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(tmp_path, SMALL, WANTED, workers=2, on_shard=stop)
    noted = {entry.file for shards in read_index(tmp_path).splits.values() for entry in shards.values()}
    assert noted == {path.name for path in tmp_path.glob("*.safetensors")}
    whole = contents(made)
    assert all(data == whole[name] for name, data in contents(tmp_path).items() if name != "index.json")


def test_what_is_whole_is_not_made_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "Studio", None)  # whoever needs it fails
    make_small(folder)


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_bytes(path.read_bytes()[:-9])])
def test_what_is_lost_is_made_again(made: Path, folder: Path, harm: Callable[[Path], object]) -> None:
    harm(folder / "train-00001.safetensors")
    make_small(folder)
    assert contents(folder) == contents(made)


def test_another_recipe_is_refused_by_name(folder: Path) -> None:
    before = contents(folder)
    with pytest.raises(DatasetError, match="views 5, not 6"):
        make(folder, Recipe(seed=3, width=48, height=40, views=6, worlds=2), WANTED)
    assert contents(folder) == before


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"seed": -1}, "seed=-1"),
        ({"width": 8}, "width=8"),
        ({"height": 5000}, "height=5000"),
        ({"views": 0}, "views=0"),
        ({"worlds": 0}, "worlds=0"),
    ],
)
def test_recipes_that_cannot_be(values: dict[str, int], words: str) -> None:
    with pytest.raises(RobosimError, match=words):
        Recipe(**values)


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (Path.unlink, "cannot be read"),
        (lambda path: path.write_bytes(path.read_bytes()[:-9]), "cut off"),
        (_flip, "is damaged"),
    ],
)
def test_a_damaged_shard_is_named_and_refused_or_left_out(
    made: Path, folder: Path, harm: Callable[[Path], object], words: str
) -> None:
    harm(folder / "train-00001.safetensors")
    with pytest.raises(DatasetError, match=rf"train-00001\.safetensors: .*{words}"):
        Shards(folder)
    shards, whole = Shards(folder, damaged="skip"), Shards(made)
    assert len(shards) == len(whole) - SMALL.images
    assert len(shards.left_out) == 1
    assert "train-00001.safetensors" in shards.left_out[0]
    assert torch.equal(shards[SMALL.images]["rgb"], whole[2 * SMALL.images]["rgb"])
    assert len(Shards(folder, "val")) == WANTED["val"]


def test_what_cannot_be_loaded_is_told(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="robosim dataset"):
        Shards(tmp_path)
    with pytest.raises(RobosimError, match="split='dev'"):
        Shards(folder, "dev")
    with pytest.raises(RobosimError, match="damaged='ignore'"):
        Shards(folder, damaged="ignore")  # type: ignore[arg-type]
    _flip(folder / "val-00000.safetensors")
    with pytest.raises(DatasetError, match="no shard of the val split"):
        Shards(folder, "val", damaged="skip")
    (folder / "index.json").write_text('{"recipe": {}}')
    with pytest.raises(DatasetError, match="no index"):
        Shards(folder)


def test_a_set_may_have_more_shards_than_files_may_be_open(made: Path) -> None:
    resource = pytest.importorskip("resource")
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    few = 1000 if most == resource.RLIM_INFINITY else min(1000, most - 10)
    resource.setrlimit(resource.RLIMIT_NOFILE, (few, most))
    try:
        assert Shards(made).shards == 3
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (few + 3, most)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, most))


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (errno.EMFILE, "Too many open files; each of the 3 shards stays open, .*"),
        (errno.ENOENT, "No such file or directory"),
    ],
)
def test_a_shard_that_cannot_be_read_any_more_is_named(
    made: Path, monkeypatch: pytest.MonkeyPatch, number: int, told: str
) -> None:
    def refuse(path: Path) -> None:
        raise OSError(number, os.strerror(number), str(path))

    shards = Shards(made)
    monkeypatch.setattr("robosim.perception.data.shards.map_shard", refuse)
    with pytest.raises(DatasetError, match=rf"train-00000\.safetensors: cannot be read: {told}$"):
        shards.worlds()


def test_items_are_as_described(made: Path) -> None:
    shards = Shards(made)
    for item in (shards[0], shards[-1]):
        assert {name: (values.dtype, tuple(values.shape)) for name, values in item.items()} == ITEM
    with pytest.raises(IndexError):
        shards[len(shards)]


def test_batches_items_loaders_and_whole_shards_agree(made: Path) -> None:
    shards = Shards(made)
    order = [25, 3, 11, 4, 29, 0]
    batch = shards.batch(order)
    loaded = next(iter(DataLoader(pickle.loads(pickle.dumps(shards)), batch_size=6, sampler=order)))
    for name, values in batch.items():
        assert torch.equal(values, torch.stack([shards[number][name] for number in order]))
        assert torch.equal(values, loaded[name])
        assert torch.equal(values[:1], torch.from_numpy(shards.whole(2)[name][5:6]))
    assert shards.worlds().tolist() == [number // SMALL.views for number in range(30)]


def test_labels_are_within_their_ranges(made: Path) -> None:
    for split in WANTED:
        shards = Shards(made, split)
        batch = {name: values.numpy() for name, values in shards.batch(range(len(shards))).items()}
        assert batch["classes"].max() < len(CLASSES)
        assert batch["depth"].min() >= 0
        assert batch["depth"].max() <= FARTHEST
        assert batch["free"].min() >= 0
        assert batch["free"].max() <= FARTHEST
        boxed = batch["box_classes"] >= 0
        assert set(np.unique(batch["box_classes"][boxed]).tolist()) <= {CLASSES.index(name) for name in BOXED}
        read = batch["box_symbols"] >= 0
        assert (read == (batch["box_colours"] >= 0)).all()
        assert not (read & (batch["box_classes"] != CLASSES.index("package"))).any()
        assert batch["box_symbols"].max() < len(SYMBOLS)
        assert batch["box_colours"].max() < len(COLOURS)
        assert (batch["box_distances"][read] <= 2.0).all()
