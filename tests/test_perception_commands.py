"""The commands around perception networks: train, resume, judge beside the rival, and what each encoder costs."""

import shlex
from contextlib import nullcontext
from pathlib import Path

import pytest
from toy_pictures import make_toy

from robosim.agents.perception.network_file import NetworkError, load_network
from robosim.agents.perception.results import markdown, read_perception_results
from robosim.scripts.cli import INTERRUPTED
from robosim.scripts.cost import Costs
from robosim.scripts.cost import main as cost
from robosim.scripts.evaluate_perception import main as evaluate
from robosim.scripts.train_perception import main as train

YAML = """
name: tiny
network: {kind: scene, encoder: {name: nature, width: 4}, height: 64, width: 64, channels: 8}
fit: {updates: 4, batch: 4}
validation: {every: 2, pictures: 4}
"""


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_toy(tmp_path_factory.mktemp("toy") / "pictures", size=64)


@pytest.mark.medium
def test_a_network_is_trained_and_judged_beside_the_rival(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("robosim.scripts.cli.EVERY_S", 0.0)
    (tmp_path / "tiny.yaml").write_text(YAML)
    run = [str(tmp_path / "tiny.yaml"), "--out", str(tmp_path / "run"), "--data", str(pictures), "--device", "cpu"]
    assert train(run) == 0
    shown = capsys.readouterr().out
    assert "judge it by: robosim evaluate-perception" in shown
    assert "updates: " in shown
    assert " pictures/s · " in shown
    assert train(run) == 2
    assert "already holds a run" in capsys.readouterr().err
    assert train([*run, "--resume"]) == 0

    results, gallery = tmp_path / "results.json", tmp_path / "gallery"
    best = str(tmp_path / "run" / "network.safetensors")
    asked = [str(tmp_path / "run"), "classical", best, best, "--data", str(pictures), "--json", str(results)]
    assert evaluate([*asked, "--gallery", str(gallery), "--device", "cpu"]) == 0
    ours, rival, again, _ = read_perception_results(results)
    assert again.scores == ours.scores
    assert ours.sha256 is not None
    assert rival.sha256 is None
    assert (ours.pictures, ours.worlds, ours.split) == (12, 6, "test")
    assert set(ours.scores) < set(rival.scores)
    assert "symbol" in rival.scores
    assert sum(map(sum, rival.symbols)) == 12
    assert sorted(path.name for path in gallery.iterdir()) == [
        "1-run.png",
        "2-classical.png",
        "3-network.png",
        "4-network.png",
    ]
    told = [name for name, rate in ours.scores.items() if rate.mean is not None]
    assert markdown([ours, rival]).count("\n") == 2 + len(told)


@pytest.mark.medium
def test_a_run_that_was_stopped_goes_on_by_the_command_that_is_printed(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tiny.yaml").write_text(YAML.replace("every: 2", "every: 3"))  # stopped before the first validation
    out = tmp_path / "a run"
    run = [str(tmp_path / "tiny.yaml"), "--out", str(out), "--data", str(pictures), "--device", "cpu", "--updates", "3"]
    asked: list[None] = []

    class Stop:
        def is_set(self) -> bool:
            asked.append(None)
            return len(asked) > 2  # after two updates

    with monkeypatch.context() as patch:
        patch.setattr("robosim.scripts.train_perception.stopped_by_signals", lambda: nullcontext(Stop()))
        assert train(run) == INTERRUPTED
    words = shlex.split(capsys.readouterr().out.partition("go on by: ")[2])
    assert words[:2] == ["robosim", "train-perception"]
    with pytest.raises(NetworkError, match=r"never validated yet: name its latest, .*last\.safetensors"):
        load_network(out)
    assert load_network(out / "last.safetensors")[0].updates == 2
    assert train(words[2:]) == 0
    assert "at 2 of 3 updates" in capsys.readouterr().out
    assert load_network(out)[0].updates == 3


def test_mistakes_are_told_in_a_line(tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for argv, message in (
        ([str(tmp_path / "none"), "--data", str(pictures)], "no network's file"),
        (["classical", "--data", str(tmp_path)], "holds no labelled pictures"),
        (["classical", "--data", str(pictures), "--pictures", "0"], "at least 1"),
    ):
        assert evaluate(argv) == 2
        assert message in capsys.readouterr().err
    assert train(["scene", "--data", str(tmp_path / "none"), "--out", str(tmp_path / "run")]) == 2
    assert "robosim dataset" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_costs_are_written(tmp_path: Path) -> None:
    assert cost(["--sizes", "64", "--seconds", "0.01", "--json", str(tmp_path / "cost.json")]) == 0
    costs = Costs.model_validate_json((tmp_path / "cost.json").read_bytes())
    assert {row.encoder.name for row in costs.rows} == {"nature", "impala", "resnet-small", "keypoints"}
    assert all(row.least_ms <= row.median_ms <= row.most_ms for row in costs.rows)
