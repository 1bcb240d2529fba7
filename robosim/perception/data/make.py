"""Makes labelled pictures on several processes, a shard at a time; what is there already is not made again."""

import math
import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
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

    def note(job: Job, entry: Entry) -> None:
        index.splits[job[0]][job[1]] = entry
        index.write(folder)

    workers = min(workers, len(missing))
    made = _made_here(folder, recipe, missing) if workers <= 1 else _made_apart(folder, recipe, missing, workers, note)
    for job, entry in made:
        note(job, entry)
        on_shard(job[0], entry.images)
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


def _made_apart(
    folder: Path, recipe: Recipe, jobs: Iterable[Job], workers: int, note: Callable[[Job, Entry], None]
) -> Iterator[tuple[Job, Entry]]:
    """Makes shards in several processes, and gives each when it is there; notes those that are done after a stop."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, spawn, _begin_worker) as pool:
        with _deaf():
            pending = {pool.submit(_make_shard, folder, recipe, job): job for job in jobs}
        try:
            for done in as_completed(list(pending)):
                yield pending.pop(done), done.result()
        finally:  # also where the caller stops listening
            pool.shutdown(cancel_futures=True)
            for late, job in pending.items():
                if late.done() and not late.cancelled() and late.exception() is None:
                    note(job, late.result())


def _made_here(folder: Path, recipe: Recipe, jobs: Iterable[Job]) -> Iterator[tuple[Job, Entry]]:
    studio: Studio | None = None
    try:
        for job in jobs:
            studio = studio or Studio(recipe)
            yield job, _write(folder, recipe, job, studio)
    finally:
        if studio is not None:
            studio.close()


@contextmanager
def _deaf() -> Iterator[None]:
    """Lets processes begin that never hear Ctrl-C: the first process does, and lets them finish what is begun."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin_worker() -> None:
    cv2.setNumThreads(1)  # there is a process a core


_studio = cache(Studio)


def _make_shard(folder: Path, recipe: Recipe, job: Job) -> Entry:
    return _write(folder, recipe, job, _studio(recipe))


def _write(folder: Path, recipe: Recipe, job: Job, studio: Studio) -> Entry:
    split, number = job
    return write_shard(folder, split, number, studio.take_shard(split, number))
