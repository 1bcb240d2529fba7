"""Labelled pictures as COCO: PNG files, and a JSON file of boxes and masks (https://cocodataset.org/#format-data)."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from robosim.errors import RobosimError
from robosim.perception.data.sample import BOXED, CLASSES, COLOURS, SYMBOLS
from robosim.perception.data.shards import Shards
from robosim.whole_file import write_whole


def write_coco(
    shards: Shards, folder: Path, split: str, on_images: Callable[[int], None] = lambda images: None
) -> Path:
    """Writes a split: ``images/<split>/*.png``, the classes of each pixel in ``classes/<split>/*.png``, and its JSON.

    Masks are run-length encoded, uncompressed: ``counts`` alternate between pixels outside and inside, column by
    column, which COCO's tools read. Beyond COCO, an annotation has ``symbol`` and ``colour`` (null where they cannot
    be read) and ``distance`` in metres.

    Args:
        shards: The pictures.
        folder: Where to.
        split: Its name, for the files.
        on_images: Is told of how many pictures were written.

    Returns:
        The JSON file.

    Raises:
        RobosimError: A picture cannot be written.
    """
    images, annotations = list[dict[str, Any]](), list[dict[str, Any]]()
    for sort in ("images", "classes"):
        (folder / sort / split).mkdir(parents=True, exist_ok=True)
    for shard in range(shards.shards):
        samples = shards.whole(shard)
        for row in range(len(samples["rgb"])):
            number = len(images) + 1
            name = f"{split}/{number:07d}.png"
            _, height, width = samples["rgb"][row].shape
            _write_png(folder / "images" / name, np.moveaxis(samples["rgb"][row], 0, -1)[..., ::-1])
            _write_png(folder / "classes" / name, samples["classes"][row])
            images.append({"id": number, "file_name": name, "width": width, "height": height})
            annotations += _annotations({key: rows[row] for key, rows in samples.items()}, number, len(annotations) + 1)
        on_images(len(samples["rgb"]))
    told = {
        "info": {"description": f"robosim {split}", "recipe": shards.recipe.told()},
        "images": images,
        "annotations": annotations,
        "categories": [{"id": CLASSES.index(name), "name": name, "supercategory": "warehouse"} for name in BOXED],
    }
    path = folder / f"{split}.json"
    write_whole(path, json.dumps(told).encode())
    return path


def _annotations(sample: dict[str, NDArray[Any]], image: int, first: int) -> list[dict[str, Any]]:
    found = list[dict[str, Any]]()
    for box in np.flatnonzero(sample["box_classes"] >= 0).tolist():
        mask = sample["instances"] == box  # the first numbers are the boxes' things
        x0, y0, x1, y1 = sample["boxes"][box].tolist()
        symbol, colour = (int(sample[name][box]) for name in ("box_symbols", "box_colours"))
        found.append(
            {
                "id": first + len(found),
                "image_id": image,
                "category_id": int(sample["box_classes"][box]),
                "bbox": [x0, y0, x1 - x0, y1 - y0],
                "area": int(mask.sum()),
                "segmentation": {"counts": run_lengths(mask), "size": list(mask.shape)},
                "iscrowd": 0,
                "symbol": SYMBOLS[symbol] if symbol >= 0 else None,
                "colour": COLOURS[colour] if colour >= 0 else None,
                "distance": round(float(sample["box_distances"][box]), 3),
            }
        )
    return found


def run_lengths(mask: NDArray[np.bool_]) -> list[int]:
    """Gives the lengths of a mask's runs, column by column, those outside first."""
    flat = np.concatenate([[False], mask.ravel(order="F")])
    edges = np.flatnonzero(flat[1:] != flat[:-1])
    return [int(length) for length in np.diff(np.concatenate([[0], edges, [mask.size]]))]


def _write_png(path: Path, picture: NDArray[Any]) -> None:
    if not cv2.imwrite(str(path), np.ascontiguousarray(picture), [cv2.IMWRITE_PNG_COMPRESSION, 1]):
        raise RobosimError(f"{path}: could not be written")
