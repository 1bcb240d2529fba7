"""`python scripts/pictures.py`: draws the README's pictures anew, of the two places in `sights.py`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import tyro
from numpy.typing import NDArray
from rich.console import Console

from robosim.physics import Physics
from robosim.render.colouring import colour_depth, colour_kinds
from robosim.render.lens import Lens, looking
from robosim.render.renderer import Renderer
from robosim.render.scene import Scene
from robosim.render.spectator import Spectator
from robosim.scripts.cli import command
from robosim.scripts.sights import rough_ground, warehouse

FOLDER = Path(__file__).parent / "pictures"
TIME = 1.0  # s; the moment that is shown
FAR = 12.0  # m, where the depth picture's colours end


@dataclass(frozen=True)
class Options:
    """Draw the README's pictures anew."""

    out: Path = FOLDER
    """The folder; pictures in it are replaced."""
    width: int = 1280
    """Pixels."""
    height: int = 720
    """Pixels."""


@command
def main(argv: Sequence[str]) -> int:
    """Draw them, and print where they are."""
    options = tyro.cli(Options, args=list(argv))
    options.out.mkdir(parents=True, exist_ok=True)
    for name, picture in draw_pictures(options.width, options.height).items():
        path = options.out / f"{name}.jpg"
        cv2.imwrite(str(path), picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])
        Console().print(path, markup=False, soft_wrap=True)
    return 0


def draw_pictures(width: int, height: int) -> dict[str, NDArray[np.uint8]]:
    """Gives the pictures by name, RGB."""
    with Physics(1 / 200) as physics:
        sight = warehouse(physics)
        sight.move(TIME)
        scene = Scene(physics)
        hall = Spectator(scene, (width, height)).picture(sight.eye, sight.target)
        lens = Lens(width // 3, height // 3, 60.0)
        rgb = np.empty((lens.height, lens.width, 3), np.uint8)
        depth, labels = np.empty(rgb.shape[:2], np.float32), np.empty((*rgb.shape[:2], 2), np.int16)
        Renderer(scene, lens).draw(looking(sight.eye, sight.target), rgb, depth, labels)
        senses = np.hstack([rgb, colour_depth(depth, 0.0, FAR), colour_kinds(labels)])
    with Physics(1 / 200) as physics:
        sight = rough_ground(physics)
        sight.move(TIME)
        ground = Spectator(Scene(physics), (width, height)).picture(sight.eye, sight.target)
    return {"warehouse": hall, "senses": senses, "rough_ground": ground}


if __name__ == "__main__":
    raise SystemExit(main())
