"""A warm start: the network first imitates a scripted teacher, actor and critic, and PPO goes on from there.

Behaviour cloning with noise on what is executed and none on what is imitated, so that the network also sees how the
expert returns from where noise led (Laskey et al., "DART", 2017).
"""

import contextlib
import math
from dataclasses import dataclass, replace
from typing import TypeVar

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecNormalize

from robosim.agents.policies.experts import make_teacher
from robosim.agents.policies.find import kwargs_for
from robosim.agents.policies.policy import Array, Observation
from robosim.agents.training.experiment import Experiment
from robosim.agents.training.learner import make_envs

T = TypeVar("T")
NOISE = 0.05  # standard deviation of what is added to the expert's actions, in [-1, 1]
EPOCHS = 30
BATCH = 512
RATE = 1e-3
WHOLE = ""  # the key of an observation that is no dict
HORIZON = 5  # discount times; the tail of a recording whose returns would be cut off


@dataclass(frozen=True)
class Recording:
    """What the expert did: time first, then envs."""

    observations: dict[str, NDArray[np.float32]]
    """By the parts of the observation; `WHOLE` where it has none."""
    actions: NDArray[np.float32]
    returns: NDArray[np.float32]


def imitate(model: PPO, envs: VecNormalize, experiment: Experiment) -> None:
    """Records the expert in the training envs, for ``expert_steps``, and fits the network to it.

    The normaliser keeps the statistics of the recording.

    Args:
        model: Its policy is fitted, its optimizer stays new.
        envs: The training envs; the next rollout resets them.
        experiment: Says for how long, and the discount.

    Raises:
        RobosimError: There is no expert for the env.
    """
    recording = record(envs, experiment)
    seen = {key: rows.reshape(-1, *rows.shape[2:]) for key, rows in recording.observations.items()}
    normal = parts_of(envs.normalize_obs(_whole(seen)))
    inputs = {key: torch.as_tensor(rows, dtype=torch.float32, device=model.device) for key, rows in normal.items()}
    count = recording.actions.shape[0] * recording.actions.shape[1]
    wanted = torch.as_tensor(recording.actions.reshape(count, -1), device=model.device)
    returns = torch.as_tensor(recording.returns.reshape(-1) / _reward_scale(envs), device=model.device)
    action_scale, return_scale = wanted.std(0) + 1e-3, returns.std() + 1e-3
    policy, rng = model.policy, np.random.default_rng(experiment.seed)
    policy.set_training_mode(True)
    optimizer = torch.optim.Adam(policy.parameters(), lr=RATE)
    batches = EPOCHS * max(count // BATCH, 1)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.05, batches)
    for _ in range(batches):
        rows = torch.as_tensor(rng.integers(count, size=BATCH), device=model.device)
        batch = _whole({key: part[rows] for key, part in inputs.items()})
        mean = policy.get_distribution(batch).mode()
        value = policy.predict_values(batch)[:, 0]
        loss = (((mean - wanted[rows]) / action_scale) ** 2).mean()
        loss = loss + (((value - returns[rows]) / return_scale) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()


def record(envs: VecNormalize, experiment: Experiment) -> Recording:
    """Plays the expert in all envs, its actions shaken; where it is told more than the network, in envs of its own."""
    asked = experiment.env
    told = asked.model_copy(update={"kwargs": kwargs_for("expert", asked.id, asked.kwargs)})
    if told == asked:
        return _play(envs, experiment)
    with contextlib.closing(make_envs(experiment.model_copy(update={"env": told}))) as its_envs:
        recording = _play(its_envs, experiment)
        parts = parts_of(envs.observation_space.sample())
        if isinstance(envs.obs_rms, dict) and isinstance(its_envs.obs_rms, dict):
            envs.obs_rms = {key: its_envs.obs_rms[key] for key in envs.obs_rms}
        envs.ret_rms = its_envs.ret_rms
    return replace(recording, observations={key: recording.observations[key] for key in parts})


def _play(envs: VecNormalize, experiment: Experiment) -> Recording:
    expert = make_teacher(gym.make(experiment.env.id, **experiment.env_kwargs("train")))  # type: ignore[arg-type]
    rng, gamma = np.random.default_rng(experiment.seed), experiment.ppo.gamma
    tail = round(HORIZON / (1 - gamma)) if gamma < 1 else 0
    steps = experiment.expert_steps // envs.num_envs + tail
    envs.reset()
    state, starts = None, np.ones(envs.num_envs, bool)
    observations: dict[str, list[NDArray[np.float32]]] = {}
    actions, rewards, dones = [], [], []
    for _ in range(steps):
        seen = envs.get_original_obs()
        action, state = expert.predict(seen, state, starts)
        shaken = np.clip(action + NOISE * rng.standard_normal(action.shape), -1, 1).astype(np.float32)
        _, _, starts, _ = envs.step(shaken)
        for key, part in parts_of(seen).items():
            observations.setdefault(key, []).append(part)
        actions.append(action)
        rewards.append(envs.get_original_reward())
        dones.append(starts)
    returns = discounted(np.array(rewards), np.array(dones), gamma)
    kept = steps - tail
    stacked = {key: np.array(parts[:kept]) for key, parts in observations.items()}
    return Recording(stacked, np.array(actions[:kept]), returns[:kept].astype(np.float32))


def _reward_scale(envs: VecNormalize) -> float:
    """Gives what the critic's rewards are divided by."""
    return math.sqrt(float(envs.ret_rms.var) + envs.epsilon) if envs.norm_reward else 1.0


def parts_of(observation: Observation) -> dict[str, Array]:
    """Gives an observation as a dict, whatever it is."""
    return observation if isinstance(observation, dict) else {WHOLE: observation}


def _whole(parts: dict[str, T]) -> T | dict[str, T]:
    return parts.get(WHOLE, parts)


def discounted(rewards: NDArray[np.float64], dones: NDArray[np.bool_], gamma: float) -> NDArray[np.float64]:
    """Gives the discounted return from each step on; an episode's end, of whatever kind, ends it.

    Args:
        rewards: Shape (steps, envs).
        dones: Whether the step ended an episode, the same shape.
        gamma: Discount of one step.
    """
    returns = np.zeros_like(rewards, dtype=np.float64)
    following = np.zeros(rewards.shape[1])
    for step in reversed(range(len(rewards))):
        following = rewards[step] + gamma * following * ~dones[step]
        returns[step] = following
    return returns
