"""An agent's card, `agent.yaml`, as typed data: what may stand in it, and spaces written as data."""

from __future__ import annotations

import datetime
import hashlib
import json
import math
from typing import Annotated, Any, Literal, TypeAlias

import gymnasium as gym
import numpy as np
import numpy.typing as npt
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, model_validator

from robosim.agents.policies.network import NetworkConfig
from robosim.agents.storage.provenance import Machine

MAX_ELEMENTS = 2**18
"""The most numbers one space may have: a foreign card must not be able to ask for all memory."""

Bounds: TypeAlias = float | tuple[float, ...]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Int64 = Annotated[int, Field(ge=-(2**63), lt=2**63)]
Scalar: TypeAlias = bool | Int64 | Annotated[float, Field(allow_inf_nan=False)] | str

GYM_MAKES_OWN = frozenset({"id", "max_episode_steps", "disable_env_checker"})
USERS_OWN = frozenset({"split", "render_mode"})


def _only_of_the_env(kwargs: dict[str, Scalar]) -> dict[str, Scalar]:
    for names, owner in ((GYM_MAKES_OWN, "gym.make"), (USERS_OWN, "who trains, judges or watches")):
        taken = sorted(names & set(kwargs))
        if taken:
            raise ValueError(f"{', '.join(taken)} cannot be set here: that belongs to {owner}")
    return kwargs


EnvKwargs = Annotated[dict[str, Scalar], AfterValidator(_only_of_the_env)]
"""Keyword arguments that decide which env it is; not those that wrap it, nor what each user of it chooses."""


class _Closed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BoxCard(_Closed):
    """A `gymnasium.spaces.Box` as data."""

    kind: Literal["box"] = "box"
    shape: tuple[Annotated[int, Field(ge=1)], ...]
    dtype: Literal["float32", "float64", "uint8"]
    low: Bounds
    """One number for every element, or all of them in C order."""
    high: Bounds

    @model_validator(mode="after")
    def _check(self) -> BoxCard:
        elements = math.prod(self.shape)
        if elements > MAX_ELEMENTS:
            raise ValueError(f"shape {self.shape} has {elements} elements, more than {MAX_ELEMENTS}")
        for name, bounds in (("low", self.low), ("high", self.high)):
            if isinstance(bounds, tuple) and len(bounds) != elements:
                raise ValueError(f"{name} has {len(bounds)} numbers, shape {self.shape} needs {elements}")
        if not bool(np.all(np.asarray(self.low) <= np.asarray(self.high))):  # false for nan as well
            raise ValueError("low must not be above high")
        return self

    @classmethod
    def of(cls, space: gym.spaces.Box) -> BoxCard:
        """Describe a space."""
        return cls.model_validate(
            {
                "shape": space.shape,
                "dtype": str(space.dtype),
                "low": _bounds(space.low),
                "high": _bounds(space.high),
            }
        )

    def build(self) -> gym.spaces.Box:
        """Make the space that was described."""
        dtype = np.dtype(self.dtype)
        low, high = (_array(bounds, self.shape, dtype) for bounds in (self.low, self.high))
        return gym.spaces.Box(low, high, self.shape, dtype=dtype.type)


class DictCard(_Closed):
    """A `gymnasium.spaces.Dict` of boxes as data."""

    kind: Literal["dict"] = "dict"
    spaces: dict[str, BoxCard] = Field(min_length=1, max_length=64)

    @classmethod
    def of(cls, space: gym.spaces.Dict) -> DictCard:
        """Describe a space."""
        return cls(spaces={key: _box_card(part, key) for key, part in space.spaces.items()})

    def build(self) -> gym.spaces.Dict:
        """Make the space that was described."""
        return gym.spaces.Dict({key: box.build() for key, box in self.spaces.items()})


SpaceCard = Annotated[BoxCard | DictCard, Field(discriminator="kind")]


class EnvCard(_Closed):
    """The env an agent was trained on: `gym.make(id, **kwargs)`."""

    # No colon: gym.make("module:Env") imports the module, and a card must not choose what is imported.
    id: str = Field(pattern=r"^([\w-]+/)?[\w.-]+$", max_length=200)
    kwargs: EnvKwargs = {}


class NormalisationCard(_Closed):
    """How the observation is scaled; the statistics themselves are beside the weights."""

    clip: float = Field(gt=0, allow_inf_nan=False)
    epsilon: float = Field(gt=0, allow_inf_nan=False)


