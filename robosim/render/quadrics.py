"""Fewer triangles for nearly the same surface: edges are collapsed, the one that costs least shape first.

Garland and Heckbert, "Surface simplification using quadric error metrics", SIGGRAPH 1997. A vertex keeps the sum of
squared distances to the planes of its faces as a quadric; an edge costs what that sum is at the best place for the
vertex that its two ends become.
"""

import heapq
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.integer[Any]]
_TURN = 0.3  # cosine; a collapse that turns a face further than this is not done
_RIM = 3.0  # how much the edge of an open surface counts, against a face as large as its square
_FIRM = 1e-3  # pull of an edge's middle on the new vertex, where the planes leave its place open


class _Net:
    """Triangles that know their neighbours."""

    def __init__(self, vertices: Floats, faces: NDArray[np.int32]) -> None:
        self.points = vertices.copy()
        self.faces: dict[int, tuple[int, int, int]] = {n: (int(a), int(b), int(c)) for n, (a, b, c) in enumerate(faces)}
        self.around: list[set[int]] = [set() for _ in vertices]
        for number, corners in self.faces.items():
            for corner in corners:
                self.around[corner].add(number)
        self.quadrics = self._quadrics(faces)
        self.changes = [0] * len(vertices)

    def _quadrics(self, faces: NDArray[np.int32]) -> Floats:
        """Gives the quadric of each vertex, shape (n, 4, 4)."""
        corners = self.points[faces]
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        doubled = np.maximum(np.linalg.norm(normals, axis=1), 1e-30)
        quadrics = np.zeros((len(self.points), 4, 4))
        weighed = _planes(normals / doubled[:, None], corners[:, 0]) * doubled[:, None, None]
        for k in range(3):
            np.add.at(quadrics, faces[:, k], weighed)
        # An edge of one face alone is a rim: a plane through it, upright on the face, holds it in place.
        edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
        _, first, count = np.unique(np.sort(edges, axis=1), axis=0, return_index=True, return_counts=True)
        rim = first[count == 1]
        start, end = edges[rim].T
        along = self.points[end] - self.points[start]
        upright = np.cross(along, (normals / doubled[:, None])[rim % len(faces)])
        length = np.maximum(np.linalg.norm(upright, axis=1), 1e-30)
        held = _planes(upright / length[:, None], self.points[start]) * (_RIM * length**2)[:, None, None]
        np.add.at(quadrics, start, held)
        np.add.at(quadrics, end, held)
        return quadrics

    def neighbours(self, vertex: int) -> set[int]:
        """Gives the vertices that share an edge with one."""
        return {corner for face in self.around[vertex] for corner in self.faces[face]} - {vertex}

    def costs(self, a: Indices, b: Indices) -> tuple[list[float], Floats]:
        """Gives what edges between vertices ``a`` and ``b`` cost, and where their vertices would go, shape (n, 3)."""
        quadrics = self.quadrics[a] + self.quadrics[b]
        middles = (self.points[a] + self.points[b]) / 2
        firm = _FIRM * np.trace(quadrics[:, :3, :3], axis1=1, axis2=2) + 1e-30
        pulled = firm[:, None] * middles - quadrics[:, :3, 3]
        points = np.linalg.solve(quadrics[:, :3, :3] + firm[:, None, None] * np.eye(3), pulled[..., None])[..., 0]
        whole = np.column_stack([points, np.ones(len(points))])
        strain = firm * ((points - middles) ** 2).sum(1)
        costs = np.einsum("ni,nij,nj->n", whole, quadrics, whole) + strain
        return costs.tolist(), points

    def turns(self, a: int, b: int, point: Floats) -> bool:
        """Says whether a face would turn over, or far, were both vertices at a point."""
        staying = self.around[a] ^ self.around[b]
        if not staying:
            return True
        corners = np.array([self.faces[face] for face in staying])
        before = self.points[corners]
        after = np.where(((corners == a) | (corners == b))[..., None], point, before)
        one, other = (np.cross(x[:, 1] - x[:, 0], x[:, 2] - x[:, 0]) for x in (before, after))
        sizes = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
        return bool(((one * other).sum(1) < _TURN * sizes).any())

    def merge(self, a: int, b: int, point: Floats) -> None:
        """Makes ``b`` the same vertex as ``a``."""
        for face in self.around[a] & self.around[b]:
            self._remove(face)
        for face in self.around[b]:
            x, y, z = (a if corner == b else corner for corner in self.faces[face])
            self.faces[face] = (x, y, z)
            self.around[a].add(face)
        self.around[b] = set()
        self.points[a] = point
        self.quadrics[a] += self.quadrics[b]
        for vertex in (a, b):
            self.changes[vertex] += 1
        self._remove_doubles(a)

    def _remove_doubles(self, vertex: int) -> None:
        """Where a tube or a slit has closed, two faces have the same corners; what is left of it is no surface."""
        seen: dict[tuple[int, ...], int] = {}
        for face in sorted(self.around[vertex]):
            corners = tuple(sorted(self.faces[face]))
            if corners in seen:
                self._remove(face)
                self._remove(seen.pop(corners))
            else:
                seen[corners] = face

    def _remove(self, face: int) -> None:
        for corner in self.faces.pop(face):
            self.around[corner].discard(face)


def collapse(vertices: Floats, faces: NDArray[np.int32], target: int) -> tuple[Floats, NDArray[np.int32]]:
    """Collapses edges until there are ``target`` faces, or every collapse would turn one over.

    Args:
        vertices: Shape (n, 3).
        faces: Shape (m, 3), counter-clockwise from outside.
        target: How many faces are wanted.

    Returns:
        Vertices, some of them no face's, and faces.
    """
    net = _Net(vertices, faces)
    edges = np.unique(np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1), axis=0)
    costs, _ = net.costs(edges[:, 0], edges[:, 1])
    queue = [(cost, a, b, 0, 0) for cost, (a, b) in zip(costs, edges.tolist(), strict=True)]
    heapq.heapify(queue)
    while queue and len(net.faces) > target:
        _, a, b, changes_a, changes_b = heapq.heappop(queue)
        if (changes_a, changes_b) != (net.changes[a], net.changes[b]):
            continue
        point = net.costs(np.array([a]), np.array([b]))[1][0]
        if net.turns(a, b, point):
            continue
        net.merge(a, b, point)
        others = sorted(net.neighbours(a))
        costs, _ = net.costs(np.full(len(others), a), np.array(others, np.int64))
        for cost, other in zip(costs, others, strict=True):
            heapq.heappush(queue, (cost, a, other, net.changes[a], net.changes[other]))
    return net.points, np.array(sorted(net.faces.values()), np.int32).reshape(-1, 3)


def _planes(normals: Floats, points: Floats) -> Floats:
    """Gives the quadrics of planes, shape (n, 4, 4): squared distance of a point p is (p, 1) Q (p, 1)."""
    plane = np.column_stack([normals, -(normals * points).sum(1)])
    return np.asarray(plane[:, :, None] * plane[:, None, :])
