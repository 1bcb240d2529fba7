"""What the courier's mast does: its turret, lift and telescoping arm, their interlock, and the springs of the cup.

Frames and lengths are those of ``assets/picker.urdf``. The arm follows Hello Robot's Stretch, whose telescope of four
stages of 0.13 m each is drawn out by one motor with 100 N (its URDF, ``stretch_urdf``, "0.13 = 0.52/4"). Mast, lift,
turret and all masses are robosim's own: no published machine of this size reaches from the floor to 1.8 m.
"""

import math
from typing import NamedTuple

from robosim.body import Body
from robosim.math import Vec3, clip
from robosim.physics import GRAVITY

COLUMN = 0.25  # m, where the mast's axis stands in the base frame, ahead of the middle
TURRET = math.radians(185.0)  # rad, at most, either way; 0 points ahead
LIFT = (0.07, 1.80)  # m, of the cup's middle above the floor
REACH = (0.26, 0.80)  # m, from the mast's axis to the cup's lip
STAGES = 4
RATES: Vec3 = (1.2, 0.5, 0.5)  # rad/s, m/s, m/s: of turret, lift and arm at action ±1
SLEWS: Vec3 = (2.5, 1.5, 1.5)  # rad/s², m/s², m/s²: how fast a rate may change
FORCES: Vec3 = (80.0, 500.0, 120.0)  # N·m, N, N: what the motors can; the lift bears 8 kg of its own and 12 kg of load
DROP = 0.11  # m, from the arm's middle to what is its lowest: half the cup, and what a load's sag adds

# Below this height the arm hangs before the chassis, into which it must not turn; ahead it may, by a little.
CLEAR = 0.42  # m
TURN_LOW = 0.25  # rad

_OWN = 7.15  # kg that hang on the lift: carriage, stages, bellows, cup
_GAIN = 0.2  # share of the way to where the motors shall be that they go in a physics step
_LAG = (0.02, 0.01, 0.01)  # rad, m, m: farther than this behind, what is asked waits for what is reached

# The bellows. Their stiffnesses are a choice: 20 N press them by 13 mm, and 5 kg whose middle is 0.15 m off nod by 3°.
PRESS = (1500.0, 8.0)  # N/m and N·s/m, along the arm
NOD = (150.0, 2.5)  # N·m/rad and N·m·s/rad, about the cup's own y
_LIP = 0.014  # m, from the axis of nodding to the lip


class Motion(NamedTuple):
    """Where turret, lift and arm are, and how fast.

    Attributes:
        turret: rad, counter-clockwise from ahead.
        lift: m, of the arm above the floor.
        reach: m, from the mast's axis to the lip of the cup at rest.
        rates: rad/s, m/s, m/s.
    """

    turret: float
    lift: float
    reach: float
    rates: Vec3


def tool_position(turret: float, lift: float, reach: float, press: float = 0.0, sag: float = 0.0) -> Vec3:
    """Gives where the middle of the cup's lip is in the base frame, m: the forward kinematics.

    Args:
        turret: rad.
        lift: m.
        reach: m.
        press: m, by how much the bellows are pressed together.
        sag: rad, by how much the cup nods down.
    """
    out = reach - press - _LIP * (1 - math.cos(sag))
    return COLUMN + out * math.cos(turret), out * math.sin(turret), lift - _LIP * math.sin(sag)


def reach_for(x: float, y: float, z: float) -> Vec3:
    """Gives turret (rad), lift (m) and reach (m) that bring the lip at rest to a point of the base frame, m.

    The inverse kinematics; what is beyond `LIFT` and `REACH` is not held back.
    """
    return math.atan2(y, x - COLUMN), z, math.hypot(x - COLUMN, y)


def _motion(positions: list[float], velocities: list[float]) -> Motion:
    """Gives the motion of turret, lift and stages, in that order."""
    rates = velocities[0], velocities[1], sum(velocities[2:])
    return Motion(positions[0], positions[1], REACH[0] + sum(positions[2:]), rates)


