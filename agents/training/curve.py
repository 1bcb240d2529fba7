"""The learning curve of a run: one row an update, in curve.csv and in TensorBoard."""

import csv
import io
import math
from collections.abc import Mapping
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from robosim.whole_file import write_whole

Row = dict[str, float]
LEADING = ("steps", "updates", "wall_clock_s", "episodes", "fps")


class Curve:
    """Appends rows; a column is added when its first value comes. What is not finite is left blank."""

    def __init__(self, path: Path, tensorboard: Path, before: int = 0) -> None:
        """Go on with the rows of fewer than `before` steps; those beyond, not checkpointed, are cut."""
        self._path = path
        self._rows = [row for row in read_curve(path) if row["steps"] < before]
        self._columns = list(dict.fromkeys([*LEADING, *(name for row in self._rows for name in row)]))
        self._write_all()
        self._writer = SummaryWriter(str(tensorboard), purge_step=before)

    def append(self, row: Mapping[str, float]) -> None:
        """Add one row, which holds at least "steps"."""
        kept = {name: float(value) for name, value in row.items() if math.isfinite(value)}
        self._rows.append(kept)
        new = [name for name in kept if name not in self._columns]
        if new:
            self._columns += new
            self._write_all()
        else:
            with self._path.open("a", encoding="utf-8", newline="") as file:
                file.write(self._text([kept]))
        for name, value in kept.items():
            if name != "steps":
                self._writer.add_scalar(name, value, int(kept["steps"]))

    def close(self) -> None:
        """Flush TensorBoard's events; the CSV is always complete."""
        self._writer.close()

    def _write_all(self) -> None:
        header = ",".join(self._columns) + "\n"
        write_whole(self._path, (header + self._text(self._rows)).encode())

    def _text(self, rows: list[Row]) -> str:
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerows([[_short(row.get(name)) for name in self._columns] for row in rows])
        return buffer.getvalue()


def read_curve(path: Path) -> list[Row]:
    """Every whole row of a curve.csv, blanks left out; no file is an empty curve.

    A last line that is cut short, as a kill may leave it, is left out too.
    """
    if not path.is_file():
        return []
    text = path.read_text(encoding="utf-8")
    lines = csv.DictReader(io.StringIO(text[: text.rfind("\n") + 1]))
    return [{name: float(value) for name, value in line.items() if value} for line in lines]


def _short(value: float | None) -> str:
    """Six significant digits are more than a curve shows; counts are whole numbers."""
    if value is None:
        return ""
    return str(int(value)) if value.is_integer() else f"{value:.6g}"
