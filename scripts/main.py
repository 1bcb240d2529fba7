"""The console command `robosim <command> …`: finds the command's module and hands it the rest of the line."""

import importlib
from collections.abc import Sequence
from difflib import get_close_matches

from rich.console import Console
from rich.table import Table

from robosim import __version__
from robosim.scripts.cli import USAGE_ERROR, command, complain

# name: (module with `main(argv) -> exit code`, what it does). Modules are imported when they are called: each
# command loads only what it needs, and `robosim --help` nothing.
COMMANDS = {
    "demo": ("robosim.scripts.demo", "train a robot for two minutes, judge it, film it"),
    "train": ("robosim.scripts.train", "train an agent as a YAML file says"),
    "evaluate": ("robosim.scripts.evaluate", "success and its 95 % interval on held-out episodes"),
    "curves": ("robosim.scripts.curves", "how runs learned, as a picture"),
    "watch": ("robosim.scripts.watch", "see an agent act, in a window or a video"),
    "record": ("robosim.scripts.record", "an agent's episodes as a Minari dataset"),
    "dataset": ("robosim.scripts.dataset", "labelled pictures in any amount, to train networks that see"),
    "train-perception": ("robosim.scripts.train_perception", "teach a network that sees, as a YAML file says"),
    "evaluate-perception": ("robosim.scripts.evaluate_perception", "how well networks see, with 95 % intervals"),
    "look": ("robosim.scripts.look", "pictures of a task's world, from above and from the robot"),
    "plan": ("robosim.scripts.plan", "the plan of a warehouse, as a picture"),
    "cost": ("robosim.scripts.cost", "what each encoder costs, in multiplications and milliseconds"),
    "speed": ("robosim.scripts.speed", "measure sampling and training on this machine"),
}


@command
def main(argv: Sequence[str]) -> int:
    """Run one command.

    Args:
        argv: what follows `robosim` on the command line.

    Returns:
        The exit code: the command's own, or 2 where there is no such command.
    """
    name, *rest = argv or ["--help"]
    if name in ("-h", "--help"):
        _help()
        return 0
    if name == "--version":
        Console().print(f"robosim {__version__}", highlight=False)
        return 0
    if name not in COMMANDS:
        complain(_unknown(name))
        return USAGE_ERROR
    code: int = importlib.import_module(COMMANDS[name][0]).main(rest)
    return code


def _help() -> None:
    table = Table(box=None, show_header=False, padding=(0, 2))
    for name, (_, does) in COMMANDS.items():
        table.add_row(f"[bold]{name}[/]", does)
    console = Console()
    console.print("usage: robosim COMMAND …\n       robosim COMMAND --help\n", highlight=False)
    console.print(table)


def _unknown(name: str) -> str:
    close = get_close_matches(name, COMMANDS, n=1)
    guess = f"; did you mean {close[0]!r}?" if close else ""
    return f"unknown command {name!r}: choose from {', '.join(COMMANDS)}{guess}"


if __name__ == "__main__":
    raise SystemExit(main())
