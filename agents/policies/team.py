"""From the files of a team to a policy: each agent is held against the part of the observation that it will get."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import gymnasium as gym

from robosim.agents.policies.carrier import ARM_ACTIONS, SLEWS, Carrier, shares
from robosim.agents.policies.docking import Patient
from robosim.agents.policies.policy import Policy
from robosim.agents.policies.role import Role
from robosim.agents.policies.searcher import Searcher
from robosim.agents.policies.swift_docking import Swift
from robosim.agents.policies.wayfinder import JOINTS, Wayfinder, walking
from robosim.agents.storage.agent import Agent, agent_from_files
from robosim.agents.storage.card import space_differences
from robosim.agents.storage.files import AgentError
from robosim.agents.storage.reading import AnyEnv
from robosim.agents.storage.team import TeamFiles


def team_from_files(files: TeamFiles, env: AnyEnv) -> Policy:
    """Load a team. Nothing in its folders is run.

    Raises:
        AgentError: One of its agents is damaged, or does not fit what it would see and do in this env.
    """
    agents = {role: agent_from_files(part) for role, part in files.parts.items()}
    made, places = _made(files, env)
    for role, agent in agents.items():
        place = places[role]
        differences = _misfits(role, agent, place)
        if differences:
            raise AgentError(f"{files.parts[role].source}: has no place in {files.source}: {'; '.join(differences)}")
    return made(**agents)


def _made(files: TeamFiles, env: AnyEnv) -> tuple[Callable[..., Policy], dict[Role, _Place]]:
    """Gives who leads the team, and what each of its agents is told by that one."""
    if "legs" in files.card.parts:
        return Wayfinder, _legs_place(files, env)
    if "drive" in files.card.parts:
        docking = Swift(SLEWS) if files.card.docking == "swift" else Patient()
        return partial(Carrier, docking=docking), _carrier_places(files, env)
    return Searcher, _searcher_place(files, env)


class _Place(NamedTuple):
    """What a role is told, and the shape of what it says; a shape is enough where a part is put together for it."""

    seen: gym.Space[Any] | tuple[int, ...]
    acts: tuple[int, ...]


def _misfits(role: Role, agent: Agent, place: _Place) -> list[str]:
    card, name = agent.card, f"{role}: observation_space"
    if isinstance(place.seen, gym.Space):
        differences = space_differences(name, card.observation_space, place.seen)
    else:
        shape = getattr(card.observation_space, "shape", "a dict")
        differences = [] if shape == place.seen else [f"{name}: the agent has {shape}, not {place.seen}"]
    if card.action_space.shape != place.acts:
        differences.append(f"{role}: action_space: the agent has {card.action_space.shape}, not {place.acts}")
    if card.network.frames > 1 and role != "drive":
        differences.append(f"{role}: sees {card.network.frames} pictures at once, which are kept for who drives alone")
    return differences


def _carrier_places(files: TeamFiles, env: AnyEnv) -> dict[Role, _Place]:
    observed, acted = _spaces(files, env, "job")
    seen: Mapping[Role, Any] = shares(observed.spaces)
    drives, lifts = acted.low[: ARM_ACTIONS.start].shape, acted.low[ARM_ACTIONS].shape
    return {
        role: _Place(gym.spaces.Dict(part) if isinstance(part, dict) else part, drives if role == "drive" else lifts)
        for role, part in seen.items()
    }


def _searcher_place(files: TeamFiles, env: AnyEnv) -> dict[Role, _Place]:
    observed, acted = _spaces(files, env, "rgb_wrist")
    return {"pick": _Place(observed, acted.shape)}


def _legs_place(files: TeamFiles, env: AnyEnv) -> dict[Role, _Place]:
    observed, acted = _spaces(files, env, "outlook")
    highest = {key: part.high for key, part in observed.spaces.items() if isinstance(part, gym.spaces.Box)}
    walks = walking(highest)
    steered = 0 if acted.shape[0] == JOINTS else 2
    return {"legs": _Place(walks.shape[1:], (acted.shape[0] - steered,))}


def _spaces(files: TeamFiles, env: AnyEnv, mark: str) -> tuple[gym.spaces.Dict, gym.spaces.Box]:
    """Gives the env's spaces; `mark` is a part of what is observed that only the team's task has."""
    observed, acted = env.observation_space, env.action_space
    if (
        not isinstance(observed, gym.spaces.Dict)
        or not isinstance(acted, gym.spaces.Box)
        or mark not in observed.spaces
    ):
        raise AgentError(f"{files.source}: is a team for {files.card.env.id}, which is not the task of this env")
    return observed, acted
