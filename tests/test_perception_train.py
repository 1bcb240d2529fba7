"""Supervised training: every YAML trains, saves and loads; a run that goes on ends as one without a break."""

from pathlib import Path

import pytest
import torch
from toy_pictures import make_toy

from robosim.agents.perception.experiment import (
    PerceptionExperiment,
    load_perception,
    parse_perception,
    shipped_perception,
)
from robosim.agents.perception.network_file import NetworkError, build_network, load_network, load_stages
from robosim.agents.perception.run import PerceptionRun
from robosim.agents.perception.samples import Order, Some, some, with_labels
from robosim.agents.perception.train import PerceptionStatus, train_perception
from robosim.agents.storage.tensor_file import TensorFileError, read_tensors, write_tensors
from robosim.agents.training.curve import read_curve
from robosim.agents.training.experiment_file import ExperimentError, dump_experiment
from robosim.agents.training.run_folder import RunError
from robosim.errors import RobosimError
from robosim.perception.answers import NetworkSeer
from robosim.perception.data.files import DatasetError
from robosim.perception.data.shards import Shards
from robosim.perception.encoders import make_encoder
from robosim.perception.pixels import CHANNELS

NETWORK = {
    "kind": "scene",
    "encoder": {"name": "resnet-small", "width": 4, "layer_norm": True},
    "height": 64,
    "width": 64,
    "channels": 8,
}
SMALL = {
    "name": "small",
    "network": NETWORK,
    "fit": {"updates": 6, "batch": 4, "warmup": 1},
    "validation": {"every": 3, "pictures": 4},
}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_toy(tmp_path_factory.mktemp("toy") / "pictures")


@pytest.fixture(scope="module")
def small_pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_toy(tmp_path_factory.mktemp("toy") / "small", size=64)


def small(**changes: object) -> PerceptionExperiment:
    return parse_perception({**SMALL, **changes}, "the test")


def train(experiment: PerceptionExperiment, folder: Path, pictures: Path, **how: object) -> bool:
    return train_perception(experiment, folder, Shards(pictures), Shards(pictures, "val"), device="cpu", **how)  # type: ignore[arg-type]


@pytest.mark.medium
@pytest.mark.parametrize("name", shipped_perception())
def test_every_yaml_trains_saves_loads_and_answers_the_same(name: str, tmp_path: Path, pictures: Path) -> None:
    whole = load_perception(name)
    values = whole.model_dump() | {"fit": whole.fit.model_dump() | {"updates": 2, "batch": 4}}
    if whole.network.kind == "scene" and whole.network.width != 128:
        with pytest.raises(RobosimError, match="are 128 × 128 pixels"):
            train(whole, tmp_path / "other", pictures)
        values["network"] |= {"width": 128, "height": 128}
    experiment = parse_perception(values, name)
    assert parse_perception(experiment.model_dump(mode="json"), name) == experiment
    assert train(experiment, tmp_path / "run", pictures)
    card, network = load_network(tmp_path / "run")
    assert card.network == experiment.network
    assert card.updates == 2

    trained = build_network(experiment.network)
    _, tensors = read_tensors(tmp_path / "run" / "checkpoint.safetensors", "checkpoint")
    trained.load_state_dict({key[8:]: value for key, value in tensors.items() if key.startswith("network/")})
    batch = Shards(pictures, "test").batch([0, 3])
    one, other = (NetworkSeer(seer).answer(batch) for seer in (trained, network))
    for name in ("classes", "free"):
        first, second = getattr(one, name), getattr(other, name)
        assert (first is None) == (second is None)
        assert first is None or torch.equal(first, second)
    if one.detections is not None and other.detections is not None:
        assert torch.equal(one.detections[0].boxes, other.detections[0].boxes)
    if one.labels is not None and other.labels is not None:
        assert torch.equal(one.labels.legible, other.labels.legible)
        assert len(one.labels.symbols) == 2


