"""`Spectator`: a world as people like to see it, with shadows, a textured ground, a sky and smooth edges."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from robosim.render.lens import Lens, View, looking
from robosim.render.renderer import Renderer, Shadows, daylight
from robosim.render.scene import Scene

FOV = 50.0  # degrees, vertical; a normal lens
SAMPLES = 2  # each way
HAZE = 70.0  # m

Size = tuple[int, int]


class Spectator:
    """A camera that stands anywhere in a scene.

    Args:
        scene: What it looks at.
        size: Width and height of its pictures, pixels.

    Attributes:
        size: That of its pictures.
        lens: That of its pictures.
        view: From where the last picture was taken.
    """

    def __init__(self, scene: Scene, size: Size) -> None:
        """Makes its buffers; see the class."""
        self._scene = scene
        self.size = size
        self.lens = Lens(*size, FOV, near=0.05)
        self._renderer = Renderer(scene, self.lens, SAMPLES, Shadows(), smooth=True, light=daylight(HAZE))
        self.view: View = np.eye(4)[:3]

    def picture(self, eye: Sequence[float], target: Sequence[float]) -> NDArray[np.uint8]:
        """Takes a picture.

        Args:
            eye: Where it stands, metres in the world.
            target: What it looks at; up is up, and shadows fall around it.

        Returns:
            RGB, shape (height, width, 3), fresh memory.
        """
        self._scene.update()
        self.view = looking(eye, target)
        rgb = np.empty((self.lens.height, self.lens.width, 3), np.uint8)
        x, y, z = target
        self._renderer.draw(self.view, rgb, focus=(x, y, z))
        return rgb
