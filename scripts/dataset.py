"""`robosim dataset FOLDER`: labelled pictures in any amount, for training networks that see."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import tyro
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from robosim.errors import RobosimError
from robosim.perception.data.coco import write_coco
from robosim.perception.data.contact_sheet import contact_sheet
from robosim.perception.data.make import make
from robosim.perception.data.recipe import Recipe
from robosim.perception.data.shards import Shards
from robosim.scripts.cli import command
from robosim.seeding import Split


@dataclass(frozen=True)
class Options:
    """Draw labelled pictures: colour, depth, masks, boxes, what labels say, free floor.

    Whatever is there already is kept: stopped, it goes on where it was; asked for more, it adds. Pictures come in whole
    shards, so there may be some more of them than asked for.
    """

    folder: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="FOLDER")]
    """Where they are kept."""
    train: int = 10_000
    """Pictures to train on."""
    val: int = 1_000
    """Pictures to choose by, of other worlds."""
    test: int = 1_000
    """Pictures to judge by, of other worlds still, in colours, patterns and light that are never trained on."""
    seed: int = 0
    """Of the whole set."""
    width: int = 128
    """Pixels."""
    height: int = 128
    """Pixels."""
    views: int = 64
    """Pictures of each world."""
    worlds: int = 8
    """Worlds in each shard."""
    workers: int = 2
    """Processes; the pictures are the same for any number."""
    coco: tyro.conf.FlagCreatePairsOff[bool] = False
    """Write them as COCO, too: PNG and JSON files in FOLDER/coco."""
    sheet: int = 24
    """Pictures on each split's contact sheet, FOLDER/<split>.png; 0 for none."""


@command
def main(argv: Sequence[str]) -> int:
    """Make what `argv` asks for, and print where it is.

    Raises:
        RobosimError: An option does not fit, or the folder holds something else.
    """
    options = tyro.cli(Options, prog="robosim dataset", args=list(argv))
    recipe = _recipe(options)
    wanted: dict[Split, int] = {"train": options.train, "val": options.val, "test": options.test}
    if not any(wanted.values()):
        raise RobosimError("--train 0 --val 0 --test 0: there is nothing to make")
    if options.sheet < 0:
        raise RobosimError(f"--sheet {options.sheet}: at least 0")
    console = Console(highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        totals: dict[Split, int] = {split: _rounded(count, recipe) for split, count in wanted.items() if count}
        bars = {split: progress.add_task(split, total=total) for split, total in totals.items()}

        def advance(split: Split, images: int) -> None:
            progress.advance(bars[split], images)

        make(options.folder, recipe, wanted, options.workers, advance)
        for split in bars:
            _finish(options, split, progress, console)
    return 0


def _recipe(options: Options) -> Recipe:
    return Recipe(options.seed, options.width, options.height, options.views, options.worlds)


def _rounded(count: int, recipe: Recipe) -> int:
    """Gives how many pictures that is in whole shards."""
    return -(-count // recipe.images) * recipe.images


def _finish(options: Options, split: Split, progress: Progress, console: Console) -> None:
    """Write what is made from a split's shards, and tell of it."""
    shards = Shards(options.folder, split)
    console.print(f"{split}: {len(shards)} pictures in {options.folder}", markup=False, soft_wrap=True)
    if options.sheet:
        count = min(options.sheet, len(shards))
        samples = shards.batch(np.linspace(0, len(shards) - 1, count).astype(np.int64))
        path = options.folder / f"{split}.png"
        picture = contact_sheet({name: values.numpy() for name, values in samples.items()})
        if not cv2.imwrite(str(path), np.ascontiguousarray(picture[..., ::-1])):
            raise RobosimError(f"{path}: could not be written")
        console.print(path, markup=False, soft_wrap=True)
    if options.coco:
        bar: TaskID = progress.add_task(f"{split} as COCO", total=len(shards))
        path = write_coco(shards, options.folder / "coco", split, lambda images: progress.advance(bar, images))
        console.print(path, markup=False, soft_wrap=True)


if __name__ == "__main__":
    raise SystemExit(main())
