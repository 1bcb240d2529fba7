"""A run that goes on from an agent: network and statistics are those of that one before anything is learnt."""

import torch
from stable_baselines3 import PPO
from stable_baselines3.common.running_mean_std import RunningMeanStd
from stable_baselines3.common.vec_env import VecNormalize

from robosim.agents.policies.find import require_agent_folder
from robosim.agents.policies.normalise import BOX_KEY
from robosim.agents.storage.files import read_files
from robosim.agents.storage.reading import card_of, normaliser_of, policy_of, tensors_of, weights_of
from robosim.agents.storage.team import is_team
from robosim.agents.training.experiment import Experiment
from robosim.errors import RobosimError


def start_from(model: PPO, envs: VecNormalize, experiment: Experiment) -> None:
    """Takes over the network of ``experiment.start_from``, its exploration included, and its observation statistics.

    Args:
        model: New; of the same shape as that network.
        envs: What is normalised in them must be normalised by that agent.
        experiment: Says from whom.

    Raises:
        RobosimError: There is no such agent, or it has another network or other statistics.
    """
    name = experiment.start_from
    assert name is not None
    told, folder = f"start_from = {name}", require_agent_folder(name)
    if is_team(folder):
        raise RobosimError(f"{told}: is a team; name one of its agents")
    files = read_files(folder)
    card, tensors = card_of(files), tensors_of(files)
    if card.network.residual != experiment.network.residual:
        raise RobosimError(
            f"{told}: its network.residual is {card.network.residual}, here it is {experiment.network.residual}"
        )
    found = weights_of(policy_of(files.source, card, tensors))
    wanted = weights_of(model.policy)
    if other := [key for key in sorted({*found, *wanted}) if _shape(found, key) != _shape(wanted, key)]:
        which = ", ".join(f"{key} {_shape(found, key)}, here {_shape(wanted, key)}" for key in other[:3])
        raise RobosimError(f"{told}: has another network: {which}")
    with torch.no_grad():
        for key, value in wanted.items():
            value.copy_(found[key])
    normaliser = normaliser_of(files.source, card, tensors)
    statistics = _statistics(envs)
    known = {} if normaliser is None else dict(normaliser.mean)
    if statistics.keys() != known.keys():
        raise RobosimError(
            f"{told}: normalises {sorted(known) or 'nothing'}, here it is {sorted(statistics) or 'nothing'}"
        )
    for key, rms in statistics.items():
        assert normaliser is not None
        rms.mean, rms.var, rms.count = normaliser.mean[key].copy(), normaliser.var[key].copy(), float(card.steps)


def _shape(weights: dict[str, torch.Tensor], key: str) -> tuple[int, ...] | None:
    return tuple(weights[key].shape) if key in weights else None


def _statistics(envs: VecNormalize) -> dict[str, RunningMeanStd]:
    if not envs.norm_obs:
        return {}
    return envs.obs_rms if isinstance(envs.obs_rms, dict) else {BOX_KEY: envs.obs_rms}
