"""A platform that tilts and shakes, as a ship's deck or a lorry's bed does."""

import math
from pathlib import Path

import numpy as np

from robosim.body import Pose
from robosim.math import axis_angle
from robosim.physics import Physics
from robosim.seeding import LEVELS
from robosim.worlds.floor import TEXTURE
from robosim.worlds.world import World

URDF = Path(__file__).parent / "assets" / "platform.urdf"
SIZE = 2.6  # m, of the square
PLACE = 1.0  # m, radius of the disc that is painted on it
# (at level 0, at level 9); between them linear
TILT = math.radians(1), math.radians(12)  # about each axis
SHAKE = (0.005, 0.04)  # m, along each axis; half of it upwards
TILT_RATE, SHAKE_RATE = (0.15, 0.45), (0.8, 1.8)  # Hz; drawn for each axis
FRICTION = (0.5, 1.25)  # Coulomb's, drawn
_JOINTS = ("x", "y", "z", "roll", "pitch")
_BEGIN = 1.0  # s over which it begins to move
_FORCE, _GAIN = 1e5, 0.5  # N and N·m, far above what a robot can resist; see `Joints.hold`
_BELOW = 0.8  # m down to the floor


class Platform(World):
    """The platform; its top lies level through the origin while it is at rest.

    Args:
        physics: Where it is built.
    """

    def __init__(self, physics: Physics) -> None:
        """Builds it; see the class."""
        physics.add_plane(TEXTURE).place((0.0, 0.0, -_BELOW))
        self.body = physics.load_urdf(URDF, fixed=True)
        self._joints = self.body.joints(*_JOINTS)
        self._begin([0.0] * 5, [1.0] * 5, [0.0] * 5)

    def _begin(self, sizes: list[float], rates: list[float], phases: list[float]) -> None:
        self._waves = list(zip(sizes, rates, phases, strict=True))
        self._joints.reset([0.0] * 5)
        self.place = [0.0] * 5
        self._joints.hold(self.place, _FORCE, _GAIN)

    def reset(self, rng: np.random.Generator, level: int, *, vary: bool = True) -> None:
        """Draws how it moves, and its friction; see `World.reset`. Without ``vary`` its friction is 1."""
        share = level / LEVELS[-1]
        shake, tilt = (low + (high - low) * share for low, high in (SHAKE, TILT))
        sizes = (np.array([shake, shake, shake / 2, tilt, tilt]) * rng.uniform(0.5, 1.0, 5)).tolist()
        rates = [*rng.uniform(*SHAKE_RATE, 3).tolist(), *rng.uniform(*TILT_RATE, 2).tolist()]
        self._begin(sizes, rates, rng.uniform(0, 2 * math.pi, 5).tolist())
        friction = float(rng.uniform(*FRICTION))
        self.body.set_friction(friction if vary else 1.0)

    def move(self, time: float) -> None:
        """Sends its motors where it is to be at a time of the episode, s; to be called before each physics step."""
        share = min(time / _BEGIN, 1.0)
        self.place = [share * size * math.sin(2 * math.pi * rate * time + phase) for size, rate, phase in self._waves]
        self._joints.hold(self.place, _FORCE, _GAIN)

    def spawn(self, rng: np.random.Generator) -> Pose:
        """Draws a place near the middle and any heading; see `World.spawn`."""
        x, y = rng.uniform(-0.2, 0.2, 2).tolist()
        return (x, y, 0.0), axis_angle((0.0, 0.0, 1.0), rng.uniform(-math.pi, math.pi))

    def height(self, x: float, y: float) -> float:
        """Gives the height in metres; see `World.height`."""
        px, py, pz, roll, pitch = self.place
        # The plate's normal after turning about x and then about its own y.
        nx, ny, nz = math.sin(pitch), -math.sin(roll) * math.cos(pitch), math.cos(roll) * math.cos(pitch)
        return pz - (nx * (x - px) + ny * (y - py)) / nz
