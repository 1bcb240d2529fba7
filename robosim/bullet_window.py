"""Whether PyBullet can open its window here."""

import os
import subprocess
import sys

from robosim.errors import RobosimError

_PROBE = "import pybullet, sys; sys.exit(pybullet.connect(pybullet.GUI) < 0)"


def check_window() -> None:
    """Learns whether PyBullet can open its window.

    In another process, because PyBullet raises no error where there is no display: it ends the process.

    Raises:
        RobosimError: It cannot; with the way out.
    """
    probe = subprocess.run([sys.executable, "-c", _PROBE], capture_output=True, check=False)
    if probe.returncode:
        display = os.environ.get("DISPLAY")
        reason = f"DISPLAY={display!r} does not answer" if display else "there is no display (DISPLAY is not set)"
        raise RobosimError(
            f"render_mode='human' opens a window, and {reason}. render_mode='rgb_array' needs no display; "
            "`robosim watch AGENT --video FILE.mp4` records a video."
        )
