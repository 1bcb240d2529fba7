"""What is made of episodes: rates and means, the JSON file, the tables."""

import io
import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from toy import KWARGS, TOY

from robosim.agents.evaluation.episodes import Episode
from robosim.agents.evaluation.results import (
    Result,
    ResultsError,
    markdown,
    read_results,
    summarise,
    table,
    write_results,
)
from robosim.whole_file import KeptError


def some_episodes() -> list[Episode]:
    return [
        Episode(seed, seed % 2, seed % 4 > 0, 10 + seed, float(seed), {"way": math.nan if seed % 2 else 2.0})
        for seed in range(20)
    ]


def some_result(agent: str = "zero", episodes: list[Episode] | None = None) -> Result:
    return summarise(
        episodes or some_episodes(),
        agent=agent,
        sha256=None,
        env=TOY,
        kwargs=KWARGS,
        seed=0,
        command="robosim evaluate zero",
        wall_clock_s=1.0,
    )


def test_a_summary_counts_what_was_played() -> None:
    result = some_result()
    assert result.success.mean == 0.75
    assert result.success.ci95 == pytest.approx((0.5313, 0.8881), abs=1e-4)
    assert {level: found.success.mean for level, found in result.by_level.items()} == {0: 0.5, 1: 1.0}
    assert [found.episodes for found in result.by_level.values()] == [10, 10]
    by_level = [(found.metrics["return"].mean, found.metrics["way"].mean) for found in result.by_level.values()]
    assert by_level == [(9.0, 2.0), (10.0, None)]
    low, high = result.by_level[0].metrics["return"].ci95 or (0.0, 0.0)
    assert 4.0 < low < 9.0 < high < 14.0
    way = result.metrics["way"]
    assert (way.mean, way.ci95, way.episodes) == (2.0, (2.0, 2.0), 10)  # NaN: no such value in the episode
    assert result.metrics["return"].mean == 9.5
    assert result.metrics["length"].mean == 19.5


def test_the_median_time_is_that_of_successes(tmp_path: Path) -> None:
    times = [(True, 4.0), (True, 1.0), (False, 0.1), (False, 0.2), (True, 9.0)]
    episodes = [Episode(seed, None, success, 1, 0.0, {"time": time}) for seed, (success, time) in enumerate(times)]
    timed, failed = some_result(episodes=episodes), some_result(episodes=episodes[2:4])
    assert (timed.median_time, failed.median_time, some_result().median_time) == (4.0, None, None)
    write_results(tmp_path / "r.json", [timed, failed])
    assert read_results(tmp_path / "r.json") == [timed, failed]
    lines = markdown([timed, failed], ["time"]).splitlines()
    assert lines[0].endswith("| time | median time of successes |")
    assert lines[2].endswith(" | 4 |")
    assert lines[3].endswith(" | – |")
    console = Console(width=100)
    with console.capture() as shown:
        console.print(table([timed, failed]))
    assert "median time of successes" in shown.get()


def test_a_metric_can_be_told_by_its_median(tmp_path: Path) -> None:
    sizes = [3.0, 1.0, math.nan, 1.5, 9.0, 2.0]
    episodes = [Episode(seed, 0, False, 1, 0.0, {"push_survived": size}) for seed, size in enumerate(sizes)]
    result, nothing = some_result(episodes=episodes), some_result(episodes=episodes[2:3])
    assert result.metrics["push_survived"].median == result.by_level[0].metrics["push_survived"].median == 2.0
    assert nothing.metrics["push_survived"].median is None
    assert some_result().metrics["way"].median == 2.0
    write_results(tmp_path / "r.json", [result, nothing])
    assert read_results(tmp_path / "r.json") == [result, nothing]
    lines = markdown([result, nothing], ["median push_survived", "push_survived"]).splitlines()
    assert lines[0].endswith("| median push_survived | push_survived |")
    assert " | 2 | 3.3 [" in lines[2]
    assert lines[3].endswith(" | – | – |")
    console = Console(width=100)
    with console.capture() as shown:
        console.print(table([result, nothing]))
    (line,) = (line.split() for line in shown.get().splitlines() if "median push_survived" in line)
    assert line[-2:] == ["2", "–"]


def test_a_summary_tells_kinds_apart_at_every_level() -> None:
    episodes = [replace(episode, kind="sand" if episode.seed < 8 else "ice") for episode in some_episodes()]
    result = some_result(episodes=episodes)
    assert list(result.by_kind) == ["ice", "sand"]
    sand = result.by_kind["sand"]
    assert (sand.episodes, sand.success.mean) == (8, 0.75)
    assert sand.by_level == {0: (2, 4), 1: (4, 4)}
    assert some_result().by_kind == {}
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(table([result]))
    assert "sand" in console.export_text()


def test_a_metric_without_a_finite_mean_has_none(tmp_path: Path) -> None:
    metrics = [{"never": math.nan, "ever": 1.0}, {"never": math.nan, "ever": math.inf}]
    episodes = [Episode(seed, None, True, 1, 0.0, metrics[seed]) for seed in range(2)]
    result = some_result(episodes=episodes)
    assert (result.metrics["never"].mean, result.metrics["never"].episodes) == (None, 0)
    assert (result.metrics["ever"].mean, result.metrics["ever"].episodes) == (None, 2)
    assert result.by_level == {}
    write_results(tmp_path / "r.json", [result])
    assert read_results(tmp_path / "r.json") == [result]


def test_a_rate_is_the_ratio_of_the_sums() -> None:
    episodes = [
        Episode(seed, None, True, 1, 0.0, {}, {"hits_per_100m": (100.0 * (seed == 0), 1.0 if seed == 0 else 33.0)})
        for seed in range(4)
    ]
    rate = some_result(episodes=episodes).metrics["hits_per_100m"]
    assert rate.mean == pytest.approx(1.0)  # 1 in 100 m; the mean of the episodes' own rates would be 25
    low, high = rate.ci95 or (math.nan, math.nan)
    assert low == 0.0
    assert high > 2.0


def test_results_come_back_from_json_and_show_in_tables(tmp_path: Path) -> None:
    results = [some_result(), some_result("an [odd] name")]
    write_results(tmp_path / "r.json", results)
    assert read_results(tmp_path / "r.json") == results
    plain = json.loads((tmp_path / "r.json").read_text(), parse_constant=pytest.fail)
    assert plain[0]["by_level"]["1"]["success"]["mean"] == 1.0
    console = Console(width=100)
    with console.capture() as shown:
        console.print(table(results))
    for expected in ("75.0 % [53.1, 88.8]", "level 0", "an [odd] name", "20 episodes", "way"):
        assert expected in shown.get()
    lines = markdown(results, ["way"]).splitlines()
    assert lines[0] == "| agent | success | way |"
    assert lines[2] == "| zero | 75.0 % [53.1, 88.8] | 2 [2, 2] |"


def test_results_replace_results_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    write_results(path, [some_result()])
    write_results(path, [some_result("zero"), some_result("random")])
    assert len(read_results(path)) == 2
    for content in ("my notes", '{"a": 1}', '[{"agent": "zero"}]'):
        path.write_text(content)
        with pytest.raises(KeptError, match="it is kept"):
            write_results(path, [some_result()])
        with pytest.raises(ResultsError, match="is not a list of results"):
            read_results(path)
        assert path.read_text() == content
    with pytest.raises(KeptError, match="no folder"):
        write_results(tmp_path / "nowhere" / "r.json", [some_result()])
    with pytest.raises(KeptError, match="not a plain file"):
        write_results(tmp_path, [some_result()])
