"""The README's pictures are what robosim draws."""

import cv2
import numpy as np
import pytest

from robosim.scripts.pictures import FOLDER, draw_pictures


@pytest.mark.medium
def test_the_pictures_are_what_is_drawn() -> None:
    drawn = draw_pictures(1280, 720)
    assert {path.stem for path in FOLDER.glob("*.jpg")} == set(drawn)
    for name, picture in drawn.items():
        image = cv2.imread(str(FOLDER / f"{name}.jpg"))
        assert image is not None
        kept = image[..., ::-1]
        assert kept.shape == picture.shape
        assert np.abs(kept.astype(int) - picture).mean() < 6.0, name  # JPEG is not exact
