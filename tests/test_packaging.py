"""What users install: the wheel, built from the source archive, holds every file under its import name."""

import ast
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from configparser import ConfigParser
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = {"robosim": "robosim"} | {f: f"robosim/{f}" for f in ("envs", "agents", "configs", "scripts")}
NOT_INSTALLED = ("__pycache__", ".pyc", ".DS_Store", "scripts/pictures/")

# What a newcomer does after `pip install robosim`, in this order and in an empty folder that holds tiny.yaml.
TINY = """\
name: tiny
env: {id: robosim/WheelBalance-v3, kwargs: {level: 0}}
total_steps: 512
envs: 2
workers: 1
ppo: {n_steps: 128, batch_size: 64, n_epochs: 1}
validation: {episodes: 2}
"""
COMMANDS = [
    "robosim --help",
    "robosim --version",
    "robosim train tiny.yaml",
    "robosim evaluate runs/tiny zero --episodes 2 --split test --level 0 --workers 1 --json result.json",
    "robosim watch runs/tiny --seed 0 --video tiny.gif",
]
MADE = ["runs/tiny/last/policy.safetensors", "result.json", "tiny.gif"]

# A class is one object under one name, here and in a spawned process that knows the env by its spec alone.
ONE_CLASS = """
import multiprocessing, robosim, gymnasium

def made(spec):
    return type(gymnasium.make(spec).unwrapped), robosim.__path__[0]

if __name__ == "__main__":
    import robosim.envs
    spec = gymnasium.spec("robosim/WheelBalance-v3")
    here = made(spec)
    assert here[0].__module__.startswith("robosim.envs."), here
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(made, [spec]) == [here]
    print(robosim.__path__[0])
"""


def check_one_class(python: str, folder: Path) -> Path:
    """Run ONE_CLASS in a folder whose owner has packages of the same names, and return where robosim lies."""
    for name in ("envs", "agents", "scripts"):
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text("raise ImportError('not robosim')", "utf-8")
    (folder / "one_class.py").write_text(ONE_CLASS, "utf-8")
    return Path(run([python, "one_class.py"], folder).splitlines()[-1])


def run(command: list[str], folder: Path) -> str:
    """Run `command` in `folder` as a user's shell would, and return what it wrote."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        command, cwd=folder, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}"
    return done.stdout


def source_files() -> dict[str, bytes]:
    """Every file of the five folders by its place in an installed package."""
    return {
        f"{place}/{path.relative_to(ROOT / folder).as_posix()}": path.read_bytes()
        for folder, place in FOLDERS.items()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and not any(leftover in path.as_posix() for leftover in NOT_INSTALLED)
    }


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source archive and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("dist")
    run([sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder)], ROOT)
    return folder


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    (path,) = dist.glob("*.whl")
    return path


def test_wheel_holds_every_file_under_its_import_name(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {n: archive.read(n) for n in archive.namelist() if ".dist-info/" not in n}
    wanted = source_files()
    assert sorted(held) == sorted(wanted)
    assert held == wanted
    assert {"robosim/py.typed", "robosim/envs/__init__.py", "robosim/scripts/main.py"} <= set(held)


def test_wheel_holds_the_data(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    for folder, ending in [
        ("robosim/robots/", ".urdf"),
        ("robosim/worlds/", ".png"),
        ("robosim/configs/", ".yaml"),
        ("robosim/agents/pretrained/", "/agent.yaml"),
        ("robosim/agents/pretrained/", "/policy.safetensors"),
        ("robosim/agents/", ".j2"),
    ]:
        assert any(n.startswith(folder) and n.endswith(ending) for n in names), f"no *{ending} in {folder}"


def test_what_is_imported_is_declared() -> None:
    """Also what happens to come with another package today. An extra of a command's is imported where it is used."""
    at_once, later = _imported()
    for names, lines in (
        (at_once, [line for line in requires("robosim") or () if "extra" not in line]),
        (later, [line for line in requires("robosim") or () if not re.search(r"extra == .dev", line)]),
    ):
        declared = {re.split(r"[\s<>=!~;\[]", line)[0].lower().replace("-", "_") for line in lines}
        owners = packages_distributions()
        foreign = names - set(sys.stdlib_module_names) - {"robosim"}
        assert foreign
        for name in sorted(foreign):
            assert declared & {owner.lower().replace("-", "_") for owner in owners.get(name, ())}, name


def _imported() -> tuple[set[str], set[str]]:
    """The packages that modules import when they are imported themselves, and those that functions do."""
    found: tuple[set[str], set[str]] = (set(), set())
    for path in (path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        inside = {id(node) for function in functions for node in ast.walk(function)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
                found[id(node) in inside].update(str(name).partition(".")[0] for name in names)
    return found


def test_wheel_offers_the_command(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith("/entry_points.txt"))
        points = ConfigParser()
        points.read_string(archive.read(name).decode())
        assert any(n.endswith("/licenses/LICENSE") for n in archive.namelist())
    assert dict(points["console_scripts"]) == {"robosim": "robosim.scripts.main:main"}


def test_source_archive_can_be_built_and_tested(dist: Path) -> None:
    (path,) = dist.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    tests = {p.relative_to(ROOT).as_posix() for p in (ROOT / "tests").rglob("*.py")}
    assert tests | {"pyproject.toml", "Makefile", "constraints.txt", "README.md", "LICENSE"} <= names
    assert not [name for name in names if name.startswith((".venv", "build", "dist", "runs"))]


def test_a_checkout_has_one_copy_of_each_class(tmp_path: Path) -> None:
    assert check_one_class(sys.executable, tmp_path) == ROOT / "robosim"


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel, outside the checkout; its dependencies are those of this interpreter."""
    folder = tmp_path_factory.mktemp("installed")
    run([sys.executable, "-m", "venv", "--without-pip", str(folder)], folder)
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin/python"), "--disable-pip-version-check"]
    run([*pip, "install", "--no-deps", "--no-index", str(wheel)], folder)
    (packages,) = folder.glob("lib/python*/site-packages")
    # A path added this way comes after the wheel, and its own .pth files (the checkout's) are not read.
    dependencies = Path(pytest.__file__).resolve().parents[1]
    (packages / "dependencies.pth").write_text(f"{dependencies}\n", "utf-8")
    return folder / "bin"


@pytest.mark.slow
def test_installed_wheel_has_one_copy_of_each_class(installed: Path, tmp_path: Path) -> None:
    assert check_one_class(str(installed / "python"), tmp_path).is_relative_to(installed.parent)


@pytest.mark.slow
def test_installed_wheel_trains_evaluates_and_watches(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text(TINY, "utf-8")
    for line in COMMANDS:
        name, *arguments = line.split()
        run([str(installed / name), *arguments], tmp_path)
    assert [name for name in MADE if not (tmp_path / name).is_file()] == []
