"""Picker: the courier with a mast on its deck, whose lift and telescoping arm carry a suction cup.

It takes a package by one face, from the floor before it or from a shelf up to 1.8 m high, and carries it over its deck.
Mast and arm: `robosim.robots.mast`; cup: `robosim.robots.suction`. The base is `robosim.robots.courier.Courier`'s, with
40 kg of ballast at its rear, which hold 12 kg at full reach with twice the moment that is needed.
"""

import math
from pathlib import Path
from typing import ClassVar

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from robosim.body import Body, Pose
from robosim.math import Vec3
from robosim.physics import Physics
from robosim.robots.courier import FORWARD, URDF, YAW_RATE, Courier
from robosim.robots.mast import CLEAR, FORCES, LIFT, RATES, REACH, TURRET, Mast, tool_position
from robosim.robots.suction import Suction
from robosim.sensors.camera import Mount

MASS = 124.15  # kg
STOWED: Vec3 = (math.pi, CLEAR + 0.1, REACH[0])  # rad, m, m: arm drawn in above the deck
WRIST = Mount((0.24, 0.0, 0.055), (1.0, 0.0, -0.1), link="stage_4")  # above the flange, over the cup's edge
MAST = Mount((0.05, 0.0, 1.80), (1.0, 0.0, -1.2), link="mast")  # at the mast's top: it turns with the turret
_LIP: Vec3 = (0.014, 0.0, 0.0)  # m, in the cup's link
_JACKED = 0.001  # m by which jacks lift it off its wheels where it is parked
_LOAD_MEMORY = 0.1  # s
_MOST_SAG, _MOST_PRESS = 0.6, 0.035  # rad and m: the joints' ends


class Picker(Courier):
    """The courier with its arm. An action is (speed, yaw rate, turret, lift, arm, suction), shares of the largest.

    Speed and yaw rate as `Courier` has them. Turret (positive: counter-clockwise), lift and arm are rates, ±1 being
    `robosim.robots.mast.RATES`; they slew, end at the joints' limits, and below the deck's height the turret stays
    within `robosim.robots.mast.TURN_LOW` of ahead. Suction above 0 draws air, otherwise not. Parked, it
    stands on jacks, which halves what the physics costs, and an action is (turret, lift, arm, suction).

    Proprioception:

    ====  =====  ===============================================================
    0     m/s    speed forward by the wheels' encoders; left out when parked
    1     rad/s  yaw rate by them; left out when parked
    2     rad    turret, counter-clockwise from ahead
    3     m      lift: the arm's height above the floor
    4     m      reach: from the mast's axis to the lip of the cup at rest
    5–7          their rates, rad/s, m/s, m/s
    8     1      whether air is drawn
    9     1      whether something is held: the vacuum switch
    10    rad    how far the cup nods down
    11    m      how far its bellows are pressed together
    12    N      what the lift's motor bears, low-passed over 0.1 s
    ====  =====  ===============================================================

    Args:
        physics: Where it is loaded.
        parked: Stand on jacks, and take no commands for the wheels.

    Attributes:
        mast: Turret, lift and arm.
        suction: The cup.
    """

    urdf: ClassVar[Path] = URDF.with_name("picker.urdf")
    # Its wheels can turn and stop what it weighs and carries no faster: 221 N of thrust are 1.6 m/s² of 136 kg.
    yaw_acceleration: ClassVar[float] = 2.0  # rad/s²
    braking: ClassVar[float] = 1.3  # m/s²

    def __init__(self, physics: Physics, *, parked: bool = False) -> None:
        """Loads the body; see the class."""
        self.parked = parked
        super().__init__(physics)
        self.action_space = spaces.Box(-1.0, 1.0, (4 if parked else 6,), np.float32)
        low = [] if parked else [-2 * FORWARD, -2 * YAW_RATE]
        high = [-value for value in low]
        low += [-2 * TURRET, 0.0, 0.0, *(-3 * rate for rate in RATES), 0.0, 0.0, -_MOST_SAG, -_MOST_PRESS, -FORCES[1]]
        high += [2 * TURRET, 2 * LIFT[1], 2 * REACH[1], *(3 * rate for rate in RATES)]
        high += [1.0, 1.0, _MOST_SAG, _MOST_PRESS, FORCES[1]]
        self.proprioception_space = spaces.Box(np.array(low, np.float32), np.array(high, np.float32))
        self.mast = Mast(self.body, physics.dt)
        self.suction = Suction(physics, self.body, "cup", _LIP)
        self._borne = 0.0

    def _load(self, physics: Physics) -> Body:
        body = physics.load_urdf(self.urdf, fixed=self.parked)
        body.dynamic = True  # its arm moves, and must be taken out of all contact before a restore
        return body

    def reset(self, pose: Pose, rng: np.random.Generator, noise: float, arm: Vec3 = STOWED) -> None:
        """Readies it for an episode, at rest; see `Robot.reset`.

        Args:
            pose: Of the base frame in the world.
            rng: The episode's stream for sensors.
            noise: Multiplies the sensors' noise.
            arm: Turret (rad), lift (m) and reach (m) that it begins with.
        """
        (x, y, z), turn = pose
        super().reset(((x, y, z + _JACKED), turn) if self.parked else pose, rng, noise)
        self.suction.reset()
        self.mast.reset(*arm)
        self._borne = self.mast.lift_force()

    def act(self, action: NDArray[np.float32]) -> None:
        """Takes one command; see the class."""
        if not self.parked:
            super().act(action[:2])
        turret, lift, arm, suction = action[-4:].tolist()
        self.mast.ask((turret, lift, arm))
        self.suction.switch(suction > 0)

    def actuate(self) -> int:
        """Moves what the motors are told, lets springs push and the cup seal or let go; see `Robot.actuate`."""
        if not self.parked:
            super().actuate()
        self.mast.actuate()
        self.suction.actuate()
        return 1

    def tool(self) -> Vec3:
        """Gives where the cup's lip is in the base frame by the joints, m."""
        motion = self.mast.motion()
        return tool_position(motion.turret, motion.lift, motion.reach, self.mast.press, self.mast.sag)

    def proprioception(self) -> NDArray[np.float32]:
        """Reads the encoders and the arm; see the class. To be read once a control step."""
        encoders = [] if self.parked else super().proprioception().tolist()
        mast, suction, motion = self.mast, self.suction, self.mast.motion()
        self._borne += (1 - math.exp(-0.1 / _LOAD_MEMORY)) * (mast.lift_force() - self._borne)
        arm = [motion.turret, motion.lift, motion.reach, *motion.rates, float(suction.on)]
        arm += [float(suction.held is not None), mast.sag, mast.press, self._borne]
        senses = np.array([*encoders, *arm], np.float32)
        space = self.proprioception_space
        clipped: NDArray[np.float32] = np.minimum(np.maximum(senses, space.low), space.high)
        return clipped
