"""Two depth cameras side by side, that see all of what is ahead, from left to right; and what of it stands there."""

import math
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from robosim.body import Body
from robosim.math import Vec3
from robosim.render.scene import Scene
from robosim.sensors.camera import Camera, Mount
from robosim.sensors.sensor import Sensor

FIELD = 90.0  # degrees, that each camera sees from left to right
DEPTHS = (0.1, 10.0)  # m
STANDING = (0.08, 1.0)  # m above the floor: what is seen there stands in the way of a robot


class Columns:
    """Where the columns of such a picture look, and what stands there.

    Args:
        height: Of the picture, pixels.
        width: Of one of its halves, pixels.
        position: Of both pinholes in the body's base frame, m.

    Attributes:
        azimuths: float64 (2 · width,), rad, 0 ahead, growing to the left.
    """

    def __init__(self, height: int, width: int, position: Vec3) -> None:
        """Computes them; see the class."""
        focal = focal_length(width)
        right = (np.arange(width) - (width - 1) / 2) / focal
        down = (np.arange(height) - (height - 1) / 2) / focal
        turn = math.radians(FIELD / 2)
        self.azimuths = np.concatenate([turn - np.arctan(right), -turn - np.arctan(right)])
        metre = DEPTHS[1] / 255
        self._away = (metre * np.tile(np.hypot(1.0, right), 2)).astype(np.float32)  # m along the floor, of a step
        self._rise = (-metre * down[:, None]).astype(np.float32)  # m, of a step
        self._ahead, _, self._height = position

    def standing(self, depth8: NDArray[np.uint8], heights: tuple[float, float], far: float) -> NDArray[np.float32]:
        """Gives for each column how far away the nearest is that stands there, as a lidar would.

        Args:
            depth8: As `Panorama` reads it.
            heights: m above the body's origin, lowest and highest: what is below or above is passed under or over.
            far: m; where nothing is nearer, it is this.

        Returns:
            Shape (2 · width,), m along the floor, from the pinholes.
        """
        steps = depth8[..., 0].astype(np.float32)
        height = self._height + steps * self._rise
        steps[(steps == 0) | (height < heights[0]) | (height > heights[1])] = np.inf
        ranges: NDArray[np.float32] = np.minimum(steps.min(axis=0) * self._away, np.float32(far))
        return ranges

    def points(self, depth8: NDArray[np.uint8], far: float) -> NDArray[np.float64]:
        """Gives what stands there, at `STANDING`, nearer than ``far`` (m): shape (n, 2), m in the body's frame."""
        ranges = self.standing(depth8, STANDING, far)
        some = ranges < far
        azimuths = self.azimuths[some]
        return np.column_stack([self._ahead + ranges[some] * np.cos(azimuths), ranges[some] * np.sin(azimuths)])


class Panorama(Sensor):
    """Reads colour and depth of 180° ahead, in one picture of two halves.

    ``read`` gives a dict: ``"rgb"``, uint8 (height, 2 · width, 3), and ``"depth8"``, uint8 (height, 2 · width, 1), as
    `robosim.sensors.camera.Camera` has them. The left half is what a camera sees that looks 45° to the left, the right
    half another's that looks as far to the right. What is straight ahead is in the middle.

    Args:
        scene: What there is to be seen.
        body: What it is mounted on; upright, or heights are wrong.
        width: Pixels of each half.
        height: Pixels.
        position: Of both pinholes in the body's base frame, m.

    Attributes:
        columns: Where the picture's columns look.
    """

    space: spaces.Dict

    def __init__(self, scene: Scene, body: Body, width: int, height: int, position: Vec3) -> None:
        """Mounts it; see the class."""
        fov = math.degrees(2 * math.atan(height / 2 / focal_length(width)))
        self._cameras = [
            Camera(
                scene, body, width, height, fov, Mount(position, (1.0, side, 0.0)), modes=("rgb", "depth8"),
                depth_range=DEPTHS,
            )
            for side in (1.0, -1.0)
        ]  # fmt: skip
        self.space = spaces.Dict(
            {
                "rgb": spaces.Box(0, 255, (height, 2 * width, 3), np.uint8),
                "depth8": spaces.Box(0, 255, (height, 2 * width, 1), np.uint8),
            }
        )
        self.columns = Columns(height, width, position)

    def reset(self, rng: np.random.Generator, noise: float) -> None:
        """Begins an episode; see `Sensor.reset`."""
        for camera in self._cameras:
            camera.reset(rng, noise)

    def read(self, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
        """Takes both pictures; see the class."""
        left, right = (camera.read(rng) for camera in self._cameras)
        return {mode: np.concatenate([left[mode], right[mode]], axis=1) for mode in ("rgb", "depth8")}


def focal_length(width: int) -> float:
    """Gives that of a camera whose pictures are so wide, both in pixels."""
    return width / 2 / math.tan(math.radians(FIELD) / 2)
