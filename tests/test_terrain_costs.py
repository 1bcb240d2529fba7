"""What the terrain envs cost, and that they begin well: time of a reset, memory of a bank, where the robot stands."""

import statistics
import subprocess
import sys
import time

import gymnasium as gym
import numpy as np
import pytest

import robosim  # noqa: F401 (registers the envs)
from robosim.envs.sim_env import SimEnv
from robosim.robots.a1 import A1
from robosim.seeding import LEVELS
from robosim.worlds.terrain import CHOICES

IDS = ("robosim/TerrainWalk-v0", "robosim/TerrainBalance-v0", "robosim/TerrainPush-v0", "robosim/TerrainNavigate-v0")
RESET = 0.005  # s
BANK = 150e6  # bytes
MEMORY = """
import os
def held():
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
from robosim.physics import Physics
from robosim.worlds.terrain import Terrain
from robosim.worlds.terrain_field import TerrainField
physics = Physics(1 / 250)
before = held()
world = {world}(physics, "test")
physics.save()
print(held() - before)
"""


def begins_well(env: SimEnv, seed: int) -> None:
    """Nothing but feet touches the ground at first, and it stands on them a moment later."""
    env.reset(seed=seed)
    robot = env.task.robot
    assert isinstance(robot, A1)
    for _ in range(5):
        _, _, terminated, _, _ = env.step(np.zeros(env.action_space.shape or (), np.float32))
        assert not terminated
        assert robot.bumps == 0
    assert any(robot.pressed)


@pytest.mark.medium
@pytest.mark.parametrize("env_id", IDS)
def test_a_reset_takes_five_milliseconds_at_most(env_id: str) -> None:
    env, times = gym.make(env_id, split="test"), []
    env.reset(seed=0)
    for seed in range(100):
        start = time.process_time()  # what other processes take does not count
        env.reset(seed=seed)
        times.append(time.process_time() - start)
        env.step(np.zeros(env.action_space.shape or (), np.float32))
    assert statistics.median(times) <= RESET
    env.close()


@pytest.mark.medium
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("world", ["Terrain", "TerrainField"])
def test_a_bank_of_ground_takes_150_megabytes_at_most(world: str) -> None:
    run = subprocess.run([sys.executable, "-c", MEMORY.format(world=world)], capture_output=True, text=True, check=True)
    assert 10e6 < int(run.stdout) <= BANK


@pytest.mark.medium
@pytest.mark.parametrize("terrain", CHOICES)
def test_a_robot_begins_on_its_feet_on_every_tile(terrain: str) -> None:
    env = gym.make("robosim/TerrainWalk-v0", split="test", terrain=terrain).unwrapped
    assert isinstance(env, SimEnv)
    for level in LEVELS:
        env.level = level
        begins_well(env, seed=level)
    env.close()


@pytest.mark.medium
def test_a_robot_begins_on_its_feet_in_every_field() -> None:
    env = gym.make("robosim/TerrainNavigate-v0", split="test").unwrapped
    assert isinstance(env, SimEnv)
    for level in LEVELS:
        env.level = level
        for seed in range(3):
            begins_well(env, seed)
    env.close()
