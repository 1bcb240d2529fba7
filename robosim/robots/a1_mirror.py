"""A1's action and proprioception in a mirror: its left legs do what its right legs did, half a cycle apart."""

from robosim.mirror import ABOUT_THEM, FORWARD_LEFT_UP, Mirror, joined, signed, swapped

OTHER_SIDE = (1, 0, 3, 2)  # of the legs, front right, front left, rear right, rear left: which it becomes
COMMAND_MIRROR = signed(1.0, -1.0, -1.0)
"""Of a command: forward and leftward velocity, yaw rate."""
_LEGS = swapped(OTHER_SIDE, signed(-1.0, 1.0, 1.0))  # joints: a hip turns about x, the others about y


def mirrored_action(size: int) -> Mirror:
    """Gives that of an action of 12 numbers, joints, or of 15, gait; see `robosim.robots.a1.A1`."""
    if size == 12:
        return _LEGS
    if size != 15:
        raise ValueError(f"size={size}: an action of 12 or 15 numbers has a mirror")
    return joined(swapped(OTHER_SIDE, signed(*FORWARD_LEFT_UP)), signed(1.0, 1.0, 1.0))


def mirrored_senses(size: int) -> Mirror:
    """Gives that of its proprioception, where an action has so many numbers."""
    return joined(
        signed(*FORWARD_LEFT_UP, *ABOUT_THEM), _LEGS, _LEGS, signed(*FORWARD_LEFT_UP), mirrored_action(size),
        swapped(OTHER_SIDE), signed(-1.0, -1.0),
    )  # fmt: skip
