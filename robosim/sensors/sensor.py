"""What every sensor offers: `Sensor`."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

Reading = NDArray[Any] | dict[str, NDArray[Any]]
"""One array, or several of the same moment by name."""


class Sensor(ABC):
    """Something that measures the world, with its own noise.

    Attributes:
        space: What `read` gives; its docstring says units and frame.
    """

    space: spaces.Space[Any]

    @abstractmethod
    def reset(self, rng: np.random.Generator, noise: float) -> None:
        """Begins an episode: draws what stays the same in it.

        Args:
            rng: The episode's stream for sensors.
            noise: Multiplies every noise figure; 0 measures exactly.
        """

    @abstractmethod
    def read(self, rng: np.random.Generator) -> Reading:
        """Measures now; fresh memory, within ``space``."""
