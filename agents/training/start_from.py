"""A run that goes on from an agent: network and observation statistics are that one's before anything is learnt."""

from collections.abc import Mapping

import torch
from pydantic import JsonValue
from stable_baselines3 import PPO
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.vec_env import VecNormalize

from robosim.agents.policies.find import BASELINES, PREFIXES, require_agent_folder, shipped_parts
from robosim.agents.policies.network import NetworkConfig
from robosim.agents.policies.normalise import BOX_KEY, Normaliser, statistics_of
from robosim.agents.storage.card import AgentCard, OriginCard, space_differences
from robosim.agents.storage.files import AgentError, read_files
from robosim.agents.storage.reading import card_of, normaliser_of, policy_of, tensors_of, weights_of
from robosim.agents.storage.team import is_team
from robosim.agents.training.experiment import Experiment
from robosim.agents.training.learner import acting_space
from robosim.errors import RobosimError

AS_MANY = 100_000  # steps at least, by which the statistics count: those of a few new ones must not outweigh them
_MAY_DIFFER = {"log_std_init", "guard"}
_ENCODER_MAY_DIFFER = {"weights", "frozen", "shift"}


def start_from(model: PPO, envs: VecNormalize, experiment: Experiment) -> OriginCard:
    """Takes over the network of ``experiment.start_from``, its exploration included, and its observation statistics.

    Statistics of what the critic alone is told are in no agent, and begin anew.

    Args:
        model: New; of the same shape as that network.
        envs: What is normalised in them must be normalised by that agent.
        experiment: Says from whom.

    Returns:
        From whom, for the cards of what it becomes.

    Raises:
        RobosimError: There is no such agent, or it is another network, for other spaces or with other statistics.
    """
    told = f"start_from = {experiment.start_from}"
    card, policy, normaliser = _read(told, str(experiment.start_from))
    differences = _network_differences(card.network, experiment.network)
    differences += space_differences("observation_space", card.observation_space, acting_space(model, envs))
    differences += space_differences("action_space", card.action_space, model.action_space)
    found, wanted, statistics = weights_of(policy), weights_of(model.policy), statistics_of(envs)
    if not differences:
        shapes = ({key: tuple(part.shape) for key, part in parts.items()} for parts in (found, wanted))
        differences = _differences("weights", *shapes)
    known = set() if normaliser is None else set(normaliser.mean)
    own = statistics.keys() & set(_agents_parts(card))
    if own != known:
        differences.append(f"normalises {sorted(known) or 'nothing'}, here it is {sorted(own) or 'nothing'}")
    if normaliser is not None and normaliser.clip != envs.clip_obs:
        differences.append(f"normalise.clip: the agent has {normaliser.clip:g}, here it is {envs.clip_obs:g}")
    if differences:
        raise RobosimError(f"{told}: cannot be gone on from: {'; '.join(differences[:4])}")
    with torch.no_grad():
        for key, value in wanted.items():
            value.copy_(found[key])
    for key in known:
        assert normaliser is not None  # or nothing were known
        rms = statistics[key]
        rms.mean, rms.var = normaliser.mean[key].copy(), normaliser.var[key].copy()
        rms.count = float(max(card.steps, AS_MANY))
    return OriginCard(name=card.name, steps=card.steps, sha256=card.sha256)


def _read(told: str, name: str) -> tuple[AgentCard, ActorCriticPolicy, Normaliser | None]:
    if name in BASELINES or name.startswith(tuple(PREFIXES)):
        raise RobosimError(f"{told}: must be a shipped agent, or the folder of an agent or of a run")
    try:
        folder = require_agent_folder(name)
        if is_team(folder):
            raise RobosimError(f"{told}: is a team; agents in shipped teams are {', '.join(shipped_parts())}")
        files = read_files(folder)
        card, tensors = card_of(files), tensors_of(files)
        return card, policy_of(files.source, card, tensors), normaliser_of(files.source, card, tensors)
    except AgentError as error:
        raise RobosimError(f"start_from: {error}") from error


def _network_differences(agents: NetworkConfig, asked: NetworkConfig) -> list[str]:
    return _differences("network", *(_comparable(network) for network in (agents, asked)))


def _comparable(network: NetworkConfig) -> dict[str, JsonValue]:
    whole: dict[str, JsonValue] = network.model_dump(mode="json")
    encoder = whole.pop("encoder", None)
    parts = {key: part for key, part in whole.items() if key not in _MAY_DIFFER}
    if isinstance(encoder, dict):
        parts |= {f"encoder.{key}": part for key, part in encoder.items() if key not in _ENCODER_MAY_DIFFER}
    return parts


def _differences(name: str, agents: Mapping[str, object], here: Mapping[str, object]) -> list[str]:
    keys = [key for key in sorted({*agents, *here}) if agents.get(key) != here.get(key)]
    return [f"{name}.{key}: the agent has {agents.get(key)}, here it is {here.get(key)}" for key in keys]


def _agents_parts(card: AgentCard) -> list[str]:
    """The parts of what the agent observes, by the names of their statistics."""
    return [BOX_KEY] if card.observation_space.kind == "box" else list(card.observation_space.spaces)
