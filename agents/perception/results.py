"""What judging found: as JSON, as a table in the terminal, and as a Markdown table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, JsonValue, TypeAdapter
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from robosim.agents.evaluation.results import percent
from robosim.agents.perception.scores import Rate
from robosim.agents.storage.provenance import Machine
from robosim.whole_file import check_replaceable, write_whole

NAMES = {
    "miou": "mean IoU of classes",
    "ap50": "AP50",
    "ap50_all": "AP50, slivers too",
    "iou": "IoU",
    "free_error": "free floor, error (m)",
    "free_near": "free floor within a tenth",
    "symbol": "symbol within 2 m",
    "colour": "colour within 2 m",
    "legible": "legible or not",
}
"""What rates are called, by their name or by what stands before a stroke in it."""


class PerceptionResult(BaseModel):
    """One network, or the rival, judged: everything that is needed to believe the numbers and to get them again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subject: str
    sha256: str | None
    """Of the network's file; None for the rival."""
    recipe: dict[str, JsonValue]
    """By which the pictures were made."""
    split: str
    pictures: int
    worlds: int
    scores: dict[str, Rate]
    """With 95 % intervals, over worlds drawn anew."""
    symbols: list[list[int]]
    """How often each symbol within 2 m was read as which; the last column: as none. Empty where none was."""
    versions: dict[str, str]
    command: str
    machine: Machine
    wall_clock_s: float


_NOTHING = "–"
_RESULTS = TypeAdapter(list[PerceptionResult])


def read_perception_results(path: Path) -> list[PerceptionResult]:
    """Read what `write_perception_results` wrote."""
    return _RESULTS.validate_json(path.read_bytes())


def check_writable(path: Path) -> None:
    """Learn before the work is done whether its results can be written to `path`.

    Raises:
        KeptError: The folder is missing or read-only, or the file is something other than results.
    """
    check_replaceable(path, _RESULTS.validate_json)


def write_perception_results(path: Path, results: Sequence[PerceptionResult]) -> None:
    """Write results as JSON, whole or not at all, in place of older results."""
    check_writable(path)
    write_whole(path, _RESULTS.dump_json(list(results), indent=1) + b"\n")


def table(results: Sequence[PerceptionResult]) -> Table:
    """All results beside one another: a column for each subject."""
    first = results[0]
    asked = (
        f"{first.pictures:,} pictures of {first.worlds} worlds of the {first.split} split; in brackets 95 % intervals"
    )
    view = Table(caption=asked, box=SIMPLE_HEAD)
    view.add_column("", no_wrap=True)
    for result in results:
        view.add_column(Text(result.subject), justify="right")
    for name, cells in _rows(results):
        view.add_row(name, *map(Text, cells), style="bold" if name in (NAMES["miou"], NAMES["symbol"]) else "")
    return view


def markdown(results: Sequence[PerceptionResult]) -> str:
    """The same in Markdown, but for what the first of them does not tell."""
    rows = [["", *(result.subject for result in results)], ["---", *["---:"] * len(results)]]
    rows += [[name, *cells] for name, cells in _rows(results) if cells[0] != _NOTHING]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _rows(results: Sequence[PerceptionResult]) -> list[tuple[str, list[str]]]:
    names = list(dict.fromkeys(name for result in results for name in result.scores))
    return [(_title(name), [_cell(name, result.scores.get(name)) for result in results]) for name in names]


def _title(name: str) -> str:
    before, _, after = name.partition("/")
    return f"{NAMES.get(before, before)}{': ' if after else ''}{after}"


def _cell(name: str, rate: Rate | None) -> str:
    if rate is None or rate.mean is None or rate.ci95 is None:
        return _NOTHING
    if name == "free_error":
        return f"{rate.mean:.2f} [{rate.ci95[0]:.2f}, {rate.ci95[1]:.2f}]"
    return percent(rate)
