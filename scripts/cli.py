"""What every command shares: how it ends. Options belong to the command, work belongs to the packages."""

import os
import select
import sys
import time
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Protocol

from rich.console import Console
from rich.markup import escape

from robosim.errors import RobosimError

USAGE_ERROR = 2  # as argparse
INTERRUPTED = 130  # as a shell: 128 + SIGINT
UNHEARD = 141  # likewise: 128 + SIGPIPE
EVERY_S = 60.0  # between two lines of `Minutes`


class Main(Protocol):
    """A command, as the console script and a file's last line call it."""

    def __call__(self, argv: Sequence[str] | None = None) -> int:
        """Run on `argv`, or on the arguments of the process, and return the exit code."""


def complain(message: str) -> None:
    """Write one line on stderr, `message` as it is: brackets in it are not markup, and `:x:` is no picture."""
    Console(stderr=True, emoji=False).print(f"[bold red]error:[/] {escape(message)}", soft_wrap=True, highlight=False)


class Minutes:
    """Lines about work that takes long, at most one a minute, where output goes to a file, which shows no bar."""

    def __init__(self, console: Console) -> None:
        """Begins the first minute."""
        self._console, self._due = console, time.monotonic() + EVERY_S

    def tell(self, line: str) -> None:
        """Writes a line, where a minute has passed since the last one."""
        if not self._console.is_terminal and (now := time.monotonic()) >= self._due:
            self._console.print(line, soft_wrap=True, highlight=False, markup=False)
            self._due = now + EVERY_S


def command(main: Callable[[Sequence[str]], int]) -> Main:
    """Let a user's mistake end in one line and exit code 2, Ctrl-C in 130 and a closed pipe in 141.

    Decorates every `main`.

    Args:
        main: `main(argv) -> exit code`; it always gets a list.

    Returns:
        The same function with `argv` optional. Errors other than `RobosimError` propagate: they are bugs.
    """

    @wraps(main)
    def run(argv: Sequence[str] | None = None) -> int:
        try:
            return main(sys.argv[1:] if argv is None else argv)
        except RobosimError as error:
            complain(str(error))
            return USAGE_ERROR
        except KeyboardInterrupt:
            return INTERRUPTED
        except BrokenPipeError:
            if not _unheard():  # a worker's pipe: a bug, not `robosim … | head`
                raise
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python would complain as it ends
            return UNHEARD

    return run


def _unheard() -> bool:
    """Say whether whoever read this process's output has gone."""
    output = select.poll()
    output.register(sys.stdout.fileno(), 0)
    return any(event & select.POLLERR for _, event in output.poll(0))
