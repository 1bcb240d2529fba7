"""A warm start: the network first imitates a teacher, scripted or learnt, actor and critic, and PPO goes on from there.

Behaviour cloning with noise on what is executed and none on what is imitated, so that the network also sees how the
teacher returns from where noise led (Laskey et al., "DART", 2017). In further rounds the network acts and the teacher
says what it would have done there (Ross, Gordon and Bagnell, "DAgger", 2011): where commands hardly change from step to
step, a clone learns to repeat what it did last, which its teacher's own recordings never show to be wrong.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeVar

import gymnasium as gym
import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecNormalize

from robosim.agents.policies.experts import make_teacher
from robosim.agents.policies.find import EXPERT, load_policy, taught_kwargs
from robosim.agents.policies.frames import image_parts
from robosim.agents.policies.policy import Array, Observation
from robosim.agents.policies.sight import Sight
from robosim.agents.training.auxiliary import Auxiliary
from robosim.agents.training.device import fastest_precision
from robosim.agents.training.experiment import Experiment
from robosim.agents.training.learner import start_envs
from robosim.agents.training.recording import WHOLE, Recording, Teacher, numbers_beyond, parts_of, record, reward_scale
from robosim.errors import RobosimError

T = TypeVar("T")
BATCH = 512
RATE = 1e-3


def imitate(
    model: PPO, envs: VecNormalize, experiment: Experiment, tell: Callable[[float], None] = lambda share: None
) -> None:
    """Records the teacher in the training envs, for ``expert_steps`` in ``expert_rounds``, and fits the network to it.

    The normaliser keeps the statistics of the recordings.

    Args:
        model: Its policy is fitted, its optimizer stays new.
        envs: The training envs; the next rollout resets them.
        experiment: Says whom, for how long, in how many rounds, and the discount.
        tell: Called again and again with the share of the rows, recorded and fitted, that is done; may raise to end it.

    Raises:
        RobosimError: There is no such teacher for the env.
    """
    rng, rounds = np.random.default_rng(experiment.seed), experiment.expert_rounds
    rows = max(experiment.expert_steps // (envs.num_envs * rounds), 1) * envs.num_envs
    passes = [max(experiment.expert_epochs // 3, 1)] * (rounds - 1) + [experiment.expert_epochs]
    work = rows * rounds + sum(_batches(rows * number, epochs) for number, epochs in enumerate(passes, 1)) * BATCH
    done = 0

    def advance(more: int) -> None:
        nonlocal done
        done += more
        tell(min(done / work, 1.0))

    def act(seen: Observation) -> Array:
        return model.predict(envs.normalize_obs(seen), deterministic=True)[0]

    with _teaching(experiment) as alone, _auxiliary(model, envs, alone, experiment) as (auxiliary, teacher):
        told = 0 if auxiliary is None else auxiliary.size
        kept = Recording.room(envs, rows * rounds, experiment.network.frames, told)
        for number in range(rounds):
            student = act if number else None
            new, all_so_far = kept.rows(number * rows, (number + 1) * rows), kept.rows(0, (number + 1) * rows)
            record(envs, teacher, new, rng, experiment.ppo.gamma, student, advance)
            judged = (number + 1) // 2 * rows
            with _imitating(model):
                _fit(model, envs, all_so_far, judged, passes[number], rng, advance, auxiliary)


@contextlib.contextmanager
def _teaching(experiment: Experiment) -> Iterator[Teacher]:
    """Gives the teacher; with envs of its own where it is told something else than the network, or sees pictures."""
    asked = experiment.env
    kwargs = taught_kwargs(experiment.teacher, asked.id, asked.kwargs)
    its_own = experiment.model_copy(update={"env": asked.model_copy(update={"kwargs": kwargs, "critic": {}})})
    env = gym.make(asked.id, **its_own.env_kwargs("train"))  # type: ignore[arg-type]
    try:
        # An agent sees pictures as its env gives them, a learner's envs stack them; no scripted one looks at any.
        stacked = experiment.teacher != EXPERT and bool(image_parts(env.observation_space))
        policy = make_teacher(env) if experiment.teacher == EXPERT else load_policy(experiment.teacher, env)
    finally:
        env.close()
    if kwargs == {**asked.kwargs, **asked.critic} and not stacked:
        yield Teacher(policy)
        return
    with contextlib.closing(start_envs(its_own)) as its_envs:
        yield Teacher(policy, its_envs)


@contextlib.contextmanager
def _auxiliary(
    model: PPO, envs: VecNormalize, teacher: Teacher, experiment: Experiment
) -> Iterator[tuple[Auxiliary | None, Teacher]]:
    """Gives what has to be told besides, if anything is to, and the teacher who tells it.

    Raises:
        RobosimError: The teacher is told nothing that the network is not.
    """
    if not experiment.expert_auxiliary:
        yield None, teacher
        return
    sight = model.policy.features_extractor
    assert isinstance(sight, Sight)  # `Experiment` asks for an encoder
    assert isinstance(envs.observation_space, gym.spaces.Dict)
    own = envs.observation_space.spaces.keys() - set(sight.critic_only)
    more = numbers_beyond(own, (teacher.envs or envs).observation_space)
    if not more:
        raise RobosimError(
            f"expert_auxiliary = {experiment.expert_auxiliary}: teacher {experiment.teacher} observes nothing that the "
            f"network does not, so there is nothing to tell besides"
        )
    auxiliary = Auxiliary(model.policy, sum(more.values()), experiment.expert_auxiliary)
    try:
        yield auxiliary, replace(teacher, tells=tuple(more))
    finally:
        auxiliary.close()


def _imitating(model: PPO) -> contextlib.AbstractContextManager[None]:
    """Where there are pictures, shifts them at random meanwhile, and looks at them in the fastest precision."""
    sight = model.policy.features_extractor
    return sight.imitating(fastest_precision(model.device)) if isinstance(sight, Sight) else contextlib.nullcontext()


def _batches(count: int, epochs: int) -> int:
    """Gives how many batches so many passes over so many rows are."""
    return epochs * max(count // BATCH, 1)


def _fit(
    model: PPO,
    envs: VecNormalize,
    kept: Recording,
    first: int,
    epochs: int,
    rng: np.random.Generator,
    advance: Callable[[int], None],
    auxiliary: Auxiliary | None = None,
) -> None:
    """Fits the actor to all that is kept, and the critic from row ``first`` on: later returns are more like its own."""
    felt = {key: part for key, part in kept.observations.items() if part.dtype != np.uint8}
    normal = parts_of(envs.normalize_obs(_whole(felt)))
    inputs = {key: torch.as_tensor(part, dtype=torch.float32, device=model.device) for key, part in normal.items()}
    pictures = kept.observations.keys() - felt.keys()
    wanted = torch.as_tensor(kept.actions, device=model.device)
    returns = torch.as_tensor(kept.returns / reward_scale(envs), device=model.device)
    count = len(wanted)
    action_scale, return_scale = wanted.std(0) + 1e-3, returns[first:].std() + 1e-3
    policy = model.policy
    policy.set_training_mode(True)
    learnt = list(policy.parameters())
    if auxiliary is not None:
        auxiliary.wants(kept.told)
        learnt += auxiliary.layers.parameters()
    optimizer = torch.optim.Adam(learnt, lr=RATE)
    batches = _batches(count, epochs)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.05, batches)
    for _ in range(batches):
        drawn = rng.integers(count, size=BATCH)
        rows = torch.as_tensor(drawn, device=model.device)
        looked = {key: torch.as_tensor(kept.seen(key, drawn), device=model.device) for key in pictures}
        batch, asked = _whole({**{key: part[rows] for key, part in inputs.items()}, **looked}), wanted[rows]
        mean, value, _ = policy(batch, deterministic=True)
        loss = (((mean - asked) / action_scale) ** 2).mean()
        judged = (rows >= first) * ((value[:, 0] - returns[rows]) / return_scale) ** 2
        loss = loss + judged.sum() / (rows >= first).sum().clamp(min=1)
        if auxiliary is not None:
            loss = loss + auxiliary.loss(rows)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        advance(BATCH)


def _whole(parts: dict[str, T]) -> T | dict[str, T]:
    return parts.get(WHOLE, parts)
