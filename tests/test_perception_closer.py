"""Looking closer: boxes come to fit, what is not looked at stays, of two boxes on one thing the surer one stays."""

import shutil
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError
from test_perception_heads import PACKAGE, PERSON, SIZE, samples
from test_perception_train import NETWORK, SMALL
from toy_pictures import make_toy

from robosim.agents.perception.experiment import PerceptionExperiment, parse_perception
from robosim.agents.perception.network_file import NetworkError, load_network
from robosim.agents.perception.samples import with_things
from robosim.agents.perception.train import PerceptionStatus, train_perception
from robosim.agents.storage.tensor_file import read_tensors
from robosim.perception.closer import CloserNetwork, CloserSpec, Look
from robosim.perception.data.files import DatasetError
from robosim.perception.data.sample import CLASSES
from robosim.perception.data.shards import Shards
from robosim.perception.encoders import EncoderSpec
from robosim.perception.heads.boxes import iou, mirrored
from robosim.perception.heads.detection import Detections
from robosim.perception.heads.mask import profile, true_masks
from robosim.perception.pixels import seen
from robosim.perception.scene import SceneSpec

FINDER = SceneSpec(encoder=EncoderSpec(name="nature", width=4), height=SIZE, width=SIZE, channels=8)
FORKLIFT = CLASSES.index("forklift")
ENCODER = EncoderSpec(name="impala", width=8, batch_norm=True, features=64)


def closer(**how: object) -> CloserNetwork:
    torch.manual_seed(0)
    values = {"finder": FINDER, "weights": "scene", "encoder": ENCODER, "crop": 16} | how
    return CloserNetwork(CloserSpec.model_validate(values)).eval()


def found(boxes: list[list[float]], classes: list[int], scores: list[float]) -> Detections:
    return Detections(
        torch.tensor(boxes).reshape(-1, 4), torch.tensor(classes, dtype=torch.int64), torch.tensor(scores)
    )


def beside(batch: dict[str, torch.Tensor]) -> list[Detections]:
    """A box for each picture's person, half of it beside."""
    away = torch.tensor([5.0, -6.0, 5.0, -6.0])
    return [found((boxes[:1] + away).tolist(), [PERSON], [0.5]) for boxes in batch["boxes"]]


@pytest.mark.medium
def test_it_learns_where_a_few_things_are() -> None:
    batch, network = samples(4), closer()
    generator = torch.Generator().manual_seed(0)
    optimizer = torch.optim.Adam([one for one in network.parameters() if one.requires_grad], lr=3e-3)
    for _ in range(120):
        network.train()
        cost = torch.stack(list(network.losses(batch, generator).values())).sum()
        optimizer.zero_grad()
        cost.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    network.eval()
    before = beside(batch)
    with torch.no_grad():
        after = network.look(batch, before)
    for number, (one, other) in enumerate(zip(before, after, strict=True)):
        truth = batch["boxes"][number, :1]
        assert iou(one.boxes, truth).item() < 0.35
        assert iou(other.boxes, truth).item() > 0.7
        assert other.scores[0] > 0.5  # surer than it was found
        assert other.classes.tolist() == [PERSON]
    boxes, one_each = torch.cat([one.boxes for one in before]), torch.arange(4)
    with torch.no_grad():
        look = network(seen(batch, "rgbd"), one_each, boxes, torch.zeros(4, dtype=torch.int64))
    wanted = true_masks(batch, one_each, torch.zeros(4, dtype=torch.int64), boxes, look.masks.shape[-1], 0.5) > 0.5
    assert ((look.masks > 0) == wanted).float().mean() > 0.95
    assert 0.1 < wanted.float().mean() < 0.5


def test_a_true_mask_is_the_share_of_each_place_that_shows_the_thing_of_a_box() -> None:
    batch, none = samples(1), torch.zeros(1, dtype=torch.int64)
    box = batch["boxes"][:, 0]  # 12 pixels wide and 24 high: a crop's samples are the middles of pixels or between two
    expected = torch.zeros(12, 12)
    expected[3:9, 3:9] = 1.0
    torch.testing.assert_close(true_masks(batch, none, none, box, 12, 0.5)[0], expected)
    expected = torch.zeros(6, 6)
    expected[:, 3:] = 1.0
    half_left = box - torch.tensor([6.0, 0.0, 6.0, 0.0])
    torch.testing.assert_close(true_masks(batch, none, none, half_left, 6, 0.0)[0], expected)
    halves = true_masks(batch, none, none, half_left, 3, 0.0)[0]  # the thing begins in the middle of the second place
    torch.testing.assert_close(halves, torch.tensor([0.0, 0.5, 1.0]).expand(3, 3))
    assert true_masks(batch, none, none + 1, box, 12, 0.5).max() == 0  # of another thing


