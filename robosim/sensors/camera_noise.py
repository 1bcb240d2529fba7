"""What real cameras do to exact pictures: `CameraNoise` says how much, `Flaws` does it for one episode."""

import itertools
import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from robosim.errors import RobosimError
from robosim.render.lens import Lens
from robosim.render.textures import srgb_tables
from robosim.sensors.noise_kernel import expose, linearise
from robosim.sensors.vary import Uniform, Vary, checked, draw

if TYPE_CHECKING:
    from robosim.sensors.distortion import Distortion

_TO_LINEAR, _TO_SRGB = srgb_tables()
_NO_GRAIN = np.zeros(0, np.float32)
_SIGNED = ("exposure", "k1", "k2")
_CONSTANT = ("full_well", "baseline", "stereo_focal")


@dataclass(frozen=True)
class CameraNoise:
    """How a camera errs; all off by default. What is a `Uniform` is drawn at the start of each episode.

    Colour is worked on in linear light. Its noise is that of the linear model of EMVA 1288 (release 3.1, section 2):
    the variance of a pixel, in electrons, is the number of its electrons plus the variance of the dark signal. Photons'
    Poisson statistics are approximated by a normal law, as Foi et al. (2008, "Practical Poissonian-Gaussian noise
    modeling and fitting for single-image raw-data") do.

    Depth is measured as disparity, f b / z, by two eyes side by side. Normal noise of disparity is noise of depth that
    grows with z² (Khoshelham and Elberink, 2012, "Accuracy and resolution of Kinect depth data for indoor mapping
    applications"); disparity comes in steps (Handa et al., 2014, "A benchmark for RGB-D visual odometry, 3D
    reconstruction and SLAM"); and what the second eye, on the right, does not see has no depth: shadows to the left of
    near things.

    Attributes:
        exposure: Stops: each doubles the light.
        shot: Standard deviation of photon noise, as a multiple of the physical one.
        read_noise: Standard deviation of the dark signal, electrons; 2 to 20 for CMOS sensors.
        blur: Standard deviation of a Gaussian, pixels.
        k1: Radial distortion of the lens; see `robosim.sensors.distortion.Distortion`.
        k2: The same.
        disparity_step: Pixels of the depth sensor.
        axial: Standard deviation of depth at 1 m, metres; elsewhere times z².
        edge_holes: Width of shadows in depth, as a multiple of what ``baseline`` makes it.
        full_well: Electrons of a white pixel, at which it saturates.
        baseline: From eye to eye, metres.
        stereo_focal: Focal length of the depth sensor, pixels of its own, which may be finer than the picture's.

    Raises:
        RobosimError: A value is not possible.
    """

    exposure: Vary = 0.0
    shot: Vary = 0.0
    read_noise: Vary = 0.0
    blur: Vary = 0.0
    k1: Vary = 0.0
    k2: Vary = 0.0
    disparity_step: Vary = 0.0
    axial: Vary = 0.0
    edge_holes: Vary = 0.0
    full_well: float = 10_000.0  # the order of machine-vision CMOS sensors with pixels of 3.5 µm
    baseline: float = 0.075
    stereo_focal: float = 585.0

    def __post_init__(self) -> None:
        """Checks; see the class."""
        for field in fields(self):
            name, value = field.name, getattr(self, field.name)
            if name in _CONSTANT and not 0 < value < math.inf:
                raise RobosimError(f"{name}={value!r} is not a positive number")
            if name not in _SIGNED:
                checked(name, value)
            elif not isinstance(value, Uniform) and not math.isfinite(value):
                raise RobosimError(f"{name}={value!r} is neither a finite number nor a Uniform")


def check_distortion(noise: CameraNoise, lens: Lens) -> None:
    """Finds out before the first episode whether a lens can be bent as far as it may be.

    Raises:
        RobosimError: It cannot.
    """
    for k1, k2 in itertools.product(_limits(noise.k1), _limits(noise.k2)):
        if k1 or k2:
            _bend(lens, k1, k2)


def _bend(lens: Lens, k1: float, k2: float) -> "Distortion":
    # OpenCV's import needs graphics libraries of the system: a camera without flaws does without.
    from robosim.sensors.distortion import Distortion

    return Distortion(lens, k1, k2)


def _limits(value: Vary) -> set[float]:
    return {value.low, value.high} if isinstance(value, Uniform) else {value}


# Khoshelham and Elberink: depth's standard deviation is 1.425e-3 z² in metres, 4 cm at 5 m. Handa et al.: disparity in
# eighths of a pixel, 8 f b = 351.3 m; Kinect's infrared camera has f = 585 px, its projector stands b = 7.5 cm beside.
KINECT = CameraNoise(disparity_step=1 / 8, axial=1.425e-3, edge_holes=1.0, baseline=0.075, stereo_focal=585.0)


