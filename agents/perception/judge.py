"""Whoever answers about pictures, held against the truth of a whole split."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from robosim.agents.perception.samples import Pictures, Sample
from robosim.agents.perception.scores import scores
from robosim.perception.answers import Seer
from robosim.perception.tally import Tally

_BATCH = 32


def judge(
    seer: Seer,
    data: Pictures,
    indices: Sequence[int],
    device: torch.device,
    on_pictures: Callable[[int], None] = lambda count: None,
) -> Tally:
    """Asks about some pictures and counts what is right.

    Args:
        seer: Who answers.
        data: Where the pictures are.
        indices: Which of them.
        device: Where it looks at them.
        on_pictures: Told after every batch how many are done.
    """
    tally = Tally()
    for first in range(0, len(indices), _BATCH):
        batch: Sample = data.batch(indices[first : first + _BATCH])
        batch = {key: value.to(device) for key, value in batch.items()}
        tally.add(seer.answer(batch), batch)
        on_pictures(tally.pictures)
    return tally


def quick_scores(tally: Tally) -> dict[str, float]:
    """Gives the rates that choose the best network, without intervals; ``score`` is their mean."""
    chosen = ("miou", "ap50/person", "ap50/forklift", "ap50/package", "free_near", "symbol", "colour", "legible")
    found = scores(tally, range(tally.pictures), resamples=2)
    rates = {name: found[name].mean for name in chosen if name in found}
    known = {name: rate for name, rate in rates.items() if rate is not None}
    known["score"] = float(np.mean(list(known.values()))) if known else 0.0
    return known
