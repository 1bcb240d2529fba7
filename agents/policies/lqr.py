"""The linear-quadratic regulator that balances WheelCourier: the optimal controller of its linearised dynamics.

Derivation (Lagrange), after Grasser et al., "JOE: a mobile, inverted pendulum", IEEE Trans. Ind. Electronics 49(1),
2002, and Kim and Kwon, "Dynamic modeling of a two-wheeled inverted pendulum balancing mobile robot", Int. J. Control,
Automation and Systems 13(4), 2015. With x the way along the floor, p the pitch, M, I, l the chassis' mass, pitch
inertia and height of its centre of mass above the axle, m, J, r a wheel's mass, spin inertia and radius, T the sum
of the wheels' torques, which the chassis feels in reverse, near p = 0::

    (M + 2m + 2J/r²) x'' + M l p''           = T / r
    M l x''              + (I + M l²) p''    = M g l p - T

and with b the track, K the inertia about the vertical (chassis, wheels, and their spin seen through the rolling)::

    K w' = b / (2r) (T_right - T_left)

The state adds the integrals of both errors, so that a load ahead of the axle or a slope leaves no lasting error.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_continuous_are

from robosim.agents.policies.policy import Observation, State
from robosim.physics import GRAVITY
from robosim.robots import wheel_courier as courier

CONTROL_DT = 1 / 50  # s, between two calls
# Where robosim/WheelBalance's observation has what the regulator reads: its newest frame comes first.
GRAVITY_X, GRAVITY_Z, PITCH_RATE, YAW_RATE, WHEELS = 0, 2, 4, 5, slice(6, 8)
COMMAND = slice(-8, -6)
MAX_INTEGRAL = (1.0, 1.0)  # m, rad: what is remembered of a long push


@dataclass(frozen=True)
class Weights:
    """What the regulator minimises: squares of these, each over the size at which it is as bad as the others (Bryson).

    Found by random search for the most successes on the validation split, so that the rival is as good as it can be.

    Attributes:
        way: m, integral of the speed error.
        speed: m/s.
        pitch: rad.
        pitch_rate: rad/s.
        torque: Share of both wheels' peak torque.
        heading: rad, integral of the yaw-rate error.
        yaw_rate: rad/s.
        turn: Share of peak torque.
    """

    way: float = 1.71
    speed: float = 0.201
    pitch: float = 0.425
    pitch_rate: float = 6.15
    torque: float = 0.295
    heading: float = 0.662
    yaw_rate: float = 0.381
    turn: float = 0.0301


def balance_dynamics() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Linearises driving and pitching.

    Returns:
        A of shape (4, 4) and B of shape (4, 1) of ``s' = A s + B u`` with s = (integral of speed error m, speed
        error m/s, pitch rad, pitch rate rad/s) and u the share of both wheels' peak torque.
    """
    mass, height, radius = courier.CHASSIS_MASS, courier.CHASSIS_COM, courier.WHEEL_RADIUS
    rolling = mass + 2 * courier.WHEEL_MASS + 2 * courier.WHEEL_SPIN_INERTIA / radius**2
    coupling = mass * height
    inertia = np.array([[rolling, coupling], [coupling, courier.CHASSIS_INERTIA[1] + mass * height**2]])
    by_pitch = np.linalg.solve(inertia, [0.0, mass * GRAVITY * height])
    by_torque = np.linalg.solve(inertia, [1 / radius, -1.0]) * 2 * courier.PEAK_TORQUE
    a = np.zeros((4, 4))
    a[0, 1] = a[2, 3] = 1.0
    a[1, 2], a[3, 2] = by_pitch
    return a, np.array([[0.0], [by_torque[0]], [0.0], [by_torque[1]]])


def turn_dynamics() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Linearises turning.

    Returns:
        A of shape (2, 2) and B of shape (2, 1), with s = (integral of yaw-rate error rad, yaw-rate error rad/s) and
        u half the difference of the wheels' torque shares, right less left.
    """
    arm = courier.TRACK / 2
    rolling = courier.WHEEL_MASS + courier.WHEEL_SPIN_INERTIA / courier.WHEEL_RADIUS**2
    inertia = courier.CHASSIS_INERTIA[2] + 2 * courier.WHEEL_TURN_INERTIA + 2 * rolling * arm**2
    gain = 2 * courier.PEAK_TORQUE * arm / courier.WHEEL_RADIUS / inertia
    return np.array([[0.0, 1.0], [0.0, 0.0]]), np.array([[0.0], [gain]])


def lqr_gain(
    a: NDArray[np.float64], b: NDArray[np.float64], sizes: tuple[float, ...], effort: float
) -> NDArray[np.float64]:
    """Solves the regulator: u = -K s minimises the integral of the squares of s / sizes and u / effort.

    Returns:
        K, shape (states,).
    """
    q = np.diag(1 / np.square(sizes))
    r = np.array([[1 / effort**2]])
    riccati = solve_continuous_are(a, b, q, r)
    return np.asarray(np.linalg.solve(r, b.T @ riccati)[0])


class BalanceLqr:
    """The regulator as a policy for robosim/WheelBalance; it reads the newest frame of the observation and the command.

    Its own memory, the two integrals, travels as the policy's state.

    Args:
        weights: What it minimises.
    """

    def __init__(self, weights: Weights | None = None) -> None:
        """Computes the gains; see the class."""
        w = weights or Weights()
        self._drive = lqr_gain(*balance_dynamics(), (w.way, w.speed, w.pitch, w.pitch_rate), w.torque)
        self._turn = lqr_gain(*turn_dynamics(), (w.heading, w.yaw_rate), w.turn)

    def predict(
        self,
        observation: Observation,
        state: State = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[np.float32], State]:
        """Gives the torque shares; as SB3's ``predict``, for one observation or a batch."""
        vector = observation["state"] if isinstance(observation, dict) else observation
        seen = np.asarray(vector, np.float64)
        batch = np.atleast_2d(seen)
        integral = np.zeros((len(batch), 2)) if state is None else state[0]
        if episode_start is not None:
            integral = np.where(np.reshape(episode_start, (-1, 1)), 0.0, integral)
        gravity_x, gravity_z = batch[:, GRAVITY_X], batch[:, GRAVITY_Z]
        pitch_rate, yaw_rate = batch[:, PITCH_RATE], batch[:, YAW_RATE]
        pitch = np.arctan2(gravity_x, -gravity_z)
        speed = courier.WHEEL_RADIUS * (batch[:, WHEELS].mean(axis=1) + pitch_rate)
        error = np.stack([speed, yaw_rate], axis=1) - batch[:, COMMAND]
        integral = np.clip(integral + CONTROL_DT * error, -np.array(MAX_INTEGRAL), MAX_INTEGRAL)
        both = -np.stack([integral[:, 0], error[:, 0], pitch, pitch_rate], axis=1) @ self._drive
        half = -np.stack([integral[:, 1], error[:, 1]], axis=1) @ self._turn
        action = np.clip(np.stack([both, half], axis=1), -1.0, 1.0).astype(np.float32)
        return action.reshape(*seen.shape[:-1], 2), (integral,)