class OriginCard(_Closed):
    """The agent that another one's training began with."""

    name: str = Field(min_length=1, max_length=200)
    steps: int = Field(ge=0, lt=2**63)
    """Env steps that it had been trained for, which come before the other's own."""
    sha256: Sha256
    """Of its policy.safetensors."""


class AgentCard(_Closed):
    """Everything about an agent but its numbers.

    Every field is required: a card cut short anywhere lacks at least the last one.
    """

    format: Literal[1]
    name: str = Field(min_length=1, max_length=200)
    env: EnvCard
    observation_space: SpaceCard
    action_space: BoxCard
    critic_space: DictCard | None = None
    """What the critic was told and the agent does not observe; only training needs it."""
    network: NetworkConfig
    normalisation: NormalisationCard | None
    seed: int = Field(ge=0, lt=2**63)
    steps: int = Field(ge=0, lt=2**63)
    """Env steps the agent was trained for."""
    start_from: OriginCard | None = None
    """Whom its training began with; None: a new network."""
    wall_clock_s: float = Field(ge=0, allow_inf_nan=False)
    machine: Machine
    versions: dict[str, str]
    scores: dict[str, JsonValue]
    created: datetime.date
    sha256: Sha256
    """Of policy.safetensors."""
    checksum: Sha256
    """Of all the fields above, see `checksum_of`."""


def written(card: AgentCard) -> dict[str, Any]:
    """Gives a card as it is written: without what is None and older cards do not have, or they would not be whole."""
    content = card.model_dump(mode="json")
    for name in ("critic_space", "start_from"):
        if content[name] is None:
            del content[name]
    return content


def checksum_of(card: AgentCard) -> str:
    """SHA-256 over a canonical form of all other fields: shows that a card was edited, and nothing more."""
    content = {name: value for name, value in written(card).items() if name != "checksum"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def seal(card: AgentCard) -> AgentCard:
    """The same card with the checksum that belongs to it."""
    return card.model_copy(update={"checksum": checksum_of(card)})


def describe_space(space: gym.Space[object]) -> BoxCard | DictCard:
    """Write a space as data.

    Raises:
        ValueError: It is neither a Box nor a Dict of them.
    """
    return DictCard.of(space) if isinstance(space, gym.spaces.Dict) else _box_card(space, "")


def space_differences(name: str, card: BoxCard | DictCard, space: gym.Space[object]) -> list[str]:
    """Say field by field where the agent's space is not the env's.

    Args:
        name: What the space is called, such as "observation_space".
        card: The agent's.
        space: The env's.

    Returns:
        One sentence a difference; empty where the two are equal.
    """
    if isinstance(card, DictCard):
        if not isinstance(space, gym.spaces.Dict):
            return [f"{name}: the agent has a dict of {sorted(card.spaces)}, the env has {space}"]
        if set(card.spaces) != set(space.spaces):
            return [f"{name}: the agent has keys {sorted(card.spaces)}, the env has {sorted(space.spaces)}"]
        parts = [(f"{name}[{key!r}]", box, space.spaces[key]) for key, box in card.spaces.items()]
        return [difference for part in parts for difference in space_differences(*part)]
    if not isinstance(space, gym.spaces.Box):
        return [f"{name}: the agent has a box of shape {card.shape}, the env has {space}"]
    return _box_differences(name, card, BoxCard.of(space))


def _box_differences(name: str, agent: BoxCard, env: BoxCard) -> list[str]:
    differences = []
    for field in ("shape", "dtype", "low", "high"):
        ours, theirs = getattr(agent, field), getattr(env, field)
        if ours != theirs:
            differences.append(f"{name}.{field}: the agent has {_short(ours)}, the env has {_short(theirs)}")
    return differences


def _box_card(space: gym.Space[object], key: str) -> BoxCard:
    if not isinstance(space, gym.spaces.Box):
        raise ValueError(f"only Box spaces can be described, {key or 'the space'} is {space}")
    return BoxCard.of(space)


def _bounds(values: npt.NDArray[np.generic]) -> Bounds:
    flat = [float(value) for value in values.ravel()]
    return flat[0] if len(set(flat)) == 1 else tuple(flat)


def _array(bounds: Bounds, shape: tuple[int, ...], dtype: np.dtype[np.generic]) -> npt.NDArray[np.generic]:
    if isinstance(bounds, tuple):
        return np.array(bounds, dtype).reshape(shape)
    return np.full(shape, bounds, dtype)


def _short(value: object, limit: int = 80) -> str:
    text = str(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
