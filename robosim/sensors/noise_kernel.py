"""From a picture's sRGB to light, and what a sensor makes of light: gain, noise, saturation, sRGB again."""

import numpy as np

from robosim.compiled import compiled
from robosim.render.kernels.arrays import Array


@compiled
def linearise(rgb: Array, to_linear: Array, light: Array) -> None:
    """Writes the linear light of sRGB bytes.

    Args:
        rgb: uint8 (n,).
        to_linear: float32 (256,).
        light: float32 (n,), written.
    """
    for place in range(np.uintp(rgb.size)):
        light[place] = to_linear[rgb[place]]


@compiled
def expose(light: Array, grain: Array, gain: float, shot: float, dark: float, to_srgb: Array, rgb: Array) -> None:
    """Writes sRGB bytes.

    Args:
        light: float32 (n,), linear; white is 1.
        grain: float32 (n,), of a standard normal law; of size 0 for no noise.
        gain: What light is multiplied with.
        shot: Variance of a white pixel.
        dark: Variance of a black one.
        to_srgb: uint8 (4096,), from linear light in [0, 1] to sRGB bytes.
        rgb: uint8 (n,), written.
    """
    one, slope, base = np.float32(gain), np.float32(shot), np.float32(dark)
    for place in range(np.uintp(light.size)):
        value = light[place] * one
        if grain.size > 0:
            value += np.sqrt(slope * value + base) * grain[place]
        value = min(max(value, np.float32(0.0)), np.float32(1.0))
        rgb[place] = to_srgb[np.int32(value * np.float32(4095.0) + np.float32(0.5))]
