"""The head-up display: who acts, what is asked, how it goes, drawn onto a picture with OpenCV.

Knows nothing of environments: a `Hud` holds the texts. All sizes are for a picture 480 pixels high and grow with it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]  # RGB, shape (height, width, 3)
Colour = tuple[int, int, int]
Kind = Literal["success", "failure", "neutral"]

MARGIN = 12  # pixels between the display and the picture's edges
_PADDING, _GAP, _RADIUS = 11, 14, 8
_LINE, _TITLE_LINE, _BANNER_LINE = 20, 27, 30  # pixels from one line of text to the next
_TEXT, _TITLE, _BANNER = (14, 400), (17, 600), (22, 650)  # font size in pixels, weight
_WHITE, _MUTED, _DARK = (244, 246, 248), (172, 182, 194), (17, 21, 28)
_PANEL_OPACITY, _BANNER_OPACITY = 0.68, 0.90
_KINDS: Mapping[Kind, Colour] = {"success": (24, 128, 78), "failure": (186, 52, 46), "neutral": (150, 104, 12)}
_STEP = 24  # pixels in which a panel's width changes, so that it does not tremble with the numbers in it


@dataclass(frozen=True)
class Banner:
    """What came of it.

    Attributes:
        text: A word or two, large.
        detail: A line below it, small; "" for none.
        kind: Decides the colour.
    """

    text: str
    detail: str = ""
    kind: Kind = "neutral"


@dataclass(frozen=True)
class Hud:
    """All that is written onto one picture.

    Attributes:
        title: Who acts.
        rows: Name → value, below the title.
        status: Words at the bottom left.
        clock: Text at the bottom right.
        progress: Share of the episode's time, 0 to 1; None where it has no limit.
        banner: What came of it, at the end.
    """

    title: str
    rows: Mapping[str, str] = field(default_factory=dict)
    status: Sequence[str] = ()
    clock: str = ""
    progress: float | None = None
    banner: Banner | None = None


def draw(picture: Picture, hud: Hud) -> Picture:
    """Gives a copy of a picture with the display on it; text that does not fit is shortened."""
    canvas = _Canvas(picture)
    _draw_rows(canvas, hud)
    if hud.status or hud.clock:
        _draw_status(canvas, hud)
    if hud.banner is not None:
        _draw_banner(canvas, hud.banner)
    return canvas.pixels


class _Canvas:
    """A picture to draw on, in units of 1/480 of its height, or smaller where it is narrow."""

    def __init__(self, picture: Picture) -> None:
        self.pixels = np.ascontiguousarray(picture).copy()
        height, width = picture.shape[:2]
        self.scale: float = min(height, width) / 480
        self.width, self.height = width / self.scale, height / self.scale
        self._face = cv2.FontFace("sans")

    def measure(self, text: str, font: tuple[int, int]) -> float:
        """Gives the width of a text."""
        room = 1 << 15  # wider than any text: where the picture ends, it would be cut
        box = cv2.getTextSize((room, room), text, (0, 0), self._face, self._size(font), font[1])
        return float(box[2]) / self.scale

    def fit(self, text: str, font: tuple[int, int], width: float) -> str:
        """Gives the text, or as much of its beginning as the width holds."""
        if self.measure(text, font) <= width:
            return text
        while text and self.measure(text + "…", font) > width:
            text = text[:-1]
        return text + "…" if text else ""

    def text(self, text: str, at: tuple[float, float], font: tuple[int, int], colour: Colour) -> None:
        """Writes a line; ``at`` is where its baseline begins."""
        where = self._px(at[0]), self._px(at[1])
        cv2.putText(self.pixels, text, where, colour, self._face, self._size(font), font[1])

    def panel(self, x: float, y: float, width: float, height: float, colour: Colour, opacity: float) -> None:
        """Lays a translucent rectangle with round corners over the picture."""
        left, top, right, bottom = (self._px(edge) for edge in (x, y, x + width, y + height))
        part = self.pixels[max(top, 0) : bottom, max(left, 0) : right]
        if not part.size:
            return
        mask = _rounded(part.shape[0], part.shape[1], self._px(_RADIUS))[..., None] * opacity
        part[:] = np.rint(part + (np.array(colour) - part.astype(np.float32)) * mask).astype(np.uint8)

    def bar(self, x: float, y: float, width: float, share: float) -> None:
        """Draws a thin line, the given share of it bright."""
        thick = max(self._px(3), 1)
        for length, colour in ((width, (74, 82, 94)), (width * min(max(share, 0.0), 1.0), _WHITE)):
            if length * self.scale >= 1:
                ends = (self._px(x), self._px(y)), (self._px(x + length) - 1, self._px(y) + thick - 1)
                cv2.rectangle(self.pixels, *ends, colour, cv2.FILLED)

    def _size(self, font: tuple[int, int]) -> int:
        return max(round(font[0] * self.scale), 1)

    def _px(self, length: float) -> int:
        return round(length * self.scale)


def _rounded(height: int, width: int, radius: int) -> NDArray[np.float32]:
    """Gives 1 inside a rectangle with round corners, 0 outside, shape (height, width)."""
    big = 4  # drawn larger and shrunk: smooth edges
    radius = min(radius, height // 2, width // 2) * big
    mask = np.zeros((height * big, width * big), np.uint8)
    right, bottom = width * big - 1, height * big - 1
    cv2.rectangle(mask, (radius, 0), (right - radius, bottom), 255, cv2.FILLED)
    cv2.rectangle(mask, (0, radius), (right, bottom - radius), 255, cv2.FILLED)
    for x in (radius, right - radius):
        for y in (radius, bottom - radius):
            cv2.circle(mask, (x, y), radius, 255, cv2.FILLED)
    small = cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(small / 255, np.float32)


def _draw_rows(canvas: _Canvas, hud: Hud) -> None:
    rows = {name: _typeset(value) for name, value in hud.rows.items()}
    room = canvas.width - 2 * (MARGIN + _PADDING)
    title = canvas.fit(hud.title, _TITLE, room)
    names = max((canvas.measure(name, _TEXT) for name in rows), default=0.0) + _GAP
    values = max((canvas.measure(value, _TEXT) for value in rows.values()), default=0.0)
    inner = min(max(canvas.measure(title, _TITLE), names + values if rows else 0.0), room)
    width = min(_STEP * -(-(inner + 2 * _PADDING) // _STEP), room + 2 * _PADDING)
    height = 2 * _PADDING - 5 + _TITLE_LINE - 6 + _LINE * len(rows) + (5 if rows else 0)
    canvas.panel(MARGIN, MARGIN, width, height, _DARK, _PANEL_OPACITY)
    x, y = MARGIN + _PADDING, MARGIN + _PADDING + 13
    canvas.text(title, (x, y), _TITLE, _WHITE)
    y += _TITLE_LINE - _LINE
    for name, value in rows.items():
        y += _LINE
        canvas.text(canvas.fit(name, _TEXT, room), (x, y), _TEXT, _MUTED)
        canvas.text(canvas.fit(value, _TEXT, room - names), (x + names, y), _TEXT, _WHITE)


def _draw_status(canvas: _Canvas, hud: Hud) -> None:
    width, height = canvas.width - 2 * MARGIN, 2 * _PADDING + 11
    x, y = MARGIN, canvas.height - MARGIN - height
    canvas.panel(x, y, width, height, _DARK, _PANEL_OPACITY)
    inner = width - 2 * _PADDING
    clock = canvas.fit(_typeset(hud.clock), _TEXT, inner)
    taken = canvas.measure(clock, _TEXT)
    status = canvas.fit("     ".join(hud.status), _TEXT, inner - taken - _GAP)
    baseline = y + height - _PADDING - (2 if hud.progress is not None else 0) + 1
    canvas.text(status, (x + _PADDING, baseline - 1), _TEXT, _MUTED)
    canvas.text(clock, (x + width - _PADDING - taken, baseline - 1), _TEXT, _WHITE)
    if hud.progress is not None:
        canvas.bar(x + _PADDING, y + height - 7, inner, hud.progress)


def _draw_banner(canvas: _Canvas, banner: Banner) -> None:
    room = canvas.width - 2 * (MARGIN + _PADDING)
    text, detail = canvas.fit(banner.text, _BANNER, room), canvas.fit(_typeset(banner.detail), _TEXT, room)
    widths = canvas.measure(text, _BANNER), canvas.measure(detail, _TEXT) if detail else 0.0
    width = max(widths) + 2 * (_PADDING + 8)
    height = _BANNER_LINE + 2 * _PADDING - 6 + (_LINE if detail else 0)
    x, y = (canvas.width - width) / 2, canvas.height - 62 - height
    canvas.panel(x, y, width, height, _KINDS[banner.kind], _BANNER_OPACITY)
    canvas.text(text, ((canvas.width - widths[0]) / 2, y + _PADDING + 19), _BANNER, _WHITE)
    if detail:
        canvas.text(detail, ((canvas.width - widths[1]) / 2, y + _PADDING + 19 + _LINE + 1), _TEXT, _WHITE)


def _typeset(text: str) -> str:
    """Gives the text with real minus signs, which are as wide as a plus, so that numbers keep their columns."""
    return re.sub(r"(?<!\w)-(?=\d)", "−", text)
