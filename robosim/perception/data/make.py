"""Makes labelled pictures on several processes, a shard at a time; what is there already is not made again."""

import math
import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from pathlib import Path

import cv2

from robosim.errors import RobosimError
from robosim.perception.data.files import INDEX as INDEX_FILE
from robosim.perception.data.files import DatasetError, Entry, Index, read_index, write_shard
from robosim.perception.data.recipe import Recipe
from robosim.perception.data.studio import Studio
from robosim.seeding import Split
from robosim.whole_file import remove_partial

Job = tuple[Split, int]
"""A shard: its split and number."""


def make(
    folder: Path,
    recipe: Recipe,
    images: Mapping[Split, int],
    workers: int = 1,
    on_shard: Callable[[Split, int], None] = lambda split, images: None,
) -> Index:
    """Makes a set of pictures, or what of it is missing; the pictures are the same for any number of workers.

    Args:
        folder: Where they are kept; made if need be. What it has more than is asked for stays.
        recipe: By which they are made.
        images: How many of each split, at least: they come in whole shards.
        workers: Processes.
        on_shard: Is told of each shard that there is, split and number of pictures, those of earlier calls first.

    Raises:
        DatasetError: The folder has pictures of another recipe.
        RobosimError: A number is not possible.
    """
    if workers < 1:
        raise RobosimError(f"workers={workers!r}: at least 1 is needed")
    for split, count in images.items():
        if count < 0:
            raise RobosimError(f"images: {count!r} of {split}: a number of pictures is at least 0")
    folder.mkdir(parents=True, exist_ok=True)
    remove_partial(folder)
    index = _begun(folder, recipe)
    missing = list[Job]()
    for split, count in images.items():
        for number in range(math.ceil(count / recipe.images)):
            entry = index.splits[split].get(number)
            if entry is not None and _is_there(folder, entry):
                on_shard(split, entry.images)
            else:
                missing.append((split, number))
    for (split, number), entry in _made(folder, recipe, missing, min(workers, len(missing))):
        index.splits[split][number] = entry
        index.write(folder)
        on_shard(split, entry.images)
    return index


def _begun(folder: Path, recipe: Recipe) -> Index:
    """Gives the index of a folder, a new one if there is none."""
    if not (folder / INDEX_FILE).exists():
        index = Index(recipe.told())
        index.write(folder)
        return index
    index = read_index(folder)
    if index.recipe != recipe.told():
        told = recipe.told()
        differ = [
            f"{name} {index.recipe.get(name)!r}, not {told.get(name)!r}"
            for name in {**index.recipe, **told} if index.recipe.get(name) != told.get(name)
        ]  # fmt: skip
        raise DatasetError(f"{folder}: has pictures of another recipe ({', '.join(differ)}): choose another folder")
    return index


def _is_there(folder: Path, entry: Entry) -> bool:
    path = folder / entry.file
    return path.is_file() and path.stat().st_size == entry.bytes


def _made(folder: Path, recipe: Recipe, jobs: Iterable[Job], workers: int) -> Iterator[tuple[Job, Entry]]:
    """Makes shards, in this process or in several, and gives each when it is there."""
    if workers <= 1:
        yield from _made_here(folder, recipe, jobs)
        return
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, spawn, _begin_worker) as pool:
        pending = {pool.submit(_make_shard, folder, recipe, job): job for job in jobs}
        try:
            for done in as_completed(pending):
                yield pending[done], done.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _made_here(folder: Path, recipe: Recipe, jobs: Iterable[Job]) -> Iterator[tuple[Job, Entry]]:
    studio: Studio | None = None
    try:
        for job in jobs:
            studio = studio or Studio(recipe)
            yield job, _write(folder, recipe, job, studio)
    finally:
        if studio is not None:
            studio.close()


def _begin_worker() -> None:
    """Leaves Ctrl-C to the first process: what is begun is finished. One thread each: there is a process a core."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)


_studio = cache(Studio)


def _make_shard(folder: Path, recipe: Recipe, job: Job) -> Entry:
    return _write(folder, recipe, job, _studio(recipe))


def _write(folder: Path, recipe: Recipe, job: Job, studio: Studio) -> Entry:
    split, number = job
    return write_shard(folder, split, number, studio.take_shard(split, number))
