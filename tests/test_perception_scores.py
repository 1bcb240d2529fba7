"""Scores: against numbers worked out by hand, and the rival on labels as they are printed."""

import numpy as np
import pytest
import torch

from robosim.agents.perception.gallery import gallery, quality
from robosim.agents.perception.judge import judge
from robosim.agents.perception.scores import Draws, scores, symbol_confusion
from robosim.perception.answers import Answers, Labels
from robosim.perception.classical import Classical, read_label
from robosim.perception.data.recipe import Recipe
from robosim.perception.data.sample import BOXED, CLASSES, COLOURS, MAX_BOXES, SYMBOLS
from robosim.perception.heads.detection import Detections
from robosim.perception.pixels import Batch
from robosim.perception.tally import Tally, average_precision
from robosim.worlds.store.labels import label
from robosim.worlds.warehouse.signs import AREA_COLOURS

PERSON, PACKAGE = CLASSES.index("person"), CLASSES.index("package")


def picture() -> dict[str, torch.Tensor]:
    """One person at (4, 4) to (12, 24), and a package without a box at (20, 20) to (28, 28)."""
    batch = {
        "rgb": torch.zeros(1, 3, 32, 32, dtype=torch.uint8),
        "classes": torch.ones(1, 32, 32, dtype=torch.uint8),
        "boxes": torch.zeros(1, MAX_BOXES, 4),
        "box_classes": torch.full((1, MAX_BOXES), -1),
        "box_symbols": torch.full((1, MAX_BOXES), -1),
        "box_colours": torch.full((1, MAX_BOXES), -1),
        "box_distances": torch.zeros(1, MAX_BOXES),
        "free": torch.full((1, 32), 2.0),
    }
    batch["classes"][0, 4:24, 4:12] = PERSON
    batch["classes"][0, 20:28, 20:28] = PACKAGE
    batch["boxes"][0, 0] = torch.tensor([4.0, 4.0, 12.0, 24.0])
    batch["box_classes"][0, 0] = PERSON
    return batch


def detections(*rows: tuple[tuple[float, float, float, float], int, float]) -> Detections:
    boxes, kinds, sure = zip(*rows, strict=True)
    return Detections(torch.tensor(boxes), torch.tensor(kinds), torch.tensor(sure))


def test_average_precision_is_the_area_below_the_curve() -> None:
    sure, one = np.array([0.9, 0.8, 0.7, 0.6]), np.ones(4)
    hits = np.array([1.0, 0.0, 1.0, 0.0])
    # Recall 1/2 at precision 1, recall 1 at precision 2/3.
    assert average_precision(sure, hits, one, 2) == pytest.approx(0.5 + 0.5 * 2 / 3)
    assert average_precision(sure[::-1], hits[::-1], one, 2) == pytest.approx(0.5 + 0.5 * 2 / 3)
    assert average_precision(sure, hits, one, 4) == pytest.approx(0.25 + 0.25 * 2 / 3)
    assert np.isnan(average_precision(sure, hits, one, 0))
    # Twice the same pictures are worth the same.
    assert average_precision(sure, hits, 2 * one, 4) == pytest.approx(0.5 + 0.5 * 2 / 3)


def test_a_box_is_found_once_and_what_has_no_box_is_neither_right_nor_wrong() -> None:
    batch, tally = picture(), Tally()
    found = detections(
        ((4, 4, 12, 24), PERSON, 0.9),
        ((4, 5, 12, 24), PERSON, 0.8),  # the same person again
        ((20, 20, 28, 28), PACKAGE, 0.7),  # a package, but not one of the boxes
        ((0, 24, 6, 32), PACKAGE, 0.6),  # nothing
        ((4, 4, 12, 12), PERSON, 0.5),  # overlaps by less than a half
    )
    tally.add(Answers(detections=[found]), batch)
    rows = tally.found[0]
    assert rows[:, 3].tolist() == [1, 0, 0, 0]
    assert rows[:, 2].tolist() == pytest.approx([0.9, 0.8, 0.6, 0.5])
    assert tally.there[0].tolist() == [[[1, 1], [0, 0], [0, 0]]]
    rates = scores(tally, [0])
    assert rates["ap50/person"].mean == 1.0  # the right one is the surest
    assert rates["ap50/forklift"].mean is None


def test_slivers_count_in_one_of_two_rates() -> None:
    batch, tally = picture(), Tally()
    batch["boxes"][0, 1], batch["box_classes"][0, 1] = torch.tensor([14.0, 4.0, 17.0, 24.0]), PERSON
    tally.add(Answers(detections=[detections(((4, 4, 12, 24), PERSON, 0.9))]), batch)
    rates = scores(tally, [0])
    assert rates["ap50/person"].mean == 1
    assert rates["ap50_all/person"].mean == 0.5
    both = detections(((4, 4, 12, 24), PERSON, 0.5), ((14, 4, 17, 24), PERSON, 0.9))
    tally = Tally()
    tally.add(Answers(detections=[both]), batch)
    assert {scores(tally, [0])[name].mean for name in ("ap50/person", "ap50_all/person")} == {1.0}


