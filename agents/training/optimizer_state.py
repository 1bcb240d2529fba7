"""An optimizer's state as tensors in a checkpoint, and back."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from pydantic import JsonValue

from robosim.agents.storage.tensor_file import Tensors
from robosim.errors import RobosimError


class CheckpointError(RobosimError):
    """A checkpoint that cannot be gone on from."""


def optimizer_tensors(state: Mapping[str, Any]) -> Tensors:
    """The tensors of an optimizer's state_dict, by names that `optimizer_state` knows."""
    found: Tensors = {}
    for index, values in state["state"].items():
        found |= {f"optimizer/{index}/{key}": value for key, value in values.items()}
    return found


def optimizer_state(
    path: Path, groups: Sequence[dict[str, JsonValue]], tensors: Tensors, optimizer: torch.optim.Optimizer
) -> dict[str, Any]:
    """The optimizer's state_dict, as PyTorch numbers it: by the place of the parameter.

    Args:
        path: The checkpoint, for messages.
        groups: Its "param_groups", from the checkpoint's JSON.
        tensors: The checkpoint's; those of an optimizer are taken.
        optimizer: Whose state it is to become.

    Raises:
        CheckpointError: It is the state of another optimizer or network.
    """
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    shape, wanted = (
        [(sorted(group), group["params"]) for group in some]
        for some in (groups, optimizer.state_dict()["param_groups"])
    )
    if shape != wanted:
        raise CheckpointError(f"{path}: of another optimizer, or of another version of PyTorch")
    state: dict[int, Tensors] = {}
    for name, value in tensors.items():
        if name.startswith("optimizer/"):
            _, place, key = name.split("/")
            state.setdefault(int(place), {})[key] = value
    for index, values in state.items():
        if index >= len(parameters) or any(v.ndim and v.shape != parameters[index].shape for v in values.values()):
            raise CheckpointError(f"{path}: of another network: the optimizer's parameter {index} has another shape")
    # JSON has no tuples, and Adam's betas are one.
    restored = [
        {key: tuple(value) if isinstance(value, list) and key == "betas" else value for key, value in group.items()}
        for group in groups
    ]
    return {"state": state, "param_groups": restored}
