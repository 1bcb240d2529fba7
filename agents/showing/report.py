"""Results as one HTML page that can be mailed: table, charts and video are inside the file."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import jinja2

from robosim.agents.evaluation.results import Estimate, Result
from robosim.agents.showing.charts import learning_curve, success_by_kind, success_by_level
from robosim.agents.training.curve import Row
from robosim.whole_file import write_whole

_TEMPLATE = Path(__file__).with_name("report.html.j2")
_MEDIA = {".mp4": "video/mp4", ".gif": "image/gif"}


@dataclass(frozen=True)
class Report:
    """What a page shows. Everything but the title and the results may be left out."""

    title: str
    results: Sequence[Result]
    """At least one; all of the same episodes."""
    lead: str = ""
    """A sentence or two below the title."""
    curve: Sequence[Row] = ()
    """The learning curve of one of the agents, from `robosim.agents.training.curve.read_curve`."""
    curve_caption: str = ""
    video: Path | None = None
    """An MP4 or a GIF."""
    video_caption: str = ""
    units: Mapping[str, str] = field(default_factory=dict)
    """Of the metrics."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """More of what was run, beside what the results know of themselves."""
    listings: Mapping[str, str] = field(default_factory=dict)
    """Longer texts by their heading, such as a file; shown when they are asked for."""


def write_report(path: Path, report: Report) -> None:
    """Write the page, whole or not at all.

    Args:
        path: Where; replaced if it is there.
        report: What to show.
    """
    write_whole(path, render(report).encode())


def render(report: Report) -> str:
    """The page as text."""
    first = report.results[0]
    levels = sorted({level for result in report.results for level in result.by_level})
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "rate": _rate,
        "rate_interval": _rate_interval,
        "value": _value,
        "value_interval": _value_interval,
        "css": _css,
    }
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8")).render(
        report=report,
        first=first,
        levels=levels,
        metrics=list(dict.fromkeys(name for result in report.results for name in result.metrics)),
        kind_charts={one.agent: success_by_kind(one) for one in report.results if len(one.by_kind) > 1},
        level_chart=success_by_level(report.results) if len(levels) > 1 else None,
        curve_chart=learning_curve(report.curve) if report.curve else None,
        video=_data_url(report.video) if report.video else None,
        facts=_facts(report),
    )


def _facts(report: Report) -> dict[str, str]:
    first = report.results[0]
    seeds = f"{first.seed} to {first.seed + first.episodes - 1}, split {first.split}"
    known = {name: value for name, value in first.machine.items() if value is not None}
    machine = ", ".join(f"{name.replace('_gib', ' (GiB)')} {value}" for name, value in known.items())
    return {
        **report.facts,
        "command": first.command,
        "test seeds": seeds,
        "evaluation": f"{sum(result.wall_clock_s for result in report.results):.0f} s for all agents",
        "machine": machine,
        "versions": ", ".join(f"{package} {version}" for package, version in first.versions.items()),
    }


def _data_url(path: Path) -> str:
    return f"data:{_MEDIA[path.suffix.lower()]};base64,{base64.b64encode(path.read_bytes()).decode()}"


def _rate(estimate: Estimate) -> str:
    return "–" if estimate.mean is None else f"{100 * estimate.mean:.1f} %"


def _rate_interval(estimate: Estimate) -> str:
    return "" if estimate.ci95 is None else f"{100 * estimate.ci95[0]:.1f}–{100 * estimate.ci95[1]:.1f}"


def _value(estimate: Estimate) -> str:
    return "–" if estimate.mean is None else _number(estimate.mean, estimate)


def _value_interval(estimate: Estimate) -> str:
    return "" if estimate.ci95 is None else " to ".join(_number(end, estimate) for end in estimate.ci95)


def _number(value: float, estimate: Estimate) -> str:
    """A number of an estimate with the digits that its interval leaves certain, by the Particle Data Group's rule."""
    low, high = estimate.ci95 or (value, value)
    if high <= low:
        return f"{value:.3g}".replace("-", "−")
    half = (high - low) / 2
    exponent = math.floor(math.log10(half))
    decimals = max(0, (1 if half < 3.55 * 10.0**exponent else 0) - exponent)
    return f"{value:.{decimals}f}".replace("-", "−")


def _css(share: float) -> str:
    return f"{100 * share:.2f}%"
