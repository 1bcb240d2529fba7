"""Each flaw of a camera does what its name says, in the amount that was asked for."""

import math
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from robosim.errors import RobosimError
from robosim.physics import Physics
from robosim.render.lens import Lens
from robosim.render.scene import Scene
from robosim.render.textures import srgb_tables
from robosim.sensors.camera import Camera
from robosim.sensors.camera_noise import KINECT, CameraNoise, Flaws, unseen_from_the_right
from robosim.sensors.distortion import Distortion
from robosim.sensors.vary import Uniform
from robosim.shapes import Kind

TO_LINEAR, TO_SRGB = srgb_tables()
LENS = Lens(64, 48, 60.0)
GREY = (0.5, 0.5, 0.5, 1.0)
EVERYTHING = CameraNoise(
    exposure=Uniform(-1.0, 1.0),
    shot=3.0,
    read_noise=20.0,
    blur=Uniform(0.5, 1.0),
    k1=Uniform(-0.1, 0.1),
    k2=0.01,
    disparity_step=0.125,
    axial=0.002,
    edge_holes=1.0,
)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def flaws(noise: CameraNoise, scale: float = 1.0, seed: int = 5, lens: Lens = LENS) -> Flaws:
    return Flaws(noise, lens, np.random.default_rng(seed), scale)


def even(light: float, size: int = 200) -> NDArray[np.uint8]:
    """A picture of one grey: linear light in [0, 1]."""
    return np.full((size, size, 3), TO_SRGB[round(light * 4095)], np.uint8)


def wall(distance: float, size: int = 200) -> NDArray[np.float32]:
    return np.full((size, size), distance, np.float32)


@pytest.fixture(scope="module")
def hall() -> Iterator[tuple[Camera, Camera]]:
    """Two cameras in one place before a few boxes: one with every flaw, one with none."""
    with Physics(1 / 200) as physics:
        physics.add_plane()
        eye = physics.add_box((0.02, 0.02, 0.02), 1.0, GREY, Kind.ROBOT)
        eye.place((0.0, 0.0, 0.5))
        for place in range(5):
            colour = (0.2 * place, 0.6, 1.0 - 0.2 * place, 1.0)
            physics.add_box((0.4, 0.4, 0.8), 0.0, colour).place((2.0 + 0.5 * place, 0.7 * place - 1.2, 0.4))
        scene = Scene(physics)
        yield Camera(scene, eye, 64, 48, noise=EVERYTHING), Camera(scene, eye, 64, 48)


def test_noise_of_0_is_exact_to_the_bit(hall: tuple[Camera, Camera]) -> None:
    flawed, flawless = hall
    rng = np.random.default_rng(0)
    expected = flawless.read(rng)  # before any reset
    flawless.reset(rng, 1.0)
    flawed.reset(rng, 1.0)
    noisy = flawed.read(rng)
    flawed.reset(rng, 0.0)
    read, same = flawed.read(rng), flawless.read(rng)
    for mode, image in expected.items():
        np.testing.assert_array_equal(read[mode], image)
        np.testing.assert_array_equal(same[mode], image)
        assert (noisy[mode] != image).any()


def test_the_same_seed_takes_the_same_picture(hall: tuple[Camera, Camera]) -> None:
    flawed, _ = hall

    def pictures(seed: int) -> list[dict[str, NDArray[Any]]]:
        rng = np.random.default_rng(seed)
        flawed.reset(rng, 1.0)
        return [flawed.read(rng), flawed.read(rng)]

    first, again, other = pictures(1), pictures(1), pictures(2)
    for mode in ("rgb", "depth"):
        for one, same in zip(first, again, strict=True):
            np.testing.assert_array_equal(one[mode], same[mode])
        assert (first[0][mode] != other[0][mode]).any()
        assert (first[0][mode] != first[1][mode]).any()  # noise is new in every frame


