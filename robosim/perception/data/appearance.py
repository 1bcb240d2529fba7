"""How worlds may look, by split: hues, light and patterns. Those of the test split are none that is ever trained on."""

import colorsys
import math

import numpy as np
from numpy.typing import NDArray

from robosim.render.kernels.arrays import Light, Triple
from robosim.seeding import Split

Floats = NDArray[np.float64]
Range = tuple[float, float]

# Degrees of the colour circle; no hue is within 10° of one of the other split's.
TEST_HUES: tuple[Range, ...] = ((75.0, 125.0), (255.0, 305.0))
TRAIN_HUES: tuple[Range, ...] = ((-45.0, 65.0), (135.0, 245.0))
# How much the sun's colour leans to red (positive) or blue, and which share of the light comes from everywhere.
TRAIN_WARMTH: tuple[Range, ...] = ((-0.2, 0.2),)
TEST_WARMTH: tuple[Range, ...] = ((-0.35, -0.23), (0.23, 0.35))
TRAIN_AMBIENT: tuple[Range, ...] = ((0.35, 0.70),)
TEST_AMBIENT: tuple[Range, ...] = ((0.26, 0.33), (0.72, 0.80))
BRIGHTNESS = (0.75, 1.25)
SUN_HEIGHT = (25.0, 85.0)  # degrees
PATTERN = 64  # pixels each way of a pattern
TRAIN_PATTERNS, TEST_PATTERNS = range(3), range(3, 6)


def hues(split: Split) -> tuple[Range, ...]:
    """Gives the hues of a split, degrees."""
    return TEST_HUES if split == "test" else TRAIN_HUES


def draw_from(ranges: tuple[Range, ...], rng: np.random.Generator) -> float:
    """Draws from several ranges together, all of them alike likely."""
    along = float(rng.random()) * sum(high - low for low, high in ranges)
    for low, high in ranges:
        if along < high - low:
            return low + along
        along -= high - low
    return ranges[-1][1]


def draw_colour(split: Split, rng: np.random.Generator, saturation: Range = (0.25, 0.9)) -> Triple:
    """Draws a colour of a split, sRGB in [0, 1]."""
    hue = draw_from(hues(split), rng) / 360.0 % 1.0
    return colorsys.hsv_to_rgb(hue, float(rng.uniform(*saturation)), float(rng.uniform(0.15, 1.0)))


def draw_tint(split: Split, rng: np.random.Generator) -> Floats:
    """Draws what a grey picture is multiplied with to take on a colour of a split; its luminance stays; (3,)."""
    colour = np.array(draw_colour(split, rng)) + 1e-3
    return np.asarray(colour / (colour @ (0.299, 0.587, 0.114)))


def draw_pattern(split: Split, rng: np.random.Generator) -> int:
    """Draws a row of `patterns`."""
    return (TEST_PATTERNS if split == "test" else TRAIN_PATTERNS)[int(rng.integers(3))]


def draw_light(split: Split, rng: np.random.Generator) -> Light:
    """Draws sun and sky of a split."""
    test = split == "test"
    warmth = draw_from(TEST_WARMTH if test else TRAIN_WARMTH, rng)
    ambient = draw_from(TEST_AMBIENT if test else TRAIN_AMBIENT, rng)
    total = float(rng.uniform(*BRIGHTNESS))
    height, azimuth = math.radians(float(rng.uniform(*SUN_HEIGHT))), float(rng.uniform(-math.pi, math.pi))
    to_sun = math.cos(height) * math.cos(azimuth), math.cos(height) * math.sin(azimuth), math.sin(height)
    warm, cool = (1 + warmth, 1.0, 1 - warmth), (1 - 0.4 * warmth, 1.0, 1 + 0.4 * warmth)
    return Light(
        to_sun=to_sun,
        sun=_scaled(warm, total * (1 - ambient)),
        sky=_scaled(cool, 0.8 * total * ambient),
        ground=_scaled(warm, float(rng.uniform(0.3, 0.6)) * total * ambient),
        zenith=_scaled(draw_colour(split, rng, (0.1, 0.6)), total),
        horizon=_scaled(draw_colour(split, rng, (0.0, 0.3)), total),
        haze=math.inf,
    )


def _scaled(colour: Triple, share: float) -> Triple:
    red, green, blue = (min(share * part, 1.0) for part in colour)
    return red, green, blue


def patterns() -> NDArray[np.float32]:
    """Draws what surfaces are patterned with, shape (6, `PATTERN`, `PATTERN`), in [-1, 1]; edges meet where it repeats.

    Clouds, upright stripes and speckles are for training, checks, slanting stripes and dots for tests.
    """
    rng = np.random.default_rng(41)
    y, x = np.mgrid[:PATTERN, :PATTERN] * (2 * np.pi / PATTERN)
    clouds = sum(
        np.sin(a * x + b * y + phase) / math.hypot(a, b)
        for a, b, phase in zip(*rng.integers(-4, 5, (2, 24)), rng.uniform(0, 6.3, 24), strict=True) if a or b
    )  # fmt: skip
    drawn = [
        clouds / np.abs(clouds).max(),
        np.sign(np.sin(4 * x)),
        rng.normal(0, 0.5, x.shape),
        np.sign(np.sin(4 * x) * np.sin(4 * y)),
        np.sin(3 * (x + y)),
        np.where(np.cos(4 * x) + np.cos(4 * y) > 1.0, 1.0, -0.3),
    ]
    return np.asarray(np.clip(np.stack(drawn), -1.0, 1.0), np.float32)
