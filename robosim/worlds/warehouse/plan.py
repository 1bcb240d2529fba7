"""`draw_plan`: a warehouse from above, as a PNG."""

import math
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from robosim.planning.geodesic import Geodesic
from robosim.worlds.warehouse.layout import Footprint, Layout
from robosim.worlds.warehouse.signs import AREA_COLOURS

_METRE = 0.32  # inches on paper
_THINGS = {  # colour by what it is
    "rack": "#3b5b92", "pillar": "#4a4a4a", "on the map": "#b98a57", "not on the map": "#e07b1a",
    "only on the map": "#d9d9d9", "closed": "#d62728",
}  # fmt: skip


def draw_plan(layout: Layout, path: Path, geodesic: Geodesic | None = None) -> None:
    """Draws a plan.

    Args:
        layout: Of what.
        path: The PNG file to write.
        geodesic: Adds the shortest way from the start.
    """
    width, height = layout.size
    figure = Figure(figsize=(width * _METRE + 0.8, height * _METRE + 1.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.add_patch(Rectangle((-width / 2, -height / 2), width, height, facecolor="#f4f4f1", edgecolor="k", lw=2.5))
    _draw_floor(axes, layout)
    _draw_things(axes, layout)
    _draw_trip(axes, layout, geodesic)
    axes.set_aspect("equal")
    axes.set_xlim(-width / 2 - 0.5, width / 2 + 0.5)
    axes.set_ylim(-height / 2 - 0.5, height / 2 + 0.5)
    axes.set_xlabel("x / m")
    axes.set_ylabel("y / m")
    axes.set_title(f"level {layout.level}, {width:.0f} m × {height:.0f} m", fontsize=10)
    keys: list[Patch | Line2D] = [Patch(color=colour, label=name) for name, colour in _THINGS.items()]
    keys.append(Line2D([], [], color="#8fae8b", ls="--", label="road"))
    figure.legend(handles=keys, loc="outside lower center", ncols=4, fontsize=7, frameon=False)
    figure.savefig(path, dpi=110)


def _draw_floor(axes: Axes, layout: Layout) -> None:
    for area in layout.areas:
        colour = [value * 0.45 + 0.55 for value in AREA_COLOURS[area.letter]]
        _box(axes, (area.x, area.y, area.size[0] / 2, area.size[1] / 2, area.yaw), facecolor=colour)
        axes.text(area.x, area.y, area.letter, ha="center", va="center", fontsize=9, weight="bold")
    for door in layout.doors:
        axes.plot(door.x, door.y, "s", color="#555555", ms=7)
    for first, second in layout.roads.edges.tolist():
        points = layout.roads.nodes[[first, second]]
        axes.plot(points[:, 0], points[:, 1], "--", color="#8fae8b", lw=1)
    for x, y, heading in layout.places.tolist():
        axes.plot([x, x + 0.25 * math.cos(heading)], [y, y + 0.25 * math.sin(heading)], color="#7a9a78", lw=0.8)
        axes.plot(x, y, ".", color="#7a9a78", ms=3)


def _draw_things(axes: Axes, layout: Layout) -> None:
    things = [(rack.footprint, "rack") for rack in layout.racks]
    things += [(pillar.footprint, "pillar") for pillar in layout.pillars]
    loads = (*layout.pallets, *layout.boxes)
    things += [(load.footprint, "on the map" if load.known else "not on the map") for load in loads]
    things += [(load.footprint, "only on the map") for load in layout.gone]
    things += [(barrier.footprint, "closed") for barrier in layout.barriers]
    for footprint, name in things:
        style = "--" if name == "only on the map" else "-"
        _box(axes, footprint, facecolor=_THINGS[name], edgecolor="#222222", lw=0.6, ls=style)


def _draw_trip(axes: Axes, layout: Layout, geodesic: Geodesic | None) -> None:
    x, y, heading = layout.start
    if geodesic is not None:
        way = geodesic.path(x, y)
        axes.plot(way[:, 0], way[:, 1], color="#1a9850", lw=1.8)
    axes.arrow(x, y, 0.6 * math.cos(heading), 0.6 * math.sin(heading), width=0.12, color="#1a9850", zorder=5)
    axes.plot(*layout.goal, "*", color="#1a9850", ms=14, zorder=5, mec="k", mew=0.6)


def _box(axes: Axes, footprint: Footprint, **style: object) -> None:
    x, y, a, b, yaw = footprint
    patch = Rectangle((x - a, y - b), 2 * a, 2 * b, angle=math.degrees(yaw), rotation_point="center")
    patch.set(**style)
    axes.add_patch(patch)