@pytest.mark.medium
def test_training_learns(tmp_path: Path, small_pictures: Path) -> None:
    seen: list[PerceptionStatus] = []
    experiment = small(fit={"updates": 120, "batch": 8, "warmup": 5, "learning_rate": 5e-3}, validation={"every": 60})
    assert train(experiment, tmp_path / "run", small_pictures, on_status=seen.append)
    first, last = (status.validation for status in seen if status.validation)
    assert first is not None
    assert last is not None
    assert last["miou"] > max(first["miou"], 0.5)
    rows = read_curve(tmp_path / "run" / "curve.csv")
    assert rows[-1]["val/miou"] == pytest.approx(last["miou"], rel=1e-4)
    assert rows[-1]["loss/segmentation"] < rows[0]["loss/segmentation"]


@pytest.mark.parametrize("norm", ["layer_norm", "batch_norm"])
def test_a_run_that_goes_on_ends_as_if_it_had_not_been_interrupted(
    tmp_path: Path, small_pictures: Path, norm: str
) -> None:
    experiment = small(network=NETWORK | {"encoder": {"name": "resnet-small", "width": 4, norm: True}})
    assert train(experiment, tmp_path / "whole", small_pictures)
    done: list[int] = []
    stop = {"stop": lambda: len(done) >= 2, "on_status": lambda status: done.append(status.updates)}
    assert not train(experiment, tmp_path / "halves", small_pictures, **stop)
    assert done == [1, 2]
    assert train(experiment, tmp_path / "halves", small_pictures, resume=True)
    whole, halves = (read_tensors(tmp_path / name / "checkpoint.safetensors", "")[1] for name in ("whole", "halves"))
    assert whole.keys() == halves.keys()
    assert all(torch.equal(whole[key], halves[key]) for key in whole)
    assert [row["steps"] for row in read_curve(tmp_path / "halves" / "curve.csv")] == [3, 6]


def test_only_the_same_run_goes_on(tmp_path: Path, small_pictures: Path) -> None:
    assert train(small(), tmp_path / "run", small_pictures)
    with pytest.raises(RunError, match="already holds a run"):
        train(small(), tmp_path / "run", small_pictures)
    with pytest.raises(RunError, match=r"seed: the run has 0, asked for is 1"):
        train(small(seed=1), tmp_path / "run", small_pictures, resume=True)
    with pytest.raises(RunError, match=r"fit\.updates: the run has 6, asked for is 9"):
        train(small(fit=SMALL["fit"] | {"updates": 9}), tmp_path / "run", small_pictures, resume=True)  # type: ignore[operator]
    with pytest.raises(RunError, match="no run"):
        train(small(), tmp_path / "other", small_pictures, resume=True)
    assert train(small(data="elsewhere"), tmp_path / "run", small_pictures, resume=True)


def test_other_pictures_are_refused_by_what_differs(tmp_path: Path, small_pictures: Path) -> None:
    seen: list[PerceptionStatus] = []
    stop = {"stop": lambda: len(seen) >= 2, "on_status": seen.append}
    assert not train(small(), tmp_path / "run", small_pictures, **stop)
    kept = (tmp_path / "run" / "checkpoint.safetensors").read_bytes()
    few, val = Some(Shards(small_pictures), range(5)), Shards(small_pictures, "val")
    with pytest.raises(RunError, match=r"other pictures.*\n  pictures: the run has 12, asked for is 5\n  \(") as error:
        train_perception(small(), tmp_path / "run", few, val, resume=True, device="cpu")
    assert "recipe" not in str(error.value)
    other = make_toy(tmp_path / "other", size=64, seed=3)
    with pytest.raises(RunError, match=r"other pictures.*\n  recipe\.seed: the run has 0, asked for is 3\n  \("):
        train(small(), tmp_path / "run", other, resume=True)
    assert (tmp_path / "run" / "checkpoint.safetensors").read_bytes() == kept
    assert train(small(), tmp_path / "run", small_pictures, resume=True)


