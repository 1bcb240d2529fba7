"""A perception network as one file: its description, where it comes from, and its weights. Loading runs no code."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from robosim.agents.perception.experiment import NetworkSpec
from robosim.agents.storage.provenance import Machine, machine, versions
from robosim.agents.storage.tensor_file import read_tensors, write_tensors
from robosim.agents.training.experiment_file import differing_fields
from robosim.errors import RobosimError
from robosim.perception.closer import CloserNetwork, CloserSpec
from robosim.perception.encoders import Encoder
from robosim.perception.labels import LabelNetwork, LabelSpec
from robosim.perception.scene import SceneNetwork, SceneSpec

Network = SceneNetwork | CloserNetwork | LabelNetwork
NETWORK_NAME = "network.safetensors"
LAST_NAME = "last.safetensors"
SHIPPED = Path(__file__).parent / "shipped"
_STAGES = "encoder.stages."


class NetworkError(RobosimError):
    """A perception network that cannot be read or used."""


class NetworkCard(BaseModel):
    """Everything about a network but its numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    name: str = Field(min_length=1, max_length=200)
    network: NetworkSpec
    seed: int = Field(ge=0)
    updates: int = Field(ge=0)
    """Optimizer steps it was trained for."""
    pictures: int = Field(ge=0)
    """Of the training split, from which it learnt."""
    wall_clock_s: float = Field(ge=0, allow_inf_nan=False)
    machine: Machine
    versions: dict[str, str]
    scores: dict[str, JsonValue]
    created: datetime.date


def build_network(spec: SceneSpec | CloserSpec | LabelSpec) -> Network:
    """Builds the network of a description, with new weights from torch's random numbers.

    Raises:
        RobosimError: Its pictures are too small for its encoder.
    """
    if isinstance(spec, SceneSpec):
        return SceneNetwork(spec)
    return CloserNetwork(spec) if isinstance(spec, CloserSpec) else LabelNetwork(spec)


def save_network(
    path: Path,
    network: Network,
    *,
    name: str,
    seed: int,
    updates: int,
    pictures: int,
    wall_clock_s: float,
    scores: dict[str, JsonValue],
) -> NetworkCard:
    """Write a network's file, whole or not at all. The kind of machine, the versions and the date are those of now."""
    card = NetworkCard(
        name=name,
        network=network.spec,
        seed=seed,
        updates=updates,
        pictures=pictures,
        wall_clock_s=round(wall_clock_s, 1),
        machine=machine(),
        versions=versions(),
        scores=scores,
        created=datetime.datetime.now(datetime.timezone.utc).date(),
    )
    write_tensors(path, card.model_dump_json(), dict(network.state_dict()))
    return card


def find_network(name: str) -> Path:
    """Where a network is: a shipped one by its name, a file, or a run's folder.

    A folder called like a shipped network is written `./name`, as with agents.

    Raises:
        NetworkError: There is none.
    """
    known = sorted(entry.parent.name for entry in SHIPPED.glob(f"*/{NETWORK_NAME}"))
    path = SHIPPED / name if name in known else Path(name)
    for there in (path, path / NETWORK_NAME):
        if there.is_file():
            return there
    if (path / LAST_NAME).is_file():
        raise NetworkError(
            f"{name}: has no {NETWORK_NAME}, the best by validation, as it was never validated yet: "
            f"name its latest, {path / LAST_NAME}, or go on with its training by --resume"
        )
    raise NetworkError(f"{name}: no network's file, no run's folder with {NETWORK_NAME}, none of {', '.join(known)}")


def load_network(path: str | Path) -> tuple[NetworkCard, Network]:
    """Read a network, set to judge, not to learn; `path` as `find_network` takes it.

    Raises:
        TensorFileError: The file is damaged.
        NetworkError: There is no such file, it is no perception network, or its weights are not its description's.
    """
    path = find_network(str(path))
    head, tensors = read_tensors(path, "network")
    try:
        card = NetworkCard.model_validate_json(head)
    except ValidationError as error:
        raise NetworkError(f"{path}: is not a perception network of this version: {error}") from None
    with torch.device("meta"):  # nothing is allocated for a foreign description before its size is known
        wanted = {key: tuple(value.shape) for key, value in build_network(card.network).state_dict().items()}
    found = {key: tuple(value.shape) for key, value in tensors.items()}
    if wanted != found:
        wrong = sorted(key for key in {*wanted, *found} if wanted.get(key) != found.get(key))
        raise NetworkError(f"{path}: its weights are not those of its description: {', '.join(wrong[:5])}")
    with torch.random.fork_rng(devices=[]):
        network = build_network(card.network)
    network.load_state_dict(tensors)
    return card, network.eval()


def load_stages(encoder: Encoder, path: str | Path) -> NetworkCard:
    """Give an encoder the convolutions of a perception network's, so that an agent begins with eyes that see.

    The layers that make the vector stay as they are: a network for scenes has none.

    Args:
        encoder: Of the same description and channels; its pictures may be of another size.
        path: The network's file.

    Raises:
        TensorFileError: The file is damaged.
        NetworkError: There is no such file, or it is another encoder.
    """
    card, network = load_network(path)
    weights = {
        key.removeprefix(_STAGES): value for key, value in network.state_dict().items() if key.startswith(_STAGES)
    }
    wanted = {key: tuple(value.shape) for key, value in encoder.stages.state_dict().items()}
    if {key: tuple(value.shape) for key, value in weights.items()} != wanted:
        described = card.network.encoder.model_dump_json()
        raise NetworkError(
            f"{path}: its encoder is another one ({described}, its network is of kind {card.network.kind})"
        )
    encoder.stages.load_state_dict(weights)
    return card


def load_finder(network: CloserNetwork) -> NetworkCard:
    """Gives a network that looks closer the weights of what finds for it: those of `CloserSpec.weights`.

    Raises:
        TensorFileError: The file is damaged.
        NetworkError: There is no such file, or its network is not the one that is described.
    """
    spec = network.spec
    card, found = load_network(spec.weights)
    if not isinstance(card.network, SceneSpec):
        raise NetworkError(f"network.weights = {spec.weights}: is of kind {card.network.kind}, not scene")
    other = "".join(
        f"\n  {name}: there {theirs!r}, here {ours!r}"
        for name, (theirs, ours) in differing_fields(card.network, spec.finder).items()
    )
    if other:
        raise NetworkError(f"network.weights = {spec.weights}: network.finder must be described as it is there:{other}")
    network.finder.load_state_dict(found.state_dict())
    return card
