"""`robosim curves`: what is drawn of runs, and what it says of folders that hold none."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from robosim.agents.training.experiment_file import dump_experiment, parse_experiment
from robosim.errors import RobosimError
from robosim.scripts.curves import Curves, draw, line_of, main, read_lines, together


def run(folder: Path, name: str, scores: list[float], **changes: object) -> Path:
    """Writes what a run of a hundred steps a minute leaves of its curve; every second row has a score."""
    told = parse_experiment({"name": name, "env": {"id": "robosim/WheelBalance-v3"}, **changes}, "the test")
    folder.mkdir()
    (folder / "experiment.yaml").write_text(dump_experiment(told))
    rows = [f"{100 * n},{60 * n},{'' if n % 2 else scores[n // 2]}" for n in range(2 * len(scores))]
    (folder / "curve.csv").write_text("\n".join(["steps,wall_clock_s,validation/success", *rows]) + "\n")
    return folder


def test_a_run_is_a_line_over_what_was_asked(tmp_path: Path) -> None:
    folder = run(tmp_path / "a", "a", [0.1, 0.5], expert_steps=1000)
    told = parse_experiment({"name": "a", "env": {"id": "robosim/WheelBalance-v3"}, "expert_steps": 1000}, "the test")
    for over, at in (("minutes", [0.0, 2.0]), ("steps", [1000.0, 1200.0])):
        line = line_of(folder, told, "validation/success", over)  # type: ignore[arg-type]
        assert [part.tolist() for part in line] == [at, [0.1, 0.5]]


def test_seeds_of_one_name_are_a_mean_in_a_band_where_all_have_values(tmp_path: Path) -> None:
    lines = [(np.array([0.0, 4.0]), np.array([0.0, 0.4])), (np.array([1.0, 3.0]), np.array([0.5, 0.9]))]
    at, worst, mean, best = together(lines)
    assert (at[0], at[-1]) == (1.0, 3.0)
    assert worst[[0, -1]] == pytest.approx([0.1, 0.3])
    assert mean[[0, -1]] == pytest.approx([0.3, 0.6])
    assert best[[0, -1]] == pytest.approx([0.5, 0.9])
    with pytest.raises(RobosimError, match="road: one of its runs has no value beyond 0, and one none before 1"):
        draw({"road": [(np.zeros(1), np.ones(1)), lines[1]]}, "validation/success", "minutes")
    moment = [(np.array([2.0]), np.array([value])) for value in (0.1, 0.5)]
    axes = draw({"road": moment}, "validation/success", "minutes").axes[0]
    assert axes.lines[0].get_marker() == "o"
    (bar,) = axes.collections
    assert bar.get_paths()[0].vertices.tolist() == [[2.0, 0.1], [2.0, 0.5]]  # type: ignore[union-attr]
    legend = draw({"road": lines, "other": lines[:1]}, "validation/success", "minutes").axes[0].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["road, 2 seeds", "other"]


def test_runs_that_differ_in_more_than_their_seed_are_lines_of_their_own(tmp_path: Path) -> None:
    runs = [run(tmp_path / f"{seed}", "a", [0.1, 0.5], seed=seed) for seed in range(3)]
    runs += [run(tmp_path / "faster", "a", [0.2, 0.6], ppo={"learning_rate": 1e-2}), run(tmp_path / "b", "b", [0.3])]
    lines = read_lines(runs, "validation/success", "minutes")
    assert {name: len(seeds) for name, seeds in lines.items()} == {
        str(tmp_path / "0"): 3,
        str(tmp_path / "faster"): 1,
        str(tmp_path / "b"): 1,
    }
    assert list(read_lines([runs[0], runs[-1]], "validation/success", "minutes")) == ["a", "b"]


def test_how_it_was_run_makes_no_other_experiment_and_no_run_counts_twice(tmp_path: Path) -> None:
    runs = [run(tmp_path / "a", "a", [0.1]), run(tmp_path / "b", "a", [0.2], seed=1, workers=1, checkpoint_every_s=9.0)]
    assert [len(seeds) for seeds in read_lines(runs, "validation/success", "minutes").values()] == [2]
    with pytest.raises(RobosimError, match=r"a: it is .*a again, of seed 0; name one of the two"):
        read_lines([*runs, runs[0]], "validation/success", "minutes")


def test_who_draws_before_the_first_validation_is_told_what_there_is_till_then(tmp_path: Path) -> None:
    folder = run(tmp_path / "a", "a", [0.1])
    (folder / "curve.csv").write_text("steps,wall_clock_s,rollout/success\n100,60,0.2\n")
    with pytest.raises(RobosimError, match=r"begins with the first validation; until then, --of rollout/success\)"):
        read_lines([folder], "validation/success", "minutes")
    assert list(read_lines([folder], "rollout/success", "minutes")) == ["a"]
    (folder / "curve.csv").write_text("steps,wall_clock_s,rollout/level,validation/success\n100,60,3,0.2\n")
    with pytest.raises(RobosimError, match=r"no column 'validation/level' with a value; there are: rollout/level"):
        read_lines([folder], "validation/level", "minutes")


def test_a_picture_is_written_where_it_was_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = [str(run(tmp_path / str(seed), "a", [0.1, 0.5], seed=seed)) for seed in range(2)]
    out = tmp_path / "new" / "curves.png"
    assert main([*folders, "--out", str(out)]) == 0
    assert str(out) in capsys.readouterr().out
    picture = cv2.imread(str(out))
    assert picture is not None
    assert picture.std() > 5


def test_curves_are_written_as_numbers_too_but_over_nothing_else(tmp_path: Path) -> None:
    folders = [str(run(tmp_path / str(seed), "a", [0.1, 0.5], seed=seed, expert_steps=1000)) for seed in range(2)]
    argv = [*folders, "--out", str(tmp_path / "c.png"), "--json", str(tmp_path / "c.json")]
    assert main(argv) == main(argv) == 0
    told = Curves.model_validate_json((tmp_path / "c.json").read_bytes())
    assert [(one.name, one.seed, one.steps, one.minutes, one.values) for one in told.curves] == [
        ("a", seed, [1000.0, 1200.0], [0.0, 2.0], [0.1, 0.5]) for seed in range(2)
    ]
    (tmp_path / "c.json").write_text("mine")
    assert main(argv) != 0
    assert (tmp_path / "c.json").read_text() == "mine"


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["{run}", "--out", "{tmp}/c.jpg"], "its name ends in .png"),
        (["{tmp}", "--out", "{tmp}/c.png"], "no such file"),
        (
            ["{run}", "--out", "{tmp}/c.png", "--of", "succes"],
            "no column 'succes' with a value; there are: steps, valid",
        ),
        (["--out", "{tmp}/c.png"], "which runs?"),
    ],
)
def test_what_cannot_be_drawn_is_told(
    tmp_path: Path, argv: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = run(tmp_path / "run", "a", [0.1])
    assert main([part.format(run=folder, tmp=tmp_path) for part in argv]) != 0
    assert said in " ".join(capsys.readouterr().err.split())
