"""`robosim plan FILE`: a warehouse from above, as a PNG."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from rich.console import Console

from robosim.errors import RobosimError
from robosim.scripts.cli import command
from robosim.seeding import Split, Streams
from robosim.worlds.warehouse.generate import draw
from robosim.worlds.warehouse.plan import draw_plan


@dataclass(frozen=True)
class Options:
    """The plan of the warehouse of an episode: what stands where, what the map hides, and the trip."""

    file: Annotated[Path, tyro.conf.Positional]
    """The PNG to write; a file of that name is replaced."""
    level: int = 5
    """How hard: 0 to 9."""
    seed: int = 0
    """Of the episode."""
    split: Split = "test"
    """Which worlds."""


@command
def main(argv: Sequence[str]) -> int:
    """Write the plan and print its path.

    Raises:
        RobosimError: An option does not fit, or the file cannot be written.
    """
    options = tyro.cli(Options, prog="robosim plan", args=list(argv))
    if options.seed < 0:
        raise RobosimError(f"--seed {options.seed}: must be at least 0")
    if options.file.suffix.lower() != ".png":
        raise RobosimError(f"{options.file}: a plan is a PNG, and its name ends in .png")
    drawn = draw(Streams(options.split, options.seed).world, options.level)
    try:
        options.file.parent.mkdir(parents=True, exist_ok=True)
        draw_plan(drawn.layout, options.file, drawn.geodesic)
    except OSError as error:
        raise RobosimError(f"{options.file}: cannot be written: {error}") from error
    Console(highlight=False).print(options.file, markup=False, soft_wrap=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
