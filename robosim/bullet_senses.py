"""PyBullet's own camera and rays, kept so that robosim's can be compared with them, in tests and in speed."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from robosim.bullet import pybullet
from robosim.physics import Physics
from robosim.render.lens import Lens, View

_FAR = 100.0  # m
_MOST_RAYS = pybullet.MAX_RAY_INTERSECTION_BATCH_SIZE


class TinyRenderer:
    """PyBullet's software renderer, through the lens of one of our cameras; it samples at (row + 1, column).

    Args:
        physics: The world.
        lens: Through which it looks.
    """

    def __init__(self, physics: Physics, lens: Lens) -> None:
        """Computes the projection; see the class."""
        self._client, self._lens = physics.client, lens
        self._projection = pybullet.computeProjectionMatrixFOV(
            lens.fov, lens.width / lens.height, lens.near, _FAR, physicsClientId=self._client
        )

    def draw(self, view: View) -> tuple[NDArray[np.uint8], NDArray[np.float64], NDArray[np.int32]]:
        """Draws.

        Args:
            view: Shape (3, 4), from the world to the camera.

        Returns:
            RGB (height, width, 3), depth in metres and number of the body, both (height, width); -1 for no body.
        """
        opengl = np.vstack([view * np.array([[1.0], [-1.0], [-1.0]]), [0.0, 0.0, 0.0, 1.0]])
        width, height, near = self._lens.width, self._lens.height, self._lens.near
        _, _, colours, buffer, bodies = pybullet.getCameraImage(
            width, height, opengl.T.ravel().tolist(), self._projection, renderer=pybullet.ER_TINY_RENDERER,
            physicsClientId=self._client,
        )  # fmt: skip
        window = np.asarray(buffer, np.float64).reshape(height, width)
        depth = _FAR * near / (_FAR - (_FAR - near) * window)
        rgb = np.asarray(colours, np.uint8).reshape(height, width, 4)[..., :3]
        return rgb, depth, np.asarray(bodies, np.int32).reshape(height, width)


def cast_rays(physics: Physics, starts: NDArray[np.float64], ends: NDArray[np.float64]) -> list[Any]:
    """Casts rays against collision shapes, with ``rayTestBatch``.

    Args:
        physics: The world.
        starts: Shape (n, 3), metres in the world.
        ends: Shape (n, 3).

    Returns:
        What each ray hits first, as PyBullet tells it: number of the body, -1 for none; its link; the share of the ray
        before that; where it is, and the surface's normal, both in the world.
    """
    hits: list[Any] = []
    for first in range(0, len(starts), _MOST_RAYS):
        part = slice(first, first + _MOST_RAYS)
        hits += pybullet.rayTestBatch(starts[part].tolist(), ends[part].tolist(), physicsClientId=physics.client)
    return hits
