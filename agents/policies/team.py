"""From the files of a team to a policy: each agent is held against the part of the observation that it will get."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium as gym

from robosim.agents.policies.carrier import ARM_ACTIONS, Carrier, shares
from robosim.agents.policies.role import Role
from robosim.agents.storage.agent import agent_from_files
from robosim.agents.storage.card import space_differences
from robosim.agents.storage.files import AgentError
from robosim.agents.storage.reading import AnyEnv
from robosim.agents.storage.team import TeamFiles


def team_from_files(files: TeamFiles, env: AnyEnv) -> Carrier:
    """Load a team. Nothing in its folders is run.

    Raises:
        AgentError: One of its agents is damaged, or does not fit what it would see and do in this env.
    """
    agents = {role: agent_from_files(part) for role, part in files.parts.items()}
    observed, acted = env.observation_space, env.action_space
    if (
        not isinstance(observed, gym.spaces.Dict)
        or not isinstance(acted, gym.spaces.Box)
        or "job" not in observed.spaces
    ):
        raise AgentError(f"{files.source}: is a team for {files.card.env.id}, and there are no jobs to share here")
    seen: Mapping[Role, Any] = shares(observed.spaces)
    for role, agent in agents.items():
        wanted = seen[role]
        space = gym.spaces.Dict(wanted) if isinstance(wanted, dict) else wanted
        does = acted.low[: ARM_ACTIONS.start] if role == "drive" else acted.low[ARM_ACTIONS]
        differences = space_differences(f"{role}: observation_space", agent.card.observation_space, space)
        if agent.card.action_space.shape != does.shape:
            differences.append(f"{role}: action_space: the agent has {agent.card.action_space.shape}, not {does.shape}")
        if agent.card.network.frames > 1:
            differences.append(f"{role}: sees {agent.card.network.frames} pictures at once, which no team keeps")
        if differences:
            raise AgentError(f"{files.parts[role].source}: has no place in {files.source}: {'; '.join(differences)}")
    return Carrier(**agents)
