"""Gymnasium environments, one task a file; importing this registers their ids."""

import gymnasium as gym

# id → (class, control steps until time is up)
ENVS = {
    "robosim/WheelBalance-v3": ("robosim.envs.wheel_balance:WheelBalanceEnv", 1000),
    "robosim/WarehouseNavigate-v2": ("robosim.envs.warehouse_navigate:WarehouseNavigateEnv", 1200),
    "robosim/WarehousePick-v0": ("robosim.envs.warehouse_pick:WarehousePickEnv", 250),
    "robosim/WarehousePlace-v0": ("robosim.envs.warehouse_place:WarehousePlaceEnv", 200),
    "robosim/WarehouseDeliver-v0": ("robosim.envs.warehouse_deliver:WarehouseDeliverEnv", 12_000),
    "robosim/TerrainWalk-v0": ("robosim.envs.terrain_walk:TerrainWalkEnv", 1000),
    "robosim/TerrainBalance-v0": ("robosim.envs.terrain_balance:TerrainBalanceEnv", 1000),
    "robosim/TerrainPush-v0": ("robosim.envs.terrain_push:TerrainPushEnv", 3000),
    "robosim/TerrainNavigate-v0": ("robosim.envs.terrain_navigate:TerrainNavigateEnv", 3000),
}


def register() -> None:
    """Registers every id with Gymnasium; a second call does nothing."""
    for env_id, (entry_point, steps) in ENVS.items():
        if env_id not in gym.registry:
            gym.register(env_id, entry_point, max_episode_steps=steps)


register()