def test_what_varies_is_drawn_once_an_episode(rng: np.random.Generator) -> None:
    noise = CameraNoise(exposure=Uniform(-1.0, 1.0))
    episodes = [Flaws(noise, LENS, rng, 1.0) for _ in range(20)]
    levels = [int(episode.colour(even(0.3), rng)[0, 0, 0]) for episode in episodes]
    assert len(set(levels)) > 15
    assert levels == [int(episode.colour(even(0.3), rng)[0, 0, 0]) for episode in episodes]
    light = TO_LINEAR[levels] / TO_LINEAR[even(0.3)[0, 0, 0]]
    assert 0.5 - 0.01 <= light.min() < 0.8
    assert 1.3 < light.max() <= 2.0 + 0.02


@pytest.mark.parametrize("stops", [-2.0, -1.0, 1.0, 1.5])
def test_a_stop_of_exposure_doubles_the_light(rng: np.random.Generator, stops: float) -> None:
    taken = flaws(CameraNoise(exposure=stops)).colour(even(0.2), rng)
    assert TO_LINEAR[taken[0, 0, 0]] / TO_LINEAR[even(0.2)[0, 0, 0]] == pytest.approx(2**stops, rel=0.02)


def test_what_is_exposed_too_long_saturates(rng: np.random.Generator) -> None:
    assert (flaws(CameraNoise(exposure=3.0)).colour(even(0.2), rng) == 255).all()


@pytest.mark.parametrize("light", [0.15, 0.3, 0.6])
def test_shot_noise_has_a_variance_in_proportion_to_the_light(rng: np.random.Generator, light: float) -> None:
    taken = flaws(CameraNoise(shot=4.0, full_well=10_000.0)).colour(even(light), rng)
    assert TO_LINEAR[taken].mean() == pytest.approx(light, rel=0.01)
    assert TO_LINEAR[taken].var() == pytest.approx(4.0**2 * light / 10_000, rel=0.05)


@pytest.mark.parametrize("light", [0.15, 0.3, 0.6])
def test_read_noise_is_the_same_in_light_and_shade(rng: np.random.Generator, light: float) -> None:
    taken = flaws(CameraNoise(read_noise=200.0, full_well=10_000.0)).colour(even(light), rng)
    assert TO_LINEAR[taken].std() == pytest.approx(200 / 10_000, rel=0.05)


def test_pixels_and_colours_err_apart(rng: np.random.Generator) -> None:
    light = TO_LINEAR[flaws(CameraNoise(shot=4.0)).colour(even(0.4), rng)].reshape(-1, 3)
    red, green, blue = (light - light.mean(0)).T / light.std(0).reshape(3, 1)
    for one, other in ((red, green), (green, blue), (blue, red), (red[:-1], red[1:])):
        assert abs((one * other).mean()) < 0.03


def test_blur_is_a_gaussian_that_keeps_the_light(rng: np.random.Generator) -> None:
    line = np.zeros((40, 61, 3), np.uint8)
    line[:, 30] = 255
    light = TO_LINEAR[flaws(CameraNoise(blur=2.0)).colour(line, rng)][20, :, 0]
    offsets = np.arange(61) - 30
    assert light.sum() == pytest.approx(1.0, rel=0.01)
    assert math.sqrt((offsets**2 * light).sum() / light.sum()) == pytest.approx(2.0, rel=0.03)


def test_disparity_comes_in_steps(rng: np.random.Generator) -> None:
    depth = rng.uniform(0.5, 8.0, (48, 64)).astype(np.float32)
    taken = flaws(CameraNoise(disparity_step=0.125, baseline=0.075, stereo_focal=585.0)).depth(depth.copy(), rng)
    steps = 585 * 0.075 / taken.astype(np.float64) / 0.125
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-3)
    assert np.abs(steps - 585 * 0.075 / depth / 0.125).max() <= 0.5 + 1e-3
    assert len(np.unique(taken)) < depth.size / 4


