"""PyBullet's world behind names and units.

One `Physics` is one PyBullet client; every call names it. Bodies, links and joints are reached by name. Lengths are in
metres, masses in kilograms, times in seconds, quaternions ``(x, y, z, w)``. Poses and velocities are those of a
link's own URDF frame, not of its centre of mass, which is what PyBullet itself reports for the base.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from robosim.body import Body, Moment
from robosim.bullet import pybullet
from robosim.errors import RobosimError
from robosim.math import IDENTITY, Vec3

GRAVITY = 9.81  # m/s²
_PROBE = "import pybullet, sys; sys.exit(pybullet.connect(pybullet.GUI) < 0)"
_FAR = 1000.0  # m; where bodies wait while contacts are forgotten: beyond any world


def _check_window() -> None:
    """Learns whether PyBullet can open its window.

    In another process, because PyBullet raises no error where there is no display: it ends the process.

    Raises:
        RobosimError: It cannot; with the way out.
    """
    probe = subprocess.run([sys.executable, "-c", _PROBE], capture_output=True, check=False)
    if probe.returncode:
        display = os.environ.get("DISPLAY")
        reason = f"DISPLAY={display!r} does not answer" if display else "there is no display (DISPLAY is not set)"
        raise RobosimError(
            f"render_mode='human' opens a window, and {reason}. render_mode='rgb_array' needs no display; "
            "`robosim watch AGENT --video FILE.mp4` records a video."
        )


class Physics:
    """A world of rigid bodies that is built once and then returns to its first state as often as asked.

    Args:
        dt: Length of one physics step in seconds.
        gui: Open PyBullet's window instead of running without a display.
        solver_iterations: Iterations of the contact solver in each step.

    Raises:
        RobosimError: A window was asked for where there is no display.
    """

    def __init__(self, dt: float, *, gui: bool = False, solver_iterations: int = 20) -> None:
        """Connects; see the class."""
        if dt <= 0:
            raise RobosimError(f"dt={dt!r} is not a positive time step in seconds")
        if gui:
            _check_window()
        self.dt = dt
        self.gui = gui
        window = (pybullet.GUI, "--width=1280 --height=720")
        self._client = pybullet.connect(*window) if gui else pybullet.connect(pybullet.DIRECT)
        if self._client < 0:
            raise RobosimError("PyBullet could not start; with render_mode='human', try render_mode='rgb_array'")
        self._bodies: list[Body] = []
        self._moment = Moment()
        self._state: int | None = None
        pybullet.setPhysicsEngineParameter(
            fixedTimeStep=dt,
            numSolverIterations=solver_iterations,
            # Without it a restored state orders its contacts by the past, and the same episode differs in its last
            # bits.
            deterministicOverlappingPairs=1,
            # With cone friction feet and wheels creep: bullet3 issue 1473.
            enableConeFriction=0,
            physicsClientId=self._client,
        )
        pybullet.setGravity(0, 0, -GRAVITY, physicsClientId=self._client)
        if gui:
            pybullet.configureDebugVisualizer(pybullet.COV_ENABLE_GUI, 0, physicsClientId=self._client)

    def __enter__(self) -> "Physics":
        """Gives itself; leaving the block closes it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes."""
        self.close()

    def close(self) -> None:
        """Ends the client; a second call does nothing."""
        if self._client >= 0:
            pybullet.disconnect(self._client)
            self._client = -1

    def load_urdf(
        self,
        path: str | Path,
        position: Sequence[float] = (0.0, 0.0, 0.0),
        quaternion: Sequence[float] = IDENTITY,
        *,
        fixed: bool = False,
    ) -> Body:
        """Loads a URDF, its joints' default motors switched off.

        Args:
            path: The file.
            position: Where its base frame goes, metres.
            quaternion: How its base frame is turned.
            fixed: Nail the base to the world.
        """
        # By itself PyBullet makes a cylinder a prism of 32 faces: a wheel would stand on flats and cog.
        flags = pybullet.URDF_USE_INERTIA_FROM_FILE | pybullet.URDF_USE_IMPLICIT_CYLINDER
        index = pybullet.loadURDF(
            str(path), position, quaternion, useFixedBase=fixed, flags=flags, physicsClientId=self._client
        )
        return self._adopt(index, dynamic=not fixed)

    def add_plane(self, texture: Path | None = None, size: float = 200.0) -> Body:
        """Adds an endless floor through the origin, seen as a square of ``size`` metres."""
        collision = pybullet.createCollisionShape(pybullet.GEOM_PLANE, physicsClientId=self._client)
        corners = [[x * size / 2, y * size / 2, 0.0] for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
        repeats = size / 2
        visual = pybullet.createVisualShape(
            pybullet.GEOM_MESH, vertices=corners, indices=[0, 1, 2, 0, 2, 3], normals=[[0, 0, 1]] * 4,
            uvs=[[0, 0], [repeats, 0], [repeats, repeats], [0, repeats]], physicsClientId=self._client,
        )  # fmt: skip
        index = pybullet.createMultiBody(0, collision, visual, physicsClientId=self._client)
        if texture is not None:
            image = pybullet.loadTexture(str(texture), physicsClientId=self._client)
            pybullet.changeVisualShape(index, -1, textureUniqueId=image, physicsClientId=self._client)
        return self._adopt(index, dynamic=False)

    def add_box(self, size: Sequence[float], mass: float, colour: Sequence[float]) -> Body:
        """Adds a box at the origin; mass 0 makes it immovable.

        Args:
            size: Full lengths along its axes, metres.
            mass: Kilograms.
            colour: Red, green, blue, opacity in [0, 1].
        """
        half = [length / 2 for length in size]
        collision = pybullet.createCollisionShape(pybullet.GEOM_BOX, halfExtents=half, physicsClientId=self._client)
        visual = pybullet.createVisualShape(
            pybullet.GEOM_BOX, halfExtents=half, rgbaColor=colour, physicsClientId=self._client
        )
        index = pybullet.createMultiBody(mass, collision, visual, physicsClientId=self._client)
        return self._adopt(index, dynamic=mass > 0)

    def _adopt(self, index: int, *, dynamic: bool) -> Body:
        body = Body(self._client, index, self._moment, dynamic=dynamic)
        self._bodies.append(body)
        return body

    def save(self) -> None:
        """Keeps the present state as the one `restore` returns to; call it once, when the world is built."""
        self._state = pybullet.saveState(physicsClientId=self._client)

    def restore(self) -> None:
        """Returns to the saved state, so that what follows does not depend on what was.

        Contacts outlive ``restoreState`` alone. Moving every dynamic body out of all contact first, then finding
        contacts anew, empties them. Motor targets are not part of a state: send them again.

        Raises:
            RuntimeError: Nothing was saved.
        """
        if self._state is None:
            raise RuntimeError("Physics.restore() before Physics.save()")
        for place, body in enumerate(body for body in self._bodies if body.dynamic):
            body.place((_FAR, _FAR * place, _FAR))
        pybullet.performCollisionDetection(physicsClientId=self._client)
        pybullet.restoreState(stateId=self._state, physicsClientId=self._client)
        self._moment.number += 1

    def step(self, steps: int = 1) -> None:
        """Moves the world on by ``steps`` physics steps."""
        for _ in range(steps):
            pybullet.stepSimulation(physicsClientId=self._client)
        self._moment.number += 1

    def ray(self, start: Sequence[float], end: Sequence[float]) -> Vec3 | None:
        """Gives the first point that a ray from ``start`` to ``end`` hits, metres in the world, or None."""
        index, _, _, position, _ = pybullet.rayTest(start, end, physicsClientId=self._client)[0]
        return None if index < 0 else position

    def look(self, eye: Sequence[float], target: Sequence[float]) -> None:
        """Turns the window's camera towards ``target`` from ``eye``; without a window nothing happens."""
        if not self.gui:
            return
        x, y, z = (a - b for a, b in zip(eye, target, strict=True))
        distance = float(np.linalg.norm((x, y, z)))
        pybullet.resetDebugVisualizerCamera(
            distance, float(np.degrees(np.arctan2(x, -y))), -float(np.degrees(np.arcsin(z / distance))), target,
            physicsClientId=self._client,
        )  # fmt: skip

    def picture(
        self, eye: Sequence[float], target: Sequence[float], *, width: int = 640, height: int = 480, fov: float = 50.0
    ) -> NDArray[np.uint8]:
        """Draws the world without a display.

        Args:
            eye: Where the camera stands, metres in the world.
            target: What it looks at; up is up.
            width: Pixels.
            height: Pixels.
            fov: Vertical field of view, degrees.

        Returns:
            RGB, shape ``(height, width, 3)``.
        """
        view = pybullet.computeViewMatrix(eye, target, (0, 0, 1), physicsClientId=self._client)
        lens = pybullet.computeProjectionMatrixFOV(fov, width / height, 0.05, 60.0, physicsClientId=self._client)
        _, _, pixels, _, _ = pybullet.getCameraImage(
            width, height, view, lens, lightDirection=(0.4, -0.6, 1.0), shadow=0,
            flags=pybullet.ER_NO_SEGMENTATION_MASK, renderer=pybullet.ER_TINY_RENDERER, physicsClientId=self._client,
        )  # fmt: skip
        return np.asarray(pixels, dtype=np.uint8).reshape(height, width, 4)[..., :3].copy()
