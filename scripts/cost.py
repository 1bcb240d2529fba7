"""`robosim cost`: what each encoder costs, in multiplications, parameters, and milliseconds on this machine's CPU."""

import datetime
import math
import os
import shlex
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import tyro
from pydantic import BaseModel, ConfigDict
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from robosim.agents.storage.provenance import Machine, machine, versions
from robosim.errors import RobosimError
from robosim.perception.cost import cost, forward_seconds
from robosim.perception.encoders import ENCODERS, EncoderSpec
from robosim.scripts.cli import command
from robosim.whole_file import check_replaceable, write_whole

CHANNELS = 4  # colour and depth
PUBLISHED = {"nature": 32, "impala": 16, "resnet-small": 16, "keypoints": 32}  # widths; of ours, its own
BUSY = 0.5  # load from which a measurement is worth a warning


@dataclass(frozen=True)
class Options:
    """Count and measure every encoder, for one picture of colour and depth at a time."""

    sizes: tuple[int, ...] = (64, 84, 128)
    """Of square pictures, pixels each way."""
    seconds: float = 1.0
    """How long each is measured."""
    threads: int = 1
    """Of the CPU."""
    json: Path | None = None
    """Where to write every figure."""


class EncoderCost(BaseModel):
    """One row."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    encoder: EncoderSpec
    size: int
    macs: int
    parameters: int
    median_ms: float
    least_ms: float
    most_ms: float
    """The 95th percentile: what a controller has to reckon with."""


class Costs(BaseModel):
    """The file that --json writes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    command: str
    date: str
    machine: Machine
    load_before: float
    """Processes that wanted a core in the minute before; much above 0, and the times are not the machine's."""
    versions: dict[str, str]
    threads: int
    rows: list[EncoderCost]


@command
def main(argv: Sequence[str]) -> int:
    """Count, measure, print the table and write the JSON.

    Raises:
        RobosimError: An option does not fit, or the file is not ours to overwrite; before anything is measured.
    """
    options = tyro.cli(Options, prog="robosim cost", args=list(argv))
    if options.threads < 1 or options.seconds <= 0 or not options.sizes:
        raise RobosimError("--threads and --sizes need at least 1, --seconds more than 0")
    if options.json is not None:
        check_replaceable(options.json, Costs.model_validate_json)
    load_before, console = os.getloadavg()[0], Console(stderr=True, highlight=False)
    if load_before > BUSY:
        console.print(f"[yellow]other programs are running (load {load_before:.1f}): the times will scatter[/]")
    torch.set_num_threads(options.threads)
    costs = Costs(
        command=shlex.join(["robosim", "cost", *argv]),
        date=datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        machine=machine(),
        load_before=load_before,
        versions=versions(),
        threads=options.threads,
        rows=[_row(name, size, options.seconds) for name in ENCODERS for size in options.sizes],
    )
    Console().print(_table(costs))
    if options.json is not None:
        write_whole(options.json, costs.model_dump_json(indent=1).encode() + b"\n")
        console.print(f"written to {options.json}", markup=False)
    return 0


def _row(name: str, size: int, seconds: float) -> EncoderCost:
    spec = EncoderSpec(name=name, width=PUBLISHED.get(name, EncoderSpec.model_fields["width"].default))
    counted = cost(spec, CHANNELS, size, size)
    milliseconds = sorted(1e3 * each for each in forward_seconds(spec, CHANNELS, size, size, seconds))
    return EncoderCost(
        encoder=spec,
        size=size,
        macs=counted.macs,
        parameters=counted.parameters,
        median_ms=statistics.median(milliseconds),
        least_ms=milliseconds[0],
        most_ms=milliseconds[math.ceil(0.95 * (len(milliseconds) - 1))],
    )


def _table(costs: Costs) -> Table:
    view = Table(box=SIMPLE_HEAD, caption=f"one picture of {CHANNELS} channels; {costs.threads} thread(s)")
    for title in ("encoder", "width", "pixels", "million MACs", "parameters", "ms", "95 % within"):
        view.add_column(title, justify="left" if title == "encoder" else "right")
    for cells in cost_cells(costs):
        view.add_row(*cells)
    return view


def cost_cells(costs: Costs) -> list[list[str]]:
    """The table's rows, as text."""
    return [
        [
            row.encoder.name,
            str(row.encoder.width),
            f"{row.size} × {row.size}",
            f"{row.macs / 1e6:.1f}",
            f"{row.parameters:,}",
            f"{row.median_ms:.2f}",
            f"{row.most_ms:.2f}",
        ]
        for row in costs.rows
    ]


if __name__ == "__main__":
    raise SystemExit(main())
