"""A camera on a body: `Camera` sees colour, depth and segmentation from where its `Mount` holds it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from robosim.body import Body
from robosim.errors import RobosimError
from robosim.math import Vec3, rotation_rows
from robosim.render.lens import Lens, View, carried, facing
from robosim.render.renderer import NO_IMAGES, Images, Renderer
from robosim.render.scene import Scene
from robosim.sensors.camera_noise import CameraNoise, Flaws, check_distortion
from robosim.sensors.sensor import Sensor
from robosim.shapes import ORIGIN, Kind

EXACT = CameraNoise()
MODES = ("rgb", "depth", "segmentation")
ALL_MODES = ("rgb", "depth", "depth8", "segmentation")


@dataclass(frozen=True)
class Mount:
    """Where a camera is fixed, in the base frame of its body, or in that of a link.

    Attributes:
        position: Of the pinhole, metres.
        direction: Which way it looks; of any length.
        up: What is up in the picture; any direction but that of sight.
        link: Which link carries it, by name; none, the base.

    Raises:
        RobosimError: A value is not possible.
    """

    position: Vec3 = ORIGIN
    direction: Vec3 = (1.0, 0.0, 0.0)
    up: Vec3 = (0.0, 0.0, 1.0)
    link: str = ""

    def __post_init__(self) -> None:
        """Checks; see the class."""
        for name in ("position", "direction", "up"):
            value = getattr(self, name)
            if len(value) != 3 or not np.isfinite(value).all():
                raise RobosimError(f"{name}={value!r} is not three finite numbers")
        if not np.any(self.direction):
            raise RobosimError(f"direction={self.direction!r}: a camera must look somewhere")
        sizes = np.linalg.norm(self.direction) * np.linalg.norm(self.up)
        if np.linalg.norm(np.cross(self.direction, self.up)) <= 1e-6 * sizes:
            raise RobosimError(
                f"up={self.up!r} leaves open what is up in a picture towards direction={self.direction!r}: "
                "give an up across it, such as (1, 0, 0) for one that looks down"
            )

    def view(self) -> View:
        """Gives the transform from the frame of what carries it to the camera's."""
        return facing(self.position, np.asarray(self.direction) / np.linalg.norm(self.direction), self.up)


