"""Heads: losses that fall where answers are right, boxes from heat, crops, and what mirrors with a picture."""

import math

import pytest
import torch

from robosim.perception.augment import Augmentation, augmented
from robosim.perception.cutting import cut
from robosim.perception.data.sample import BOXED, CLASSES, FARTHEST, MAX_BOXES, SYMBOLS
from robosim.perception.encoders import ENCODERS, EncoderSpec
from robosim.perception.heads.boxes import iou
from robosim.perception.heads.detection import DetectionHead, decode, detection_loss, places, unboxed
from robosim.perception.heads.segmentation import confusion, segmentation_loss
from robosim.perception.labels import LabelNetwork, LabelSpec, Reading, levelled
from robosim.perception.scene import SceneNetwork, SceneSpec

PERSON, PACKAGE = CLASSES.index("person"), CLASSES.index("package")
SIZE = 64


def samples(count: int = 2, size: int = SIZE) -> dict[str, torch.Tensor]:
    """Pictures of one person, red on grey, each elsewhere, and of a package without a box."""
    torch.manual_seed(0)
    batch = {
        "rgb": torch.full((count, 3, size, size), 90, dtype=torch.uint8),
        "depth": torch.full((count, 1, size, size), 4.0),
        "classes": torch.ones(count, size, size, dtype=torch.uint8),
        "instances": torch.full((count, size, size), -1, dtype=torch.int16),
        "boxes": torch.zeros(count, MAX_BOXES, 4),
        "box_classes": torch.full((count, MAX_BOXES), -1),
        "box_symbols": torch.full((count, MAX_BOXES), -1),
        "box_colours": torch.full((count, MAX_BOXES), -1),
        "box_distances": torch.zeros(count, MAX_BOXES),
        "free": torch.full((count, size), 3.0),
    }
    for number in range(count):
        x, y = 6 + 9 * number % 40, 10 + 5 * number % 16
        batch["rgb"][number, 0, y : y + 24, x : x + 12] = 250
        batch["classes"][number, y : y + 24, x : x + 12] = PERSON
        batch["instances"][number, y : y + 24, x : x + 12] = 0
        batch["boxes"][number, 0] = torch.tensor([x, y, x + 12, y + 24])
        batch["box_classes"][number, 0] = PERSON
        batch["classes"][number, 50:58, 50:58] = PACKAGE
        batch["rgb"][number, 2, 50:58, 50:58] = 250
    return batch


@pytest.mark.parametrize("name", sorted(ENCODERS))
def test_a_scene_network_of_any_encoder_answers_in_the_picture_s_size(name: str) -> None:
    network = SceneNetwork(SceneSpec(encoder=EncoderSpec(name=name, width=4), height=64, width=80, channels=8))
    batch = {key: value for key, value in samples().items() if key in ("rgb", "depth")}
    batch = {key: torch.nn.functional.pad(value, (0, 16)) for key, value in batch.items()}
    told = network.see(batch)
    assert told["segmentation"].shape == (2, len(CLASSES), 64, 80)
    assert told["heat"].shape[:2] == (2, len(BOXED))
    assert told["boxes"].shape == (2, 4, *told["heat"].shape[2:])
    assert told["free"].shape == (2, 80)
    assert ((told["free"] >= 0) & (told["free"] <= FARTHEST)).all()


def test_a_scene_network_learns_a_few_pictures_by_heart() -> None:
    batch = samples(4)
    network = SceneNetwork(
        SceneSpec(encoder=EncoderSpec(name="resnet-small", width=8, batch_norm=True), height=SIZE, width=SIZE)
    )
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    for _ in range(60):
        cost = torch.stack(list(network.losses(batch).values())).sum()
        optimizer.zero_grad()
        cost.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    with torch.no_grad():
        told = network.see(batch)
    assert (told["segmentation"].argmax(dim=1) == batch["classes"]).float().mean() > 0.99
    for number, found in enumerate(decode(told["heat"], told["boxes"])):
        assert found.classes[0] == PERSON
        assert found.scores[0] > 0.5
        assert iou(found.boxes[:1], batch["boxes"][number, :1]).item() > 0.7
    assert (told["free"] - 3).abs().max() < 0.5


def test_right_answers_cost_least() -> None:
    batch = samples()
    right = torch.nn.functional.one_hot(batch["classes"].long(), len(CLASSES)).movedim(-1, 1) * 20.0
    assert segmentation_loss(right, batch) < 0.01
    assert segmentation_loss(-right, batch) > 1

    head = DetectionHead((8, 16, 16), SIZE, SIZE)
    x, y = places(torch.zeros(16, 16), head.step)
    heat = torch.full((2, len(BOXED), 16, 16), -9.0)
    boxes = batch["boxes"][:, 0, :, None, None].expand(-1, 4, 16, 16)
    for number, (x0, y0, x1, y1) in enumerate(batch["boxes"][:, 0].tolist()):
        near = ((x - (x0 + x1) / 2).abs() <= 2) & ((y - (y0 + y1) / 2).abs() <= 2)
        heat[number, BOXED.index("person")][near] = 9
    best = detection_loss(heat, boxes, batch, head.step)
    assert best < 0.1
    assert detection_loss(heat, boxes + 6, batch, head.step) > best + 0.5
    assert detection_loss(heat.roll(4, dims=-1), boxes, batch, head.step) > best + 0.5


