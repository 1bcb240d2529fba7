"""`Renderer`: pictures of a scene in colour, depth and segmentation, into memory that the caller owns."""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from robosim.errors import RobosimError
from robosim.render.kernels.arrays import NONE, Camera, Light, Shadow, make_buffers, make_palette
from robosim.render.kernels.develop import develop_colour
from robosim.render.kernels.draw import draw
from robosim.render.kernels.kept import Kept, keep
from robosim.render.kernels.snap import snap
from robosim.render.lens import Lens, View, carried, facing, parallel
from robosim.render.scene import Scene


def daylight(haze: float = math.inf) -> Light:
    """Gives a bright hall: sun from the side through a skylight, and as much light from everywhere; see `Light`."""
    return Light(
        to_sun=(-0.26, -0.41, 0.874),
        sun=(0.78, 0.74, 0.67),
        sky=(0.27, 0.30, 0.36),
        ground=(0.14, 0.13, 0.125),
        zenith=(0.22, 0.42, 0.75),
        horizon=(0.72, 0.80, 0.88),
        haze=haze,
    )


@dataclass(frozen=True)
class Shadows:
    """How shadows are made: the world as the sun sees it, around what is looked at.

    Attributes:
        size: Pixels of that picture each way.
        width: m, of what it shows; beyond there are no shadows.
        depth: m, from the sun's camera to where its sight ends.
    """

    size: int = 1536
    width: float = 16.0
    depth: float = 60.0


class Images(NamedTuple):
    """Where pictures are written, as `Renderer.draw` has them; of size 0, what is not asked for."""

    rgb: NDArray[np.uint8]
    depth: NDArray[np.float32]
    depth8: NDArray[np.uint8]
    segmentation: NDArray[np.int16]


NO_IMAGES = Images(
    np.zeros((0, 0, 3), np.uint8),
    np.zeros((0, 0), np.float32),
    np.zeros((0, 0, 1), np.uint8),
    np.zeros((0, 0, 2), np.int16),
)
_NO_SHADOW = Shadow(parallel(np.zeros((3, 4)), 1, 1.0, 1.0), np.zeros((0, 0), np.float32))