class Mast:
    """Turret, lift and arm of a body: rates are asked for, and kept within slews, limits and interlock.

    Args:
        body: Loaded from ``picker.urdf``.
        dt: s, a physics step.
    """

    def __init__(self, body: Body, dt: float) -> None:
        """Finds the joints; see the class."""
        self._dt = dt
        driven = "turret_joint", "lift_joint", *(f"stage_{k + 1}_joint" for k in range(STAGES))
        self._driven, self._lift = body.joints(*driven), body.joints("lift_joint")
        self._bellows = body.joints("bellows_joint", "nod_joint")
        self._all = body.joints(*driven, "bellows_joint", "nod_joint")
        self.press = self.sag = self.load = 0.0
        self._asked, self._rates = [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]
        self._goal = [0.0, LIFT[0], REACH[0]]
        self._fresh = True  # no physics step since the last reset
        self._each_force = [FORCES[0], FORCES[1], *[FORCES[2]] * STAGES]

    def reset(self, turret: float, lift: float, reach: float) -> None:
        """Puts it somewhere, at rest, the bellows loose."""
        self._all.reset((*self._each(turret, lift, reach), 0.0, 0.0))
        self.press = self.sag = self.load = 0.0
        self._asked, self._rates = [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]
        self._goal = [turret, lift, reach]
        self._fresh = True
        self._tell()

    def ask(self, rates: Vec3) -> None:
        """Takes shares in [-1, 1] of `RATES` for turret, lift and arm; what lies outside is clipped."""
        self._asked = [clip(share, -1.0, 1.0) * most for share, most in zip(rates, RATES, strict=True)]

    def motion(self) -> Motion:
        """Reads the joints."""
        return _motion(*self._driven.positions_velocities())

    def actuate(self) -> None:
        """Moves what the motors are told, and lets the springs push; before each physics step."""
        self._fresh = False
        positions, velocities = self._all.positions_velocities()
        self._spring(positions[-2:], velocities[-2:])
        moving = False
        for k, (asked, slew) in enumerate(zip(self._asked, SLEWS, strict=True)):
            stride = slew * self._dt
            self._rates[k] = clip(asked, self._rates[k] - stride, self._rates[k] + stride)
            moving = moving or self._rates[k] != 0.0
        if moving:
            self._advance(_motion(positions[:-2], velocities[:-2]))
            self._tell()

    def _advance(self, now: Motion) -> None:
        """Moves the goal on by the rates, no farther than the joints can follow, and where it may go."""
        goal = self._goal
        limits = self._limits(now)
        for k, (place, lag) in enumerate(zip(now[:3], _LAG, strict=True)):
            room = lag + abs(self._rates[k]) * self._dt / _GAIN
            low, high = limits[k]
            goal[k] = clip(clip(goal[k] + self._rates[k] * self._dt, place - room, place + room), low, high)
            if (goal[k] <= low and self._rates[k] < 0) or (goal[k] >= high and self._rates[k] > 0):
                self._rates[k] = 0.0

    def _limits(self, now: Motion) -> tuple[tuple[float, float], ...]:
        """Gives between what turret, lift and reach may go now: the interlock."""
        turret, lift, _ = self._goal
        low = min(lift, now.lift) < CLEAR - _LAG[1]
        aside = max(abs(turret), abs(now.turret)) > TURN_LOW + _LAG[0]
        most, least = TURRET, LIFT[0]
        if low:
            most = max(TURN_LOW, abs(turret)) if aside else TURN_LOW
        if aside:
            least = min(CLEAR, lift) if low else CLEAR
        return (-most, most), (least, LIFT[1]), REACH

    def _tell(self) -> None:
        self._driven.hold(self._each(*self._goal), self._each_force, _GAIN)

    def _each(self, turret: float, lift: float, reach: float) -> list[float]:
        """Gives where each driven joint is: all stages equally far out."""
        return [turret, lift, *[(reach - REACH[0]) / STAGES] * STAGES]

    def _spring(self, positions: list[float], velocities: list[float]) -> None:
        (out, nod), (speed, rate) = positions, velocities
        self.press, self.sag = -out, nod
        # Where they will be after this step, not where they are: an explicit spring would swing by itself.
        push = -PRESS[0] * (out + speed * self._dt) - PRESS[1] * speed
        turn = -NOD[0] * (nod + rate * self._dt) - NOD[1] * rate
        self._bellows.push((push, turn))

    def power(self) -> float:
        """Gives what the motors delivered in the last physics step, W; what they brake is not given back."""
        if self._fresh:
            return 0.0
        _, velocities, efforts = self._driven.efforts()
        return sum(max(speed * effort, 0.0) for speed, effort in zip(velocities, efforts, strict=True))

    def lift_force(self) -> float:
        """Gives what the lift's motor did in the last physics step, N, upwards."""
        if self._fresh:  # PyBullet would tell of an earlier episode: that is no part of a saved state
            return _OWN * GRAVITY
        return self._lift.efforts()[2][0]
