"""An endless floor, level and dry or tilted and slippery."""

import math
from pathlib import Path

import numpy as np

from robosim.body import Pose
from robosim.math import IDENTITY, Quat, Vec3, axis_angle, quaternion_product, rotation_rows, to_world
from robosim.physics import Physics
from robosim.worlds.world import World

# Pale concrete slabs of one metre with joints, so that speed and turning can be seen.
TEXTURE = Path(__file__).parent / "assets" / "floor.png"


class Floor(World):
    """A plane through the world's origin; slope and slipperiness grow with the level.

    Args:
        physics: Where it is built.
        steepest: The largest slope at level 9, radians.
        slickest: The lowest Coulomb friction at level 9; at level 0 it is 1.
    """

    def __init__(self, physics: Physics, *, steepest: float, slickest: float) -> None:
        """Builds it level; see the class."""
        self._steepest, self._slickest = steepest, slickest
        self.body = physics.add_plane(TEXTURE)
        self.tilt: Quat = IDENTITY
        self.normal: Vec3 = (0.0, 0.0, 1.0)

    def reset(self, rng: np.random.Generator, level: int) -> None:
        """Draws slope, direction and friction; see `World.reset`."""
        share = level / 9
        slope, direction = share * self._steepest * rng.random(), rng.uniform(-math.pi, math.pi)
        self.tilt = axis_angle((math.sin(direction), -math.cos(direction), 0.0), slope)
        self.normal = to_world(rotation_rows(self.tilt), (0.0, 0.0, 1.0))
        self.body.place((0.0, 0.0, 0.0), self.tilt)
        self.body.set_friction(1.0 - share * (1.0 - self._slickest) * rng.random())

    def spawn(self, rng: np.random.Generator) -> Pose:
        """Gives the origin with a random heading; see `World.spawn`."""
        heading = axis_angle((0.0, 0.0, 1.0), rng.uniform(-math.pi, math.pi))
        return (0.0, 0.0, 0.0), quaternion_product(self.tilt, heading)

    def height(self, x: float, y: float) -> float:
        """Gives the height in metres; see `World.height`."""
        nx, ny, nz = self.normal
        return -(nx * x + ny * y) / nz
