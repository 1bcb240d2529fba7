"""What holds two bodies together for a while: a fixed constraint, made and removed while the world runs."""

from robosim.body import Body, Pose
from robosim.bullet import pybullet
from robosim.math import Vec3, relative_pose

_FORCE = 1e5  # N; below the load, PyBullet's limit lets slide and does not break: whoever attaches says when it breaks
_INERTIAL_FRAME = slice(0, 2)  # of PyBullet's link state


class Attachment:
    """One body's base held to a link of another, as the two stand now. Nothing moves when it is made.

    `robosim.physics.Physics.attach` makes them, and `robosim.physics.Physics.restore` removes them: a constraint is not
    part of a saved state.

    Args:
        client: PyBullet's number of the physics client.
        holder: The body with the link.
        link: Its link, by name.
        held: The other one.
        pivot: Point and axes in the world about which forces and moments are told; they move with the link.

    Attributes:
        held: The other one.
    """

    def __init__(self, client: int, holder: Body, link: str, held: Body, pivot: Pose) -> None:
        """Makes the constraint; see the class."""
        self.held, self._client = held, client
        number = holder.link_number(link)
        state = pybullet.getLinkState(holder.number, number, computeForwardKinematics=True, physicsClientId=client)
        parent = relative_pose(state[_INERTIAL_FRAME], pivot)
        child = relative_pose(held.inertial_pose(), pivot)
        self._number: int | None = pybullet.createConstraint(
            holder.number, number, held.number, -1, pybullet.JOINT_FIXED, (0, 0, 0), parent[0], child[0], parent[1],
            child[1], physicsClientId=client,
        )  # fmt: skip
        pybullet.changeConstraint(self._number, maxForce=_FORCE, physicsClientId=client)

    def load(self) -> tuple[Vec3, Vec3]:
        """Gives what the held body did to the link in the last physics step.

        Returns:
            Force (N) along the world's axes, and moment (N·m) about the pivot, along the pivot's axes as they now are.
        """
        state = pybullet.getConstraintState(self._number, physicsClientId=self._client)
        return (state[0], state[1], state[2]), (state[3], state[4], state[5])

    def remove(self) -> None:
        """Lets go; a second call does nothing."""
        if self._number is not None:
            pybullet.removeConstraint(self._number, physicsClientId=self._client)
            self._number = None
