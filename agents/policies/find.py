"""From what a user types to a policy: `random`, `zero`, `expert`, a name or a folder, and what may stand before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from robosim.agents.policies.alone import Alone
from robosim.agents.policies.blind import Blind
from robosim.agents.policies.policy import Policy, RandomPolicy, ZeroPolicy
from robosim.agents.storage.agent import agent_from_files
from robosim.agents.storage.card import EnvCard
from robosim.agents.storage.files import AgentError, Lack, is_agent, read_files
from robosim.agents.storage.reading import AnyEnv, card_of
from robosim.agents.storage.team import AnyFiles, TeamFiles, is_team, read_team
from robosim.errors import RobosimError

EXPERT = "expert"
BASELINES = ("random", "zero", EXPERT)
"""Policies without a folder; these names mean them even where a folder has the same name."""
PREFIXES: Mapping[str, Lack] = {"blind:": "sight", "controller:": "network"}
"""What stands before an agent's name, and what it is to act without then."""
TOLD: Mapping[str, Mapping[str, str]] = {
    "robosim/TerrainNavigate": {"guidance": "path"},
    "robosim/TerrainWalk": {"observation": "scan"},
    "robosim/WarehouseDeliver": {"observation": "state"},
    "robosim/WarehouseNavigate": {"guidance": "path", "observation": "lidar"},
    "robosim/WarehousePick": {"observation": "state"},
    "robosim/WarehousePlace": {"observation": "state"},
}
"""What the rival is told of an env, by its id without the version, also where others have to find it out: keyword
arguments that change what is observed and nothing that happens."""
OBSERVED = ("observation", "guidance")
"""Keyword arguments of robosim's envs that change what is observed and nothing that happens."""
PRETRAINED = Path(__file__).parents[1] / "pretrained"


