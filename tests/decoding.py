"""Videos read back, as another program than the one that wrote them does."""

from pathlib import Path

import cv2
import numpy as np

from robosim.render.overlay import Picture


def decoded(path: Path) -> list[Picture]:
    """Every picture of a video, RGB."""
    reader = cv2.VideoCapture(str(path))
    found = []
    while (frame := reader.read())[0]:
        found.append(np.asarray(frame[1][..., ::-1], np.uint8))
    reader.release()
    return found
