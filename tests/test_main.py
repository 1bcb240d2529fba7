"""The console command: which command runs, and how a mistake ends."""

import importlib
import subprocess
import sys
from collections.abc import Sequence
from types import SimpleNamespace

import pytest

from robosim import __version__
from robosim.errors import RobosimError
from robosim.scripts.cli import command
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
        raise RobosimError("level 12 of [env] is not in 0–9 " + "x" * 200)

    assert fails([]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "error: level 12 of [env] is not in 0–9 " + "x" * 200 + "\n"


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
