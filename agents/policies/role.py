"""Which roles there are in teams, by the task that they share."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

Role: TypeAlias = Literal["drive", "pick", "place", "legs"]
Manner: TypeAlias = Literal["patient", "swift"]
"""How who delivers docks; see `robosim.agents.policies.docking`."""

ROLES: Mapping[str, frozenset[Role]] = {
    "robosim/WarehouseDeliver": frozenset(("drive", "pick", "place")),
    "robosim/WarehousePick": frozenset(("pick",)),
    "robosim/TerrainNavigate": frozenset(("legs",)),
}
"""The env's id without its version: who is in a team for it."""
