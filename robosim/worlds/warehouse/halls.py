"""The bones of a warehouse: how large the hall is, where rows of racks stand and where the ways between them run.

Drawn in the hall's own frame: rows lie along u and follow one another along v; the dock is at the end of least u.
"""

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from robosim.worlds.warehouse.layout import BAY, DEPTH, DOUBLE_DEPTH, POST, Rack

SMALLEST, LARGEST = (10.0, 8.0), (40.0, 30.0)  # m
WIDEST = 3.2  # m, of an aisle between racks
RUNS = (2, 1)  # bays in the runs that rows are made of
# How many there are, by bays and whether they are double: of 100 halls at level 9, one or two would need more.
MOST_RACKS = {(1, False): 12, (2, False): 22, (1, True): 10, (2, True): 16}
DRIVEWAY = 1.4  # m, from the rows to the middle of the way along the dock

Span = tuple[float, float]


@dataclass(frozen=True)
class Hall:
    """Where things may stand.

    Attributes:
        size: Lengths along u and v.
        turn: Quarter turns from u to x.
        aisles: Span of each along v; the first lies lowest.
        blocks: Span along u of the racks between two strips.
        strips: Span along u of the open strips across all rows: the dock, cross-aisles, the head.
        racks: Runs of bays.
        gaps: Spans along u and v where bays were left out, so that there is room to put things.
        ragged: Numbers of block and aisle along which bays are missing.
    """

    size: tuple[float, float]
    turn: int
    aisles: tuple[Span, ...]
    blocks: tuple[Span, ...]
    strips: tuple[Span, ...]
    racks: tuple[Rack, ...]
    gaps: tuple[tuple[Span, Span], ...]
    ragged: frozenset[tuple[int, int]]


def draw_hall(rng: np.random.Generator, level: int) -> Hall:
    """Draws the bones of a warehouse of a level, with no more racks than there are."""
    while True:
        hall = _draw_hall(rng, level)
        wanted = Counter((rack.bays, rack.double) for rack in hall.racks)
        if all(wanted[kind] <= most for kind, most in MOST_RACKS.items()):
            return hall


def _draw_hall(rng: np.random.Generator, level: int) -> Hall:
    share = level / 9
    x, y = (
        max(2.0 * round(rng.uniform(0.7, 1.0) * (least + share * (most - least)) / 2), least)
        for least, most in zip(SMALLEST, LARGEST, strict=True)
    )
    turn = int(rng.integers(4))
    length, width = (y, x) if turn % 2 else (x, y)
    aisles, rows = _draw_rows(rng, width, 3.0 - 1.6 * share)
    strips, blocks = _draw_blocks(rng, length)
    racks, gaps, ragged = list[Rack](), list[tuple[Span, Span]](), set[tuple[int, int]]()
    for low, high, below in rows:
        for block, (start, end, bays) in enumerate(blocks):
            if bays < 3 or rng.random() > 0.15 + 0.15 * share:
                racks += _runs(start, bays, low, high)
                continue
            missing = end - start - run_length(bays - 1)
            at_start = rng.random() < 0.5
            racks += _runs(start + missing * at_start, bays - 1, low, high)
            gaps.append(((start, start + missing) if at_start else (end - missing, end), (low, high)))
            ragged |= {(block, below), (block, below + 1)}
    spans = tuple((start, end) for start, end, _ in blocks)
    return Hall((length, width), turn, aisles, spans, strips, tuple(racks), tuple(gaps), frozenset(ragged))


