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


@compiled
def twice(x: float) -> float:
    return rise(rise(x))
"""


def told(folder: Path) -> float:
    """Gives what a new process gets from the kernel."""
    script = "from calls.kernel import twice; print(twice(1.0))"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join((str(folder), *sys.path))}
    return float(subprocess.run([sys.executable, "-c", script], env=env, check=True, capture_output=True).stdout)


@pytest.mark.medium
def test_a_kernel_of_another_folder_that_changes_is_noticed(tmp_path: Path) -> None:
    for name, source in (("called", CALLED.format(rise=1.0)), ("calls", CALLS)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "kernel.py").write_text(source)
    assert told(tmp_path) == 3.0
    assert list((tmp_path / "calls").rglob("*.nbi"))
    (tmp_path / "called" / "kernel.py").write_text(CALLED.format(rise=2.0))
    assert told(tmp_path) == 5.0
