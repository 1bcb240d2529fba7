"""A suction cup: what it seals on, what it holds, and when it loses it.

After Ravens (Zeng et al., "Transporter networks", CoRL 2020), which holds what the cup touches by a fixed constraint at
the pose the two have at that moment, so that nothing snaps. Added to that: a seal needs a face, wide and square enough,
and a cup lets go of what pulls, shears or peels more than its vacuum can hold.
"""

import math
from collections.abc import Sequence

from robosim.body import Body, Pose
from robosim.bullet_attach import Attachment
from robosim.errors import RobosimError
from robosim.math import Mat3, Vec3, rotation_rows, to_body, to_world
from robosim.physics import Physics
from robosim.shapes import ORIGIN, Box

RADIUS = 0.065  # m, of the lip
SEAL = 0.056  # m, of the ring that must lie on the face
# Holding force is vacuum times area, stated at 60 % vacuum (schmalz.com, glossary, "Holding force"); 0.5 is the
# friction that Schmalz reckons with on wood and the like ("Theoretical holding force of a suction cup").
VACUUM = 60_000.0  # Pa
FORCE = VACUUM * math.pi * RADIUS**2  # N, 796: what pulls it off straight
FRICTION = 0.5  # 1
PEEL = FORCE * RADIUS  # N·m, 52: the vacuum's force about the lip's own edge

TILT = math.radians(30.0)  # to a face, at most
DEPTH = 0.03  # m, from the lip's middle to the face, at most: what the bellows make up for
TOUCH = 0.004  # m, from the lip to the face: closer than this it has sealed

SMOOTHING = 0.05  # s; a shorter tug does not break the seal
GRACE = 0.15  # s after sealing, in which it holds whatever comes: the impact that sealed it shall not break it
RECOVERY = 0.3  # s after a loss in which it draws in air and seals on nothing
_SOON = 0.3  # m; in a control step of 0.1 s nothing comes nearer than that to the lip, and `DEPTH` is in it
_SLACK = 0.005  # m; what was struck may be in by that much


class Suction:
    """A cup at the end of a link, its axis the link's x.

    Args:
        physics: Where it is.
        body: That has the link.
        link: By name.
        lip: m, the lip's middle in the link's frame.

    Attributes:
        on: Whether air is drawn.
        held: What it holds.
        strain: Share of what it can hold that it bears; it lets go above 1.
        lost: How often it has lost what it held since it was last reset, air being drawn.
    """

    def __init__(self, physics: Physics, body: Body, link: str, lip: Vec3) -> None:
        """Fits it, holding nothing; see the class."""
        self._physics, self._body, self._link, self._lip = physics, body, link, lip
        self._number = body.link_number(link)
        self._allowed: list[tuple[Body, Vec3]] = []
        self._attachment: Attachment | None = None
        self._smoothing = math.exp(-physics.dt / SMOOTHING)
        self.reset()

    def allow(self, bodies: Sequence[Body]) -> None:
        """Names what it may hold: bodies whose first shape is a box about their base frame.

        Raises:
            RobosimError: One of them is no such body.
        """
        self._allowed = [(body, _half(body)) for body in bodies]

    def reset(self) -> None:
        """Forgets what it held: `Physics.restore` has taken it away."""
        self._attachment, self.on, self.lost, self._broken_for = None, False, 0, math.inf
        self._near: list[tuple[Body, Vec3]] = []
        self._forget()

    def _forget(self) -> None:
        self._held_for, self.strain = 0.0, 0.0
        self._force: Vec3 = ORIGIN
        self._moment: Vec3 = ORIGIN

    @property
    def held(self) -> Body | None:
        """What it holds."""
        return self._attachment.held if self._attachment else None

    def pose(self) -> Pose:
        """Gives the lip's middle (m) and how it is turned, in the world: x away from the arm."""
        position, turn = self._body.link_poses([self._number])[0]
        x, y, z = to_world(rotation_rows(turn), self._lip)
        return (position[0] + x, position[1] + y, position[2] + z), turn

    def switch(self, on: bool) -> None:
        """Draws air or lets it in, which drops what is held."""
        self.on = on
        if not on:
            self._drop()
        elif self._attachment is None:
            self._near = self._around()

    def _around(self) -> list[tuple[Body, Vec3]]:
        """Gives what the lip may reach before the next command: most of what is allowed is far away."""
        (x, y, z), _ = self.pose()
        near = []
        for body, half in self._allowed:
            (a, b, c), _ = body.inertial_pose()
            reach = _SOON + 2 * math.hypot(*half)  # the centre of mass is anywhere within
            if (a - x) ** 2 + (b - y) ** 2 + (c - z) ** 2 < reach * reach:
                near.append((body, half))
        return near

    def _drop(self) -> None:
        if self._attachment is not None:
            self._attachment.remove()
            self._attachment = None
            self._forget()

    def grasp(self, body: Body) -> None:
        """Holds a body from now on as it stands, so that an episode may begin with it.

        Raises:
            RobosimError: It may not be held, or is not where a cup could have sealed on it.
        """
        half = next((half for allowed, half in self._allowed if allowed is body), None)
        if half is None or not seals(self.pose(), body.pose(), half):
            raise RobosimError(f"body {body.number} is not one that is allowed, with a face at the cup")
        self._drop()
        self.on = True
        self._seal(body)

    def _seal(self, body: Body) -> None:
        self._attachment = self._physics.attach(self._body, self._link, body, self.pose())

    def actuate(self) -> None:
        """Seals on what it touches, and lets go of what is too much; before each physics step."""
        if self._attachment is not None:
            self._feel(self._attachment)
            return
        self._broken_for += self._physics.dt
        if self.on and self._near and self._broken_for > RECOVERY:
            lip = self.pose()
            found = next((body for body, half in self._near if seals(lip, body.pose(), half)), None)
            if found is not None:
                self._seal(found)

    def _feel(self, attachment: Attachment) -> None:
        force, moment = attachment.load()
        keep = self._smoothing
        self._force = _mix(keep, self._force, force)
        self._moment = _mix(keep, self._moment, moment)
        self._held_for += self._physics.dt
        _, turn = self._body.link_poses([self._number])[0]
        self.strain = strain(to_body(rotation_rows(turn), self._force), self._moment)
        if self.strain > 1 and self._held_for > GRACE:
            self._drop()
            self.lost += 1
            self._broken_for = 0.0