class Renderer:
    """Draws a scene through one lens.

    Args:
        scene: What is drawn; `Scene.update` it first.
        lens: Through which.
        samples: Samples a pixel each way: 1, or 2 for smooth edges.
        shadows: How shadows are made; None for none.
        smooth: Blend the texels of textures; for people, who see a nearest texel's steps.
        light: What lights the scene; None for `daylight`.

    Attributes:
        lens: That lens.

    Raises:
        RobosimError: The number of samples is not possible.
    """

    def __init__(
        self,
        scene: Scene,
        lens: Lens,
        samples: int = 1,
        shadows: Shadows | None = None,
        *,
        smooth: bool = False,
        light: Light | None = None,
    ) -> None:
        """Makes the buffers; see the class."""
        if samples not in (1, 2, 3, 4):
            raise RobosimError(f"samples={samples!r} is not one of 1, 2, 3, 4")
        self.lens = lens
        self._scene, self._samples, self._shadows, self._smooth = scene, samples, shadows, smooth
        self._light = light or daylight()
        self._plain = samples == 1 and shadows is None and not smooth and math.isinf(self._light.haze)
        focus = lens.camera(np.eye(4)[:3], samples).lens
        self._buffers = make_buffers(lens.height * samples, lens.width * samples, scene.geometry)
        palette = make_palette(lens.width, scene.geometry, scene.looks, self._light)
        self._kept = Kept(scene.geometry, scene.looks, scene.poses, self._light, focus, self._buffers, palette)
        self._room = keep(self._kept)
        self._clear = keep(self._kept._replace(light=self._light._replace(haze=math.inf)))  # what a snap sees
        self._sun = None if shadows is None else make_buffers(shadows.size, shadows.size, scene.geometry)

    @property
    def faces(self) -> NDArray[np.int32]:
        """The number of the face at each sample of the last picture, of `Scene.geometry`; -1 for nothing.

        A face that is seen from behind has the number of all faces added. Shape (samples height, samples width); not a
        copy.
        """
        return self._buffers.winner

    def draw(
        self,
        view: View,
        rgb: NDArray[np.uint8] | None = None,
        depth: NDArray[np.float32] | None = None,
        segmentation: NDArray[np.int16] | None = None,
        *,
        depth8: NDArray[np.uint8] | None = None,
        depth_range: tuple[float, float] | None = None,
        carrier: int = NONE,
        without: int = NONE,
        focus: tuple[float, float, float] = (0.0, 0.0, 0.0),
    ) -> None:
        """Draws what is asked for, all from one pass.

        Args:
            view: Where the camera stands: (3, 4), from the world to its frame, or from that of its carrier.
            rgb: Shape (height, width, 3), uint8: where colours are written.
            depth: Shape (height, width), float32: distance along the camera's axis in metres, infinity for nothing.
            segmentation: Shape (height, width, 2), int16: number of the body and `robosim.shapes.Kind`; (-1, 0) for
                nothing.
            depth8: Shape (height, width, 1), uint8: depth in steps of a 255th of the farthest in ``depth_range``.
            depth_range: Depths that are not within it are written as 0; None: none is, and nothing is infinity.
            carrier: The row of `Scene.poses` of the link that carries the camera; -1 for none.
            without: Number of a body that is left out.
            focus: Around which point of the world there are shadows, metres.

        Raises:
            RobosimError: An array does not fit, there is no such carrier, the view is not finite, depth in steps was
                asked for without a range, or depth or segmentation with more than one sample a pixel.
        """
        if self._samples > 1 and not (depth is None and segmentation is None and depth8 is None):
            raise RobosimError(f"samples={self._samples}: depth and segmentation are exact only with 1 sample a pixel")
        if depth8 is not None and depth_range is None:
            raise RobosimError("depth8 is in steps of a 255th of the farthest depth: it needs a depth_range")
        size, poses = (self.lens.height, self.lens.width), self._scene.poses
        view = np.ascontiguousarray(view, np.float64)
        if view.shape != (3, 4) or not NONE <= carrier < len(poses):
            raise RobosimError(
                f"view of shape {view.shape}, carrier={carrier!r}: "
                f"(3, 4), and a row of {len(poses)} poses or {NONE}, are needed"
            )
        images = Images(
            _checked("rgb", rgb, (*size, 3), NO_IMAGES.rgb),
            _checked("depth", depth, size, NO_IMAGES.depth),
            _checked("depth8", depth8, (*size, 1), NO_IMAGES.depth8),
            _checked("segmentation", segmentation, (*size, 2), NO_IMAGES.segmentation),
        )
        reach = (0.0, math.inf, math.inf) if depth_range is None else (*depth_range, 0.0)
        if self._plain:
            self.snap(view, images, reach, carrier, without)
            return
        self.snap(view, images._replace(rgb=NO_IMAGES.rgb), reach, carrier, without)
        if images.rgb.size:
            if carrier != NONE:
                view = carried(view, poses[carrier])
            shadow, camera = self._shadow(focus, without), self.lens.camera(view, self._samples)
            develop_colour(self._room, camera, shadow, self._smooth, images.rgb)

    def snap(
        self,
        view: View,
        images: Images,
        reach: tuple[float, float, float] = (0.0, math.inf, math.inf),
        carrier: int = NONE,
        without: int = NONE,
    ) -> None:
        """Draws without asking whether it can: for a camera, whose images fit, and which takes many.

        Colours are those without shadows, blended textures and haze, whatever the renderer's are.

        Args:
            view: See `draw`; float64, contiguous.
            images: What is asked for, of the lens's size and contiguous: memory elsewhere is overwritten otherwise.
            reach: The nearest and the farthest depth that is measured, m, and what is written for others.
            carrier: See `draw`.
            without: See `draw`.

        Raises:
            RobosimError: The view is not finite, or it is a renderer of several samples a pixel.
        """
        if self._samples > 1 and any(image.size for image in images):
            raise RobosimError(f"samples={self._samples}: a snap has 1 sample a pixel")
        if not snap(self._clear, view, carrier, without, reach, *images):
            where = "" if carrier == NONE else f" from a carrier at {self._scene.poses[carrier]!r}"
            raise RobosimError(f"view={view!r}{where} is not finite: did the physics diverge?")

    def _shadow(self, focus: tuple[float, float, float], without: int) -> Shadow:
        if self._shadows is None or self._sun is None:
            return _NO_SHADOW
        camera = sun_camera(self._light, self._shadows, focus)
        draw(self._scene.geometry, self._scene.looks.shown, self._scene.poses, camera, without, False, self._sun)
        return Shadow(camera, self._sun.nearness)


def sun_camera(light: Light, shadows: Shadows, focus: tuple[float, float, float]) -> Camera:
    """Gives the sun's camera; it moves with the focus by whole pixels, or shadows' edges would swim."""
    turn = facing((0.0, 0.0, 0.0), -np.array(light.to_sun))[:, :3]
    pixel = shadows.width / shadows.size
    snapped = np.rint(turn @ np.asarray(focus) / pixel) * pixel
    view = np.column_stack([turn, -snapped + (0.0, 0.0, shadows.depth / 2)])
    return parallel(view, shadows.size, shadows.width, shadows.depth)


def _checked(name: str, array: NDArray[Any] | None, shape: tuple[int, ...], none: NDArray[Any]) -> NDArray[Any]:
    """The kernels write without looking where: an array that does not fit would end the process."""
    if array is None:
        return none
    fits = array.flags.writeable and array.flags.c_contiguous
    if array.shape != shape or array.dtype != none.dtype or not fits:
        raise RobosimError(
            f"{name} is an array of shape {array.shape} and {array.dtype}, writeable: {array.flags.writeable}, "
            f"contiguous: {array.flags.c_contiguous}; {shape} and {none.dtype}, writeable and contiguous, are needed"
        )
    return array
