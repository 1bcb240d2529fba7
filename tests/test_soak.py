"""What shows only in the long run: memory."""

import resource
import sys
from pathlib import Path

import gymnasium as gym
import pytest

from robosim.envs import ENVS

RESETS = 20_000
ALLOWED = 20e6  # bytes


def resident() -> float:
    """Bytes of memory this process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("env_id", ENVS)
def test_memory_does_not_grow_over_resets(env_id: str) -> None:
    env = gym.make(env_id, level="mixed")
    action = env.action_space.sample() * 0
    for episode in range(RESETS + 500):
        if episode == 500:  # caches are full, pools have grown
            before = resident()
        env.reset(seed=episode)
        env.step(action)
    grown = resident() - before
    env.close()
    assert grown < ALLOWED, f"{grown / 1e6:.1f} MB over {RESETS} resets"
