"""What is near a robot that drives, as points on the floor: from its lidar's sectors, or from its cameras' depth."""

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robosim.robots.courier import CAMERA
from robosim.sensors.panorama import Columns
from robosim.sensors.sectors import NEARNESS

ROWS = 4  # of sectors in observation["lidar"]
FAR = 8.0  # m, the reach of a safety scanner; what cameras see beyond it matters as little


def points_seen(seen: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
    """Gives what an observation of robosim/WarehouseNavigate shows, shape (n, 2), m in the robot's frame.

    With a lidar it is the nearest in each sector; else what stands in each column of the cameras' depth, ahead alone;
    else nothing.
    """
    if "lidar" in seen:
        return met(nearest_of(seen["lidar"]))
    if "depth8" in seen:
        height, width, _ = seen["depth8"].shape
        return _columns(height, width // 2).points(seen["depth8"], FAR)
    return np.empty((0, 2))


@lru_cache(maxsize=4)
def _columns(height: int, width: int) -> Columns:
    return Columns(height, width, CAMERA.position)


def nearest_of(lidar: NDArray[np.float32]) -> NDArray[np.float32]:
    """Gives the first row of observation["lidar"]: how near the nearest is in each sector."""
    return lidar[: len(lidar) // ROWS]


def met(nearness: NDArray[np.float32]) -> NDArray[np.float64]:
    """Gives the points behind a row of sectors, shape (n, 2), m in the robot's frame."""
    sectors = len(nearness)
    azimuths = (np.arange(sectors) + 0.5) / sectors * 2 * math.pi - math.pi
    some = nearness > 0
    ranges = -NEARNESS * np.log(nearness[some], dtype=np.float64)
    return np.column_stack([ranges * np.cos(azimuths[some]), ranges * np.sin(azimuths[some])])
