"""Bodies with rounded cross-sections and blocks, of few triangles: what figures are made of."""

import math
from collections.abc import Sequence

import numpy as np

from robosim.shapes import Triangles

Section = tuple[float, float, float, float, float]
"""z, half the depth along x, half the width along y, and x and y of the middle, m."""


def loft(sections: Sequence[Section], sides: int = 8) -> Triangles:
    """Gives a closed, rounded surface through elliptic sections, lowest first."""
    angles = (np.arange(sides) + 0.5) * (2 * math.pi / sides)
    rings = [
        np.column_stack([x + a * np.cos(angles), y + b * np.sin(angles), np.full(sides, z)])
        for z, a, b, x, y in sections
    ]
    first, last = np.array(rings[0]).mean(0), np.array(rings[-1]).mean(0)
    here, after = np.arange(sides), (np.arange(sides) + 1) % sides
    faces = []
    for k in range(len(rings) - 1):
        low, high = k * sides, (k + 1) * sides
        faces += [np.column_stack([low + here, low + after, high + after])]
        faces += [np.column_stack([low + here, high + after, high + here])]
    bottom = len(rings) * sides
    top, highest = bottom + 1, bottom - sides
    faces += [np.column_stack([after, here, np.full(sides, bottom)])]
    faces += [np.column_stack([highest + here, highest + after, np.full(sides, top)])]
    vertices = np.concatenate([*rings, first[None], last[None]])
    return Triangles(vertices, np.concatenate(faces).astype(np.int32), smooth=True)


def mirrored(one: Triangles) -> Triangles:
    """Gives the same surface on the other side of the xz plane."""
    return Triangles(one.vertices * (1.0, -1.0, 1.0), one.faces[:, ::-1], smooth=one.smooth)


def together(*pieces: Triangles) -> Triangles:
    """Makes one surface of several; it is rounded where the first one is."""
    firsts = np.cumsum([0, *(len(piece.vertices) for piece in pieces)])
    faces = [piece.faces + first for piece, first in zip(pieces, firsts, strict=False)]
    vertices = np.concatenate([piece.vertices for piece in pieces])
    return Triangles(vertices, np.concatenate(faces).astype(np.int32), smooth=pieces[0].smooth)


def block(
    size: tuple[float, float, float], middle: tuple[float, float, float], narrowed: tuple[float, float] = (1.0, 1.0)
) -> Triangles:
    """Gives a box, its top narrowed to shares of its length and width."""
    signs = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], np.float64)
    vertices = 0.5 * signs * size
    vertices[signs[:, 2] > 0, :2] *= narrowed
    faces = [(0, 1, 3), (0, 3, 2), (4, 6, 7), (4, 7, 5), (0, 4, 5), (0, 5, 1)]
    faces += [(2, 3, 7), (2, 7, 6), (0, 2, 6), (0, 6, 4), (1, 5, 7), (1, 7, 3)]
    return Triangles(vertices + middle, np.array(faces, np.int32))


def wheel(radius: float, width: float, middle: tuple[float, float, float], sides: int = 12) -> Triangles:
    """Gives a wheel whose axle lies along y."""
    lying = loft([(-0.5 * width, radius, radius, 0.0, 0.0), (0.5 * width, radius, radius, 0.0, 0.0)], sides)
    x, y, z = lying.vertices.T
    return Triangles(np.column_stack([x, z, -y]) + middle, lying.faces)