def test_a_profile_tells_of_rows_and_then_of_columns_how_sure_their_surest_place_is() -> None:
    logits = torch.full((1, 2, 3), -3.0)
    logits[0, 1, 2] = 1.5
    assert profile(logits).tolist() == [[-0.5, 0.25, -0.5, -0.5, 0.25]]
    assert profile(logits * 10).abs().max() == 1


def test_what_it_made_of_what_was_found_it_learns_to_look_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    batch, network, looks = samples(2), closer().train(), list[tuple[torch.Tensor, torch.Tensor]]()
    torch.nn.init.normal_(network.sides.weight, std=0.05, generator=torch.Generator().manual_seed(0))
    first = [found([[6.0, 10.0, 18.0, 34.0]], [PERSON], [0.9]), found([[16.0, 16.0, 26.0, 38.0]], [PERSON], [0.9])]
    monkeypatch.setattr("robosim.perception.closer.decode", lambda heat, boxes: first)
    look = network.forward

    def counted(images: torch.Tensor, pictures: torch.Tensor, boxes: torch.Tensor, which: torch.Tensor) -> Look:
        told = look(images, pictures, boxes, which)
        looks.append((boxes, told.boxes))
        return told

    monkeypatch.setattr(network, "forward", counted)
    costs = network.losses(batch, torch.Generator().manual_seed(0))
    assert [len(given) for given, _ in looks] == [2 + 2, 2]  # what was found and a box beside each thing; the former
    (given, made), (again, _) = looks
    assert torch.equal(given[:2], torch.cat([one.boxes for one in first]))
    assert torch.equal(again, made[:2])
    assert not torch.equal(again, given[:2])
    assert not again.requires_grad
    assert all(float(cost.detach()) > 0 for cost in costs.values())


def test_before_it_knows_more_a_box_stays_where_it_was_found() -> None:
    batch, network = samples(2), closer(looks=3)
    first = found([[6.0, 10.0, 18.0, 34.0], [40.0, 10.0, 52.0, 34.0]], [PERSON, PERSON], [0.9, 0.4])
    with torch.no_grad():
        told = network.look(batch, [first, found([], [], [])])
    assert torch.allclose(told[0].boxes, first.boxes[told[0].boxes[:, 0].argsort().argsort()])
    assert len(told[1].boxes) == 0


def test_what_it_does_not_look_at_stays_and_of_two_boxes_on_one_thing_the_surer_stays() -> None:
    batch, network = samples(1), closer()
    torch.nn.init.zeros_(network.sure.weight)  # as sure of one as of the other: the finder's scores decide
    boxes = [[6.0, 10.0, 18.0, 34.0], [7.0, 10.0, 19.0, 34.0], [50.0, 50.0, 58.0, 58.0], [50.0, 50.0, 58.0, 58.0]]
    with torch.no_grad():
        told = network.look(batch, [found(boxes, [PERSON, PERSON, PACKAGE, PACKAGE], [0.3, 0.9, 0.8, 0.1])])[0]
    assert told.scores.tolist() == sorted(told.scores.tolist(), reverse=True)
    assert told.scores[told.classes == PACKAGE].tolist() == pytest.approx([0.8, 0.1])
    assert told.boxes[told.classes == PERSON].tolist() == [boxes[1]]


def test_a_mirrored_picture_is_answered_as_the_mirror_shows_it() -> None:
    batch, network = samples(2), closer(looks=2)
    torch.nn.init.normal_(network.sides.weight, std=0.05, generator=torch.Generator().manual_seed(0))
    first = [found([[6.0, 10.0, 18.0, 34.0]], [PERSON], [0.9]), found([[30.0, 20.0, 52.0, 34.0]], [FORKLIFT], [0.9])]
    turned = {**batch, "rgb": batch["rgb"].flip(-1), "depth": batch["depth"].flip(-1)}
    other = [Detections(mirrored(one.boxes, 64), one.classes, one.scores) for one in first]
    with torch.no_grad():
        told, shown = network.look(batch, first), network.look(turned, other)
    for before, one, two in zip(first, told, shown, strict=True):
        torch.testing.assert_close(mirrored(two.boxes, 64), one.boxes)
        torch.testing.assert_close(two.scores, one.scores)
        assert (one.boxes - before.boxes).abs().max() > 0.1


def test_boxes_end_at_the_picture_s_edges() -> None:
    batch, network = samples(1), closer()
    with torch.no_grad():
        told = network.look(batch, [found([[-5.0, -3.0, 20.0, 90.0]], [PERSON], [0.9])])[0]
    assert told.boxes.tolist() == [[0.0, 0.0, 20.0, 64.0]]


