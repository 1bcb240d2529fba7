"""`robosim dataset`: sets of labelled pictures from the command line, also as COCO, and their contact sheet."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from robosim.perception.data.coco import run_lengths
from robosim.perception.data.sample import BOXED, CLASSES, COLOURS, SYMBOLS
from robosim.perception.data.shards import Shards
from robosim.scripts.dataset import main

SMALL = [
    "--width",
    "64",
    "--height",
    "48",
    "--views",
    "8",
    "--worlds",
    "1",
    "--workers",
    "1",
    "--val",
    "0",
    "--test",
    "1",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("set") / "new"
    assert main([str(folder), "--train", "9", *SMALL, "--coco", "--sheet", "3"]) == 0
    return folder


def test_it_tells_what_there_is(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(folder), "--train", "9", *SMALL]) == 0  # all of it is there
    told = capsys.readouterr().out
    assert "train: 16 pictures" in told
    assert "test: 8 pictures" in told
    assert "val" not in told.replace(str(folder), "")


def test_the_contact_sheet_shows_pictures_and_masks(folder: Path) -> None:
    sheet = cv2.imread(str(folder / "train.png"))
    assert sheet is not None
    assert sheet.shape[1] > 2 * 3 * 64 * 3
    shown = Shards(folder)[0]["rgb"].numpy().transpose(1, 2, 0)
    corner = sheet[: 3 * 48 : 3, : 3 * 64 : 3, ::-1]
    assert (corner == shown).all(axis=2).mean() > 0.5  # but for boxes and letters drawn over it


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--train", "0", "--val", "0", "--test", "0"], "nothing to make"),
        (["--width", "3"], "width=3"),
        (["--workers", "0"], "workers=0"),
        (["--train", "-4"], "-4 of train"),
        (["--sheet", "-1"], "--sheet -1"),
    ],
)
def test_options_that_cannot_be(
    argv: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "none"), *argv]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("split", ["train", "test"])
def test_coco_says_the_same_as_the_shards(folder: Path, split: str) -> None:
    told = json.loads((folder / "coco" / f"{split}.json").read_text())
    shards = Shards(folder, split)
    names = {category["id"]: category["name"] for category in told["categories"]}
    assert set(names.values()) == set(BOXED)
    assert len(told["images"]) == len(shards)
    assert len({annotation["id"] for annotation in told["annotations"]}) == len(told["annotations"])
    for number, image in enumerate(told["images"]):
        item = {name: values.numpy() for name, values in shards[number].items()}
        png = cv2.imread(str(folder / "coco" / "images" / image["file_name"]))
        assert png is not None
        assert np.array_equal(png[..., ::-1].transpose(2, 0, 1), item["rgb"])
        classes = cv2.imread(str(folder / "coco" / "classes" / image["file_name"]), cv2.IMREAD_GRAYSCALE)
        assert classes is not None
        assert np.array_equal(classes, item["classes"])
        annotations = [a for a in told["annotations"] if a["image_id"] == image["id"]]
        assert len(annotations) == (item["box_classes"] >= 0).sum()
        for box, annotation in enumerate(annotations):
            x, y, width, height = annotation["bbox"]
            assert [x, y, x + width, y + height] == item["boxes"][box].tolist()
            assert names[annotation["category_id"]] == CLASSES[item["box_classes"][box]]
            mask = _mask(annotation["segmentation"]["counts"], annotation["segmentation"]["size"])
            assert np.array_equal(mask, item["instances"] == box)
            assert annotation["area"] == mask.sum()
            symbol, colour = item["box_symbols"][box], item["box_colours"][box]
            assert annotation["symbol"] == (SYMBOLS[symbol] if symbol >= 0 else None)
            assert annotation["colour"] == (COLOURS[colour] if colour >= 0 else None)


def _mask(counts: list[int], size: list[int]) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Decodes as COCO's tools do: runs outside and inside by turns, column by column."""
    inside = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
    return inside.reshape(size[::-1]).T


def test_runs_by_hand() -> None:
    mask = np.array([[1, 0, 1], [1, 0, 0]], np.bool_)
    assert run_lengths(mask) == [0, 2, 2, 1, 1]
    assert run_lengths(np.zeros((2, 2), np.bool_)) == [4]
    assert run_lengths(np.ones((2, 2), np.bool_)) == [0, 4]
