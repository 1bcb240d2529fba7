"""The console command: which command runs, and how a mistake ends."""

import importlib
import io
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from types import SimpleNamespace

import pytest
from rich.console import Console

from robosim import __version__
from robosim.errors import RobosimError
from robosim.scripts.cli import Minutes, command
from robosim.scripts.main import COMMANDS, main

Captured = pytest.CaptureFixture[str]


@pytest.mark.parametrize("argv", [[], ["-h"], ["--help"]])
def test_help_lists_every_command(argv: list[str], capsys: Captured) -> None:
    assert main(argv) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in COMMANDS)


def test_version(capsys: Captured) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"robosim {__version__}\n"


def test_an_unknown_command_is_named_with_what_is_allowed(capsys: Captured) -> None:
    assert main(["trian"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "'trian'" in err
    assert "did you mean 'train'" in err
    assert all(name in err for name in COMMANDS)
    assert len(err.splitlines()) == 1


def test_a_command_gets_the_rest_of_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Sequence[str]] = []

    def watch(argv: Sequence[str]) -> int:
        seen.append(argv)
        return 7

    modules = {"robosim.scripts.watch": SimpleNamespace(main=watch)}
    monkeypatch.setattr(importlib, "import_module", modules.__getitem__)
    assert main(["watch", "zero", "--help"]) == 7
    assert seen == [["zero", "--help"]]


def test_help_is_quick_because_it_loads_no_command() -> None:
    code = "import sys; from robosim.scripts.main import main; main([]); sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_there(name: str) -> None:
    assert callable(importlib.import_module(COMMANDS[name][0]).main)


def test_a_mistake_is_one_line_and_2(capsys: Captured) -> None:
    @command
    def fails(argv: Sequence[str]) -> int:
        raise RobosimError("level 12 of [env] is not :x: in 0–9 " + "x" * 200)

    assert fails([]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "error: level 12 of [env] is not :x: in 0–9 " + "x" * 200 + "\n"


def test_ctrl_c_is_quiet(capsys: Captured) -> None:
    @command
    def interrupted(argv: Sequence[str]) -> int:
        raise KeyboardInterrupt

    assert interrupted([]) == 130
    assert capsys.readouterr() == ("", "")


def test_a_bug_keeps_its_traceback() -> None:
    @command
    def broken(argv: Sequence[str]) -> int:
        raise ValueError("not the user's")

    with pytest.raises(ValueError, match="not the user's"):
        broken([])


def test_arguments_default_to_those_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["train.py", "a", "b"])
    assert command(len)() == 2


@pytest.mark.parametrize(("terminal", "lines"), [(False, ["second", "fourth"]), (True, [])])
def test_work_whose_output_goes_to_a_file_says_each_minute_how_it_goes(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, lines: list[str]
) -> None:
    clock = SimpleNamespace(monotonic=lambda: 100.0)
    monkeypatch.setattr("robosim.scripts.cli.time", clock)
    written = io.StringIO()
    minutes = Minutes(Console(file=written, force_terminal=terminal))
    for now, line in ((159.0, "first"), (161.0, "second"), (220.0, "third"), (500.0, "fourth"), (501.0, "fifth")):
        clock.monotonic = partial(float, now)
        minutes.tell(line)
    assert written.getvalue().split() == lines


def test_who_hears_no_more_ends_it_quietly() -> None:
    told = [sys.executable, "-m", "robosim.scripts.main", "train", "--help"]
    with subprocess.Popen(told, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        run.stdout.close()
        assert run.stderr.read() == b""
    assert run.returncode == 141


def test_another_broken_pipe_is_told() -> None:
    code = (
        "from robosim.scripts.cli import command\n"
        "@command\ndef main(argv): raise BrokenPipeError('of a worker')\nmain([])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "of a worker" in run.stderr
