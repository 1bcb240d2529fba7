"""Meshes packed into the arrays of the rasteriser: once, when a scene is made."""

import itertools
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from robosim.math import rotation_rows
from robosim.render.kernels.arrays import NONE, Geometry
from robosim.render.mesh import Mesh
from robosim.render.pairing import pair
from robosim.shapes import Visual

_TILE = 384  # faces; larger surfaces are cut up, so that what lies outside the picture is left out early
_NO_AREA = 1e-12  # m²


@dataclass(frozen=True)
class Part:
    """A mesh on a link."""

    mesh: Mesh
    visual: Visual
    link: int
    """Row of the poses."""
    label: tuple[int, int]
    """Number of the body, and kind."""


def split(part: Part) -> list[Part]:
    """Cuts a large surface into tiles along its two longest sides."""
    mesh = part.mesh
    count = len(mesh.faces)
    if count <= _TILE or mesh.normals is not None:
        return [part]
    middles = mesh.vertices[mesh.faces].mean(axis=1)
    cells = int(np.ceil(np.sqrt(count / _TILE)))
    low, span = middles.min(0), np.maximum(np.ptp(middles, axis=0), 1e-9)
    axes = np.argsort(span)[1:]
    place = np.minimum((middles - low) / span * cells, cells - 1).astype(int)
    tile = place[:, axes[0]] * cells + place[:, axes[1]]
    return [_piece(part, np.flatnonzero(tile == number)) for number in np.unique(tile)]


def _piece(part: Part, rows: NDArray[np.intp]) -> Part:
    mesh = part.mesh
    used, faces = np.unique(mesh.faces[rows], return_inverse=True)
    uvs = None if mesh.uvs is None else mesh.uvs[rows]
    piece = Mesh(mesh.vertices[used], faces.reshape(-1, 3).astype(np.int32), None, uvs, mesh.texture)
    return Part(piece, part.visual, part.link, part.label)


def pack(parts: Sequence[Part], textured: Sequence[bool], *, pairs: bool = True) -> Geometry:
    """Packs parts.

    Args:
        parts: What is seen, those of a link one after another, and links from the first to the last.
        textured: Which of them have a texture; the others' texture coordinates are left out.
        pairs: Draw parallelograms as one face; otherwise triangles keep their order.
    """
    blocks: dict[str, list[NDArray[Any]]] = defaultdict(list)
    first_vertex, first_face, drawn_until, rows = [0], [0], list[int](), {"normals": 0, "uvs": 0}
    for number, (part, has_texture) in enumerate(zip(parts, textured, strict=True)):
        turn = np.array(rotation_rows(part.visual.quaternion))
        points = part.mesh.vertices @ turn.T + part.visual.position
        real = _areas(points[part.mesh.faces]) > _NO_AREA
        triangles = part.mesh.faces[real]
        normals = None if part.mesh.normals is None else part.mesh.normals[real] @ turn.T
        uvs = None if part.mesh.uvs is None or not has_texture else part.mesh.uvs[real]
        known = [
            extra.reshape(3 * len(triangles), -1) for extra in (points[triangles], normals, uvs) if extra is not None
        ]
        if pairs:
            picks, fourth, alone = pair(triangles, np.concatenate(known, axis=1))
        else:
            picks, fourth, alone = np.arange(3 * len(triangles)).reshape(-1, 3), triangles[:, 2], len(triangles)
        faces = np.column_stack([triangles.ravel()[picks], fourth])
        corners = points[faces[:, :3]]
        blocks["vertices"].append(points)
        blocks["faces"].append(faces + first_vertex[-1])
        blocks["planes"].append(_planes(corners))
        blocks["owners"].append(np.full(len(corners), number))
        drawn_until.append(first_face[-1] + alone)
        shares = _barycentric(corners)
        for name, extra in (("normals", normals), ("uvs", uvs)):
            if extra is None:
                blocks[f"{name} rows"].append(np.full(len(corners), NONE))
                continue
            blocks[f"{name} rows"].append(rows[name] + np.arange(len(corners)))
            blocks[name].append(np.einsum("fik,fij->fkj", extra.reshape(-1, extra.shape[-1])[picks], shares))
            rows[name] += len(corners)
        first_vertex.append(first_vertex[-1] + len(points))
        first_face.append(first_face[-1] + len(corners))
    links = np.array([part.link for part in parts], np.int32)
    first_part = np.searchsorted(links, np.arange(links.max(initial=-1) + 2)).astype(np.int32)
    return Geometry(
        vertices=_stack(blocks["vertices"], (0, 3), np.float32, "F"),
        faces=_stack(blocks["faces"], (0, 4), np.int32),
        planes=_stack(blocks["planes"], (0, 4), np.float32, "F"),
        face_part=_stack(blocks["owners"], (0,), np.int32),
        face_normals=_stack(blocks["normals rows"], (0,), np.int32),
        normals=_stack(blocks["normals"], (0, 3, 4), np.float32),
        face_uvs=_stack(blocks["uvs rows"], (0,), np.int32),
        uvs=_stack(blocks["uvs"], (0, 2, 4), np.float32),
        first_face=np.array(first_face, np.int32),
        first_vertex=np.array(first_vertex, np.int32),
        drawn_until=np.array(drawn_until, np.int32),
        first_part=first_part,
        spheres=_balls(blocks["vertices"]),
        halves=np.array([np.ptp(points, axis=0) / 2 for points in blocks["vertices"]], np.float64).reshape(-1, 3),
        balls=_balls([_stack(blocks["vertices"][a:b], (0, 3), np.float64) for a, b in itertools.pairwise(first_part)]),
        links=links,
        labels=np.array([part.label for part in parts], np.int16).reshape(-1, 2),
    )


def _stack(
    blocks: list[NDArray[Any]], empty: tuple[int, ...], kind: type[np.generic], order: Literal["C", "F"] = "C"
) -> NDArray[Any]:
    return (np.concatenate(blocks) if blocks else np.zeros(empty)).astype(kind, order)


def _areas(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return np.asarray(np.linalg.norm(across, axis=1) / 2)


def _planes(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return np.column_stack([normals, np.einsum("fk,fk->f", normals, corners[:, 0])])


def _balls(groups: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Gives middle and radius of a ball around each group of points, (n, 4)."""
    balls = np.zeros((len(groups), 4))
    for ball, points in zip(balls, groups, strict=True):
        if len(points):
            ball[:3] = (points.min(0) + points.max(0)) / 2
            ball[3] = np.linalg.norm(points - ball[:3], axis=1).max()
    return balls


def _barycentric(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gives, for each corner of each face, the map from (p, 1) to its share in a point p of the face; (m, 3, 4)."""
    origin, first, second = corners[:, 0], corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    normal = np.cross(first, second)
    square = np.einsum("fk,fk->f", normal, normal)[:, None]
    gradients = np.stack([np.cross(second, normal) / square, np.cross(normal, first) / square], 1)
    offsets = -np.einsum("fik,fk->fi", gradients, origin)
    two = np.concatenate([gradients, offsets[..., None]], -1)
    return np.concatenate([np.array([0.0, 0.0, 0.0, 1.0]) - two.sum(1, keepdims=True), two], 1)
