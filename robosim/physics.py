"""PyBullet's world behind names and units.

One `Physics` is one PyBullet client; every call names it. Bodies, links and joints are reached by name. Lengths are in
metres, masses in kilograms, times in seconds, quaternions ``(x, y, z, w)``. Poses and velocities are those of a
link's own URDF frame, not of its centre of mass, which is what PyBullet itself reports for the base.
"""

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from robosim.body import Body, Moment, Pose
from robosim.bullet import pybullet
from robosim.bullet_attach import Attachment
from robosim.bullet_shapes import (
    create_collision,
    create_ground,
    create_heights,
    create_visual,
    load_image,
    read_visuals,
)
from robosim.bullet_window import check_window
from robosim.errors import RobosimError
from robosim.math import IDENTITY, Vec3
from robosim.shapes import ORIGIN, TEXTURE_WIDTH, WHITE, Box, Colour, Kind, Triangles, Visual, height_surface

GRAVITY = 9.81  # m/s²
_FAR = 1000.0  # m; where bodies wait while contacts are forgotten: beyond any world


class Physics:
    """A world of rigid bodies that is built once and then returns to its first state as often as asked.

    Args:
        dt: Length of one physics step in seconds.
        gui: Open PyBullet's window instead of running without a display.
        solver_iterations: Iterations of the contact solver in each step.

    Attributes:
        client: PyBullet's number of the client, for the modules that speak to PyBullet.
        bodies: All that was added, in that order.
        moment: Grows with whatever changes the world.
        steps: How many physics steps have been made, restores or not.
        planes: Numbers of those that are endless, even floors.

    Raises:
        RobosimError: A window was asked for where there is no display.
    """

    def __init__(self, dt: float, *, gui: bool = False, solver_iterations: int = 20) -> None:
        """Connects; see the class."""
        if dt <= 0:
            raise RobosimError(f"dt={dt!r} is not a positive time step in seconds")
        if gui:
            check_window()
        self.dt = dt
        self.gui = gui
        window = (pybullet.GUI, "--width=1280 --height=720")
        self.client = pybullet.connect(*window) if gui else pybullet.connect(pybullet.DIRECT)
        if self.client < 0:
            raise RobosimError("PyBullet could not start; with render_mode='human', try render_mode='rgb_array'")
        self.bodies: list[Body] = []
        self.moment = Moment()
        self.steps = 0
        self.planes: set[int] = set()
        self._state: int | None = None
        self._attachments: list[Attachment] = []
        self._textures: dict[Path | int, int] = {}
        pybullet.setPhysicsEngineParameter(
            fixedTimeStep=dt,
            numSolverIterations=solver_iterations,
            # Without it a restored state orders its contacts by the past, and the same episode differs in its last
            # bits.
            deterministicOverlappingPairs=1,
            # With cone friction feet and wheels creep: bullet3 issue 1473.
            enableConeFriction=0,
            physicsClientId=self.client,
        )
        pybullet.setGravity(0, 0, -GRAVITY, physicsClientId=self.client)
        if gui:
            pybullet.configureDebugVisualizer(pybullet.COV_ENABLE_GUI, 0, physicsClientId=self.client)

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
        if self.client >= 0:
            pybullet.disconnect(self.client)
            self.client = -1

    def load_urdf(
        self,
        path: str | Path,
        position: Sequence[float] = (0.0, 0.0, 0.0),
        quaternion: Sequence[float] = IDENTITY,
        *,
        fixed: bool = False,
        kind: Kind = Kind.ROBOT,
    ) -> Body:
        """Loads a URDF, its joints' default motors switched off.

        Args:
            path: The file.
            position: Where its base frame goes, metres.
            quaternion: How its base frame is turned.
            fixed: Nail the base to the world.
            kind: What sort of thing it is.
        """
        # By itself PyBullet makes a cylinder a prism of 32 faces: a wheel would stand on flats and cog.
        flags = pybullet.URDF_USE_INERTIA_FROM_FILE | pybullet.URDF_USE_IMPLICIT_CYLINDER
        index = pybullet.loadURDF(
            str(path), position, quaternion, useFixedBase=fixed, flags=flags, physicsClientId=self.client
        )
        self._part_links(index)
        return self._adopt(index, read_visuals(self.client, index), dynamic=not fixed, kind=kind)

    def _part_links(self, index: int) -> None:
        """Says of each two links of a body that they are never to be looked at together.

        They do not collide in any case. But which of them have come near each other outlives `restore`, takes part in
        the order in which the solver takes contacts, and with it in the last bits of what follows: of 12 episodes of
        WarehouseDeliver, whose robot has an arm that moves about it, two differed when they were played again.
        """
        links = range(-1, pybullet.getNumJoints(index, physicsClientId=self.client))
        for one, other in combinations(links, 2):
            pybullet.setCollisionFilterPair(index, index, one, other, 0, physicsClientId=self.client)

    def add_plane(
        self,
        texture: Path | NDArray[np.uint8] | None = None,
        size: float = 200.0,
        kind: Kind = Kind.FLOOR,
        *,
        width: float = TEXTURE_WIDTH,
    ) -> Body:
        """Adds an endless floor through the origin, seen as a square of ``size`` metres.

        Args:
            texture: An image, file or RGB.
            size: Metres.
            kind: What sort of thing it is.
            width: Of the texture on the floor, metres.
        """
        collision = pybullet.createCollisionShape(pybullet.GEOM_PLANE, physicsClientId=self.client)
        corners = np.array([(-1.0, -1.0, 0.0), (1.0, -1.0, 0.0), (1.0, 1.0, 0.0), (-1.0, 1.0, 0.0)]) * size / 2
        faces = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
        square = Triangles(corners, faces, (corners[:, :2] + size / 2) / width)
        floor = self._add(collision, [Visual(square, texture=texture)], 0.0, kind)
        self.planes.add(floor.number)
        return floor

    def add_heights(
        self,
        heights: NDArray[np.float64],
        cell: float,
        colour: Colour = WHITE,
        *,
        texture: Path | NDArray[np.uint8] | None = None,
        kind: Kind = Kind.FLOOR,
    ) -> Body:
        """Adds fixed, uneven ground, its middle at the origin and its heights above the origin's level.

        Args:
            heights: Shape (along x, along y), metres.
            cell: Metres from one sample to the next.
            colour: Of the ground; it multiplies the texture.
            texture: An image, file or RGB, laid on from above, `TEXTURE_WIDTH` wide.
            kind: What sort of thing it is.
        """
        surface = height_surface(heights, cell)
        # PyBullet centres a height field vertically; seen and felt, it stands where its numbers say.
        lift = float(heights.max() + heights.min()) / 2
        collision = create_heights(self.client, heights.T, cell)
        body = self._add(collision, [Visual(surface, colour, texture, (0.0, 0.0, -lift))], 0.0, kind)
        body.place((0.0, 0.0, lift))
        return body

    def add_body(
        self,
        visuals: Sequence[Visual],
        mass: float,
        kind: Kind = Kind.OTHER,
        *,
        felt: Sequence[Visual] | None = None,
        centre: Vec3 = ORIGIN,
    ) -> Body:
        """Adds a body of one link at the origin; mass 0 makes it immovable.

        Args:
            visuals: What is seen, all of link -1.
            mass: Kilograms.
            kind: What sort of thing it is.
            felt: Shapes that others bump into, 16 at most; None for those that are seen.
            centre: Of its mass, in the base frame, metres.

        Raises:
            RobosimError: There are too many shapes, or a surface among those that are felt.
        """
        felt = visuals if felt is None else felt
        return self._add(create_collision(self.client, felt), visuals, mass, kind, felt=felt, centre=centre)

    def add_box(self, size: Sequence[float], mass: float, colour: Colour, kind: Kind = Kind.OTHER) -> Body:
        """Adds a box at the origin, of full lengths ``size`` in metres; see `add_body`."""
        x, y, z = size
        return self.add_body([Visual(Box((x, y, z)), colour)], mass, kind)

    def add_fixture(self, visuals: Sequence[Visual], felt: Sequence[Visual], kind: Kind = Kind.OTHER) -> Body:
        """Adds a thing at the origin that nothing moves but `Body.place`, felt otherwise than it is seen.

        A world of many things is made of these: each immovable body of `add_body` costs a little in each physics step,
        whether it stands in the way of anything or not, and these cost next to nothing.

        Args:
            visuals: What is seen; PyBullet's window shows surfaces, if there are any, or else the other shapes.
            felt: Shapes that others bump into, 16 at most; none for what is only seen.
            kind: What sort of thing it is.

        Raises:
            RobosimError: There are too many shapes, or a surface among those that are felt.
        """
        return self._fix(create_collision(self.client, felt) if felt else -1, visuals, kind)

    def _fix(self, collision: int, visuals: Sequence[Visual], kind: Kind) -> Body:
        seen = create_visual(self.client, self._shown(visuals)) if self.gui else -1
        # Bullet's multibodies, which PyBullet makes of everything else, are stepped even where they cannot move.
        index = pybullet.createMultiBody(0.0, collision, seen, useMaximalCoordinates=True, physicsClientId=self.client)
        # An active body's bounding box is computed anew in each step; that of one asleep, where it is placed. Others
        # bump into it all the same.
        asleep = pybullet.ACTIVATION_STATE_SLEEP
        pybullet.changeDynamics(index, -1, activationState=asleep, physicsClientId=self.client)
        return self._adopt(index, visuals, dynamic=False, fixture=True, kind=kind)

    def add_ground(
        self, surface: Triangles, copies: int, colour: Colour = WHITE, texture: Path | NDArray[np.uint8] | None = None
    ) -> list[Body]:
        """Adds pieces of fixed ground, all of one surface, which they share: a copy costs next to nothing.

        They are fixtures, as `add_fixture` makes them. A surface has no inside: what has sunk below it falls.

        Args:
            surface: Its triangles, in the frame of the body.
            copies: How many bodies to make of it.
            colour: It multiplies the texture.
            texture: An image, file or RGB.
        """
        collision = create_ground(self.client, surface)
        visuals = [Visual(surface, colour, texture)]
        return [self._fix(collision, visuals, Kind.FLOOR) for _ in range(copies)]

    def _add(
        self,
        collision: int,
        visuals: Sequence[Visual],
        mass: float,
        kind: Kind,
        *,
        felt: Sequence[Visual] = (),
        centre: Vec3 = ORIGIN,
    ) -> Body:
        seen = create_visual(self.client, self._shown(visuals))
        index = pybullet.createMultiBody(
            mass, collision, seen, baseInertialFramePosition=centre, physicsClientId=self.client
        )
        return self._adopt(index, visuals, dynamic=mass > 0, kind=kind, felt=felt)

    @staticmethod
    def _shown(visuals: Sequence[Visual]) -> Sequence[Visual]:
        """Gives what PyBullet's window can show of them: its surfaces, if there are any, or else the other shapes."""
        return [visual for visual in visuals if isinstance(visual.shape, Triangles)] or visuals

    def _dress(self, index: int, visuals: Sequence[Visual]) -> None:
        """Gives a body its texture in PyBullet's window: one, for that is all it can have there."""
        for image in [visual.texture for visual in visuals if visual.texture is not None][:1]:
            key = image if isinstance(image, Path) else id(image)
            if key not in self._textures:
                self._textures[key] = load_image(self.client, image)
            texture = self._textures[key]
            pybullet.changeVisualShape(index, -1, textureUniqueId=texture, physicsClientId=self.client)

    def _adopt(
        self,
        index: int,
        visuals: Sequence[Visual],
        *,
        dynamic: bool,
        fixture: bool = False,
        kind: Kind,
        felt: Sequence[Visual] = (),
    ) -> Body:
        if self.gui:  # nobody else sees it
            self._dress(index, visuals)
        body = Body(
            self.client, index, self.moment, dynamic=dynamic, fixture=fixture, visuals=visuals, kind=kind, felt=felt
        )
        self.bodies.append(body)
        return body

    def solve_fully(self) -> None:
        """Lets the solver take all of its iterations in every step from now on, also where it has converged before.

        For worlds with several bodies that are free to move. When it has converged is found for all of them together,
        and depends on which pairs of them have been near each other, even an episode ago: with a robot and a dozen
        packages 22 of 320 replays differed in their last bits, and none without that shortcut.
        """
        pybullet.setPhysicsEngineParameter(solverResidualThreshold=0.0, physicsClientId=self.client)

    def save(self) -> None:
        """Keeps the present state as the one `restore` returns to; call it once, when the world is built."""
        self._state = pybullet.saveState(physicsClientId=self.client)
        for body in self.bodies:
            body.keep()

    def restore(self) -> None:
        """Returns to the saved state, so that what follows does not depend on what was.

        What was attached comes loose. Contacts outlive ``restoreState`` alone. Moving every dynamic body out of all
        contact first, then finding contacts anew, empties them. Colours return, too. Motor targets are not part of a
        state: send them again.

        Raises:
            RuntimeError: Nothing was saved.
        """
        if self._state is None:
            raise RuntimeError("Physics.restore() before Physics.save()")
        for attachment in self._attachments:
            attachment.remove()
        self._attachments.clear()
        for place, body in enumerate(body for body in self.bodies if body.dynamic):
            body.place((_FAR, _FAR * place, _FAR))
        pybullet.performCollisionDetection(physicsClientId=self.client)
        # Before the state, and not after it: where a fixture went back by the state alone, its bounding box would stay.
        for body in self.bodies:
            body.restore()
        pybullet.restoreState(stateId=self._state, physicsClientId=self.client)
        self.moment.placed += 1  # what is fixed has gone back, too
        self.moment.placements += 1
        self.moment.number += 1

    def attach(self, holder: Body, link: str, held: Body, pivot: Pose) -> Attachment:
        """Holds a body to a link of another as the two stand now, until `Attachment.remove` or `restore`.

        Args:
            holder: The body with the link.
            link: Its link, by name.
            held: The other one.
            pivot: Point and axes in the world about which the load is told; see `Attachment.load`.

        Raises:
            RobosimError: The link is none of the holder's.
        """
        self._attachments.append(Attachment(self.client, holder, link, held, pivot))
        return self._attachments[-1]

    def step(self, steps: int = 1) -> None:
        """Moves the world on by ``steps`` physics steps."""
        for _ in range(steps):
            pybullet.stepSimulation(self.client)  # names take longer
        self.steps += steps
        self.moment.number += 1

    def around(self, low: Sequence[float], high: Sequence[float]) -> set[int]:
        """Gives the numbers of the bodies whose bounding boxes meet a box, given by its least and greatest corner, m.

        Of bodies that move by themselves it knows where they were before the last physics step.
        """
        found = pybullet.getOverlappingObjects(low, high, physicsClientId=self.client)
        return {body for body, _ in found or ()}

    def ray(self, start: Sequence[float], end: Sequence[float]) -> Vec3 | None:
        """Gives the first point that a ray from ``start`` to ``end`` hits, metres in the world, or None."""
        index, _, _, position, _ = pybullet.rayTest(start, end, physicsClientId=self.client)[0]
        return None if index < 0 else position

    def look(self, eye: Sequence[float], target: Sequence[float]) -> None:
        """Turns the window's camera towards ``target`` from ``eye``; without a window nothing happens."""
        if not self.gui:
            return
        x, y, z = (a - b for a, b in zip(eye, target, strict=True))
        distance = float(np.linalg.norm((x, y, z)))
        pybullet.resetDebugVisualizerCamera(
            distance, float(np.degrees(np.arctan2(x, -y))), -float(np.degrees(np.arcsin(z / distance))), target,
            physicsClientId=self.client,
        )  # fmt: skip
