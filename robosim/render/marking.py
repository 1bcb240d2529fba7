"""Marks that lie in the world, drawn with OpenCV onto its picture; what they are is in `sketch.py`."""

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from robosim.render.lens import Lens, View
from robosim.render.sketch import Fan, Line, Picture, Points, Sketch

_SHIFT = 4  # OpenCV draws on a grid of 1 / 16 pixel
_HEAD = 0.22  # length of an arrow's head, as a share of the arrow
_INSET, _MARGIN = 0.28, 0.025  # height and distance from the edges of an inset, as shares of the picture's height


def draw_sketch(picture: Picture, sketch: Sketch, lens: Lens, view: View) -> Picture:
    """Gives a copy of a picture with the marks on it.

    Args:
        picture: Taken through ``lens`` from ``view``.
        sketch: What is drawn; what lies behind the camera is left out.
        lens: Of the picture.
        view: Of the picture.
    """
    canvas = np.ascontiguousarray(picture).copy()
    thick = lens.height / 480
    for fan in sketch.fans:
        _draw_fan(canvas, fan, lens, view, thick)
    for line in sketch.lines:
        _draw_line(canvas, line, lens, view, thick)
    top = round(_MARGIN * lens.height)
    for title, inset in sketch.insets.items():
        top = _draw_inset(canvas, title, inset, top)
    return canvas


def project(points: Points, lens: Lens, view: View) -> NDArray[np.float64]:
    """Gives column and row of world points on a picture, shape (n, 2); NaN for those behind the camera."""
    seen = np.asarray(points, np.float64).reshape(-1, 3) @ view[:, :3].T + view[:, 3]
    depth = np.where(seen[:, 2] > lens.near, seen[:, 2], np.nan)
    middle = np.array([(lens.width - 1) / 2, (lens.height - 1) / 2])
    return np.asarray(lens.focal * seen[:, :2] / depth[:, None] + middle)


def _draw_line(canvas: Picture, line: Line, lens: Lens, view: View, thick: float) -> None:
    places = project(line.points, lens, view)
    width = max(round(line.width * thick), 1)
    for here, there in pairwise(places):
        if np.isfinite([here, there]).all():
            cv2.line(canvas, _fixed(here), _fixed(there), line.colour, width, cv2.LINE_AA, _SHIFT)
    if line.arrow and len(places) > 1 and np.isfinite(places[-2:]).all():
        _draw_head(canvas, line, places, width)


def _draw_head(canvas: Picture, line: Line, places: NDArray[np.float64], width: int) -> None:
    way = places[-1] - places[-2]
    length = float(np.nansum(np.linalg.norm(np.diff(places, axis=0), axis=1)))
    norm = float(np.linalg.norm(way))
    if norm < 1e-6:
        return
    along = way / norm * max(_HEAD * length, 3.0 * width)
    across = np.array([-along[1], along[0]]) * 0.6
    corners = np.array([_fixed(places[-1] + along * 0.6), _fixed(places[-1] - along * 0.4 + across),
                        _fixed(places[-1] - along * 0.4 - across)])  # fmt: skip
    cv2.fillConvexPoly(canvas, corners, line.colour, cv2.LINE_AA, _SHIFT)


def _draw_fan(canvas: Picture, fan: Fan, lens: Lens, view: View, thick: float) -> None:
    origin, ends = project([fan.origin], lens, view)[0], project(fan.ends, lens, view)
    if not np.isfinite(origin).all():
        return
    shade = canvas.copy()
    for here, there in pairwise(np.concatenate([ends, ends[:1]]) if fan.closed else ends):
        if np.isfinite([here, there]).all():
            cv2.fillConvexPoly(shade, np.array([_fixed(origin), _fixed(here), _fixed(there)]), fan.colour, 8, _SHIFT)
    cv2.addWeighted(shade, 0.22, canvas, 0.78, 0.0, canvas)
    for place in ends[np.isfinite(ends).all(axis=1)]:
        cv2.circle(canvas, _fixed(place), round(2.2 * thick * 2**_SHIFT), fan.colour, cv2.FILLED, cv2.LINE_AA, _SHIFT)


def _draw_inset(canvas: Picture, title: str, inset: Picture, top: int) -> int:
    """Lays a picture at the right edge, and gives where the next one goes."""
    height = round(_INSET * canvas.shape[0])
    width = round(height * inset.shape[1] / inset.shape[0])
    margin = round(_MARGIN * canvas.shape[0])
    left = canvas.shape[1] - margin - width
    if left < 0 or top + height > canvas.shape[0]:
        return top  # no room: the picture itself matters more
    large = cv2.resize(inset, (width, height), interpolation=cv2.INTER_NEAREST)
    cv2.rectangle(canvas, (left - 2, top - 2), (left + width + 1, top + height + 1), (24, 28, 36), cv2.FILLED)
    canvas[top : top + height, left : left + width] = large
    face, size = cv2.FontFace("sans"), max(round(canvas.shape[0] / 36), 9)
    at = left + size // 3, top + height - size // 3
    cv2.putText(canvas, title, (at[0] + 1, at[1] + 1), (0, 0, 0), face, size, 500)
    cv2.putText(canvas, title, at, (255, 255, 255), face, size, 500)
    return int(top + height + margin)


def _fixed(place: NDArray[np.float64]) -> tuple[int, int]:
    """OpenCV's coordinates with a fraction; far beyond the picture they end, or they would overflow."""
    x, y = np.clip(np.rint(place * 2**_SHIFT), -(2**20), 2**20)
    return int(x), int(y)
