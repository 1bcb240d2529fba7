"""From the bytes of an agent's two files to a checked card, network and normaliser. Trusts nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import numpy.typing as npt
import safetensors
import safetensors.numpy
import torch
from pydantic import ValidationError
from stable_baselines3.common.policies import ActorCriticPolicy

from robosim.agents.policies.network import build_policy, count_parameters
from robosim.agents.policies.normalise import BOX_KEY, Normaliser
from robosim.agents.policies.policy import Array
from robosim.agents.storage.card import AgentCard, checksum_of, space_differences
from robosim.agents.storage.files import CARD_NAME, WEIGHTS_NAME, AgentError, AgentFiles
from robosim.agents.storage.strict_yaml import StrictYamlError, read_yaml

POLICY_PREFIX, NORMALISE_PREFIX = "policy/", "normalise/"
Tensors = dict[str, Array]
AnyEnv = gym.Env[Any, Any]  # env types are invariant: with Observation, an env of plain arrays would not be one


def card_of(files: AgentFiles) -> AgentCard:
    """Parse the card and compare both checksums.

    Raises:
        AgentError: The card is not one, or either file is not as it was saved.
    """
    path = files.source / CARD_NAME
    try:
        card = AgentCard.model_validate(read_yaml(files.card))
        unchanged = card.checksum == checksum_of(card)
    except StrictYamlError as error:
        raise AgentError(f"{path}: is not plain YAML: {error}") from error
    except ValidationError as error:
        raise AgentError(f"{path}: is not the card of an agent: {_explain(error)}") from error
    except ValueError as error:  # data that cannot be written as JSON
        raise AgentError(f"{path}: is not the card of an agent: {error}") from error
    if not unchanged:
        raise AgentError(f"{path}: was changed after it was saved (its checksum does not match)")
    found = hashlib.sha256(files.weights).hexdigest()
    if found != card.sha256:
        raise AgentError(
            f"{files.source / WEIGHTS_NAME}: is cut short, changed, or of another agent: "
            f"its SHA-256 is {found[:12]}…, the card says {card.sha256[:12]}…"
        )
    return card


def tensors_of(files: AgentFiles) -> Tensors:
    """Parse the weights file, a format that holds numbers and nothing else.

    Raises:
        AgentError: It is not a safetensors file, or holds tensors that no agent has.
    """
    path = files.source / WEIGHTS_NAME
    try:
        tensors: Tensors = safetensors.numpy.load(files.weights)
    except (safetensors.SafetensorError, KeyError, ValueError) as error:  # KeyError: no such type in numpy
        raise AgentError(f"{path}: is not a safetensors file: {error}") from error
    refuse_non_finite(path, tensors)
    foreign = sorted(key for key in tensors if not key.startswith((POLICY_PREFIX, NORMALISE_PREFIX)))
    if foreign:
        raise AgentError(f"{path}: holds tensors that are no part of an agent: {foreign[:5]}")
    return tensors


def policy_of(source: Path, card: AgentCard, tensors: Tensors) -> ActorCriticPolicy:
    """Build the card's network and fill in the weights.

    Raises:
        AgentError: There is no network for the card's spaces, or the weights are not those of the network.
    """
    path = source / WEIGHTS_NAME
    found = _below(POLICY_PREFIX, tensors)
    try:
        spaces = card.observation_space.build(), card.action_space.build()
        # Before anything is allocated: a foreign card may describe a network of any size.
        needed, held = count_parameters(*spaces, card.network), sum(value.size for value in found.values())
        if needed != held:
            raise AgentError(f"{path}: holds {held} weights, the network of the card has {needed}")
        policy = build_policy(*spaces, card.network)
    except AgentError:
        raise
    except (ValueError, OverflowError, KeyError) as error:  # bounds beyond the dtype; a key that torch refuses
        raise AgentError(f"{source / CARD_NAME}: there is no network for its spaces: {error}") from error
    target = weights_of(policy)
    _refuse_other(path, found, {key: tuple(value.shape) for key, value in target.items()}, np.float32)
    with torch.no_grad():
        for key, value in target.items():
            value.copy_(torch.from_numpy(found[key]))
    return policy


def normaliser_of(source: Path, card: AgentCard, tensors: Tensors) -> Normaliser | None:
    """Take the observation statistics out of the weights file.

    Raises:
        AgentError: They are not those of the card's observation space.
    """
    path = source / WEIGHTS_NAME
    found = _below(NORMALISE_PREFIX, tensors)
    shapes = _observation_shapes(card) if card.normalisation else {}
    # A Dict may be normalised in part: the keys that are there decide, and must be the space's.
    keys = {key.rpartition("/")[0] for key in found} & set(shapes)
    expected = {f"{key}/{part}": shapes[key] for key in keys for part in ("mean", "var")}
    _refuse_other(path, found, expected, np.float64)
    if card.normalisation is None:
        return None
    mean, var = ({key: found[f"{key}/{part}"] for key in keys} for part in ("mean", "var"))
    if card.observation_space.kind == "box" and not keys:
        raise AgentError(f"{path}: lacks the observation statistics that the card speaks of")
    try:
        return Normaliser(mean, var, card.normalisation.clip, card.normalisation.epsilon)
    except ValueError as error:
        raise AgentError(f"{path}: {error}") from error


def weights_of(policy: ActorCriticPolicy) -> dict[str, torch.Tensor]:
    """Every parameter and buffer once, where `state_dict` repeats those of a shared features extractor."""
    return {key: value.detach() for key, value in (*policy.named_parameters(), *policy.named_buffers())}


def refuse_other_spaces(source: Path, card: AgentCard, env: AnyEnv) -> None:
    """Compare the spaces an agent was trained with to those of the env it is to act in.

    Raises:
        AgentError: They differ; the message names every field that does.
    """
    differences = space_differences("observation_space", card.observation_space, env.observation_space)
    differences += space_differences("action_space", card.action_space, env.action_space)
    if differences:
        env_id = env.spec.id if env.spec else type(env.unwrapped).__name__
        raise AgentError(f"{source}: trained on {card.env.id}, unfit for {env_id}: {'; '.join(differences)}")


def refuse_non_finite(path: Path, tensors: Tensors) -> None:
    """Refuse weights that are infinite or not a number.

    Raises:
        AgentError: Naming the tensor.
    """
    for key, value in tensors.items():
        if not np.isfinite(value).all():
            raise AgentError(f"{path}: tensor {key} holds numbers that are not finite")


def _explain(error: ValidationError) -> str:
    problems = (f"{_dotted(found['loc'])}: {found['msg']}" for found in error.errors()[:5])
    return "; ".join(problems)


def _dotted(location: Iterable[int | str]) -> str:
    return ".".join(str(part) for part in location) or "card"


def _below(prefix: str, tensors: Tensors) -> Tensors:
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}


def _observation_shapes(card: AgentCard) -> dict[str, tuple[int, ...]]:
    space = card.observation_space
    return {BOX_KEY: space.shape} if space.kind == "box" else {k: box.shape for k, box in space.spaces.items()}


def _refuse_other(path: Path, found: Tensors, expected: dict[str, tuple[int, ...]], dtype: npt.DTypeLike) -> None:
    """Compare names, shapes and type of the tensors with those the card asks for."""
    missing, foreign = sorted(set(expected) - set(found)), sorted(set(found) - set(expected))
    if missing or foreign:
        raise AgentError(f"{path}: tensors missing: {missing[:5]}; tensors that do not belong: {foreign[:5]}")
    for key, value in found.items():
        if value.shape != expected[key] or value.dtype != dtype:
            raise AgentError(
                f"{path}: tensor {key} is {value.dtype} of shape {value.shape}, "
                f"it must be {np.dtype(dtype)} of shape {expected[key]}"
            )