def kwargs_for(name: str | Path | AnyFiles, env_id: str, kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Give the keyword arguments of the env in which a policy plays, where these are the others'."""
    return {**kwargs, **(TOLD.get(env_id.rsplit("-v", 1)[0], {}) if name == EXPERT else {})}


def taught_kwargs(teacher: str, env_id: str, kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Give the keyword arguments of the env as a teacher observes it, where these are its student's.

    Args:
        teacher: `EXPERT`, or an agent or a team; see `named_files`.
        env_id: The env's id.
        kwargs: The student's.

    Raises:
        AgentError: There is no such agent.
    """
    if teacher == EXPERT:
        # Whoever is told a way itself learns to go along that one.
        way = {"guidance": kwargs["guidance"]} if kwargs.get("guidance", "goal") != "goal" else {}
        return kwargs_for(teacher, env_id, kwargs) | way
    its_own = identity(named_files(teacher)).env.kwargs
    kept = {name: value for name, value in kwargs.items() if name not in OBSERVED}
    return kept | {name: value for name, value in its_own.items() if name in OBSERVED}


class PolicyError(RobosimError):
    """A baseline cannot act in this env."""


def shipped() -> list[str]:
    """The names of the agents that come with robosim, sorted."""
    return sorted(folder.name for folder in PRETRAINED.glob("[!.]*") if is_agent(folder) or is_team(folder))


def shipped_parts() -> list[str]:
    """The names of the agents inside of teams that come with robosim, `team/agent`, sorted."""
    teams = [PRETRAINED / name for name in shipped() if is_team(PRETRAINED / name)]
    return sorted(f"{team.name}/{part.name}" for team in teams for part in team.iterdir() if is_agent(part))


def agent_folder(name: str | Path) -> Path | None:
    """Find the folder of an agent.

    Args:
        name: A shipped name, also of an agent in a shipped team; an agent's folder; or a run's folder, which stands for
            its best agent or, where nothing was validated yet, its last. A folder called like a shipped agent is
            written `./name`.

    Returns:
        A folder with an agent's card in it, or None; whether it is sound, `load_agent` finds out.
    """
    if str(name) in BASELINES:
        return None
    if str(name) in (*shipped(), *shipped_parts()):
        return PRETRAINED / str(name)
    folder = Path(name)
    if is_team(folder):
        return folder
    return next((place for place in (folder, folder / "best", folder / "last") if is_agent(place)), None)


def shipped_agent_folder(name: str) -> Path:
    """Find the folder of a shipped agent, and look nowhere else: a card must mean the same wherever one is.

    Raises:
        AgentError: None of this name is shipped.
    """
    folder = PRETRAINED / name
    if not is_agent(folder):
        agents = [*(other for other in shipped() if is_agent(PRETRAINED / other)), *shipped_parts()]
        raise AgentError(f"{name}: no agent of this name is shipped (there are {', '.join(agents)})")
    return folder


def require_agent_folder(name: str | Path) -> Path:
    """The same as `agent_folder`, for a name that is no baseline.

    Raises:
        AgentError: There is no such agent; the message lists what there is.
    """
    folder = agent_folder(name)
    if folder is not None:
        return folder
    choice = f"choose {', '.join(BASELINES)}, a shipped agent ({', '.join(shipped()) or 'none is shipped'})"
    found = "the folder holds no agent" if Path(name).is_dir() else "there is no such agent or folder"
    raise AgentError(f"{name}: {found}; {choice}, or the folder of an agent or of a run")


def named_files(name: str | Path) -> AnyFiles:
    """Read the files of an agent, or of a team of agents.

    Args:
        name: See `agent_folder`; with one of `PREFIXES` before it, the agent is to act without something.

    Raises:
        AgentError: There is no such agent.
    """
    prefix = next((prefix for prefix in PREFIXES if str(name).startswith(prefix)), None)
    folder = require_agent_folder(str(name).removeprefix(prefix) if prefix else name)
    lacks: Lack = PREFIXES[prefix] if prefix else ""
    if is_team(folder):
        return replace(read_team(folder, shipped_agent_folder), lacks=lacks)
    return replace(read_files(folder), lacks=lacks)


class Identity(NamedTuple):
    """What an agent or a team is made for, and which one it is."""

    env: EnvCard
    sha256: str


def identity(files: AnyFiles) -> Identity:
    """Tell what an agent or a team is made for, from its files.

    Raises:
        AgentError: It is damaged.
    """
    if isinstance(files, TeamFiles):
        return Identity(files.card.env, files.sha256)
    card = card_of(files)
    return Identity(card.env, card.sha256)


def load_policy(name: str | Path, env: AnyEnv) -> Policy:
    """Load whatever acts under a name.

    Args:
        name: See `named_files`; or one of `BASELINES`.
        env: The env it is going to act in; its spaces must be the agent's.

    Raises:
        AgentError: There is no such agent, it is damaged, or does not fit the env.
        PolicyError: The baseline cannot act in this env.
    """
    if str(name) in BASELINES:
        return _baseline(str(name), env)
    return policy_from_files(named_files(name), env)


def policy_from_files(files: AnyFiles, env: AnyEnv) -> Policy:
    """The same as `load_policy` for an agent that was already read, here or in another process."""
    if isinstance(files, TeamFiles):
        # Only here: it brings robots along, as experts do.
        from robosim.agents.policies.team import team_from_files

        agent: Policy = team_from_files(files, env)
    else:
        agent = agent_from_files(files, env)
    if files.lacks == "network":
        return Alone(agent, str(files.source))
    return Blind(agent, env.observation_space) if files.lacks == "sight" else agent


def _baseline(name: str, env: AnyEnv) -> Policy:
    try:
        if name == EXPERT:
            # Only here: experts bring robots and SciPy along, which no other policy needs.
            from robosim.agents.policies.experts import make_expert

            return make_expert(env)
        kind = RandomPolicy if name == "random" else ZeroPolicy
        return kind(env.action_space, env.observation_space)
    except ValueError as error:
        raise PolicyError(f"{name}: {error}") from error
