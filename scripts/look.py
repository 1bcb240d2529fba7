"""`robosim look ID`: pictures of an episode's first moment, from above, from behind and through the robot's eyes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import cv2
import gymnasium as gym
import numpy as np
import tyro
from numpy.typing import NDArray
from rich.console import Console

from robosim.envs import ENVS
from robosim.envs.sim_env import SimEnv
from robosim.errors import RobosimError
from robosim.render.colouring import colour_bodies, colour_depth, colour_kinds
from robosim.render.scene import Scene
from robosim.render.spectator import Spectator
from robosim.scripts.cli import command
from robosim.seeding import Split, checked_level
from robosim.sensors.camera import Camera
from robosim.shapes import Kind


@dataclass(frozen=True)
class Options:
    """Pictures of how an episode begins: what one looks at when building a task."""

    env: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="ID")]
    """The env's id."""
    out: Path
    """The folder to write to; files of the same names are replaced."""
    seed: int = 0
    """Of the episode."""
    level: str = "mixed"
    """How hard: 0 to 9, or mixed."""
    split: Split = "test"
    """Which worlds."""
    steps: int = 0
    """Control steps without any action before the pictures are taken."""
    width: int = 960
    """Pixels."""
    height: int = 540
    """Pixels."""
    above: float = 10.0
    """How high the camera above the robot hangs, m."""
    range: float = 10.0
    """How far the depth picture's colours reach, m."""


@command
def main(argv: Sequence[str]) -> int:
    """Write the pictures and print their paths.

    Raises:
        RobosimError: An option does not fit.
    """
    options = tyro.cli(Options, prog="robosim look", args=list(argv))
    if options.env not in ENVS:
        raise RobosimError(f"{options.env!r} is none of robosim's: {', '.join(ENVS)}")
    if options.seed < 0 or options.steps < 0:
        raise RobosimError(f"--seed {options.seed}, --steps {options.steps}: must be at least 0")
    if options.above <= 0 or options.range <= 0:
        raise RobosimError(f"--above {options.above}, --range {options.range}: must be above 0 m")
    level = checked_level(int(options.level) if options.level.isdecimal() else options.level)
    env = gym.make(options.env, level=level, split=options.split)
    sim = env.unwrapped
    assert isinstance(sim, SimEnv)
    env.reset(seed=options.seed)
    for _ in range(options.steps):
        env.step(np.zeros(sim.action_space.shape or (), np.float32))
    options.out.mkdir(parents=True, exist_ok=True)
    console = Console(highlight=False)
    for name, picture in take_pictures(sim, options).items():
        path = options.out / f"{name}.png"
        if not cv2.imwrite(str(path), np.ascontiguousarray(picture[..., ::-1])):
            raise RobosimError(f"{path}: could not be written")
        console.print(path, markup=False, soft_wrap=True)
    env.close()
    return 0


def take_pictures(sim: SimEnv, options: Options) -> dict[str, NDArray[np.uint8]]:
    """Gives the pictures by name, RGB."""
    scene = Scene(sim.physics)
    spectator = Spectator(scene, (options.width, options.height))
    robot = sim.task.robot
    (x, y, z), _ = robot.body.pose()
    camera = Camera(
        scene, robot.body, options.width, options.height, mount=robot.mount, depth_range=(0.02, options.range)
    )
    images = camera.read(np.random.default_rng(0))
    kinds = sorted({Kind(kind) for kind in np.unique(images["segmentation"][..., 1]).tolist()})
    return {
        "behind": spectator.picture(*sim.task.viewpoint()),
        "above": spectator.picture((x, y, z + options.above), (x, y, z)),
        "robot-rgb": images["rgb"],
        "robot-depth": colour_depth(images["depth"], 0.0, options.range),
        "robot-bodies": colour_bodies(images["segmentation"]),
        "robot-kinds": _with_names(colour_kinds(images["segmentation"]), kinds),
    }


def _with_names(picture: NDArray[np.uint8], kinds: Sequence[Kind]) -> NDArray[np.uint8]:
    """Writes the names of what is seen onto the picture."""
    names, canvas = "   ".join(kind.name.lower() for kind in kinds), picture.copy()
    at, face = (12, picture.shape[0] - 14), cv2.FontFace("sans")
    cv2.putText(canvas, names, at, (255, 255, 255), face, max(picture.shape[0] // 30, 10), 600)
    return canvas


if __name__ == "__main__":
    raise SystemExit(main())
