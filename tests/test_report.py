"""The page: everything that was found is on it, and it needs nothing but itself."""

import base64
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from robosim.agents.evaluation.episodes import Episode
from robosim.agents.evaluation.results import Estimate, Result, summarise
from robosim.agents.showing.charts import learning_curve, success_by_kind, success_by_level
from robosim.agents.showing.report import Report, render, write_report
from robosim.agents.training.curve import Row

VOID = {"meta", "img", "br"}
CURVE: list[Row] = [
    {"steps": 4096.0, "rollout/success": 0.0, "rollout/return": -3.0},
    {"steps": 8192.0, "rollout/success": 0.4, "rollout/return": 20.0, "validation/success": 0.5},
]


def result(agent: str, wins: int, levels: int = 3) -> Result:
    episodes = [
        Episode(seed, seed % levels, seed < wins, 900 + seed, 10.0 + seed / 7, {"speed_error": 0.1 + seed / 300})
        for seed in range(30)
    ]
    kwargs = {"level": "mixed", "split": "test"}
    return summarise(
        episodes, agent=agent, sha256=None, env="toy/Walk-v0", kwargs=kwargs, seed=0, command="x", wall_clock_s=1.0
    )


class Reader(HTMLParser):
    """Collects the text, the tags and what refers to something; an unbalanced tag is an error."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.references: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.references += [value for name, value in attrs if name in {"src", "href", "xlink:href"} and value]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text += data

    @property
    def plain(self) -> str:
        return " ".join(self.text.split())


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "a.mp4"
    path.write_bytes(bytes(range(256)) * 5)
    return path


def full(video: Path) -> Report:
    return Report(
        "Walking, learned",
        [result("random", 0), result("fresh", 12), result("shipped", 29)],
        lead="It walks.",
        curve=CURVE,
        curve_caption="8 k steps.",
        video=video,
        video_caption="Left and right.",
        units={"speed_error": "m/s", "return": "1"},
        facts={"training": "61 s"},
        listings={"The experiment": "name: walk"},
    )


def test_every_agent_and_every_interval_is_there(video: Path) -> None:
    report = full(video)
    text = Reader(render(report)).plain
    assert {"random", "fresh", "shipped"} <= set(re.findall(r"\w+", text))
    for one in report.results:
        for estimate in (one.success, *(level.success for level in one.by_level.values())):
            assert estimate.mean is not None
            assert estimate.ci95 is not None
            low, high = estimate.ci95
            assert f"{100 * estimate.mean:.1f} %" in text
            assert f"{100 * low:.1f}–{100 * high:.1f}" in text
    assert "length" in text
    assert "914.5" in text
    assert "speed error m/s" in text
    for told in ("Walking, learned", "It walks.", "8 k steps.", "Left and right.", "training 61 s", "name: walk"):
        assert told in text
    assert report.results[0].versions["pybullet"] in text
    assert "0 to 29, split test" in text


def test_nothing_is_fetched_from_anywhere(video: Path) -> None:
    page = render(full(video))
    assert "http" not in re.sub(r"base64,[A-Za-z0-9+/=]*", "", page)
    assert "@import" not in page
    assert re.findall(r"url\((?!#)", page) == []
    reader = Reader(page)
    assert not {"link", "script", "iframe", "object"} & set(reader.tags)
    assert [one for one in reader.references if not one.startswith(("#", "data:"))] == []
    inside = {one.removeprefix("#") for one in reader.references if one.startswith("#")}
    inside |= set(re.findall(r"url\(#([^)]*)\)", page))
    assert inside <= set(reader.ids)
    assert len(reader.ids) == len(set(reader.ids))


def test_the_video_is_inside_the_page(video: Path, tmp_path: Path) -> None:
    sources = [one for one in Reader(render(full(video))).references if one.startswith("data:")]
    assert len(sources) == 1
    kind, data = sources[0].split(";base64,")
    assert kind == "data:video/mp4"
    assert base64.b64decode(data) == video.read_bytes()
    gif = tmp_path / "a.gif"
    gif.write_bytes(b"GIF")
    page = render(Report("t", [result("random", 0)], video=gif))
    assert "<img" in page
    assert "<video" not in page


def test_what_is_not_given_is_left_out() -> None:
    reader = Reader(render(Report("t", [result("random", 3, levels=1)])))
    assert not {"video", "img", "svg", "figure", "details"} & set(reader.tags)
    assert "random" in reader.text


def test_names_are_text_and_not_html() -> None:
    name = "<u>&amp;\"'</script>"
    reader = Reader(render(Report(name, [result(name, 3)], lead=name, facts={name: name}, listings={name: name})))
    assert reader.text.count(name) >= 8  # in the chart's legend too
    assert not {"u", "script"} & set(reader.tags)


def test_a_value_that_no_episode_has_is_a_dash() -> None:
    one = result("random", 3)
    none = one.metrics["speed_error"].model_copy(update={"mean": None, "ci95": None, "episodes": 0})
    page = render(Report("t", [one.model_copy(update={"metrics": {**one.metrics, "speed_error": none}})]))
    assert "–" in Reader(page).text


@pytest.mark.parametrize(
    ("mean", "low", "high", "shown"),
    [
        (0.08292, 0.07912, 0.08704, ("0.083", "0.079 to 0.087")),
        (51.4567, 49.9, 52.9, ("51.5", "49.9 to 52.9")),
        (882.2, 744.1, 981.4, ("882", "744 to 981")),
        (-4.631, -4.713, -4.538, ("−4.63", "−4.71 to −4.54")),
        (0.0, 0.0, 0.0, ("0", "0 to 0")),
    ],
)
def test_numbers_have_the_digits_their_interval_leaves(
    mean: float, low: float, high: float, shown: tuple[str, str]
) -> None:
    one = result("random", 3)
    metric = one.metrics["speed_error"].model_copy(update={"mean": mean, "ci95": (low, high)})
    page = render(Report("t", [one.model_copy(update={"metrics": {"speed_error": metric}})]))
    assert f"<td>{shown[0]} <small>{shown[1]}</small></td>" in page


def test_charts_take_the_pages_colours_and_are_the_same_each_time() -> None:
    results = [result("random", 0), result("fresh", 12)]
    for chart in (success_by_level(results), learning_curve(CURVE)):
        assert "currentColor" in chart
        assert "#000000" not in chart
        assert "DejaVu" not in chart
    assert success_by_level(results) == success_by_level(results)
    assert learning_curve([{"steps": 10.0}]).startswith("<svg")  # a run that was stopped at once


def test_a_chart_has_room_for_many_agents_and_gaps() -> None:
    results = [result(f"agent {number}", number) for number in range(9)]
    gap = results[0].by_level[1].model_copy(update={"success": Estimate(mean=None, ci95=None)})
    some = results[0].model_copy(update={"by_level": {1: gap}})
    assert all(f"agent {number}" in success_by_level([some, *results[1:]]) for number in range(9))


def test_the_page_is_written_whole(video: Path, tmp_path: Path) -> None:
    write_report(tmp_path / "report.html", full(video))
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == render(full(video))


def test_a_heat_map_has_every_kind_and_its_shares() -> None:
    episodes = [
        Episode(seed, seed % 3, seed % 4 == 0, 10, 1.0, {}, kind=("stairs_up", "gaps")[seed // 3 % 2])
        for seed in range(18)
    ]
    kwargs = {"level": "mixed", "split": "test"}
    judged = summarise(
        episodes, agent="a", sha256=None, env="toy/Walk-v0", kwargs=kwargs, seed=0, command="x", wall_clock_s=1.0
    )
    chart = Reader(success_by_kind(judged))
    assert "stairs up" in chart.plain
    assert "gaps" in chart.plain
    assert {"33", "67"} <= set(re.findall(r"\d+", chart.plain))