def test_what_has_no_box_costs_nothing_found_or_not() -> None:
    batch = samples()
    head = DetectionHead((8, 16, 16), SIZE, SIZE)
    heat = torch.full((2, len(BOXED), 16, 16), -9.0)
    boxes = torch.zeros(2, 4, 16, 16) + torch.tensor([0.0, 0.0, 9.0, 9.0])[:, None, None]
    found = heat.clone()
    found[:, BOXED.index("package"), 13, 13] = 9  # the package without a box
    wrong = heat.clone()
    wrong[:, BOXED.index("package"), 3, 3] = 9
    cost = detection_loss(heat, boxes, batch, head.step)
    assert detection_loss(found, boxes, batch, head.step) == pytest.approx(cost.item())
    assert detection_loss(wrong, boxes, batch, head.step) > cost + 1
    shown = unboxed(batch)
    assert shown[:, BOXED.index("package"), 50:58, 50:58].all()
    assert shown.sum() == 2 * 64


def test_a_confusion_counts_every_pixel() -> None:
    wanted = torch.tensor([[[0, 1], [1, 9]]])
    found = torch.tensor([[[0, 1], [2, 9]]])
    counts = confusion(found, wanted)
    assert counts.sum() == 4
    assert [counts[0, a, b].item() for a, b in ((0, 0), (1, 1), (1, 2), (9, 9))] == [1, 1, 1, 1]


def test_a_crop_is_what_lies_in_the_box() -> None:
    picture = torch.arange(64, dtype=torch.float32).repeat(64, 1)[None, None].expand(1, 3, 64, 64) / 64
    crop = cut(picture, torch.tensor([0]), torch.tensor([[16.0, 8.0, 32.0, 24.0]]), 16, 0.0)
    assert torch.allclose(crop[0, 0], picture[0, 0, 8:24, 16:32], atol=1e-5)
    quarter = cut(
        picture, torch.tensor([0]), torch.tensor([[16.0, 8.0, 32.0, 24.0]]), 16, 0.0, torch.tensor([math.pi / 2])
    )
    assert torch.allclose(quarter[0, 0], torch.rot90(picture[0, 0, 8:24, 16:32]), atol=1e-5)


def test_in_training_crops_are_turned_as_far_as_the_spec_says(monkeypatch: pytest.MonkeyPatch) -> None:
    batch = samples(8)
    batch["box_classes"][:, 0] = PACKAGE
    network = LabelNetwork(LabelSpec(encoder=EncoderSpec(name="nature", width=4, features=16), tilt=0.5))
    turned: list[torch.Tensor | None] = []

    def read(rgb: torch.Tensor, pictures: torch.Tensor, boxes: torch.Tensor, turns: torch.Tensor | None) -> Reading:
        turned.append(turns)
        return LabelNetwork.read(network, rgb, pictures, boxes, turns)

    monkeypatch.setattr(network, "read", read)
    batch["box_symbols"][:, 0] = 1
    network.losses(batch, torch.Generator().manual_seed(0))
    network.losses(batch)
    first, second = turned
    assert first is not None
    assert 0.1 < float(first.abs().max()) <= 0.5
    assert (first < 0).any()
    assert second is None


def test_a_label_network_learns_a_few_labels_by_heart() -> None:
    batch = samples(6)
    for number in range(6):
        batch["boxes"][number, 1] = torch.tensor([30.0, 2.0, 50.0, 22.0])
        batch["box_classes"][number, 1] = PACKAGE
        batch["rgb"][number, :, 2:22, 30:50] = 200
        if number:
            batch["box_symbols"][number, 1] = batch["box_colours"][number, 1] = number - 1
            batch["rgb"][number, number % 3, 4 + 3 * number, 32:48] = 0
    network = LabelNetwork(LabelSpec(encoder=EncoderSpec(name="nature", width=8, features=64), jitter=0.0))
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    for _ in range(60):
        cost = torch.stack(list(network.losses(batch).values())).sum()
        optimizer.zero_grad()
        cost.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    reading = network.read(batch["rgb"], torch.arange(6), batch["boxes"][:, 1])
    assert reading.symbols.shape == (6, len(SYMBOLS))
    assert reading.symbols[1:].argmax(dim=1).tolist() == [0, 1, 2, 3, 4]
    assert reading.colours[1:].argmax(dim=1).tolist() == [0, 1, 2, 3, 4]
    assert (reading.legible > 0).tolist() == [False, True, True, True, True, True]


