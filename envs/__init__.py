"""Gymnasium environments, one task a file; importing this registers their ids."""

import gymnasium as gym

# id → (task, control steps until time is up)
ENVS = {
    "robosim/WheelBalance-v0": ("robosim.envs.wheel_balance:WheelBalance", 1000),
}


def register() -> None:
    """Registers every id with Gymnasium; a second call does nothing."""
    for env_id, (task, steps) in ENVS.items():
        if env_id not in gym.registry:
            gym.register(env_id, "robosim.envs.sim_env:SimEnv", max_episode_steps=steps, kwargs={"task": task})


register()
