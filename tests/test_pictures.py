"""The README's pictures are what robosim draws."""

import cv2
import numpy as np
import pytest

from robosim.scripts.pictures import FOLDER, draw_pictures


@pytest.mark.medium
def test_the_pictures_are_what_is_drawn() -> None:
    drawn = draw_pictures(1280, 720)
    assert {path.stem for path in FOLDER.iterdir()} == set(drawn)
    for name, picture in drawn.items():
        kept = cv2.cvtColor(cv2.imread(str(FOLDER / f"{name}.jpg")), cv2.COLOR_BGR2RGB)
        assert kept.shape == picture.shape
        assert np.abs(kept.astype(int) - picture).mean() < 6.0, name  # JPEG is not exact