def test_from_around_it_says_the_mean_of_what_it_says_from_five_places() -> None:
    torch.manual_seed(0)
    network = LabelNetwork(LabelSpec(encoder=EncoderSpec(name="nature", width=8, features=64)))
    rgb, box = torch.rand(1, 3, 64, 64), torch.tensor([[10.0, 10.0, 50.0, 35.0]])
    aside = [(0.0, 0.0), *((x, y) for x in (-1.6, 1.6) for y in (-1.0, 1.0))]  # 0.04 of 40 and of 25 pixels
    first = torch.tensor([0])
    with torch.no_grad():
        around = network.read_around(rgb, first, box)
        apart = [network.read(rgb, first, box + torch.tensor(place * 2)) for place in aside]
    mean = torch.stack([one.symbols.softmax(1) for one in apart]).mean(0)
    assert torch.allclose(around.symbols.softmax(1), mean, atol=1e-5)
    assert torch.allclose(around.legible, torch.stack([one.legible for one in apart]).mean(0), atol=1e-5)
    assert not torch.allclose(around.symbols.softmax(1), apart[0].symbols.softmax(1), atol=1e-5)


def test_levelled_a_label_looks_the_same_in_dim_light_and_its_hues_stay_apart() -> None:
    bright = torch.rand(2, 3, 32, 32)
    bright[:, 0] += 1
    dim = levelled(0.3 * bright)
    assert torch.allclose(dim, levelled(bright), atol=0.05)
    assert (dim[:, 0].mean() - dim[:, 1].mean()).item() > 1
    assert torch.isfinite(levelled(torch.full((1, 3, 32, 32), 0.5))).all()
    network = LabelNetwork(LabelSpec(encoder=EncoderSpec(name="nature", width=8, features=64), level=True))
    boxes, two = torch.tensor([[0.0, 0.0, 32.0, 32.0]] * 2), torch.arange(2)
    with torch.no_grad():
        bright_seen, dim_seen = (network.read(light * bright / 2, two, boxes).symbols for light in (1.0, 0.3))
    assert torch.allclose(bright_seen, dim_seen, atol=0.1)


def test_in_training_as_many_packages_cannot_be_read_as_can(monkeypatch: pytest.MonkeyPatch) -> None:
    batch = samples(3)
    batch["boxes"][:, 1:9] = torch.tensor([30.0, 2.0, 50.0, 22.0])
    batch["box_classes"][:, 1:9] = PACKAGE
    batch["box_symbols"][:2, 1] = batch["box_colours"][:2, 1] = 3
    network = LabelNetwork(LabelSpec(encoder=EncoderSpec(name="nature", width=4)))
    counted = list[int]()

    def counting(crops: torch.Tensor) -> Reading:
        counted.append(len(crops))
        return LabelNetwork.forward(network, crops)

    monkeypatch.setattr(network, "forward", counting)
    network.losses(batch, torch.Generator().manual_seed(0))
    network.losses(batch)
    assert counted == [4, 24]


def test_where_no_package_is_nothing_is_read() -> None:
    network = LabelNetwork(LabelSpec(encoder=EncoderSpec(name="nature", width=4, features=16), level=True)).eval()
    none = torch.zeros(0, dtype=torch.int64)
    assert network.read_around(samples()["rgb"], none, torch.zeros(0, 4)).symbols.shape == (0, len(SYMBOLS))


def test_labels_without_a_package_cost_nothing_and_break_nothing() -> None:
    network = LabelNetwork(LabelSpec(encoder=EncoderSpec(name="nature", width=4)))
    costs = network.losses(samples(), torch.Generator().manual_seed(0))
    assert sum(costs.values()).item() == 0  # type: ignore[union-attr]


def test_mirrored_labels_follow_the_picture() -> None:
    batch = samples(16)
    how = Augmentation(brightness=0, tint=0, contrast=0, noise=0)
    new = augmented(batch, how, torch.Generator().manual_seed(1), mirror=True)
    turned = (new["classes"] != batch["classes"]).any(dim=-1).any(dim=-1)
    assert 0 < turned.sum() < 16
    for number in range(16):
        x0, y0, x1, y1 = new["boxes"][number, 0].int().tolist()
        assert (new["classes"][number, y0:y1, x0:x1] == PERSON).all()
        assert (new["rgb"][number, 0, y0:y1, x0:x1] > 0.9).all()
    assert (new["boxes"][:, 1:] == 0).all()
    again = augmented(batch, how, torch.Generator().manual_seed(1), mirror=True)
    assert torch.equal(new["rgb"], again["rgb"])
    assert not (augmented(batch, how, torch.Generator().manual_seed(1), mirror=False)["boxes"] - batch["boxes"]).any()
