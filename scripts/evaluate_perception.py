"""`robosim evaluate-perception NETWORK …`: how well networks see, on worlds and in appearances never trained on."""

import hashlib
import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import torch
import tyro
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from robosim.agents.perception.gallery import gallery
from robosim.agents.perception.judge import judge
from robosim.agents.perception.network_file import find_network, load_network
from robosim.agents.perception.results import PerceptionResult, check_writable, table, write_perception_results
from robosim.agents.perception.samples import some
from robosim.agents.perception.scores import scores, symbol_confusion
from robosim.agents.storage.provenance import machine, versions
from robosim.agents.training.device import DeviceName, choose_device_for
from robosim.errors import RobosimError
from robosim.perception.answers import NetworkSeer, Seer
from robosim.perception.classical import Classical
from robosim.perception.data.sample import SYMBOLS
from robosim.perception.data.shards import Shards
from robosim.scripts.cli import command
from robosim.seeding import Split

CLASSICAL = "classical"
_FITTED_ON, _BATCH = 2048, 64  # pictures of the training split that the rival counts, in batches
_EACH = 8  # best and worst pictures of a gallery


@dataclass(frozen=True)
class Options:
    """Judge perception networks, and the classical rival beside them, on the same pictures."""

    networks: Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="NETWORK [NETWORK ...]")]
    """A run's folder, a network's file, a shipped network's name, or classical: the rival without a network."""
    data: Path = Path("pictures")
    """Folder of the pictures, as `robosim dataset` makes it."""
    split: Split = "test"
    """Which pictures."""
    pictures: int | None = None
    """How many of them, spread evenly. Not given: all."""
    device: DeviceName = "auto"
    """Where networks run. auto: the GPU, if there is one."""
    json: Path | None = None
    """Where to write every figure."""
    gallery: Path | None = None
    """Folder for a PNG of each one's best and worst pictures, numbered as they are named here."""


@command
def main(argv: Sequence[str]) -> int:
    """Judge, print the table, write JSON and pictures.

    Raises:
        RobosimError: Something that was asked for does not exist or does not fit.
    """
    options = tyro.cli(Options, prog="robosim evaluate-perception", args=list(argv))
    if not options.networks:
        raise RobosimError(f"name at least one network, or {CLASSICAL}")
    if options.pictures is not None and options.pictures < 1:
        raise RobosimError(f"--pictures {options.pictures}: at least 1")
    if options.json is not None:
        check_writable(options.json)
    device = torch.device(choose_device_for(options.device, True, 0).device)
    shards = Shards(options.data, options.split)
    seers = [_seer(name, options, shards, device) for name in options.networks]
    typed, console = shlex.join(["robosim", "evaluate-perception", *argv]), Console(highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        results = [
            _judged(name, place, *seer, options, shards, device, typed, progress)
            for place, (name, seer) in enumerate(zip(options.networks, seers, strict=True), 1)
        ]
    console.print(table(results))
    if options.json is not None:
        write_perception_results(options.json, results)
        console.print(f"written to {options.json}", markup=False, soft_wrap=True)
    return 0


def _seer(name: str, options: Options, shards: Shards, device: torch.device) -> tuple[str | None, Seer]:
    """Who is judged; of a network, the SHA-256 of its file."""
    if name == CLASSICAL:
        train = Shards(options.data, "train")
        indices = some(len(train), _FITTED_ON)
        starts = range(0, len(indices), _BATCH)
        return None, Classical(train.batch(indices[start : start + _BATCH]) for start in starts)
    path = find_network(name)
    card, network = load_network(path)
    size = (shards.recipe.height, shards.recipe.width)
    if card.network.kind != "labels" and size != (card.network.height, card.network.width):
        raise RobosimError(
            f"{name}: sees pictures of {card.network.width} × {card.network.height} pixels, "
            f"those of {options.data} have {size[1]} × {size[0]}"
        )
    return hashlib.sha256(path.read_bytes()).hexdigest(), NetworkSeer(network.to(device))


def _judged(
    name: str,
    place: int,
    sha256: str | None,
    seer: Seer,
    options: Options,
    shards: Shards,
    device: torch.device,
    typed: str,
    progress: Progress,
) -> PerceptionResult:
    began = time.monotonic()
    indices = some(len(shards), options.pictures or len(shards))
    bar = progress.add_task(name, total=len(indices))
    tally = judge(seer, shards, indices, device, lambda done: progress.update(bar, completed=done))
    worlds = shards.worlds()[np.asarray(indices)].tolist()
    found = scores(tally, worlds)
    if options.gallery is not None:
        picture = gallery(seer, shards, indices, tally, device, _EACH)
        if picture is not None:
            stem = Path(name).name.removesuffix(".safetensors")  # which two of them may share
            _keep(options.gallery / f"{place}-{stem}.png", picture)
    return PerceptionResult(
        subject=name,
        sha256=sha256,
        recipe=shards.recipe.told(),
        split=options.split,
        pictures=len(indices),
        worlds=len(set(worlds)),
        scores=found,
        symbols=symbol_confusion(tally, len(SYMBOLS)) if tally.labels else [],
        versions=versions(),
        command=typed,
        machine=machine(),
        wall_clock_s=round(time.monotonic() - began, 1),
    )


def _keep(path: Path, picture: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(path), np.ascontiguousarray(picture[..., ::-1])):
        raise RobosimError(f"{path}: could not be written")


if __name__ == "__main__":
    raise SystemExit(main())