def test_a_run_that_never_began_leaves_its_folder_free(tmp_path: Path, small_pictures: Path) -> None:
    tiny = NETWORK | {"encoder": {"name": "nature"}, "height": 32, "width": 32}
    with pytest.raises(RobosimError, match="too small"):
        train(small(network=tiny), tmp_path / "run", small_pictures)
    assert train(small(), tmp_path / "run", small_pictures)


def test_each_picture_comes_once_a_pass_in_an_order_of_its_own() -> None:
    order = Order(10, 3, seed=4)
    passes = [[order.batch(number) for number in range(first, first + 3)] for first in (0, 3)]
    for batches in passes:
        flat = [index for batch in batches for index in batch]
        assert len(set(flat)) == len(flat) == 9
    assert passes[0] != passes[1]
    assert passes[0][1] == Order(10, 3, seed=4).batch(1)
    assert len(Order(2, 32, seed=0).batch(5)) == 2
    assert some(10, 4) == [0, 3, 6, 9]
    assert some(3, 9) == [0, 1, 2]


def test_readers_learn_from_pictures_with_labels(tmp_path: Path) -> None:
    shards = Shards(make_toy(tmp_path / "pictures", size=64, labels=5))
    chosen = with_labels(shards)
    assert len(chosen) == 5
    assert torch.equal(chosen.batch([4, 0])["rgb"], shards.batch([4, 0])["rgb"])
    assert (chosen[4]["box_symbols"] >= 0).any()
    with pytest.raises(DatasetError, match="no label"):
        with_labels(Shards(make_toy(tmp_path / "none", size=64, labels=0)))


def test_an_agent_s_encoder_begins_with_a_network_s(tmp_path: Path, small_pictures: Path) -> None:
    assert train(small(), tmp_path / "run", small_pictures)
    card, network = load_network(tmp_path / "run")
    encoder = make_encoder(card.network.encoder, CHANNELS["rgbd"], 96, 96)
    load_stages(encoder, tmp_path / "run")
    images = torch.rand(1, 4, 64, 64)
    for mine, theirs in zip(encoder.maps(images), network.encoder.maps(images), strict=True):
        assert torch.equal(mine, theirs)
    other = make_encoder(card.network.encoder.model_copy(update={"width": 8}), 4, 64, 64)
    with pytest.raises(NetworkError, match="another one"):
        load_stages(other, tmp_path / "run")


def test_a_network_s_file_is_refused_where_it_is_not_what_was_written(tmp_path: Path, small_pictures: Path) -> None:
    assert train(small(), tmp_path / "run", small_pictures)
    path = PerceptionRun(tmp_path / "run").best
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    (tmp_path / "flipped.safetensors").write_bytes(data)
    with pytest.raises(TensorFileError, match="damaged"):
        load_network(tmp_path / "flipped.safetensors")

    head, tensors = read_tensors(path, "network")
    write_tensors(tmp_path / "wide.safetensors", head.replace('"width":4', '"width":128'), tensors)
    with pytest.raises(NetworkError, match="not those of its description"):
        load_network(tmp_path / "wide.safetensors")
    with pytest.raises(NetworkError, match="nowhere"):
        load_network("nowhere")


def test_wrong_yaml_says_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(dump_experiment(small()).replace("batch: 4", "batsh: 4").replace("resnet-small", "vgg"))
    with pytest.raises(ExperimentError, match=r"(?s)batsh.*batch") as error:
        load_perception(path)
    assert "vgg" in str(error.value)
    assert "impala" in str(error.value)
    with pytest.raises(ExperimentError, match="scene"):
        load_perception("nothing")
    with pytest.raises(RobosimError, match="too small"):
        build_network(small(network={"kind": "labels", "encoder": {"name": "nature"}, "crop": 16}).network)
