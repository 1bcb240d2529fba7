"""What a quadruped sees of the ground with depth cameras, instead of being told heights: ahead, and under its belly."""

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from robosim.physics import Physics
from robosim.render.scene import Scene
from robosim.robots.a1 import A1
from robosim.sensors.camera import Camera, Mount
from robosim.sensors.timing import Timed

CAMERA_SIZE = 64  # pixels each way
CAMERA_RATE = 25.0  # Hz; depth cameras have some 30
DEPTHS = (0.05, 2.0)  # m, in steps of 8 mm
# The head's sees the ground from 0.26 to 1.4 m ahead of the trunk's middle; the belly's sees what lies under the trunk
# and where the feet stand and come down, 0.34 m each way. Neither sees far: a picture of all the ground takes longer.
EYES = {
    "head": (70.0, Mount((0.23, 0.0, 0.05), (1.0, 0.0, -1.2))),
    "belly": (110.0, Mount((0.0, 0.0, -0.06), (0.0, 0.0, -1.0), up=(1.0, 0.0, 0.0))),
}
SHOWN = {"head": DEPTHS[1], "belly": 0.8}  # m, up to where spectators see it in colour: the belly is 0.25 m up


class GroundEyes:
    """Reads ``"depth8_head"`` and ``"depth8_belly"``, as `robosim.sensors.camera.Camera` has them.

    The legs are in view. Pictures are taken at `CAMERA_RATE`, and stay what they are until the next.

    Args:
        physics: Whose scene it is.
        robot: What carries them.
        control_dt: Length of a control step, s.
    """

    def __init__(self, physics: Physics, robot: A1, control_dt: float) -> None:
        """Mounts them; see the class."""
        scene = Scene(physics)
        size = CAMERA_SIZE, CAMERA_SIZE
        cameras = {
            f"depth8_{name}": Camera(scene, robot.body, *size, fov, mount, modes=("depth8",), depth_range=DEPTHS)
            for name, (fov, mount) in EYES.items()
        }
        self.space: dict[str, spaces.Space[Any]] = {key: camera.space["depth8"] for key, camera in cameras.items()}
        self._seen: dict[str, NDArray[Any]] = {}
        self._cameras = {key: Timed(camera, CAMERA_RATE, 0.0, control_dt) for key, camera in cameras.items()}

    def reset(self, rng: np.random.Generator, noise: float) -> None:
        """Begins an episode; see `robosim.sensors.sensor.Sensor.reset`."""
        for camera in self._cameras.values():
            camera.reset(rng, noise)

    def read(self, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
        """Gives the latest pictures."""
        seen = self._seen = {}
        for key, camera in self._cameras.items():
            images = camera.read(rng)
            assert isinstance(images, dict)
            seen[key] = images["depth8"]
        return seen

    @property
    def pictures(self) -> dict[str, NDArray[np.uint8]]:
        """What was seen last, depth in colour, uint8 (height, width, 3), by camera, for spectators."""
        from robosim.render.colouring import colour_depth  # only here: it needs OpenCV, and who learns does not

        metres = {key.partition("_")[2]: depth * np.float32(DEPTHS[1] / 255) for key, depth in self._seen.items()}
        return {name: colour_depth(depth, DEPTHS[0], SHOWN[name]) for name, depth in metres.items()}
