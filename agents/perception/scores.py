"""From counts to rates with 95 % intervals, drawn anew over worlds: what one hall shows is no independent evidence."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from robosim.agents.evaluation.results import Estimate
from robosim.agents.evaluation.statistics import Interval
from robosim.perception.data.sample import BOXED, CLASSES
from robosim.perception.tally import Tally, average_precision

_RESAMPLES = 1000

Floats = NDArray[np.float64]


class Rate(Estimate):
    """A rate or a mean, with how many things it is over: pictures, boxes or labels."""

    count: int

    @classmethod
    def over(cls, interval: Interval) -> Rate:
        """From what `robosim.agents.evaluation.statistics` gives."""
        return cls(**dict(Estimate.of(interval)), count=interval.count)


Scores = dict[str, Rate]


def scores(tally: Tally, groups: Sequence[int], resamples: int = _RESAMPLES) -> Scores:
    """Gives every rate that the counts allow, by name.

    ``miou`` and ``iou/<class>``; ``ap50/<kind>``, of things clear to see (`robosim.perception.tally.CLEAR`), and
    ``ap50_all/<kind>``; ``free_error`` (m) and ``free_near``; ``symbol`` and ``colour`` of the labels that can be
    read, which are within 2 m (`robosim.perception.data.sample`), and ``legible``.

    Args:
        tally: The counts.
        groups: Of each picture the group, such as its world, that is drawn as a whole.
        resamples: How often groups are drawn anew.
    """
    draws = Draws(groups, resamples)
    found: Scores = {}
    if tally.confusions:
        found |= _overlaps(np.concatenate(tally.confusions).astype(np.float64), draws)
    if tally.there:
        found |= _precisions(np.concatenate(tally.found), np.concatenate(tally.there), draws)
    if tally.free:
        errors = np.concatenate(tally.free)
        for column, name in enumerate(("free_error", "free_near")):
            found[name] = draws.ratio(np.arange(len(errors)), errors[:, column])
    if tally.labels:
        found |= _readings(np.concatenate(tally.labels), draws)
    return found


def symbol_confusion(tally: Tally, symbols: int) -> list[list[int]]:
    """Gives how often each symbol that can be read was read as which; the last column: as none."""
    counts = np.zeros((symbols, symbols + 1), int)
    if tally.labels:
        rows = np.concatenate(tally.labels)
        truth, read = rows[rows[:, 1] >= 0, 1:3].astype(int).T
        np.add.at(counts, (truth, read), 1)  # -1, nothing read, is the last column
    return [[int(count) for count in row] for row in counts]


class Draws:
    """Groups of pictures drawn anew, with replacement, always the same ones."""

    def __init__(self, groups: Sequence[int], resamples: int) -> None:
        """Draws them."""
        _, self.group = np.unique(np.asarray(groups), return_inverse=True)
        self.groups = int(self.group.max()) + 1
        rng = np.random.default_rng(0)
        self.counts: Floats = rng.multinomial(self.groups, np.full(self.groups, 1 / self.groups), resamples).astype(
            float
        )

    def interval(self, value: Callable[[Floats], float], count: int) -> Rate:
        """The estimate of anything that is formed from how often each picture counts."""
        mean = value(np.ones(len(self.group)))
        return _estimate(mean, np.array([value(counts[self.group]) for counts in self.counts]), count)

    def ratio(self, pictures: NDArray[np.integer], values: Floats) -> Rate:
        """The mean of values that belong to pictures."""
        group = self.group[pictures]
        sums, counts = np.bincount(group, values, self.groups), np.bincount(group, None, self.groups)
        with np.errstate(invalid="ignore"):  # a draw may have none of them
            mean, drawn = np.divide(sums.sum(), counts.sum()), (self.counts @ sums) / (self.counts @ counts)
        return _estimate(float(mean), drawn, len(values))


def _overlaps(confusions: Floats, draws: Draws) -> Scores:
    kinds = len(CLASSES)
    by_group = np.zeros((draws.groups, kinds, kinds))
    np.add.at(by_group, draws.group, confusions)

    def ious(counts: Floats) -> Floats:
        right = counts.diagonal(axis1=-2, axis2=-1)
        either = counts.sum(axis=-1) + counts.sum(axis=-2) - right
        shown = counts.sum(axis=-1) > 0
        return np.where(shown, right / np.maximum(either, 1), np.nan)

    mean = ious(by_group.sum(axis=0))
    drawn = ious(np.tensordot(draws.counts, by_group, axes=1))
    found = {"miou": _estimate(float(np.nanmean(mean)), np.nanmean(drawn, axis=1), len(confusions))}
    for kind, name in enumerate(CLASSES):
        shown = int((confusions[:, kind].sum(axis=-1) > 0).sum())
        found[f"iou/{name}"] = _estimate(mean[kind], drawn[:, kind], shown)
    return found


def _estimate(mean: float, drawn: Floats, count: int) -> Rate:
    drawn = drawn[np.isfinite(drawn)]
    low, high = np.percentile(drawn, [2.5, 97.5]) if len(drawn) else (math.nan, math.nan)
    return Rate.over(Interval(float(mean), float(low), float(high), count))


def _precisions(rows: Floats, there: NDArray[np.int64], draws: Draws) -> Scores:
    found: Scores = {}
    for kind, name in enumerate(BOXED):
        ours = rows[rows[:, 1] == kind]
        for title, which, column in (("ap50", ours[ours[:, 4] > 0], 1), ("ap50_all", ours, 0)):
            boxes = there[:, kind, column].astype(float)
            found[f"{title}/{name}"] = draws.interval(partial(_precision, which, boxes), int(boxes.sum()))
    return found


def _precision(rows: Floats, boxes: Floats, weights: Floats) -> float:
    """Average precision of one kind's detections, where pictures count as often as weights say."""
    return average_precision(rows[:, 2], rows[:, 3], weights[rows[:, 0].astype(int)], float((weights * boxes).sum()))


def _readings(rows: Floats, draws: Draws) -> Scores:
    found: Scores = {}
    pictures, known = rows[:, 0].astype(int), rows[:, 1] >= 0
    for name, column in (("symbol", 1), ("colour", 3)):
        right = (rows[known, column] == rows[known, column + 1]).astype(float)
        found[name] = draws.ratio(pictures[known], right)
    found["legible"] = draws.ratio(pictures, ((rows[:, 5] >= 0.5) == known).astype(float))
    return found
