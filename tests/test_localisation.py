"""Localisation errs as much as it says, wanders, and errs not at all without noise."""

import math
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from scenes import carrier

from robosim.errors import RobosimError
from robosim.math import axis_angle
from robosim.physics import Physics
from robosim.sensors.localisation import Localisation

POSE = (1.5, -2.0, 0.7)
ERROR, MEMORY, DT = (0.05, 0.02), 2.0, 0.1


@pytest.fixture
def sensor() -> Iterator[Localisation]:
    with Physics(1 / 100) as physics:
        body = carrier(physics, (POSE[0], POSE[1], 0.3), axis_angle((0.0, 0.0, 1.0), POSE[2]))
        yield Localisation(body, ERROR, MEMORY, DT)


def errors(sensor: Localisation, noise: float, steps: int, seed: int) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    sensor.reset(rng, noise)
    return np.array([sensor.read(rng) for _ in range(steps)]) - POSE


def test_without_noise_it_is_the_truth(sensor: Localisation) -> None:
    np.testing.assert_allclose(errors(sensor, 0.0, 5, 0), 0.0, atol=1e-9)


def test_errors_have_the_size_that_was_asked_for_from_the_first_reading_on(sensor: Localisation) -> None:
    first = np.array([errors(sensor, 1.0, 1, seed)[0] for seed in range(2000)])
    late = np.array([errors(sensor, 1.0, 60, seed)[-1] for seed in range(400)])
    for found in (first, late):
        np.testing.assert_allclose(found.std(axis=0), [0.05, 0.05, 0.02], rtol=0.12)


def test_errors_forget_themselves_over_the_memory(sensor: Localisation) -> None:
    walk = errors(sensor, 1.0, 60_000, 1)[:, 0]
    lag = round(MEMORY / DT)
    assert np.corrcoef(walk[:-lag], walk[lag:])[0, 1] == pytest.approx(math.exp(-1), abs=0.1)


@pytest.mark.parametrize(("error", "memory"), [((-0.1, 0.0), 1.0), ((0.1, 0.1), 0.0)])
def test_impossible_values_are_refused(error: tuple[float, float], memory: float) -> None:
    with Physics(1 / 100) as physics, pytest.raises(RobosimError, match="memory="):
        Localisation(carrier(physics, (0.0, 0.0, 0.3)), error, memory, DT)
