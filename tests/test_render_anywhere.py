"""The rasteriser on any machine: no display, no graphics library, no folder to write to, in any process, for long."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scenes import blank, random_bodies

import robosim
from robosim.physics import Physics
from robosim.render.lens import Lens, looking
from robosim.render.renderer import Renderer, Shadows
from robosim.render.scene import Scene

# Renders, and says what came of it; takes the time from before the first import.
CHILD = """
import time
start = time.perf_counter()
import hashlib, json
import numpy as np
from robosim.physics import Physics
from robosim.render.lens import Lens, looking
from robosim.render.renderer import Renderer, Shadows
from robosim.render.scene import Scene
from scenes import blank, random_bodies
lens = Lens(64, 48, 55.0)
digest = hashlib.sha256()
with Physics(1 / 200) as physics:
    physics.add_plane()
    bodies = random_bodies(physics, np.random.default_rng(3), 12)
    scene, picture = Scene(physics), blank(lens)
    plain, fine = Renderer(scene, lens), Renderer(scene, lens, samples=2, shadows=Shadows(512), smooth=True)
    plain.draw(looking((6.0, 2.0, 3.0), (0.0, 0.0, 0.5)), *picture)
    first = time.perf_counter() - start
    for frame in range(20):
        physics.step(5)
        scene.update()
        plain.draw(looking((6.0, 2.0, 3.0), (0.0, 0.0, 0.5)), *picture)
        for image in picture:
            digest.update(image.tobytes())
        fine.draw(looking((6.0, 2.0, 3.0), (0.0, 0.0, 0.5)), picture.rgb)
        digest.update(picture.rgb.tobytes())
import gymnasium
env = gymnasium.make("robosim/WheelBalance-v3", observation="camera", render_mode="rgb_array", level=3)
observation, _ = env.reset(seed=4)
digest.update(observation["rgb"].tobytes() + observation["depth8"].tobytes() + env.render().tobytes())
mapped = sorted({line.split()[-1] for line in open("/proc/self/maps") if "/" in line})
print(json.dumps({"digest": digest.hexdigest(), "first": first, "mapped": mapped}))
"""
NOWHERE = "/dev/null/nowhere"  # below a file: no user, not even root, can make a folder there
# Of graphics: OpenGL and its relatives, displays, drivers.
GRAPHICS = ("libGL", "libEGL", "libGLX", "libGLESv2", "libOSMesa", "libvulkan", "libcuda", "libnvidia", "libX11",
            "libxcb", "libwayland-client", "libdrm", "libgbm")  # fmt: skip


def render(folder: Path, **environment: str) -> dict[str, Any]:
    """Renders in a new process, with the package from ``folder`` and no display."""
    unset = ("DISPLAY", "WAYLAND_DISPLAY", "NUMBA_CACHE_DIR", "NUMBA_DISABLE_JIT", "LD_PRELOAD")
    kept = {name: value for name, value in os.environ.items() if name not in unset}
    kept["PYTHONPATH"] = os.pathsep.join([str(folder), str(Path(__file__).parent)])
    done = subprocess.run(
        [sys.executable, "-c", CHILD],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=kept | environment,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


@pytest.fixture(scope="module")
def cached() -> dict[str, Any]:
    """What a process gives that finds the kernels compiled."""
    folder = Path(robosim.__file__).parents[1]
    render(folder)
    return render(folder)


@pytest.mark.medium
def test_frames_are_the_same_bit_for_bit_in_any_process(cached: dict[str, Any]) -> None:
    assert render(Path(robosim.__file__).parents[1])["digest"] == cached["digest"]


@pytest.mark.medium
def test_the_first_frame_is_soon_there(cached: dict[str, Any]) -> None:
    assert cached["first"] < 5.0  # a second on a machine that is not busy


@pytest.mark.medium
def test_no_graphics_library_is_needed(tmp_path: Path, cached: dict[str, Any]) -> None:
    """Neither loaded here, nor missed where there is none: each one's name leads to a file that is no library."""
    systems = [path for path in cached["mapped"] if "site-packages" not in path]  # what wheels bring along is there
    assert [path for path in systems if Path(path).name.startswith(GRAPHICS)] == []
    for name in GRAPHICS:
        for ending in (".so", ".so.0", ".so.1", ".so.2", ".so.6"):
            (tmp_path / (name + ending)).write_bytes(b"")
    without = render(Path(robosim.__file__).parents[1], LD_LIBRARY_PATH=str(tmp_path))
    assert without["digest"] == cached["digest"]


@pytest.mark.medium
def test_no_folder_needs_to_be_writable(tmp_path: Path, cached: dict[str, Any]) -> None:
    """Where compiled kernels cannot be kept, a process compiles them for itself; it sees the same."""
    source = Path(robosim.__file__).parents[1]
    copied = ("robosim", "envs", "agents", "configs", "scripts")
    for name in copied:
        if (source / name).is_dir():
            shutil.copytree(source / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for folder in list(tmp_path.rglob("*")):
        if folder.is_dir():
            (folder / "__pycache__").write_bytes(b"")  # a file, in whose place no folder can be made
    alone = render(
        tmp_path, HOME=NOWHERE, XDG_CACHE_HOME=NOWHERE, PYTHONDONTWRITEBYTECODE="1", TMPDIR=NOWHERE, IPYTHONDIR=NOWHERE
    )
    assert alone["digest"] == cached["digest"]
    assert alone["first"] < 120.0  # 15 s on a machine that is not busy
    assert not list(tmp_path.rglob("*.nbi"))


@pytest.mark.medium
def test_a_hundred_thousand_frames_take_no_memory() -> None:
    """Bodies move, are painted and put elsewhere meanwhile."""
    lens = Lens(32, 32, 60.0)
    with Physics(1 / 200) as physics:
        physics.add_plane()
        bodies = random_bodies(physics, np.random.default_rng(0), 6)
        scene, picture = Scene(physics), blank(lens)
        plain, fine = Renderer(scene, lens), Renderer(scene, lens, samples=2, shadows=Shadows(64))
        view = looking((6.0, 2.0, 3.0), (0.0, 0.0, 0.5))
        before = 0
        for frame in range(102_000):
            if frame == 2_000:
                before = _memory()
            if frame % 10 == 0:
                bodies[1].place((0.0, 0.0, 1.0 + frame % 7))
                physics.step()
                scene.update()
            if frame % 100 == 0:
                fine.draw(view, picture.rgb)
            plain.draw(view, *picture)
        assert _memory() - before < 20e6


def _memory() -> int:
    """Gives what this process holds in memory, bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
