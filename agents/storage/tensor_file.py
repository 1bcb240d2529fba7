"""Tensors and a little JSON as one safetensors file, certainly as it was written. Loading runs no code from it."""

import hashlib
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as serialise

from robosim.errors import RobosimError
from robosim.whole_file import write_whole

Tensors = dict[str, torch.Tensor]


class TensorFileError(RobosimError):
    """A file that is damaged, or none of ours."""


def write_tensors(path: Path, head: str, tensors: Tensors) -> None:
    """Write a file, whole or not at all."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write_whole(path, serialise(tensors, {"head": head, "sha256": digest(head, tensors)}))


def read_tensors(path: Path, what: str) -> tuple[str, Tensors]:
    """Read the JSON text and the tensors of a file.

    Args:
        path: Where it is.
        what: What errors call it, such as "checkpoint".

    Raises:
        TensorFileError: There is none, or it is not what was written.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except FileNotFoundError:
        raise TensorFileError(f"{path}: there is no {what}") from None
    except (SafetensorError, OSError) as error:
        raise TensorFileError(f"{path}: the {what} is damaged: {error}") from None
    head = metadata.get("head", "")
    if metadata.get("sha256") != digest(head, tensors):
        raise TensorFileError(f"{path}: the {what} is damaged: its contents are not what was written (sha256 differs)")
    return head, tensors


def digest(head: str, tensors: Tensors) -> str:
    """Hash everything in a file; safetensors itself would not notice a flipped bit."""
    found = hashlib.sha256(head.encode())
    for name in sorted(tensors):
        found.update(name.encode())
        found.update(tensors[name].numpy().tobytes())
    return found.hexdigest()
