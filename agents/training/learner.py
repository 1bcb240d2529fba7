"""PPO put together from an experiment: the envs in their workers, their normaliser, and SB3's model."""

import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.envs.registration import EnvSpec
from stable_baselines3 import PPO
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.vec_env import VecEnv, VecMonitor, VecNormalize

from robosim.agents.perception.network_file import load_stages
from robosim.agents.policies.acting import Acting
from robosim.agents.policies.frames import image_parts
from robosim.agents.policies.network import check_spaces, policy_kwargs, policy_name
from robosim.agents.policies.sight import Sight
from robosim.agents.training.experiment import Experiment, NormaliseConfig, PpoConfig
from robosim.agents.training.mirrored import MirroredPolicy, keep_even, mirrors_of
from robosim.agents.vector.curriculum import Curriculum
from robosim.agents.vector.pool import WorkerDied
from robosim.agents.vector.vec_acting import VecActing
from robosim.agents.vector.vec_env import WorkerVecEnv
from robosim.agents.vector.vec_frames import VecFrames
from robosim.agents.vector.worker import Env
from robosim.errors import RobosimError
from robosim.perception.encoders import Encoder

NEVER = sys.maxsize  # for SB3's own log, which the curve takes the place of
_FINAL_RATE = 0.01  # of the learning rate at the end of a linear schedule: not 0, or the last update would be idle


class LearnerError(RobosimError):
    """An env that cannot be learnt."""


def make_envs(experiment: Experiment) -> VecNormalize:
    """Start the workers with the training envs, on the training split.

    Raises:
        LearnerError: Gymnasium does not know the env, the env refuses its keyword arguments, or agents
            do not know its kind of spaces.
        WorkerDied: An env could not be made for another reason.
    """
    envs = start_envs(experiment)
    try:
        check_spaces(envs.observation_space, envs.action_space, experiment.network)
        return normalised(envs, experiment)
    except LearnerError:
        envs.close()
        raise
    except ValueError as error:
        envs.close()
        raise LearnerError(f"env.id = {experiment.env.id!r}: {error}") from None


def start_envs(experiment: Experiment) -> WorkerVecEnv:
    """Start the workers with the training envs, with nothing around them; see `make_envs`."""
    env_id = experiment.env.id
    try:
        spec = gym.spec(env_id)
    except gym.error.Error as error:
        raise LearnerError(f"env.id = {env_id!r}: {error}") from None
    # The checker would look at every step of every env; the contract of an env is for its tests.
    asked = experiment.env_kwargs("train")
    kwargs: dict[str, Any] = {"disable_env_checker": True, **asked}
    make = partial(_made, spec, kwargs, experiment.env.curriculum)  # not the id: a spawned worker may not know it
    try:
        return WorkerVecEnv([make] * experiment.envs, workers=experiment.workers, infos="episode")
    except WorkerDied as error:
        if isinstance(error.__cause__, TypeError | ValueError | gym.error.Error):  # gym.make, with these kwargs
            raise LearnerError(f"env {env_id!r} with kwargs {asked}: {error.__cause__}") from error
        raise


def _made(spec: EnvSpec, kwargs: dict[str, Any], curriculum: bool) -> Env:
    """Make a training env, in a worker."""
    env: Env = gym.make(spec, **kwargs)
    return Curriculum(env) if curriculum else env


def normalised(envs: VecEnv, experiment: Experiment) -> VecNormalize:
    """Put around a vector env what training wants: what becomes of actions, frames, `VecMonitor`, normalisation."""
    normalise = experiment.normalise
    seen = envs
    if experiment.network.acts_otherwise:  # by what the env gives, as the saved agent does
        observed = _without(envs.observation_space, critic_only(experiment, envs.observation_space))
        seen = VecActing(seen, Acting(experiment.network, observed, envs.action_space))
    if image_parts(envs.observation_space):
        seen = VecFrames(seen, experiment.network.frames)
    return VecNormalize(
        VecMonitor(seen),
        norm_obs=normalise.observation,
        norm_reward=normalise.reward,
        norm_obs_keys=_normalised_keys(envs, normalise),
        clip_obs=normalise.clip,
        clip_reward=normalise.clip,
        gamma=experiment.ppo.gamma,
    )


def _normalised_keys(envs: VecEnv, normalise: NormaliseConfig) -> list[str] | None:
    """The parts of a dict that are normalised; pictures never are."""
    pictures = image_parts(envs.observation_space)
    if not normalise.observation or (normalise.keys is None and not pictures):
        return None
    parts = envs.observation_space.spaces if isinstance(envs.observation_space, gym.spaces.Dict) else {}
    felt = [key for key in parts if key not in pictures]
    unknown = sorted(set(normalise.keys or ()) - set(felt))
    if unknown:
        have = ", ".join(sorted(felt)) or "none: the observation is no dict"
        raise LearnerError(
            f"normalise.keys = {list(normalise.keys or ())}: {', '.join(unknown)} is no part; it has {have}"
        )
    return felt if normalise.keys is None else list(normalise.keys)


