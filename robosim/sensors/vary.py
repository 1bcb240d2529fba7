"""Figures that may vary from episode to episode: a number, or the distribution that each episode draws it from."""

import math
from dataclasses import dataclass

import numpy as np

from robosim.errors import RobosimError


@dataclass(frozen=True)
class Uniform:
    """Anything from ``low`` to ``high``, all as likely.

    Raises:
        RobosimError: The two are not finite numbers in that order.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        """Checks; see the class."""
        if not -math.inf < self.low <= self.high < math.inf:
            raise RobosimError(f"{self!r}: low and high are finite numbers, low no larger than high")


Vary = float | Uniform


def draw(value: Vary, rng: np.random.Generator) -> float:
    """Gives the figure itself, or one from its distribution; a plain number draws nothing from ``rng``."""
    return float(rng.uniform(value.low, value.high)) if isinstance(value, Uniform) else float(value)


def checked(name: str, value: Vary, most: float = math.inf) -> Vary:
    """Gives back a figure that can only be between 0 and ``most``.

    Args:
        name: What messages call it.
        value: The figure.
        most: The largest that makes sense; infinity itself does not.

    Raises:
        RobosimError: It is something else, or may become so.
    """
    low, high = (value.low, value.high) if isinstance(value, Uniform) else (value, value)
    if not (low >= 0 and high <= most and high < math.inf):
        limits = "0 or more" if most == math.inf else f"between 0 and {most:g}"
        raise RobosimError(f"{name}={value!r} is not {limits}, nor a Uniform of such numbers")
    return value