class Camera(Sensor):
    """Sees a scene from a body that moves, the body itself included.

    ``read`` gives a dict with an image for each mode, all of one moment, the top row first:

    ================  =======  ==================  ====================================================================
    ``rgb``           uint8    (height, width, 3)  sRGB: an image to Stable-Baselines3, which divides it by 255
    ``depth``         float32  (height, width, 1)  metres along the camera's axis; 0 for no return: nothing there, or
                                                   not within ``depth_range``. Floats are no image to
                                                   Stable-Baselines3's `CombinedExtractor` unless ``normalized_image``
                                                   is set.
    ``depth8``        uint8    (height, width, 1)  the same in steps of 1 / 255 of the farthest depth: an image to it
    ``segmentation``  int16    (height, width, 2)  number of the body and `robosim.shapes.Kind`; (-1, 0) for nothing
    ================  =======  ==================  ====================================================================

    Args:
        scene: What there is to be seen; it is updated when the camera reads.
        body: What the camera is fixed to.
        width: Pixels.
        height: Pixels.
        fov: Vertical field of view, degrees.
        mount: Where on the body.
        modes: Some of ``"rgb"``, ``"depth"``, ``"depth8"``, ``"segmentation"``.
        depth_range: m, the nearest and the farthest depth that is measured.
        noise: How it errs.

    Attributes:
        lens: Intrinsics, those of a pinhole; distortion comes on top.

    Raises:
        RobosimError: A value is not possible.
    """

    space: spaces.Dict

    def __init__(
        self,
        scene: Scene,
        body: Body,
        width: int = 64,
        height: int = 64,
        fov: float = 60.0,
        mount: Mount = Mount(),
        *,
        modes: Sequence[str] = MODES,
        depth_range: tuple[float, float] = (0.1, 10.0),
        noise: CameraNoise = EXACT,
    ) -> None:
        """Mounts it; see the class."""
        self._modes = _checked_modes(modes)
        self._nearest, self._farthest = _checked_range(depth_range)
        self.lens = Lens(width, height, fov)
        check_distortion(noise, self.lens)
        self._scene, self._body, self._noise = scene, body, noise
        self._view, self._carrier = mount.view(), scene.row(body, mount.link)
        self._link = body.link_number(mount.link) if mount.link else None
        self._exact = self._renderer = Renderer(scene, self.lens)
        self._flaws: Flaws | None = None
        known = _spaces(self.lens, self._farthest)
        self.space = spaces.Dict({mode: known[mode] for mode in self._modes})

    def reset(self, rng: np.random.Generator, noise: float) -> None:
        """Draws this episode's flaws; see `Sensor.reset`."""
        self._flaws = Flaws(self._noise, self.lens, rng, noise) if noise else None
        lens = self.lens if self._flaws is None else self._flaws.lens
        self._renderer = self._exact if lens == self.lens else Renderer(self._scene, lens)

    def view(self) -> View:
        """Gives where the camera is now: from the world to its frame."""
        link = self._link
        (x, y, z), quaternion = self._body.motion()[0] if link is None else self._body.link_poses([link])[0]
        return carried(self._view, np.column_stack([rotation_rows(quaternion), (x, y, z)]))

    def read(self, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
        """Takes a picture; see the class."""
        self._scene.update()
        modes, flaws = self._modes, self._flaws
        images = self._room()
        reach = (0.0, math.inf, math.inf) if flaws else (self._nearest, self._farthest, 0.0)
        self._renderer.snap(self._view, images, reach, self._carrier)
        rgb, depth, depth8, labels = images
        if flaws is not None and depth.size:
            depth = self._measured(flaws.depth(depth, rng))
            if "depth8" in modes:
                depth8 = (depth * (255 / self._farthest) + 0.5).astype(np.uint8)
        read: dict[str, NDArray[Any]] = {}
        if "depth" in modes:
            read["depth"] = depth.reshape(*depth.shape[:2], 1)
        if "depth8" in modes:
            read["depth8"] = depth8
        if "rgb" in modes:
            read["rgb"] = flaws.colour(rgb, rng) if flaws else rgb
        if "segmentation" in modes:
            read["segmentation"] = flaws.segmentation(labels) if flaws else labels
        return read

    def _room(self) -> Images:
        """Makes room for what is asked for; depth in steps is made of metres where the camera errs."""
        modes, lens, errs = self._modes, self._renderer.lens, self._flaws is not None
        size = lens.height, lens.width
        return Images(
            np.empty((*size, 3), np.uint8) if "rgb" in modes else NO_IMAGES.rgb,
            np.empty(size, np.float32) if "depth" in modes or (errs and "depth8" in modes) else NO_IMAGES.depth,
            np.empty((*size, 1), np.uint8) if "depth8" in modes and not errs else NO_IMAGES.depth8,
            np.empty((*size, 2), np.int16) if "segmentation" in modes else NO_IMAGES.segmentation,
        )

    def _measured(self, depth: NDArray[np.float32]) -> NDArray[np.float32]:
        """Makes 0 of what is out of range; shape (height, width, 1)."""
        depth[(depth > self._farthest) | (depth < self._nearest)] = 0.0
        return depth.reshape(*depth.shape, 1)


def _checked_modes(modes: Sequence[str]) -> tuple[str, ...]:
    if isinstance(modes, str) or not modes or not set(modes) <= set(ALL_MODES):
        allowed = ", ".join(map(repr, ALL_MODES))
        raise RobosimError(f"modes={modes!r} must name at least one of {allowed}, as in ('rgb',)")
    return tuple(mode for mode in ALL_MODES if mode in modes)


def _checked_range(depth_range: tuple[float, float]) -> tuple[float, float]:
    near, far = depth_range
    if not 0 <= near < far < math.inf:
        raise RobosimError(f"depth_range={depth_range!r} must be a nearest and a farthest depth, 0 ≤ near < far")
    return near, far


def _spaces(lens: Lens, farthest: float) -> dict[str, spaces.Box]:
    size = lens.height, lens.width
    low, high = np.zeros((*size, 2), np.int16), np.empty((*size, 2), np.int16)
    low[..., 0] = -1
    high[:] = np.iinfo(np.int16).max, max(Kind)
    return {
        "rgb": spaces.Box(0, 255, (*size, 3), np.uint8),
        "depth": spaces.Box(0.0, farthest, (*size, 1), np.float32),
        "depth8": spaces.Box(0, 255, (*size, 1), np.uint8),
        "segmentation": spaces.Box(low, high, dtype=np.int16),
    }
