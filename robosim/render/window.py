"""A window of OpenCV's that shows pictures in real time, where there is a display."""

import subprocess
import sys
import time
from types import TracebackType
from typing import Literal

import cv2

from robosim.errors import RobosimError
from robosim.render.overlay import Picture

Wish = Literal["pause", "next", "quit"]

_PROBE = "import cv2; cv2.namedWindow('robosim'); cv2.waitKey(1)"
_KEYS: dict[int, Wish] = {ord(" "): "pause", ord("n"): "next", ord("q"): "quit", 27: "quit"}  # 27 is Escape
_LOOK_MS = 50  # between two looks at whether the window was closed


class WindowError(RobosimError):
    """There is no display, or OpenCV cannot open a window on it."""


def check_display() -> None:
    """Learn whether a window can be opened.

    The question is put to another process: where a display is named but does not answer, OpenCV's toolkit does not
    raise an error but ends the process.

    Raises:
        WindowError: It cannot; with what the toolkit says.
    """
    probe = subprocess.run([sys.executable, "-c", _PROBE], capture_output=True, text=True, check=False)
    if probe.returncode:
        said = next((line.strip() for line in probe.stderr.splitlines() if line.strip()), "no reason given")
        raise WindowError(f"no window can be opened here ({said})")


class Window:
    """A window, closed by ``with``. Keys: space pauses, n goes on to what is next, q and Escape end.

    Args:
        title: What is written on it.
    """

    def __init__(self, title: str) -> None:
        """Opens nothing yet: the first picture decides the size."""
        self._title = title
        self._open = False

    def __enter__(self) -> "Window":
        """Gives itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the window."""
        if self._open:
            cv2.destroyAllWindows()

    def show(self, picture: Picture) -> None:
        """Shows a picture, RGB; it is seen when `wait` is called."""
        if not self._open:
            cv2.namedWindow(self._title, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)
            cv2.resizeWindow(self._title, picture.shape[1], picture.shape[0])
            self._open = True
        cv2.imshow(self._title, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))

    def wait(self, seconds: float) -> Wish | None:
        """Waits for the user, at most so long.

        Returns:
            What the user wants, None for nothing; closing the window is ``"quit"``.
        """
        end = time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            key = cv2.waitKey(min(max(round(1000 * left), 1), _LOOK_MS)) & 0xFF  # 0 would wait for ever
            if cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) < 1:
                return "quit"
            if key in _KEYS:
                return _KEYS[key]
            if left <= 0:
                return None
