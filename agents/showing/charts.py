"""Charts for a page: inline SVG that takes text colour and font from the page, so that it reads in light and dark."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from contextlib import AbstractContextManager

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from robosim.agents.evaluation.results import Estimate, Result
from robosim.agents.training.curve import Row

COLOURS = ("#8a919c", "#b98a5e", "#dd8a1f", "#3f86d0", "#2c9e6c", "#a06cc8", "#d05060")
"""Of the agents, in their order: they stand apart on white and on black."""
_INK = "#010203"  # becomes the page's own text colour
_MARKERS = "osD^vPX"


def success_by_level(results: Sequence[Result]) -> str:
    """Success on every level with its 95 % interval, the agents beside one another at each."""
    levels = sorted({level for result in results for level in result.by_level})
    with _style("success by level"):
        figure, (axes,) = _figure(1, height=3.1)
        for place, result in enumerate(results):
            shift = min(0.13, 0.8 / len(results)) * (place - (len(results) - 1) / 2)
            found = [(level + shift, one.success) for level, one in result.by_level.items()]
            _points(axes, found, place, result.agent)
        for level in levels[:-1]:
            axes.axvline(level + 0.5, color=_INK, alpha=0.10, linewidth=0.8)
        axes.set(xticks=levels, xlabel="level", xlim=(levels[0] - 0.5, levels[-1] + 0.5))
        _percent(axes, "success")
        _legend(axes, columns=len(results))
        return _svg(figure, "success by level")


def success_by_kind(result: Result) -> str:
    """One agent's success on every kind at every level, as shares of the episodes in a square; none: blank."""
    kinds, levels = list(result.by_kind), sorted(result.by_level)
    shares = np.full((len(kinds), len(levels)), np.nan)
    for row, kind in enumerate(kinds):
        for level, (successes, episodes) in result.by_kind[kind].by_level.items():
            shares[row, levels.index(level)] = successes / episodes
    with _style("success by kind and level"):
        figure, (axes,) = _figure(1, height=0.8 + 0.3 * len(kinds))
        axes.grid(visible=False)
        axes.pcolormesh(np.ma.masked_invalid(shares), cmap="RdYlGn", vmin=0, vmax=1, edgecolors="white", linewidth=1)
        for row, column in zip(*np.nonzero(np.isfinite(shares)), strict=True):
            text = f"{100 * shares[row, column]:.0f}"
            axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", color="#202020", fontsize=8.5)
        axes.set(xticks=np.arange(len(levels)) + 0.5, yticks=np.arange(len(kinds)) + 0.5, xlabel="level")
        axes.set_xticklabels([str(level) for level in levels])
        axes.set_yticklabels([kind.replace("_", " ") for kind in kinds])
        axes.invert_yaxis()
        return _svg(figure, "success by kind and level")


def learning_curve(rows: Sequence[Row]) -> str:
    """Success and return over the steps of training, of the training episodes and on the validation split."""
    with _style("learning curve"):
        figure, axes = _figure(2, height=2.8)
        for one, name in zip(axes, ("success", "return"), strict=True):
            _line(one, rows, f"rollout/{name}", COLOURS[0], "training episodes, exploring", "")
            _line(one, rows, f"validation/{name}", COLOURS[3], "validation split", "o")
            one.set(xlabel="env steps", ylabel=name)
            one.xaxis.set_major_formatter(lambda steps, _: _steps(steps))
        _percent(axes[0], "success")
        _legend(axes[0], columns=2)
        return _svg(figure, "learning curve")


def _figure(columns: int, height: float) -> tuple[Figure, Sequence[Axes]]:
    figure = Figure(figsize=(9.0, height), layout="constrained")
    axes = figure.subplots(1, columns, squeeze=False)[0]
    for one in axes:
        one.spines[["top", "right"]].set_visible(False)
        one.spines[["left", "bottom"]].set_alpha(0.5)
        one.grid(axis="y", alpha=0.15, color=_INK, linewidth=0.8)
        one.tick_params(length=0, colors=_INK)
        one.set_axisbelow(True)
    return figure, list(axes)


def _points(axes: Axes, found: Sequence[tuple[float, Estimate]], place: int, label: str) -> None:
    """Points with intervals, at their places."""
    known = [(x, one.mean, *one.ci95) for x, one in found if one.mean is not None and one.ci95 is not None]
    axes.errorbar(
        [x for x, *_ in known],
        [mean for _, mean, *_ in known],
        # Not below 0, which Matplotlib refuses: at 0 and 100 % an interval begins at the mean, but for rounding.
        yerr=[
            [max(mean - low, 0.0) for _, mean, low, _ in known],
            [max(high - mean, 0.0) for _, mean, _, high in known],
        ],
        fmt=_MARKERS[place % len(_MARKERS)],
        markersize=5,
        elinewidth=1.4,
        color=COLOURS[place % len(COLOURS)],
        label=label,
    )


def _line(axes: Axes, rows: Sequence[Row], column: str, colour: str, label: str, marker: str) -> None:
    known = [(row["steps"], row[column]) for row in rows if column in row]
    if known:
        steps, values = zip(*known, strict=True)
        axes.plot(steps, values, color=colour, label=label, marker=marker, markersize=5, linewidth=1.6)


def _percent(axes: Axes, name: str) -> None:
    axes.set(ylim=(-0.04, 1.05), yticks=[0, 0.25, 0.5, 0.75, 1.0], ylabel=name)
    axes.set_yticklabels(["0 %", "25 %", "50 %", "75 %", "100 %"])


def _legend(axes: Axes, columns: int) -> None:
    if axes.get_legend_handles_labels()[0]:
        axes.legend(
            ncols=columns,
            loc="lower left",
            bbox_to_anchor=(-0.02, 1.0),
            frameon=False,
            handlelength=1.4,
            columnspacing=1.6,
        )


def _steps(steps: float) -> str:
    for size, letter in ((1e6, " M"), (1e3, " k")):
        if abs(steps) >= size:
            return f"{steps / size:g}{letter}"
    return f"{steps:g}"


def _svg(figure: Figure, name: str) -> str:
    """The figure as an SVG element: text stays text, and nothing refers to anything outside it."""
    file = io.StringIO()
    figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    text = file.getvalue()
    box = re.search(r'viewBox="[^"]*"', text)
    body = text[text.index("<defs>", text.index("</metadata>")) :]
    assert box is not None
    for pattern, replacement in (
        (r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px"),  # as Matplotlib wrote it before 3.9
        (r"font-family: [^;\"]*", "font-family: inherit"),
        (r'<g id="[^"]*"', "<g"),  # the same in every chart
        ("xlink:href", "href"),
        (_INK, "currentColor"),
    ):
        body = re.sub(pattern, replacement, body)
    return f'<svg {box.group()} role="img" aria-label="{name}">\n{body.strip()}'


def _style(name: str) -> AbstractContextManager[None]:
    return mpl.rc_context(
        {
            "svg.fonttype": "none",
            "svg.hashsalt": name,  # ids that repeat from run to run and differ from chart to chart
            "font.size": 10.5,
            "text.color": _INK,
            "axes.labelcolor": _INK,
            "axes.edgecolor": _INK,
        }
    )
