"""What `robosim speed` measures of the senses: cameras and a lidar against PyBullet's own, in the same place.

Bodies move before each frame, and every contender reads anew where they are.
"""

import time
from collections.abc import Callable, Mapping
from functools import partial

import gymnasium as gym
import numpy as np

from robosim.bullet_senses import TinyRenderer, cast_rays
from robosim.physics import Physics
from robosim.render.lens import Lens, looking
from robosim.render.renderer import Renderer
from robosim.render.scene import Scene
from robosim.scripts.measurements import Bench, Measurement, Round
from robosim.scripts.sights import Sight, warehouse
from robosim.sensors.lidar import Lidar

FOV = 60.0  # degrees
RAYS = 360
RANGE = (0.1, 20.0)  # m
FRAME = 1 / 30  # s of the world between two frames

Place = Callable[[Physics], Sight]


def camera(place: Place, size: int, bench: Bench) -> Round:
    """RGB, depth and segmentation of a square picture, by TinyRenderer and by robosim."""
    physics = bench.close_later(Physics(1 / 200))
    sight = place(physics)
    view, lens = looking(sight.eye, sight.target), Lens(size, size, FOV)
    scene, tiny = Scene(physics), TinyRenderer(physics, lens)
    renderer = Renderer(scene, lens)
    rgb, depth = np.empty((size, size, 3), np.uint8), np.empty((size, size), np.float32)
    labels = np.empty((size, size, 2), np.int16)

    def ours() -> None:
        scene.update()
        renderer.draw(view, rgb, depth, labels)

    return _taking_turns(sight, bench.seconds, {"TinyRenderer": partial(_discard, tiny.draw, view), "robosim": ours})


def lidar(bench: Bench) -> Round:
    """A scan of 360 rays in the warehouse, by rayTestBatch and by robosim."""
    physics = bench.close_later(Physics(1 / 200))
    sight = warehouse(physics)
    carrier = physics.add_box((0.02, 0.02, 0.02), 1.0, (0.0, 0.0, 0.0, 1.0))
    position = np.array([0.5, 0.1, 0.4])
    carrier.place(position.tolist())
    angles = np.arange(RAYS) * (2 * np.pi / RAYS)
    ways = np.stack([np.cos(angles), np.sin(angles), np.zeros(RAYS)], axis=1)
    starts, ends = position + RANGE[0] * ways, position + RANGE[1] * ways
    sensor, rng = Lidar(Scene(physics), carrier, rays=RAYS, range=RANGE), np.random.default_rng(0)
    sensor.reset(rng, 0.0)
    contenders = {
        "rayTestBatch": partial(_discard, cast_rays, physics, starts, ends),
        "robosim": partial(_discard, sensor.read, rng),
    }
    return _taking_turns(sight, bench.seconds, contenders)


def camera_env(bench: Bench) -> Round:
    """The same env with and without a camera, in one process."""
    envs = {
        name: gym.make("robosim/WheelBalance-v3", observation=observation, disable_env_checker=True)
        for name, observation in (("without a camera", "state"), ("with a camera", "camera"))
    }
    actions = 0.1 * np.random.default_rng(0).uniform(-1, 1, (101, 2)).astype(np.float32)
    for env in envs.values():
        bench.close_later(env)
        env.reset(seed=0)

    def steps(env: gym.Env[object, object]) -> float:
        count = 0
        end = (start := time.perf_counter()) + bench.seconds
        while (now := time.perf_counter()) < end:
            _, _, terminated, truncated, _ = env.step(actions[count % len(actions)])
            if terminated or truncated:
                env.reset()
            count += 1
        return count / (now - start)

    return lambda: {name: steps(env) for name, env in envs.items()}


def _taking_turns(sight: Sight, seconds: float, contenders: Mapping[str, Callable[[], None]]) -> Round:
    """A round that counts only the contenders' time, not that of moving the bodies."""

    def frames(sense: Callable[[], None]) -> float:
        count, spent = 0, 0.0
        while spent < seconds:
            sight.move(count * FRAME)
            start = time.perf_counter()
            sense()
            spent += time.perf_counter() - start
            count += 1
        return count / spent

    return lambda: {name: frames(sense) for name, sense in contenders.items()}


def _discard(sense: Callable[..., object], *arguments: object) -> None:
    sense(*arguments)


SIGHT_MEASUREMENTS = {
    f"{name}-{size}": Measurement(f"{what}, {size} × {size}", ("robosim", "TinyRenderer"), partial(camera, place, size))
    for name, what, place in (
        ("warehouse", "camera in a warehouse of boxes", partial(warehouse, people=0)),
        ("a1", "the same, A1 in view", partial(warehouse, people=0, quadruped=True)),
        ("people", "camera in a warehouse with people", warehouse),
    )
    for size in (64, 128)
} | {
    "lidar": Measurement("lidar of 360 rays in a warehouse", ("robosim", "rayTestBatch"), lidar),
    "camera-env": Measurement("one env, small random actions", ("with a camera", "without a camera"), camera_env),
}