def strain(force: Vec3, moment: Vec3) -> float:
    """Gives what share of what the cup can hold a load is: 1 breaks the seal.

    The vacuum presses lip and face together with `FORCE`. A pull takes from that; a moment tips the face about the
    lip's edge, `RADIUS` from the middle, as a pull of so much more would; shear and twist slide it against what
    friction is left.

    Args:
        force: N, of the load on the cup along the cup's axes, x away from the arm.
        moment: N·m, the same about the lip's middle.
    """
    pull, shear = max(force[0], 0.0), math.hypot(force[1], force[2])
    peel = pull / FORCE + math.hypot(moment[1], moment[2]) / PEEL
    grip = FRICTION * (FORCE - pull)
    return max(peel, (shear + abs(moment[0]) / RADIUS) / grip) if grip > 0 else math.inf


def seals(lip: Pose, box: Pose, half: Vec3) -> bool:
    """Says whether a cup seals on a box.

    Args:
        lip: The lip's middle and axes in the world, x away from the arm.
        box: The box's middle and axes in the world.
        half: Half of its lengths, m.
    """
    (px, py, pz), turn = lip
    (x, y, z), box_turn = box
    away = px - x, py - y, pz - z
    reach = DEPTH + RADIUS + math.hypot(*half)
    if away[0] ** 2 + away[1] ** 2 + away[2] ** 2 > reach**2:  # most boxes, in no time
        return False
    rows: Mat3 = rotation_rows(box_turn)
    place = to_body(rows, away)
    lip_rows = rotation_rows(turn)
    axis = to_body(rows, (lip_rows[0][0], lip_rows[1][0], lip_rows[2][0]))
    face = max(range(3), key=lambda k: abs(axis[k]))  # the one that it looks at most squarely
    square = abs(axis[face])
    if square < math.cos(TILT):
        return False
    side = -1.0 if axis[face] > 0 else 1.0
    gap = side * place[face] - half[face]  # from the lip's middle, straight to the face
    nearest = gap - RADIUS * math.sqrt(max(1 - square * square, 0.0))
    if gap < -_SLACK or gap > DEPTH or nearest > TOUCH:
        return False
    return all(  # the ring lies on the face, which it meets slantwise, as an ellipse
        abs(place[k] + axis[k] * gap / square) <= half[k] - SEAL / square for k in range(3) if k != face
    )


def _half(body: Body) -> Vec3:
    shape = body.felt[0].shape if body.felt else None
    if not isinstance(shape, Box) or body.felt[0].position != ORIGIN:
        raise RobosimError(
            f"body {body.number}: a suction cup holds bodies whose first shape is a box about their base"
        )
    x, y, z = shape.size
    return x / 2, y / 2, z / 2


def _mix(keep: float, old: Vec3, new: Vec3) -> Vec3:
    return (
        keep * old[0] + (1 - keep) * new[0],
        keep * old[1] + (1 - keep) * new[1],
        keep * old[2] + (1 - keep) * new[2],
    )
