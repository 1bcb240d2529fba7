"""Kernels that are kept on disk are made again when the source changes of a kernel that they call."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CALLED = """from robosim.compiled import inlined


@inlined
def rise(x: float) -> float:
    return x + {rise}
"""
CALLS = """from called.kernel import rise
from robosim.compiled import compiled
from told.constant import SCALE


@compiled
def twice(x: float) -> float:
    return SCALE * rise(rise(x))
"""


def told(folder: Path) -> float:
    """Gives what a new process gets from the kernel."""
    script = "from calls.kernel import twice; print(twice(1.0))"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join((str(folder), *sys.path))}
    return float(subprocess.run([sys.executable, "-c", script], env=env, check=True, capture_output=True).stdout)


@pytest.mark.medium
def test_a_kernel_or_a_constant_of_another_folder_that_changes_is_noticed(tmp_path: Path) -> None:
    sources = {"called/kernel": CALLED.format(rise=1.0), "calls/kernel": CALLS, "told/constant": "SCALE = 1.0\n"}
    for name, source in sources.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / f"{name}.py").write_text(source)
    assert told(tmp_path) == 3.0
    assert list((tmp_path / "calls").rglob("*.nbi"))
    (tmp_path / "called" / "kernel.py").write_text(CALLED.format(rise=2.0))
    assert told(tmp_path) == 5.0
    (tmp_path / "told" / "constant.py").write_text("SCALE = 2.0\n")
    assert told(tmp_path) == 10.0
