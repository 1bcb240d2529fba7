"""Where a number comes from: the kind of machine and the package versions. Kinds, never identities."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from pathlib import Path

import torch

import robosim

PACKAGES = ("gymnasium", "pybullet", "stable-baselines3", "torch", "numpy")

Machine = dict[str, str | int | float | None]


def machine() -> Machine:
    """The kind of machine this runs on: no host name, no user, no serial numbers."""
    return {
        "cpu": _cpu_model(),
        "cores": usable_cores(),
        "memory_gib": _memory_gib(),
        "gpu": torch.cuda.get_device_name(0) if torch.cuda.is_available() else None,
        "os": _operating_system(),
        "python": platform.python_version(),
    }


def versions() -> dict[str, str]:
    """The versions of the packages that decide what an episode and an agent do."""
    return {"robosim": robosim.__version__, **{package: _version(package) for package in PACKAGES}}


def usable_cores() -> int:
    """How many CPU cores this process may use, which can be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _cpu_model() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory_gib() -> float | None:
    try:
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # no sysconf (Windows), or not these names
        return None
    return round(total / 2**30, 1)


def _operating_system() -> str:
    try:
        name = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        name = platform.system()
    return f"{name}, {platform.machine()}"
