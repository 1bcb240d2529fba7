"""Who may import whom: the table below is the architecture, and the code is held to it."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("robosim", "envs", "agents", "configs", "scripts")
LEARNING = {"torch", "stable_baselines3"}
ABOVE = {"robosim.envs", "robosim.agents", "robosim.configs"}  # above the simulator

# What may not be imported where. The longest matching place decides; a name covers its submodules.
FORBIDDEN = {
    "robosim": {"pybullet", "robosim.bullet", "gymnasium", *LEARNING, *ABOVE},
    "robosim/__init__.py": {"pybullet", *LEARNING, "robosim.agents"},  # registers the environments
    "robosim/bullet.py": {"gymnasium", *LEARNING, *ABOVE},
    "robosim/body.py": {"pybullet", "gymnasium", *LEARNING, *ABOVE},
    "robosim/physics.py": {"pybullet", "gymnasium", *LEARNING, *ABOVE},
    "robosim/bullet_attach.py": {"pybullet", "gymnasium", *LEARNING, *ABOVE},
    "robosim/bullet_joints.py": {"pybullet", "gymnasium", *LEARNING, *ABOVE},
    "robosim/bullet_shapes.py": {"pybullet", "gymnasium", *LEARNING, *ABOVE},
    "robosim/bullet_window.py": {"pybullet", "gymnasium", *LEARNING, *ABOVE},
    "robosim/bullet_senses.py": {"pybullet", "gymnasium", *LEARNING, *ABOVE},
    "robosim/perception": {"pybullet", "gymnasium", "stable_baselines3", *ABOVE},
    "envs": {"pybullet", "robosim.bullet", *LEARNING, "robosim.agents"},
    "agents": {"pybullet", "robosim.bullet", "robosim.envs"},
    "scripts": {"pybullet", "robosim.bullet"},
}
SECOND_COPIES = {"envs", "agents", "configs", "scripts", "tests", "robosim.robosim"}
RELATIVE = {""}  # as within() sees `from . import a`: always written out instead
NUMPY_ONLY = ("robosim/math", "robosim/terrain", "robosim/planning")
PLAIN = {
    *sys.stdlib_module_names,
    "numpy",
    "robosim.errors",
    "robosim.compiled",
    *(p.replace("/", ".") for p in NUMPY_ONLY),
}
ALLOWED_EVERYWHERE = {"gymnasium.spaces"}  # spaces are plain descriptions: robots and sensors state theirs


def imports(source: str) -> Iterator[str]:
    """The full names that a module imports: for `from a import b` also a.b."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = "." * node.level + (node.module or "")
            yield from (f"{package}.{alias.name}" for alias in node.names)


def within(name: str, packages: set[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def offences(path: str, source: str) -> list[str]:
    """The imports of one file, named by its path in the checkout, that break a rule."""
    place = max((p for p in FORBIDDEN if path == p or path.startswith(f"{p}/")), key=len, default="")
    forbidden = FORBIDDEN.get(place, set()) | SECOND_COPIES | RELATIVE
    if not path.startswith("scripts/"):
        forbidden |= {"robosim.scripts"}
    bad = [n for n in imports(source) if within(n, forbidden) and not within(n, ALLOWED_EVERYWHERE)]
    if path.startswith(NUMPY_ONLY):
        bad += [n for n in imports(source) if not within(n, PLAIN)]
    return bad


@pytest.mark.parametrize("folder", FOLDERS)
def test_imports_follow_the_layers(folder: str) -> None:
    paths = sorted((ROOT / folder).rglob("*.py"))
    assert paths
    found = {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in paths}
    assert not {path: bad for path, source in found.items() if (bad := offences(path, source))}


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("robosim/robots/x.py", "import pybullet as p"),
        ("robosim/sensors/x.py", "from gymnasium import Env"),
        ("robosim/task.py", "import torch.nn"),
        ("robosim/math.py", "import scipy.linalg"),
        ("robosim/perception/x.py", "import stable_baselines3"),
        ("envs/x.py", "def late():\n    import torch"),
        ("agents/x.py", "from robosim import envs"),
        ("agents/x.py", "from robosim.scripts.cli import command"),
        ("agents/x.py", "import envs"),
        ("scripts/x.py", "from . import cli"),
    ],
)
def test_a_breach_is_seen(path: str, source: str) -> None:
    assert offences(path, source)


def test_what_the_layers_allow() -> None:
    assert not offences("robosim/robots/x.py", "from gymnasium import spaces\nimport gymnasium.spaces.box")
    assert not offences("robosim/bullet.py", "import pybullet")
    assert not offences("robosim/perception/x.py", "import torch\nfrom gymnasium import spaces")
    assert not offences("scripts/x.py", "import robosim.envs\nfrom robosim.scripts.cli import command")


def test_envs_load_without_torch() -> None:
    code = "import sys, robosim.envs; sys.exit('torch' in sys.modules or 'stable_baselines3' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