def test_iou_of_classes() -> None:
    batch, tally = picture(), Tally()
    classes = batch["classes"].clone()
    classes[0, 4:24, 4:8] = 1  # half of the person is taken for floor
    tally.add(Answers(classes=classes), batch)
    rates = scores(tally, [0])
    assert rates["iou/person"].mean == pytest.approx(0.5)
    floor = 32 * 32 - 160 - 64
    assert rates["iou/floor"].mean == pytest.approx(floor / (floor + 80))
    assert rates["iou/package"].mean == 1
    assert rates["iou/robot"].mean is None
    assert rates["miou"].mean == pytest.approx((0.5 + floor / (floor + 80) + 1) / 3)
    assert 0 < quality(tally)[0] < 1


def test_intervals_are_over_worlds() -> None:
    rng = np.random.default_rng(0)
    worlds = np.repeat(np.arange(20), 50)
    rate = np.repeat(rng.uniform(0.2, 0.8, 20), 50)
    values = (rng.uniform(size=1000) < rate).astype(float)
    alone = Draws(range(1000), 500).ratio(np.arange(1000), values).ci95
    together = Draws(worlds.tolist(), 500).ratio(np.arange(1000), values).ci95
    assert alone is not None
    assert together is not None
    assert together[0] < values.mean() < together[1]
    assert together[1] - together[0] > 1.5 * (alone[1] - alone[0])
    once = Draws(worlds.tolist(), 1).ratio(np.arange(1000), values).ci95
    assert once is not None
    assert once[0] == once[1]


def test_readings() -> None:
    batch, tally = picture(), Tally()
    batch["box_classes"][0, 1:4] = PACKAGE
    batch["box_symbols"][0, 1:3], batch["box_colours"][0, 1:3] = torch.tensor([0, 2]), torch.tensor([3, 3])
    zeros, places = torch.zeros(3, dtype=torch.int64), torch.tensor([1, 2, 3])
    read = Labels(zeros, places, torch.tensor([0, 5, 1]), torch.tensor([3, 3, 3]), torch.tensor([0.9, 0.9, 0.9]))
    tally.add(Answers(labels=read), batch)
    rates = scores(tally, [0])
    assert rates["symbol"].mean == 0.5
    assert rates["colour"].mean == 1
    assert rates["legible"].mean == pytest.approx(2 / 3)
    assert symbol_confusion(tally, 6)[0] == [1, 0, 0, 0, 0, 0, 0]
    assert symbol_confusion(tally, 6)[2] == [0, 0, 0, 0, 0, 1, 0]
    assert np.sum(symbol_confusion(tally, 6)) == 2


def test_nothing_to_read_is_no_rate() -> None:
    batch, tally = picture(), Tally()
    none = torch.zeros(0, dtype=torch.int64)
    tally.add(Answers(labels=Labels(none, none, none, none, torch.zeros(0))), batch)
    assert scores(tally, [0])["symbol"].mean is None


def test_free_floor() -> None:
    batch, tally = picture(), Tally()
    free = batch["free"].clone()
    free[0, :8] = 3.0
    tally.add(Answers(free=free), batch)
    rates = scores(tally, [0])
    assert rates["free_error"].mean == pytest.approx(0.25)
    assert rates["free_near"].mean == pytest.approx(0.75)


@pytest.mark.parametrize("number", range(len(SYMBOLS)))
def test_the_rival_reads_a_label_that_is_near(number: int) -> None:
    other = (number + 2) % len(COLOURS)
    carton = np.full((120, 140, 3), (170, 130, 90), np.uint8)
    carton[10:106, 20:116] = label(SYMBOLS[number], AREA_COLOURS[SYMBOLS[other]])
    symbol, colour, legible = read_label(carton)
    assert symbol == number
    assert COLOURS[colour] == COLOURS[other]
    assert legible == 1


def test_the_rival_tells_apart_what_colours_tell_apart() -> None:
    def batch(seed: int) -> Batch:
        torch.manual_seed(seed)
        one = picture() | {"depth": torch.full((1, 1, 32, 32), 3.0)}
        one["rgb"][0, 2] = 200  # a blue floor
        one["rgb"][0, :, 4:24, 4:12] = torch.tensor([220, 30, 30], dtype=torch.uint8)[:, None, None]
        one["rgb"][0, :, 20:28, 20:28] = torch.tensor([30, 220, 30], dtype=torch.uint8)[:, None, None]
        return one

    class One:
        def __len__(self) -> int:
            return 1

        def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
            return {key: value[0] for key, value in batch(0).items()}

        recipe = Recipe()

        def batch(self, indices: object) -> dict[str, torch.Tensor]:
            return dict(batch(0))

    rival, device = Classical([batch(seed) for seed in range(20)]), torch.device("cpu")
    tally = judge(rival, One(), [0], device)
    rates = scores(tally, [0])
    assert rates["miou"].mean is not None
    assert rates["miou"].mean > 0.8
    assert rates[f"ap50/{BOXED[0]}"].mean == 1
    drawn = gallery(rival, One(), [0], tally, device, each=3)
    assert drawn is not None
    assert drawn.shape[2] == 3
    assert drawn.std() > 10
