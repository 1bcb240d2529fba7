"""Joints of one body, read and driven in one call each."""

from collections.abc import Callable, Sequence

from robosim.bullet import pybullet


class Joints:
    """Joints of one body in a fixed order; lists below have one entry a joint."""

    def __init__(self, client: int, body: int, indices: tuple[int, ...], moved: Callable[[], None]) -> None:
        """Keeps the indices; `robosim.body.Body.joints` makes them, and is told when they were put somewhere."""
        self._client, self._body, self._indices, self._moved = client, body, indices, moved

    def positions_velocities(self) -> tuple[list[float], list[float]]:
        """Gives positions (rad or m) and velocities (rad/s or m/s)."""
        states = pybullet.getJointStates(self._body, self._indices, self._client)  # names take longer
        return [state[0] for state in states], [state[1] for state in states]

    def reset(self, positions: Sequence[float]) -> None:
        """Puts the joints at positions, at rest, whatever the physics says."""
        for index, position in zip(self._indices, positions, strict=True):
            pybullet.resetJointState(self._body, index, position, 0.0, physicsClientId=self._client)
        self._moved()

    def drive(self, torques: Sequence[float], speed_limit: float) -> None:
        """Drives with torques (N·m) until told otherwise, up to a speed (rad/s) at which they cease.

        Torque is full up to that speed: a current-controlled motor keeps it until back-EMF has eaten the voltage.
        PyBullet's own torque mode lasts one physics step. A velocity motor towards the speed limit whose force is
        bound by the torque pushes just as hard, lasts, and fades at the limit as a real motor does at its no-load
        speed.
        """
        pybullet.setJointMotorControlArray(
            self._body, self._indices, pybullet.VELOCITY_CONTROL,
            targetVelocities=[speed_limit if torque > 0 else -speed_limit for torque in torques],
            forces=[abs(torque) for torque in torques], physicsClientId=self._client,
        )  # fmt: skip

    def hold(self, positions: Sequence[float], force: float | Sequence[float], gain: float = 0.1) -> None:
        """Holds positions (rad or m) with at most ``force`` (N·m or N, for all or for each), until told otherwise.

        ``gain`` is the share of the way to a position that a joint shall go in one physics step; 0.1 is PyBullet's.
        """
        count = len(self._indices)
        pybullet.setJointMotorControlArray(
            self._body, self._indices, pybullet.POSITION_CONTROL, targetPositions=positions,
            forces=[force] * count if isinstance(force, float) else force,
            positionGains=[gain] * count, velocityGains=[1.0] * count, physicsClientId=self._client,
        )  # fmt: skip

    def efforts(self) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
        """Gives positions, velocities and what the motors did in the last physics step, N·m or N."""
        states = pybullet.getJointStates(self._body, self._indices, self._client)  # names take longer
        positions, velocities, _, efforts = zip(*states, strict=True)
        return positions, velocities, efforts

    def spin(self, speeds: Sequence[float], torque: float) -> None:
        """Keeps speeds (rad/s or m/s) with at most ``torque`` (N·m or N) a joint, until told otherwise."""
        pybullet.setJointMotorControlArray(
            self._body, self._indices, pybullet.VELOCITY_CONTROL, targetVelocities=speeds,
            forces=[torque] * len(self._indices), physicsClientId=self._client,
        )  # fmt: skip

    def push(self, forces: Sequence[float]) -> None:
        """Pushes with forces (N) or torques (N·m) in the next physics step alone: springs are made of this."""
        pybullet.setJointMotorControlArray(
            self._body, self._indices, pybullet.TORQUE_CONTROL, forces=forces, physicsClientId=self._client
        )
