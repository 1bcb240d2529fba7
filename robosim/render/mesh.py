"""Shapes as triangles: what the rasteriser draws. Round ones get as many as keep them within 0.4 mm."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robosim.shapes import Box, Capsule, Cylinder, MeshFile, Shape, Sphere, Triangles

# m, between a round shape and its facets, outside or inside: 1 mm along a ray that meets it 24° above the surface.
DEVIATION = 0.0004
_FEWEST, _MOST = 10, 128  # facets around

Floats = NDArray[np.float64]
Image = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Mesh:
    """Triangles in the frame of a shape; from outside, their corners run counter-clockwise.

    Attributes:
        vertices: Shape (n, 3), metres.
        faces: Shape (m, 3), indices of vertices.
        normals: Shape (m, 3, 3), of each face's corners, where the surface is rounded; None where it is faceted.
        uvs: Shape (m, 3, 2), where each face's corners lie on the texture; None without one.
        texture: RGB that came with the mesh, shape (height, width, 3); None without.
    """

    vertices: Floats
    faces: NDArray[np.int32]
    normals: Floats | None = None
    uvs: Floats | None = None
    texture: Image | None = None


def tessellate(shape: Shape) -> Mesh:
    """Gives the triangles of a shape."""
    if isinstance(shape, Box):
        return _box(np.array(shape.size))
    if isinstance(shape, Sphere):
        return _rounded(shape.radius, 0.0)
    if isinstance(shape, Capsule):
        return _rounded(shape.radius, shape.length)
    if isinstance(shape, Cylinder):
        return _cylinder(shape.radius, shape.length)
    if isinstance(shape, MeshFile):
        from robosim.render.mesh_file import load_mesh  # slow to import and seldom needed

        return load_mesh(shape)
    return _surface(shape)


def corner_normals(vertices: Floats, faces: NDArray[np.int32], sharp: float) -> Floats:
    """Gives each face's corners the mean normal of the faces around, of those less than ``sharp`` radians apart.

    Args:
        vertices: Shape (n, 3).
        faces: Shape (m, 3).
        sharp: From this angle on an edge stays an edge.

    Returns:
        Shape (m, 3, 3).
    """
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    areas = np.cross(b - a, c - a)
    units = areas / np.maximum(np.linalg.norm(areas, axis=1, keepdims=True), 1e-30)
    order = np.argsort(faces.ravel(), kind="stable")
    starts = np.searchsorted(faces.ravel()[order], np.arange(len(vertices) + 1))
    normals = np.empty((len(faces), 3, 3))
    for vertex in range(len(vertices)):
        corners = order[starts[vertex] : starts[vertex + 1]]
        around = corners // 3
        near = units[around] @ units[around].T > math.cos(sharp)
        total = near @ areas[around]
        normals[around, corners % 3] = total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-30)
    return normals


def _box(size: Floats) -> Mesh:
    signs = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], np.float64)
    # Each side from outside, counter-clockwise from its lower left; a texture stands upright on the four walls.
    sides = np.array([(2, 0, 1, 3), (4, 6, 7, 5), (0, 4, 5, 1), (6, 2, 3, 7), (2, 6, 4, 0), (1, 5, 7, 3)], np.int32)
    faces = np.concatenate([sides[:, [0, 1, 2]], sides[:, [0, 2, 3]]])
    square = np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)])
    uvs = np.concatenate([np.tile(square[[0, 1, 2]], (6, 1, 1)), np.tile(square[[0, 2, 3]], (6, 1, 1))])
    return Mesh(signs * size / 2, faces, uvs=uvs)


def _around(half: float) -> int:
    """Gives the number of facets around a circle, each of which spans twice the angle ``half``."""
    return min(max(math.ceil(math.pi / half), _FEWEST), _MOST)


def _cylinder(radius: float, length: float) -> Mesh:
    count = _around(math.acos(1 - min(2 * DEVIATION / radius, 1.0)))
    corner = 2 * radius / (1 + math.cos(math.pi / count))  # half the surface lies outside, half inside
    angles = np.arange(count) * (2 * math.pi / count)
    ring = np.stack([np.cos(angles), np.sin(angles)], 1)
    z = np.repeat([-length / 2, length / 2], count)
    vertices = np.column_stack([np.tile(ring * corner, (2, 1)), z])
    here, after = np.arange(count), (np.arange(count) + 1) % count
    lower = np.stack([here, after, after + count], 1)
    upper = np.stack([here, after + count, here + count], 1)
    fan = np.stack([np.zeros(count - 2, int), here[1:-1], after[1:-1]], 1)
    faces = np.concatenate([lower, upper, fan[:, ::-1], fan + count]).astype(np.int32)
    outward = np.column_stack([np.tile(ring, (2, 1)), np.zeros(2 * count)])
    normals = outward[faces]
    normals[2 * count : 3 * count - 2] = (0.0, 0.0, -1.0)
    normals[3 * count - 2 :] = (0.0, 0.0, 1.0)
    return Mesh(vertices, faces, normals=normals)


def _rounded(radius: float, length: float) -> Mesh:
    """A sphere, or a capsule where there is a length."""
    # Balls bend both ways: a square of facets is as far off in its middle as an arc of their diagonal.
    count = _around(math.sqrt(2 * DEVIATION / radius))
    steps = 2 * math.ceil(count / 4) if length else math.ceil(count / 2)
    polar = np.linspace(math.pi, 0.0, steps + 1)
    shift = np.zeros(steps + 1)
    if length:  # the equator twice: at either end of the cylinder
        polar = np.insert(polar, steps // 2, math.pi / 2)
        shift = np.repeat([-length / 2, length / 2], steps // 2 + 1)
    sizes = np.maximum(np.rint(count * np.sin(polar)).astype(int), 1)
    starts = np.cumsum([0, *sizes])
    angles = np.concatenate([np.arange(size) * (2 * math.pi / size) for size in sizes])
    up = np.repeat(polar, sizes)
    outward = np.stack([np.sin(up) * np.cos(angles), np.sin(up) * np.sin(angles), np.cos(up)], 1)
    strips = [_strip(starts[k], sizes[k], starts[k + 1], sizes[k + 1]) for k in range(len(sizes) - 1)]
    faces = np.array([face for strip in strips for face in strip], np.int32)
    vertices = outward * (2 * radius / (1 + _nearest(outward, faces)))
    vertices[:, 2] += np.repeat(shift, sizes)
    return Mesh(vertices, faces, normals=outward[faces])


def _strip(lower: int, below: int, upper: int, above: int) -> list[tuple[int, int, int]]:
    """Joins two rings, which start at the vertices ``lower`` and ``upper`` and have so many; one is a pole."""
    faces = []
    i, j = (0 if below > 1 else 1), (0 if above > 1 else 1)  # a pole is one corner and has no edge
    while i < below or j < above:
        here, there = lower + i % below, upper + j % above
        # Of the two ways to cut the square, the shorter; in shares of a turn, (i + 1) / below - j / above is one.
        if j == above or (i < below and (2 * i + 1) * above <= (2 * j + 1) * below):
            i += 1
            faces.append((here, lower + i % below, there))
        else:
            j += 1
            faces.append((here, upper + j % above, there))
    return faces


def _nearest(points: Floats, faces: NDArray[np.int32]) -> float:
    """Gives how near the faces of a unit ball come to its middle, but for those between a capsule's two equators."""
    corners = points[faces]
    corners = corners[np.ptp(corners[..., 2], axis=1) > 1e-9]
    middles = np.concatenate([corners.mean(1), *((corners[:, k] + corners[:, k - 1]) / 2 for k in range(3))])
    return float(np.linalg.norm(middles, axis=1).min())


def _surface(shape: Triangles) -> Mesh:
    faces = np.ascontiguousarray(shape.faces, np.int32)
    vertices = np.asarray(shape.vertices, np.float64)
    normals = corner_normals(vertices, faces, math.pi) if shape.smooth else None
    uvs = None if shape.uvs is None else np.asarray(shape.uvs, np.float64)
    return Mesh(vertices, faces, normals, uvs[faces] if uvs is not None and uvs.ndim == 2 else uvs)