def make_model(
    experiment: Experiment, envs: VecNormalize, device: str, steps_done: int, told: Sequence[str] | None = None
) -> PPO:
    """Build PPO. The generators of network, exploration and envs are seeded from (seed, steps done).

    Args:
        experiment: What is to be learnt.
        envs: In which; where there is a mirror, they begin to normalise anew.
        device: Where the network is.
        steps_done: See above.
        told: What `critic_only` gives, where it has been asked already: it builds an env.

    Raises:
        MirrorError: A mirror is asked for, and the task has none.
    """
    ppo, network, space = experiment.ppo, experiment.network, envs.unwrapped.observation_space
    kwargs = policy_kwargs(network, space, critic_only(experiment, space) if told is None else told)
    mirror = {"mirrors": mirrors_of(experiment, envs)} if ppo.mirror else {}
    if mirror and envs.norm_obs:
        keep_even(envs, mirror["mirrors"])
    model = PPO(
        MirroredPolicy if ppo.mirror else policy_name(space, network),
        envs,
        learning_rate=learning_rate(ppo),
        n_steps=ppo.n_steps,
        batch_size=ppo.batch_size,
        n_epochs=ppo.n_epochs,
        gamma=ppo.gamma,
        gae_lambda=ppo.gae_lambda,
        clip_range=ppo.clip_range,
        ent_coef=ppo.ent_coef,
        vf_coef=ppo.vf_coef,
        max_grad_norm=ppo.max_grad_norm,
        target_kl=ppo.target_kl,
        policy_kwargs={**kwargs, **mirror},
        seed=derived_seed(experiment.seed, steps_done),
        device=device,
    )
    model.set_logger(Logger(folder=None, output_formats=[]))
    sight = model.policy.features_extractor
    if not steps_done and isinstance(sight, Sight) and network.encoder is not None and network.encoder.weights:
        for encoder in sight.encoders:
            assert isinstance(encoder, Encoder)
            load_stages(encoder, network.encoder.weights)
    return model


def critic_only(experiment: Experiment, space: gym.Space[Any]) -> list[str]:
    """Gives the parts of the training envs' observation that the actor does not observe.

    Raises:
        LearnerError: The critic observes something else than the actor, and not more; or a picture that it does not.
    """
    if not experiment.env.critic:
        return []
    told = experiment.env.critic
    acts = experiment.model_copy(update={"env": experiment.env.model_copy(update={"critic": {}})})
    env = gym.make(acts.env.id, **acts.env_kwargs("train"))  # type: ignore[arg-type]
    own, all_parts = (one.spaces if isinstance(one, gym.spaces.Dict) else {} for one in (env.observation_space, space))
    env.close()
    if not own or any(all_parts.get(key) != part for key, part in own.items()) or len(own) == len(all_parts):
        raise LearnerError(
            f"env.critic = {told}: the critic must observe all that the actor does, {sorted(own)}, and more; "
            f"it observes {sorted(all_parts)}"
        )
    more = sorted(set(all_parts) - set(own))
    pictures = [key for key in more if key in image_parts(space)]
    if pictures:  # encoders are the actor's, who would see them
        raise LearnerError(
            f"env.critic = {told}: what the critic alone is told must be no picture; {', '.join(pictures)} would be"
        )
    encoder = experiment.network.encoder
    if encoder is not None and (untold := [key for key in encoder.film if key in more]):
        raise LearnerError(f"network.encoder.film names {', '.join(untold)}, which the critic alone is told")
    return more


def acting_space(model: PPO, envs: VecNormalize) -> gym.Space[Any]:
    """Gives what the actor observes, as the env gives it."""
    space, sight = envs.unwrapped.observation_space, model.policy.features_extractor
    if not isinstance(sight, Sight) or not isinstance(space, gym.spaces.Dict):
        return space
    return _without(space, sight.critic_only)


def _without(space: gym.Space[Any], parts: Iterable[str]) -> gym.Space[Any]:
    """Gives a space without some parts of a dict."""
    if not isinstance(space, gym.spaces.Dict):
        return space
    return gym.spaces.Dict({key: part for key, part in space.spaces.items() if key not in parts})


def learning_rate(ppo: PpoConfig) -> Callable[[float], float]:
    """The learning rate as SB3 asks for it: by the share of the run that remains, from 1 to 0.

    The share falls below 0 where total_steps is no multiple of an update's steps.
    """
    if ppo.schedule == "constant":
        return lambda remaining: ppo.learning_rate
    return lambda remaining: ppo.learning_rate * max(remaining, _FINAL_RATE)


def derived_seed(seed: int, steps_done: int) -> int:
    """A seed for going on after so many steps: new episodes, not those of the run's start again.

    Returns:
        An integer in [0, 2**31).
    """
    return int(np.random.SeedSequence([seed, steps_done]).generate_state(1)[0] >> 1)
