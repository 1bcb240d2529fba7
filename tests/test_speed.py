"""`robosim speed`: it runs, keeps every figure, and does not overwrite what is not its own."""

import json
import statistics
from pathlib import Path

import pytest
import torch

from robosim.scripts.speed import ALL, Speed, main


@pytest.mark.medium
def test_a_quick_run_measures_everything_and_keeps_every_figure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "speed.json"
    assert main(["--quick", "--json", str(path)]) == 0
    speed = Speed.model_validate_json(path.read_bytes())
    assert list(speed.measurements) == list(ALL)
    assert str(path) in speed.command
    for figures in speed.measurements.values():
        assert set(figures.rates) == set(figures.spread)
        assert all(rate > 0 for rates in figures.rates.values() for rate in rates)
        if set(figures.rates) == {"cpu"}:  # no GPU to compare it with
            assert figures.ratio is None
            continue
        assert figures.ratio is not None
        above, below = (figures.rates[name] for name in figures.ratio.of)
        assert figures.ratio.median == statistics.median(a / b for a, b in zip(above, below, strict=True))
    printed = capsys.readouterr().out
    assert "WorkerVecEnv" in printed
    assert "SubprocVecEnv" in printed


def test_the_shares_of_a_step_in_the_warehouse_make_up_all_of_it(tmp_path: Path) -> None:
    path = tmp_path / "speed.json"
    assert main(["--quick", "--only", "warehouse-step", "--json", str(path)]) == 0
    (figures,) = Speed.model_validate_json(path.read_bytes()).measurements.values()
    shares = {name: share.median for name, share in figures.shares.items()}
    assert all(0 < share < 1 for share in shares.values())
    assert sum(shares.values()) == pytest.approx(1.0)
    assert figures.ratio is not None
    assert shares["stepSimulation alone"] == pytest.approx(figures.ratio.median)


@pytest.mark.medium
def test_an_update_is_sampling_transfer_and_learning(tmp_path: Path) -> None:
    path = tmp_path / "speed.json"
    assert main(["--quick", "--only", "camera-training-cpu", "--json", str(path)]) == 0
    (figures,) = Speed.model_validate_json(path.read_bytes()).measurements.values()
    shares = {name: share.median for name, share in figures.shares.items()}
    assert set(shares) == {"sampling alone", "transfer alone", "learning alone"}
    assert all(0 < share < 1 for share in shares.values())


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_what_needs_a_gpu_is_refused_without_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--quick", "--only", "camera-training-cuda"]) == 2
    assert "no CUDA device" in capsys.readouterr().err


def test_an_env_of_another_package_has_no_share_of_pybullet(tmp_path: Path) -> None:
    path = tmp_path / "speed.json"
    for _ in range(2):  # the second overwrites the first
        assert main(["--quick", "--only", "env", "--env", "Pendulum-v1", "--json", str(path)]) == 0
    (figures,) = Speed.model_validate_json(path.read_bytes()).measurements.values()
    assert list(figures.rates) == ["whole env step"]
    assert figures.ratio is None


@pytest.mark.parametrize("found", ["notes", json.dumps({"measurements": []})])
def test_a_file_of_another_kind_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str], found: str) -> None:
    path = tmp_path / "mine.json"
    path.write_text(found)
    assert main(["--quick", "--json", str(path)]) == 2
    assert path.read_text() == found
    assert "holds something else" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--rounds", "0"], "--rounds 0"),
        (["--seconds", "0"], "--seconds 0"),
        (["--env", "robosim/Nothing-v0"], "robosim/Nothing"),
        (["--experiment", "nothing"], "no such file"),
        (["--json", "nowhere/speed.json"], "nowhere"),
    ],
)
def test_mistakes_are_told_before_anything_is_measured(
    options: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(options) == 2
    assert words in capsys.readouterr().err
