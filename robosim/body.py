"""One body in PyBullet, its links and joints by name; with `robosim.physics`, all that knows PyBullet's numbers."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from robosim.bullet import pybullet
from robosim.bullet_joints import Joints
from robosim.errors import RobosimError
from robosim.math import (
    IDENTITY,
    Mat3,
    Quat,
    Vec3,
    cross,
    inverse,
    quaternion_product,
    relative_pose,
    rotation_rows,
    to_world,
)  # fmt: skip
from robosim.shapes import ORIGIN, WHITE, Colour, Kind, Visual

Pose = tuple[Vec3, Quat]
BASE = -1
_KINEMATICS = 1  # forward kinematics: links are where the joints have them now
_LINK_FRAME = slice(4, 6)  # of PyBullet's link state: the pose of the URDF frame in the world


class Moment:
    """What one physics client's bodies compare to learn whether the world has changed since they were read.

    Attributes:
        number: Grows with every physics step, restore and reset of joints.
        placed: int64 (bodies,), how often each body was put somewhere, by `Body.place` or by a restore.
        placements: Grows whenever one of them was.
        stands: float64 (bodies, 7), position (m) and quaternion of each fixture: the physics need not be asked.
        looks: Grows whenever a body's colour changes.
    """

    __slots__ = ("looks", "number", "placed", "placements", "stands")

    def __init__(self) -> None:
        """Begins at 0, without bodies."""
        self.number = self.looks = self.placements = 0
        self.placed: NDArray[np.int64] = np.zeros(0, np.int64)
        self.stands: NDArray[np.float64] = np.zeros((0, 7))

    def enlist(self) -> int:
        """Makes room for one more body, and gives its rank in ``placed`` and ``stands``."""
        self.placed = np.append(self.placed, 0)
        self.stands = np.append(self.stands, [[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]], axis=0)
        return len(self.placed) - 1


class Body:
    """A body as `robosim.physics.Physics` hands it out.

    Args:
        client: PyBullet's number of the physics client.
        index: PyBullet's number of the body.
        moment: The client's present moment.
        dynamic: Whether it moves, so that a restore must free it of contacts first.
        fixture: Whether it is one of `robosim.physics.Physics.add_fixture`: nothing but `place` moves it.
        visuals: What is seen of it.
        kind: What sort of thing it is.
        felt: Shapes that others bump into, of a body that was made of shapes.

    Attributes:
        colours: Those of whole links that `set_colour` has painted, by PyBullet's number.
        welds: Links that fixed joints hold: number → the link that carries it, and its pose in that link's frame.
    """

    def __init__(
        self,
        client: int,
        index: int,
        moment: Moment,
        *,
        dynamic: bool,
        fixture: bool = False,
        visuals: Sequence[Visual],
        kind: Kind,
        felt: Sequence[Visual] = (),
    ) -> None:
        """Reads the names; see the class."""
        self._client, self._index, self.dynamic, self.fixture = client, index, dynamic, fixture
        self.visuals, self.kind, self.felt = tuple(visuals), kind, tuple(felt)
        self._rank = moment.enlist()
        self._stands: list[float] = [*ORIGIN, *IDENTITY]
        self._kept_stands = self._stands
        self.colours: dict[int, Colour] = {}
        self._kept_colours: dict[int, Colour] = {}
        # At which moment PyBullet told of the base last, and of which moment pose and motion are kept.
        self._moment, self._told_at, self._posed_at, self._read_at = moment, -1, -1, -1
        name, _ = pybullet.getBodyInfo(index, physicsClientId=client)
        self._links = {name.decode(): BASE}
        self._joints: dict[str, int] = {}
        fixed: dict[int, int] = {}
        for joint in range(pybullet.getNumJoints(index, physicsClientId=client)):
            info = pybullet.getJointInfo(index, joint, physicsClientId=client)
            self._joints[info[1].decode()] = joint
            self._links[info[12].decode()] = joint
            if info[2] == pybullet.JOINT_FIXED:
                fixed[joint] = info[16]
            else:
                # PyBullet gives every joint a velocity motor when it loads; it would brake what nobody commands.
                pybullet.setJointMotorControl2(index, joint, pybullet.VELOCITY_CONTROL, force=0, physicsClientId=client)
        # Of a fixture it tells nothing: what one reads is what it told of another body before.
        inertial = (ORIGIN, IDENTITY) if fixture else pybullet.getDynamicsInfo(index, BASE, client)[3:5]
        self._com: Vec3 = inertial[0]
        # PyBullet poses the principal axes of inertia; where the URDF has products of inertia, they are turned.
        self._com_turn: Quat | None = None if inertial[1] in (IDENTITY, (0.0, 0.0, 0.0, 0.0)) else inertial[1]
        self._turn_back = None if self._com_turn is None else inverse(self._com_turn)
        self.welds: dict[int, tuple[int, Pose]] = {}
        for link, parent in fixed.items():  # PyBullet numbers parents before their children
            carrier = self.welds[parent][0] if parent in self.welds else parent
            self.welds[link] = carrier, relative_pose(self._frame(carrier), self._frame(link))

    @property
    def number(self) -> int:
        """PyBullet's number of the body, as segmented images have it."""
        return self._index

    @property
    def base_link(self) -> str:
        """The base's name among the links."""
        name: str = next(iter(self._links))
        return name

    def pose(self) -> Pose:
        """Gives the base frame's position (m) and quaternion in the world."""
        if self._posed_at != self._moment.number:
            self._read_pose()
        return self._pose

    @property
    def inertial_frame(self) -> Pose:
        """Where the base's inertial frame is in the base's own: its centre of mass and principal axes."""
        return self._com, self._com_turn or IDENTITY

    def inertial_pose(self) -> Pose:
        """Gives the pose of the base's inertial frame, which is what PyBullet itself tells, and so the cheapest."""
        if self.fixture:
            x, y, z, *turn = self._stands
            return (x, y, z), (turn[0], turn[1], turn[2], turn[3])
        if self._told_at != self._moment.number:
            self._told: Pose = pybullet.getBasePositionAndOrientation(self._index, self._client)  # names take longer
            self._told_at = self._moment.number
        return self._told

    def link_poses(self, links: Sequence[int]) -> list[Pose]:
        """Gives position (m) and quaternion in the world of links' frames, by PyBullet's numbers, -1 not among them."""
        states = pybullet.getLinkStates(self._index, links, 0, _KINEMATICS, self._client)  # names take longer
        return [state[_LINK_FRAME] for state in states]

    def _frame(self, link: int) -> Pose:
        return self.pose() if link == BASE else self.link_poses([link])[0]

    def _read_pose(self) -> None:
        """Computes the base frame's pose, and what follows from it, from that of its inertial frame."""
        com, turn = self.inertial_pose()
        if self._turn_back is not None:
            turn = quaternion_product(turn, self._turn_back)
        self._rows: Mat3 = rotation_rows(turn)
        x, y, z = self._arm = to_world(self._rows, self._com)
        self._pose: Pose = (com[0] - x, com[1] - y, com[2] - z), turn
        self._posed_at = self._moment.number

    def motion(self) -> tuple[Pose, Vec3, Vec3]:
        """Gives the base frame's pose, its linear velocity (m/s) and its angular velocity (rad/s), all in the world.

        Task and sensors all ask for it in every control step: PyBullet is asked once a moment.
        """
        if self._read_at != self._moment.number:
            pose = self.pose()
            (vx, vy, vz), angular = pybullet.getBaseVelocity(self._index, self._client)
            wx, wy, wz = cross(angular, self._arm)
            self._motion = pose, (vx - wx, vy - wy, vz - wz), angular
            self._read_at = self._moment.number
        return self._motion

    def rows(self) -> Mat3:
        """Gives the rows of the matrix from the base frame to the world; computed once a moment, as `pose` is."""
        if self._posed_at != self._moment.number:
            self._read_pose()
        return self._rows

    def place(self, position: Sequence[float], quaternion: Sequence[float] = IDENTITY) -> None:
        """Puts the base frame somewhere, at rest.

        Args:
            position: Metres in the world.
            quaternion: How it is turned.
        """
        if self.fixture:
            place = [*position, *quaternion]
            if place != self._stands:
                self._stand(place)
                self._moment.stands[self._rank] = place
                self._moment.placed[self._rank] += 1
                self._moment.placements += 1
            return
        com, turn = position, quaternion
        if self._com != ORIGIN:  # what moves at every step is spared the products
            x, y, z = to_world(rotation_rows(quaternion), self._com)
            com = (position[0] + x, position[1] + y, position[2] + z)
        if self._com_turn is not None:
            turn = quaternion_product(quaternion, self._com_turn)
        pybullet.resetBasePositionAndOrientation(self._index, com, turn, physicsClientId=self._client)
        if self.dynamic:
            pybullet.resetBaseVelocity(self._index, (0, 0, 0), (0, 0, 0), physicsClientId=self._client)
        self._told_at = self._posed_at = self._read_at = -1
        self._moment.placed[self._rank] += 1
        self._moment.placements += 1

    def _stand(self, place: list[float]) -> None:
        """Tells PyBullet where a fixture stands."""
        self._stands, self._posed_at, self._read_at = place, -1, -1
        pybullet.resetBasePositionAndOrientation(self._index, place[:3], place[3:], self._client)  # names take longer

    def joints(self, *names: str) -> Joints:
        """Gives a group of joints that is read and driven in one call.

        Raises:
            RobosimError: A name is none of this body's.
        """
        indices = tuple(self._known(name, self._joints, "joint") for name in names)
        return Joints(self._client, self._index, indices, self._tick)

    def _tick(self) -> None:
        self._moment.number += 1

    def _known(self, name: str, table: dict[str, int], kind: str) -> int:
        if name not in table:
            raise RobosimError(f"{kind} {name!r} is not one of {', '.join(sorted(table))}")
        return table[name]

    def set_mass(self, link: str, mass: float, inertia: Sequence[float]) -> None:
        """Sets a link's mass (kg) and principal moments of inertia (kg·m²) about its centre of mass."""
        pybullet.changeDynamics(
            self._index, self._known(link, self._links, "link"), mass=mass, localInertiaDiagonal=inertia,
            physicsClientId=self._client,
        )  # fmt: skip

    def set_friction(self, friction: float, links: Iterable[str] | None = None) -> None:
        """Sets Coulomb friction of some links, or of all.

        In a call of its own: together with damping or activation, PyBullet drops it without a word.
        """
        for link in self._links if links is None else links:
            pybullet.changeDynamics(
                self._index,
                self._known(link, self._links, "link"),
                lateralFriction=friction,
                physicsClientId=self._client,
            )

    def set_contact_margin(self, margin: float, links: Iterable[str]) -> None:
        """Sets from how near (m) the solver heeds what some links do not touch yet; PyBullet heeds all within 20 mm.

        What rolls or rests has many such contacts, each of which costs three rows. Where something comes fast, they
        are what stops it in time: a small margin lets it sink in by as much as it moves in a physics step.
        """
        for link in links:
            pybullet.changeDynamics(
                self._index,
                self._known(link, self._links, "link"),
                contactProcessingThreshold=margin,
                physicsClientId=self._client,
            )

    def set_damping(self, linear: float, angular: float) -> None:
        """Sets the share of velocity that drag takes each second; PyBullet's default is 0.04."""
        pybullet.changeDynamics(
            self._index, BASE, linearDamping=linear, angularDamping=angular, physicsClientId=self._client
        )

    def mass(self, link: str) -> float:
        """Gives a link's mass in kilograms."""
        index = self._known(link, self._links, "link")
        return float(pybullet.getDynamicsInfo(self._index, index, physicsClientId=self._client)[0])

    def inertia(self, link: str) -> Vec3:
        """Gives a link's principal moments of inertia, kg·m²."""
        index = self._known(link, self._links, "link")
        x, y, z = pybullet.getDynamicsInfo(self._index, index, physicsClientId=self._client)[2]
        return x, y, z

    def push(self, force: Sequence[float], point: Sequence[float]) -> None:
        """Applies a force to the base for the next physics step.

        Args:
            force: Newtons, in the world.
            point: Metres in the world.
        """
        pybullet.applyExternalForce(self._index, BASE, force, point, pybullet.WORLD_FRAME, physicsClientId=self._client)

    def normal_forces(self, links: Sequence[str]) -> list[float]:
        """Gives how hard each of some links was pressed against in the last physics step, newtons.

        A link's force is the sum of its contacts' normal forces, those with the body's own other links included.

        Raises:
            RobosimError: A name is none of this body's.
        """
        numbers = [self._known(link, self._links, "link") for link in links]
        pressed = dict.fromkeys(numbers, 0.0)
        for contact in pybullet.getContactPoints(bodyA=self._index, physicsClientId=self._client):
            _, body, other, link, other_link = contact[:5]
            if body == self._index and link in pressed:
                pressed[link] += contact[9]
            if other == self._index and other_link in pressed:
                pressed[other_link] += contact[9]
        return [pressed[number] for number in numbers]

    def touches(self, link: str) -> dict[int, float]:
        """Gives what a link touched in the last physics step: body's number → sum of the normal forces, newtons.

        What is near without pressing is left out. A body that was placed since still reads what it touched before.

        Raises:
            RobosimError: The name is none of this body's.
        """
        number, forces = self._known(link, self._links, "link"), dict[int, float]()
        for contact in pybullet.getContactPoints(bodyA=self._index, linkIndexA=number, physicsClientId=self._client):
            other, force = contact[2], contact[9]
            if force > 0:
                forces[other] = forces.get(other, 0.0) + force
        return forces

    def contact_points(self) -> list[tuple[int, Vec3, float]]:
        """Gives what presses on this body since the last physics step: own link's number, point in the world, newtons.

        Contacts of its own links with one another are not among them.
        """
        found = pybullet.getContactPoints(bodyA=self._index, physicsClientId=self._client)
        return [(c[3], c[5], c[9]) for c in found if c[9] > 0 and c[2] != self._index]

    def link_number(self, link: str) -> int:
        """Gives PyBullet's number of a link, as `contact_points` has it.

        Raises:
            RobosimError: The name is none of this body's.
        """
        return self._known(link, self._links, "link")

    def set_joint_damping(self, damping: float) -> None:
        """Sets what each moving joint loses to its bearings and gears, N·m a rad/s."""
        for link in self._joints.values():
            pybullet.changeDynamics(self._index, link, jointDamping=damping, physicsClientId=self._client)

    def set_colour(self, link: str, colour: Sequence[float]) -> None:
        """Paints a link: red, green, blue, opacity in [0, 1]."""
        red, green, blue, opacity = colour
        self._paint(self._known(link, self._links, "link"), (red, green, blue, opacity))

    def keep(self) -> None:
        """Makes the present colours, and where a fixture stands, those that `restore` returns to."""
        self._kept_colours, self._kept_stands = dict(self.colours), self._stands

    def restore(self) -> None:
        """Undoes what was painted since `keep`, and puts a fixture back."""
        if self.fixture:
            self.place(self._kept_stands[:3], self._kept_stands[3:])
        for index in [index for index, colour in self.colours.items() if self._kept_colours.get(index) != colour]:
            own = [visual.colour for visual in self.visuals if visual.link == index]
            self._paint(index, self._kept_colours.get(index, own[0] if own else WHITE))
            if index not in self._kept_colours:
                del self.colours[index]

    def _paint(self, index: int, colour: Colour) -> None:
        if self.colours.get(index) != colour:
            pybullet.changeVisualShape(self._index, index, rgbaColor=colour, physicsClientId=self._client)
            self.colours[index] = colour
            self._moment.looks += 1


def stand(fixtures: Sequence[Body], places: NDArray[np.float64]) -> None:
    """Puts fixtures somewhere, in less time than one by one; what stands there already is left alone.

    Args:
        fixtures: Some of one physics, added one after another.
        places: Shape (n, 7), position (m) and quaternion of each.
    """
    for body, place in zip(fixtures, places.tolist(), strict=True):
        if place != body._stands:
            body._stand(place)
    if fixtures:
        moment, first = fixtures[0]._moment, fixtures[0]._rank
        moment.stands[first : first + len(fixtures)] = places
        moment.placed[first : first + len(fixtures)] += 1
        moment.placements += 1
