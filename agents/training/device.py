"""Which device the network runs on, and the reason in words."""

from dataclasses import dataclass
from typing import Literal

import gymnasium as gym
import torch

from robosim.agents.policies.frames import image_parts
from robosim.errors import RobosimError

DeviceName = Literal["auto", "cpu", "cuda"]


class DeviceError(RobosimError):
    """A device was asked for that is not there."""


@dataclass(frozen=True)
class DeviceChoice:
    """The device of the policy and its update."""

    device: Literal["cpu", "cuda"]
    reason: str
    """Ends the sentence "on this device, because ..."."""


def choose_device(wanted: DeviceName, observation_space: gym.Space[object], parameters: int) -> DeviceChoice:
    """Choose for an agent; see `choose_device_for`.

    Args:
        wanted: What the user asked for.
        observation_space: What the network sees.
        parameters: How many numbers the network has.
    """
    return choose_device_for(wanted, bool(image_parts(observation_space)), parameters)


def choose_device_for(wanted: DeviceName, images: bool, parameters: int) -> DeviceChoice:
    """Choose where the network is sampled and updated; the physics always runs on the CPU.

    Args:
        wanted: "cpu" and "cuda" are obeyed; "auto" takes the GPU, where there is one, for networks that see
            images.
        images: Whether the network sees any.
        parameters: How many numbers the network has.

    Raises:
        DeviceError: "cuda" where PyTorch finds no CUDA device.
    """
    cuda = torch.cuda.is_available()
    if wanted == "cuda" and not cuda:
        build = "is built without CUDA" if torch.version.cuda is None else "finds no CUDA device"
        raise DeviceError(f"--device cuda: PyTorch {torch.__version__} {build}; use --device auto or cpu")
    if wanted != "auto":
        return DeviceChoice(wanted, "it was asked for")
    if not images:
        return DeviceChoice(
            "cpu", f"a network of {parameters:,} parameters without images is faster there than on a GPU"
        )
    if cuda:
        return DeviceChoice("cuda", f"a network that sees images is what costs most, and here is a {_gpu()}")
    return DeviceChoice("cpu", "PyTorch finds no CUDA device; a network that sees images would be faster on one")


def fastest_precision(device: torch.device) -> torch.dtype:
    """Gives in which numbers convolutions are computed fastest where gradients need no more than that.

    Returns:
        bfloat16 where the hardware has instructions for it, else float32.
    """
    if device.type == "cuda":
        # From Ampere on in hardware; `is_bf16_supported` would count what older ones emulate, slowly.
        return torch.bfloat16 if torch.cuda.get_device_capability(device) >= (8, 0) else torch.float32
    has_instructions = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)  # not in every PyTorch
    return torch.bfloat16 if has_instructions() else torch.float32


def _gpu() -> str:
    return str(torch.cuda.get_device_name(0))
