"""What differs from one episode to the next in a package: which one it is, its weight, its friction; drawn by level."""

import numpy as np

from robosim.task import at_level
from robosim.worlds.store.packages import HEAVIEST, LIGHTEST, POOL, Model

# kg/m³, least and most at level 0 and at level 9. Parcels of online shops weigh 100 to 300; books and tins 500.
DENSITY = ((60.0, 200.0), (100.0, 500.0))
# Of cardboard; floor and boards have PyBullet's 0.5, so that it slides on them at 0.35 to 0.55.
FRICTION = (0.7, 1.1)
WORN = (0.0, 0.5)  # share of worn labels at level 0 and at level 9


def between(low_high: tuple[tuple[float, float], tuple[float, float]], level: int, rng: np.random.Generator) -> float:
    """Draws from a range whose ends go in a line from level 0 to level 9."""
    low, high = (at_level(ends, level) for ends in zip(*low_high, strict=True))
    return float(rng.uniform(low, high))


def draw_mass(model: Model, level: int, rng: np.random.Generator) -> float:
    """Draws what a package weighs, kg: by its volume and a density."""
    return float(np.clip(between(DENSITY, level, rng) * model.volume, LIGHTEST, HEAVIEST))


def draw_friction(rng: np.random.Generator) -> float:
    """Draws a package's friction."""
    return float(rng.uniform(*FRICTION))


def shuffled(level: int, rng: np.random.Generator) -> list[int]:
    """Gives the pool's numbers in a random order, in which those with worn labels come early as the level has them."""
    worn_share = at_level(WORN, level)
    worn = rng.permutation([number for number, model in enumerate(POOL) if model.worn]).tolist()
    clean = rng.permutation([number for number, model in enumerate(POOL) if not model.worn]).tolist()
    order = list[int]()
    for chance in rng.random(len(POOL)).tolist():
        source = worn if worn and (chance < worn_share or not clean) else clean
        order.append(source.pop())
    return order