@pytest.mark.parametrize("distance", [1.0, 2.0, 4.0])
@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_depth_errs_with_the_square_of_distance(rng: np.random.Generator, distance: float, scale: float) -> None:
    taken = flaws(CameraNoise(axial=0.003), scale).depth(wall(distance), rng)
    assert taken.std() == pytest.approx(scale * 0.003 * distance**2, rel=0.03)
    assert taken.mean() == pytest.approx(distance, rel=0.002)


def test_kinect_is_as_published(rng: np.random.Generator) -> None:
    taken = flaws(KINECT).depth(wall(5.0), rng)
    assert taken.std() == pytest.approx(0.04, rel=0.1)  # "about 4 cm at the maximum range" of 5 m
    values = np.unique(taken)
    apart = np.diff(values)[np.argmin(np.abs(values[:-1] - 5.0))]
    assert apart == pytest.approx(0.07, rel=0.1)  # the same paper's resolution at 5 m


def test_what_gives_no_return_gives_none_with_noise(rng: np.random.Generator) -> None:
    depth = np.full((48, 64), np.inf, np.float32)
    for noise in (KINECT, CameraNoise(axial=0.5), CameraNoise(disparity_step=1.0)):
        assert np.isinf(flaws(noise).depth(depth.copy(), rng)).all()
    far = flaws(CameraNoise(disparity_step=1.0, baseline=0.05, stereo_focal=100.0)).depth(wall(20.0), rng)
    assert np.isinf(far).all()  # its disparity rounds to 0


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_holes_are_the_shadows_to_the_left_of_near_things(rng: np.random.Generator, scale: float) -> None:
    depth = np.full((480, 640), 3.0, np.float32)
    depth[100:300, 200:400] = 1.0
    lens = Lens(640, 480, 60.0)
    taken = flaws(CameraNoise(edge_holes=1.0, baseline=0.075), scale, lens=lens).depth(depth.copy(), rng)
    holes = np.isinf(taken)
    width = math.floor(scale * lens.focal * 0.075 * (1 / 1.0 - 1 / 3.0))
    assert width > 5
    expected = np.zeros_like(holes)
    expected[100:300, 200 - width : 200] = True
    np.testing.assert_array_equal(holes, expected)
    np.testing.assert_array_equal(taken[~holes], depth[~holes])


def test_a_slanted_floor_casts_no_shadow_on_itself() -> None:
    rows, columns = np.mgrid[:48, :64].astype(np.float32)
    floor = (1 / (0.02 + 0.05 * rows + 0.001 * columns)).astype(np.float32)
    assert not unseen_from_the_right(floor, 0.075 * LENS.focal).any()


def test_distorted_depth_blends_no_two_depths(rng: np.random.Generator) -> None:
    bent = flaws(CameraNoise(k1=0.2))
    depth = rng.choice(np.array([1.0, 5.0], np.float32), (bent.lens.height, bent.lens.width))
    taken = bent.depth(depth, rng)
    assert taken.shape == (48, 64)
    assert set(np.unique(taken)) == {1.0, 5.0}


def test_a_wider_pinhole_is_the_same_in_the_middle() -> None:
    wide = Distortion(LENS, -0.2, 0.02).lens
    across, down = wide.width - LENS.width, wide.height - LENS.height
    assert across > 0 < down
    assert across % 2 == down % 2 == 0
    expected = LENS.matrix
    expected[:2, 2] += across / 2, down / 2
    np.testing.assert_allclose(wide.matrix, expected, atol=1e-9)


@pytest.mark.parametrize("name", [field.name for field in fields(CameraNoise)])
@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf])
def test_what_cannot_be_is_refused_by_name(name: str, value: float) -> None:
    if value == -1.0 and name in ("exposure", "k1", "k2"):
        CameraNoise(**{name: value})
        return
    with pytest.raises(RobosimError, match=name):
        CameraNoise(**{name: value})


def test_distortion_that_a_lens_cannot_have_is_refused() -> None:
    Distortion(Lens(64, 64, 40.0), -0.3, 0.0)
    with pytest.raises(RobosimError, match=r"k1=-0\.3, k2=0\.0"):
        Distortion(Lens(64, 64, 100.0), -0.3, 0.0)
