"""Dense meshes made light: what cannot be seen from outside is left out, and few triangles stand for many."""

import math

import numpy as np
from numpy.typing import NDArray

from robosim.render.kernels.arrays import NONE, make_buffers
from robosim.render.kernels.draw import draw
from robosim.render.lens import facing, parallel
from robosim.render.mesh import Floats, Mesh
from robosim.render.packing import Part, pack
from robosim.render.quadrics import collapse
from robosim.shapes import Sphere, Visual

Surface = tuple[Floats, NDArray[np.int32]]
"""Vertices, shape (n, 3), and faces, shape (m, 3)."""

_VIEWS, _PIXELS = 60, 400  # pictures from all around, and their size each way
_NO_AREA = 1e-12  # m²
_FACES = 378.0  # for a surface of 1 m²
_FEWEST, _MOST = 24, 600
_ROOM = 70  # times as many faces as are wanted may be left to the simplifier


def thin(vertices: Floats, faces: NDArray[np.int32]) -> Surface:
    """Gives a surface that looks alike from some metres away, of few triangles, all of which face outwards."""
    size = float(np.linalg.norm(np.ptp(vertices, axis=0)))
    vertices, faces = weld(vertices, faces, 1e-5 * size)
    faces = visible(vertices, faces)
    target = faces_for(vertices, faces)
    # Slits and doubled walls, which hold up the simplifier, close where points that are near become one.
    step = 5e-4 * size
    vertices, faces = weld(vertices, faces, step)
    while len(faces) > _ROOM * target:  # it is exact, and slow
        step *= 1.25
        vertices, faces = weld(vertices, faces, step)
    vertices, faces = collapse(vertices, faces, target)
    return _used(vertices, visible(vertices, faces))


def faces_for(vertices: Floats, faces: NDArray[np.int32]) -> int:
    """Gives how many triangles a surface deserves: the more, the larger it is."""
    area = float(_areas(vertices, faces).sum())
    return min(max(round(_FACES * math.pow(area, 0.6)), _FEWEST), _MOST)


def weld(vertices: Floats, faces: NDArray[np.int32], step: float) -> Surface:
    """Makes one vertex of those in the same cell of a grid of ``step`` metres; faces without an area go."""
    _, first, cell = np.unique(
        np.rint(vertices / step).astype(np.int64), axis=0, return_index=True, return_inverse=True
    )
    faces = cell.reshape(-1)[faces].astype(np.int32)
    whole = (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])
    vertices, faces = vertices[first], faces[whole]
    return _used(vertices, faces[_areas(vertices, faces) > _NO_AREA])


def visible(vertices: Floats, faces: NDArray[np.int32]) -> NDArray[np.int32]:
    """Gives the faces that are seen from outside and those next to them, turned so that it is their front that is seen.

    Makers of meshes are careless: parts that no one sees lie inside, and some faces are inside out.
    """
    middle = (vertices.min(0) + vertices.max(0)) / 2
    radius = float(np.linalg.norm(vertices - middle, axis=1).max())
    two_sided = Mesh(vertices, np.concatenate([faces, faces[:, ::-1]]))
    geometry = pack([Part(two_sided, Visual(Sphere(radius)), 0, (0, 0))], [False], pairs=False)
    buffers = make_buffers(_PIXELS, _PIXELS, geometry)
    count = np.zeros(2 * len(faces), np.int64)
    for towards in _all_around():
        view = facing(middle - 2 * radius * towards, towards)
        camera = parallel(view, _PIXELS, 2.05 * radius, 4 * radius)
        draw(geometry, np.ones(1, np.bool_), np.eye(4)[None, :3], camera, NONE, False, buffers)
        count += np.bincount(buffers.winner[buffers.winner >= 0], minlength=len(count))
    front, back = count[: len(faces)], count[len(faces) :]
    faces = np.where((back > front)[:, None], faces[:, ::-1], faces)
    beside = np.zeros(len(vertices), np.bool_)
    beside[faces[front + back > 0]] = True
    return faces[beside[faces].any(axis=1)]


def _all_around() -> Floats:
    """Gives unit vectors that are spread evenly: along a spiral, a golden angle from one to the next."""
    number = np.arange(_VIEWS) + 0.5
    z, angle = 1 - 2 * number / _VIEWS, number * math.pi * (3 - math.sqrt(5))
    return np.stack([np.sqrt(1 - z * z) * np.cos(angle), np.sqrt(1 - z * z) * np.sin(angle), z], 1)


def _areas(vertices: Floats, faces: NDArray[np.int32]) -> Floats:
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    return np.asarray(np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2)


def _used(vertices: Floats, faces: NDArray[np.int32]) -> Surface:
    used, renumbered = np.unique(faces, return_inverse=True)
    return vertices[used], renumbered.reshape(-1, 3).astype(np.int32)