class Grain(Protocol):
    """Where noise comes from: a random generator, or what stands for one."""

    def standard_normal(self, size: tuple[int, ...], dtype: type[np.float32], /) -> NDArray[np.float32]:
        """Gives numbers of a standard normal law."""


class Flaws:
    """One episode's noise, at work on exact images.

    Args:
        noise: What may happen.
        lens: Of the camera.
        rng: Draws what varies from episode to episode.
        scale: Multiplies every figure; 0 leaves images as they are.

    Attributes:
        lens: Through which the exact images must be drawn: as wide as ``lens``, or wider where distortion asks for it.

    Raises:
        RobosimError: The distortion is not possible with this lens.
    """

    def __init__(self, noise: CameraNoise, lens: Lens, rng: np.random.Generator, scale: float) -> None:
        """Draws; see the class."""
        drawn = {
            field.name: scale * draw(getattr(noise, field.name), rng)
            for field in fields(noise)
            if field.name not in _CONSTANT
        }
        k1, k2 = drawn["k1"], drawn["k2"]
        self._distortion = _bend(lens, k1, k2) if k1 or k2 else None
        self.lens = lens if self._distortion is None else self._distortion.lens
        self._gain, self._blur = 2.0 ** drawn["exposure"], drawn["blur"]
        self._shot = drawn["shot"] ** 2 / noise.full_well  # variance of a white pixel, white being 1
        self._dark = (drawn["read_noise"] / noise.full_well) ** 2
        self._axial = drawn["axial"]
        self._step = drawn["disparity_step"] / (noise.stereo_focal * noise.baseline)  # 1/m
        self._shadow = drawn["edge_holes"] * noise.baseline * lens.focal  # px m: disparity in the picture, times depth

    def colour(self, rgb: NDArray[np.uint8], rng: Grain) -> NDArray[np.uint8]:
        """Spoils sRGB, uint8 (height, width, 3): through the lens, then onto the sensor."""
        noisy = self._shot > 0 or self._dark > 0
        if not (self._distortion or self._blur or noisy or self._gain != 1):
            return rgb
        light = np.empty(rgb.shape, np.float32)
        linearise(np.ravel(rgb), _TO_LINEAR, light.reshape(-1))
        if self._distortion:
            light = self._distortion.blend(light)
        if self._blur:
            import cv2  # as in `_bend`

            light = np.asarray(cv2.GaussianBlur(light, (0, 0), self._blur, borderType=cv2.BORDER_REPLICATE))
        grain = rng.standard_normal(light.shape, np.float32) if noisy else _NO_GRAIN
        spoilt = np.empty(light.shape, np.uint8)
        expose(light.ravel(), grain.ravel(), self._gain, self._shot, self._dark, _TO_SRGB, spoilt.reshape(-1))
        return spoilt

    def depth(self, depth: NDArray[np.float32], rng: Grain) -> NDArray[np.float32]:
        """Spoils depth in metres, float32 (height, width), infinity for no return, before and after."""
        if self._shadow:
            depth[unseen_from_the_right(depth, self._shadow)] = np.inf
        if self._distortion:
            depth = self._distortion.pick(depth)
        if not (self._axial or self._step):
            return depth
        nearness: NDArray[np.float32] = np.reciprocal(depth)  # disparity, but for a constant
        lost = nearness == 0
        if self._axial:
            nearness += np.float32(self._axial) * rng.standard_normal(depth.shape, np.float32)
        if self._step:
            step = np.float32(self._step)
            nearness = np.rint(nearness / step) * step
        lost |= nearness <= 0
        nearness[lost] = 1.0
        depth = np.reciprocal(nearness)
        depth[lost] = np.inf
        return depth

    def segmentation(self, labels: NDArray[np.int16]) -> NDArray[np.int16]:
        """Bends labels, int16 (height, width, 2), with the rest of the picture."""
        return self._distortion.pick(labels) if self._distortion else labels


def unseen_from_the_right(depth: NDArray[np.float32], baseline: float) -> NDArray[np.bool_]:
    """Says which pixels of a picture a second eye on its right does not see, because something nearer is in the way.

    Args:
        depth: Metres, float32 (height, width), as the first eye sees it.
        baseline: Metres from eye to eye times the focal length in pixels.

    Returns:
        Shape (height, width).
    """
    column = np.arange(depth.shape[1], dtype=np.float32) - np.float32(baseline) / depth  # where the second eye has it
    leftmost = np.minimum.accumulate(column[:, ::-1], axis=1)[:, ::-1]  # of all that lies to the right
    unseen = np.zeros(depth.shape, np.bool_)
    np.greater_equal(column[:, :-1], leftmost[:, 1:], out=unseen[:, :-1])
    return unseen