def _draw_rows(
    rng: np.random.Generator, width: float, narrowest: float
) -> tuple[tuple[Span, ...], list[tuple[float, float, int]]]:
    """Fills a width with aisles and rows, and perhaps a row along either wall.

    Returns:
        The aisles; and each row's span and the number of the aisle below it, -1 for none.
    """
    lowest, highest = (DEPTH if rng.random() < 0.4 else 0.0 for _ in range(2))
    if width - lowest - highest < 2 * narrowest + DEPTH:
        lowest = highest = 0.0
    room = width - lowest - highest
    widths, depths = [_draw_width(rng, narrowest)], list[float]()
    used = widths[0]
    while True:
        depth, aisle = DOUBLE_DEPTH if rng.random() < 0.55 else DEPTH, _draw_width(rng, narrowest)
        if used + depth + aisle > room:
            depth, aisle = DEPTH, narrowest
        if used + depth + aisle > room:
            break
        depths.append(depth)
        widths.append(aisle)
        used += depth + aisle
    _share_out(rng, widths, room - used)
    aisles, rows = list[Span](), list[tuple[float, float, int]]()
    edge = -width / 2
    if lowest:
        rows.append((edge, edge + lowest, -1))
        edge += lowest
    for number, aisle in enumerate(widths):
        aisles.append((edge, edge + aisle))
        edge += aisle
        if number < len(depths):
            rows.append((edge, edge + depths[number], number))
            edge += depths[number]
    if highest:
        rows.append((edge, edge + highest, len(widths) - 1))
    return tuple(aisles), rows


def _draw_width(rng: np.random.Generator, narrowest: float) -> float:
    """Every other aisle is wide enough for vehicles to meet people."""
    low, high = (2.6, WIDEST) if rng.random() < 0.5 else (narrowest, 2.6)
    return float(rng.uniform(max(low, narrowest), max(high, narrowest)))


def _share_out(rng: np.random.Generator, widths: list[float], rest: float) -> None:
    """Widens some aisles to the most there is, and all alike if that does not do."""
    for number in rng.permutation(len(widths)).tolist():
        more = min(max(WIDEST - widths[number], 0.0), rest)
        widths[number] += more
        rest -= more
    for number in range(len(widths)):
        widths[number] += rest / len(widths)


def _draw_blocks(rng: np.random.Generator, length: float) -> tuple[tuple[Span, ...], list[tuple[float, float, int]]]:
    """Divides a length into strips and blocks of racks between them, the dock first.

    Returns:
        The strips; and the blocks with their numbers of bays.
    """
    dock = 2.2 if length < 14 else float(rng.uniform(3.0, 4.5))
    head = 2.0 if length < 14 else float(rng.uniform(2.2, 2.8))
    room = length - dock - head
    most = int(room // 12)
    crossings = int(rng.integers(min(most, 1), most + 1))
    cross = [float(rng.uniform(2.2, 3.0)) for _ in range(crossings)]
    bays = [1] * (crossings + 1)
    order = rng.permutation(len(bays)).tolist()
    rest = room - sum(cross)
    while sum(map(run_length, bays)) <= rest:
        bays[order[sum(bays) % len(bays)]] += 1
    bays[order[(sum(bays) - 1) % len(bays)]] -= 1
    dock += (rest - sum(map(run_length, bays))) / 2
    strips, blocks = [(-length / 2, -length / 2 + dock)], list[tuple[float, float, int]]()
    for number, count in enumerate(bays):
        start = strips[-1][1]
        end = start + run_length(count)
        blocks.append((start, end, count))
        strips.append((end, end + cross[number] if number < crossings else length / 2))
    return tuple(strips), blocks


def run_length(bays: int) -> float:
    """Gives the length of a row of so many bays, which stands in runs of `RUNS`."""
    return sum(count * BAY + POST for count in _split(bays))


def _split(bays: int) -> list[int]:
    runs = []
    for run in RUNS:
        runs += [run] * (bays // run)
        bays %= run
    return runs


def _runs(start: float, bays: int, low: float, high: float) -> list[Rack]:
    edges = np.cumsum([start, *(count * BAY + POST for count in _split(bays))]).tolist()
    double = high - low > DEPTH + 0.01
    return [
        Rack((first + last) / 2, (low + high) / 2, 0.0, count, double)
        for (first, last), count in zip(pairwise(edges), _split(bays), strict=True)
    ]
