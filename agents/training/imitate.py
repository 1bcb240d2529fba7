"""A warm start: the network first imitates a scripted teacher, actor and critic, and PPO goes on from there.

Behaviour cloning with noise on what is executed and none on what is imitated, so that the network also sees how the
teacher returns from where noise led (Laskey et al., "DART", 2017). In further rounds the network acts and the teacher
says what it would have done there (Ross, Gordon and Bagnell, "DAgger", 2011): where commands hardly change from step to
step, a clone learns to repeat what it did last, which its teacher's own recordings never show to be wrong.
"""

import contextlib
from collections.abc import Iterator
from typing import Any, TypeVar

import gymnasium as gym
import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecNormalize

from robosim.agents.policies.experts import make_teacher
from robosim.agents.policies.find import kwargs_for
from robosim.agents.policies.policy import Array, Observation
from robosim.agents.training.experiment import Experiment
from robosim.agents.training.learner import make_envs
from robosim.agents.training.recording import WHOLE, Recording, joined, parts_of, record, reward_scale

T = TypeVar("T")
EPOCHS, BETWEEN = 30, 10  # over all that was recorded: at last, and between two rounds
BATCH = 512
RATE = 1e-3


def imitate(model: PPO, envs: VecNormalize, experiment: Experiment) -> None:
    """Records the teacher in the training envs, for ``expert_steps`` in ``expert_rounds``, and fits the network to it.

    The normaliser keeps the statistics of the recordings.

    Args:
        model: Its policy is fitted, its optimizer stays new.
        envs: The training envs; the next rollout resets them.
        experiment: Says for how long, in how many rounds, and the discount.

    Raises:
        RobosimError: There is no expert for the env.
    """
    rng, rounds = np.random.default_rng(experiment.seed), experiment.expert_rounds
    steps = max(experiment.expert_steps // (envs.num_envs * rounds), 1)
    recordings: list[Recording] = []
    with _teaching(envs, experiment) as (its_envs, told):
        teacher = make_teacher(gym.make(told.env.id, **told.env_kwargs("train")))  # type: ignore[arg-type]

        def act(seen: Observation) -> Array:
            return model.predict(_part(envs, its_envs.normalize_obs(seen)), deterministic=True)[0]

        for number in range(rounds):
            student = act if number else None
            recordings.append(record(its_envs, teacher, steps, rng, experiment.ppo.gamma, student))
            _share_statistics(its_envs, envs)
            last = number + 1 == rounds
            _fit(model, envs, recordings, EPOCHS if last else BETWEEN, rng)


@contextlib.contextmanager
def _teaching(envs: VecNormalize, experiment: Experiment) -> Iterator[tuple[VecNormalize, Experiment]]:
    """Gives the training envs; where the teacher is told more than the network, envs of its own."""
    asked = experiment.env
    told = asked.model_copy(update={"kwargs": kwargs_for("expert", asked.id, asked.kwargs)})
    if told == asked:
        yield envs, experiment
        return
    its_own = experiment.model_copy(update={"env": told})
    with contextlib.closing(make_envs(its_own)) as its_envs:
        yield its_envs, its_own


def _part(envs: VecNormalize, seen: Observation) -> Observation:
    """Gives what the network observes of what the teacher does."""
    space = envs.observation_space
    if isinstance(seen, dict) and isinstance(space, gym.spaces.Dict):
        return {key: seen[key] for key in space.spaces}
    return seen


def _share_statistics(its_envs: VecNormalize, envs: VecNormalize) -> None:
    envs.ret_rms = its_envs.ret_rms
    if not envs.norm_obs:
        return
    theirs: Any = its_envs.obs_rms  # one for a box, a dict of them for a dict
    envs.obs_rms = {key: theirs[key] for key in envs.obs_rms} if isinstance(theirs, dict) else theirs


def _fit(model: PPO, envs: VecNormalize, recordings: list[Recording], epochs: int, rng: np.random.Generator) -> None:
    """Fits the actor to all recordings, and the critic to the later half, whose returns are more like its own."""
    recording = joined(recordings)
    seen = parts_of(_part(envs, _whole(recording.observations)))
    normal = parts_of(envs.normalize_obs(_whole(seen)))
    inputs = {key: torch.as_tensor(rows, dtype=torch.float32, device=model.device) for key, rows in normal.items()}
    wanted = torch.as_tensor(recording.actions, device=model.device)
    returns = torch.as_tensor(recording.returns / reward_scale(envs), device=model.device)
    count, first = len(wanted), sum(len(one.actions) for one in recordings[: len(recordings) // 2])
    action_scale, return_scale = wanted.std(0) + 1e-3, returns[first:].std() + 1e-3
    policy = model.policy
    policy.set_training_mode(True)
    optimizer = torch.optim.Adam(policy.parameters(), lr=RATE)
    batches = epochs * max(count // BATCH, 1)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.05, batches)
    for _ in range(batches):
        rows = torch.as_tensor(rng.integers(count, size=BATCH), device=model.device)
        batch = _whole({key: part[rows] for key, part in inputs.items()})
        mean = policy.get_distribution(batch).mode()
        value = policy.predict_values(batch)[:, 0]
        loss = (((mean - wanted[rows]) / action_scale) ** 2).mean()
        judged = (rows >= first) * ((value - returns[rows]) / return_scale) ** 2
        loss = loss + judged.sum() / (rows >= first).sum().clamp(min=1)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()


def _whole(parts: dict[str, T]) -> T | dict[str, T]:
    return parts.get(WHOLE, parts)
