"""How hard links are pressed against: feet, bumpers, grippers."""

from collections.abc import Sequence

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from robosim.body import Body
from robosim.errors import RobosimError
from robosim.math import clip
from robosim.sensors.sensor import Sensor
from robosim.sensors.vary import Vary, checked, draw


class Contacts(Sensor):
    """Reads each link's normal force in newtons, float32 (links,): the sum over its contacts, whatever their direction.

    It is that of the last physics step; a body that was placed since still reads what pressed it before.

    Args:
        body: Whose links they are.
        links: Their names.
        limit: The largest force that is told apart, N.
        noise: Standard deviation of each reading, N.

    Raises:
        RobosimError: A name is none of the body's links, or a value is not possible.
    """

    space: spaces.Box

    def __init__(self, body: Body, links: Sequence[str], limit: float = 2000.0, noise: Vary = 0.0) -> None:
        """Fits them; see the class."""
        if not links or not limit > 0:
            raise RobosimError(f"links={tuple(links)!r}, limit={limit!r}: name at least one link, and a positive limit")
        self._body, self._links = body, tuple(links)
        body.normal_forces(self._links)  # refuses unknown names now, not at the first step
        self.space = spaces.Box(0.0, limit, (len(links),), np.float32)
        self._limit = float(self.space.high[0])
        self._noise, self._sigma = checked("noise", noise), 0.0

    def reset(self, rng: np.random.Generator, noise: float) -> None:
        """Draws this episode's noise; see `Sensor.reset`."""
        self._sigma = noise * draw(self._noise, rng)

    def read(self, rng: np.random.Generator) -> NDArray[np.float32]:
        """Measures; see the class."""
        errors = rng.standard_normal(len(self._links)).tolist()
        forces = self._body.normal_forces(self._links)
        sigma, most = self._sigma, self._limit
        return np.array([clip(f + sigma * e, 0.0, most) for f, e in zip(forces, errors, strict=True)], np.float32)
