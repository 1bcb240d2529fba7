"""Pairs of triangles that make a parallelogram: pictures draw each as one face, in half the time."""

import numpy as np
from numpy.typing import NDArray

_SAME = 1e-9  # of the largest number of all corners


def pair(faces: NDArray[np.int32], corners: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.int32], int]:
    """Finds pairs, and puts the second triangle of each behind all others.

    Args:
        faces: Shape (m, 3), vertices of triangles.
        corners: Shape (3 m, k), what each of their corners has: position, normal, texture coordinates. All of it makes
            a parallelogram in a pair.

    Returns:
        The triangles in their new order, shape (m, 3): the rows of ``corners`` that are their corners. For each the
        vertex that is the parallelogram's fourth corner, after its third; or its third again. How many there are
        without the second ones.
    """
    own = np.arange(3 * len(faces))
    triangle = own // 3
    after, apex = 3 * triangle + (own + 1) % 3, 3 * triangle + (own + 2) % 3
    picks, fourth = own.reshape(-1, 3).copy(), faces[:, 2].copy()
    second = np.zeros(len(faces), np.bool_)
    paired = np.zeros(len(faces), np.bool_)
    for one, other in _candidates(faces.ravel().astype(np.int64), corners, after, apex):
        here, there = one // 3, other // 3
        if not (paired[here] or paired[there]):
            paired[here] = paired[there] = second[there] = True
            picks[here] = after[one], apex[one], one
            fourth[here] = faces.ravel()[apex[other]]
    order = np.argsort(second, kind="stable")
    return picks[order], fourth[order], int((~second).sum())


def _candidates(
    vertex: NDArray[np.int64], corners: NDArray[np.float64], after: NDArray[np.intp], apex: NDArray[np.intp]
) -> list[list[int]]:
    """Gives edges that two triangles share and that a parallelogram's diagonal may be, by the corners they begin at."""
    many = vertex.max(initial=0) + 1
    edge, back = vertex * many + vertex[after], vertex[after] * many + vertex
    order = np.argsort(edge, kind="stable")
    other = order[np.searchsorted(edge[order], back).clip(max=len(edge) - 1)] if len(edge) else order
    near = _SAME * np.abs(corners).max(initial=0.0)
    fits = (edge[other] == back) & (np.arange(len(edge)) < other)
    for gap in (
        corners - corners[after[other]],
        corners[after] - corners[other],
        corners + corners[after] - corners[apex] - corners[apex[other]],
    ):
        fits &= (np.abs(gap) <= near).all(axis=1)
    found: list[list[int]] = np.stack([np.flatnonzero(fits), other[fits]], 1).tolist()
    return found