def test_a_box_that_leaves_the_picture_is_dropped() -> None:
    batch, network = samples(1), closer(looks=2)
    # Up by its own size at each look; what goes left goes right in the mirror.
    torch.nn.init.constant_(network.sides.bias, -1.0)
    with torch.no_grad():
        told = network.look(
            batch, [found([[0.0, 10.0, 3.0, 34.0], [40.0, 40.0, 46.0, 46.0]], [PERSON] * 2, [0.9, 0.8])]
        )
    assert told[0].boxes.tolist() == [[40.0, 28.0, 46.0, 34.0]]
    assert torch.isfinite(told[0].scores).all()


def test_without_a_thing_it_costs_nothing_and_breaks_nothing() -> None:
    batch, network = samples(2), closer()
    batch["box_classes"][:] = -1
    with torch.no_grad():  # what finds is cold everywhere
        network.finder.heads["detection"].heat.bias[:] = -50.0  # type: ignore[union-attr, operator]
    network.train()
    costs = network.losses(batch, torch.Generator().manual_seed(0))
    assert {name: float(cost.detach()) for name, cost in costs.items()} == {
        "box": 0.0,
        "sure": 0.0,
        "mask": 0.0,
    }
    torch.stack(list(costs.values())).sum().backward()  # type: ignore[no-untyped-call]


@pytest.mark.medium
def test_what_finds_learns_nothing(tmp_path: Path) -> None:
    folder = make_toy(tmp_path / "toy", size=64)
    train, val = Shards(folder), Shards(folder, "val")
    statistics = {"name": "resnet-small", "width": 4, "batch_norm": True}  # which could drift
    seer = NETWORK | {"encoder": statistics}
    finder = parse_perception({**SMALL, "network": seer}, "the test")
    assert train_perception(finder, tmp_path / "finder", train, val, device="cpu")
    network = {"kind": "closer", "finder": seer, "encoder": ENCODER.model_dump(), "crop": 16}

    def experiment(**changes: object) -> PerceptionExperiment:
        whole = network | {"weights": str(tmp_path / "finder")} | changes
        return parse_perception({**SMALL, "network": whole}, "the test")

    assert train_perception(experiment(), tmp_path / "run", with_things(train, ["person"]), val, device="cpu")
    _, before = load_network(tmp_path / "finder")
    card, after = load_network(tmp_path / "run" / "last.safetensors")
    assert isinstance(after, CloserNetwork)
    assert card.network == experiment().network
    for name, value in before.state_dict().items():
        assert torch.equal(value, after.finder.state_dict()[name])
    assert float(after.sides.weight.detach().abs().max()) > 0

    other = experiment(finder={**seer, "channels": 16})
    with pytest.raises(
        NetworkError, match=r"network.finder must be described as it is there:\n  channels: there 8, here 16"
    ):
        train_perception(other, tmp_path / "other", train, val, device="cpu")
    with pytest.raises(NetworkError, match="nowhere"):
        train_perception(experiment(weights="nowhere"), tmp_path / "none", train, val, device="cpu")
    with pytest.raises(DatasetError, match="forklift"):
        with_things(train, ["forklift"])


@pytest.mark.medium
def test_a_run_that_goes_on_ends_as_one_without_a_break_and_needs_the_finder_s_file_no_more(tmp_path: Path) -> None:
    folder = make_toy(tmp_path / "toy", size=64)
    train, val = Shards(folder), Shards(folder, "val")
    assert train_perception(parse_perception(SMALL, "the test"), tmp_path / "finder", train, val, device="cpu")
    network = {"kind": "closer", "finder": NETWORK, "encoder": ENCODER.model_dump(), "crop": 16}
    network |= {"weights": str(tmp_path / "finder")}
    experiment = parse_perception({**SMALL, "network": network}, "the test")
    assert train_perception(experiment, tmp_path / "whole", train, val, device="cpu")
    seen: list[PerceptionStatus] = []
    stopped = train_perception(
        experiment, tmp_path / "run", train, val, device="cpu", on_status=seen.append, stop=lambda: len(seen) >= 2
    )
    assert not stopped
    shutil.rmtree(tmp_path / "finder")
    assert train_perception(experiment, tmp_path / "run", train, val, device="cpu", resume=True)
    (_, one), (_, other) = (
        read_tensors(tmp_path / name / "checkpoint.safetensors", "checkpoint") for name in ("whole", "run")
    )
    assert one.keys() == other.keys()
    assert all(torch.equal(one[key], other[key]) for key in one)


def test_things_are_named_once() -> None:
    with pytest.raises(ValidationError, match="person, person: each can be named once"):
        closer(of=("person", "person"))


def test_a_finder_without_boxes_is_refused() -> None:
    with pytest.raises(ValidationError, match="one of them must be detection"):
        closer(finder=FINDER.model_copy(update={"heads": ("free",)}).model_dump())
