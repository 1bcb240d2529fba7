"""The rasteriser against PyBullet: its ray caster through pixels' middles, and its own renderer, TinyRenderer."""

import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from closed_form import seen
from numpy.typing import NDArray
from scenes import Floats, blank, eye_of, random_bodies, random_turn, random_view, rays, uniform

from robosim.bullet import pybullet
from robosim.bullet_senses import cast_rays
from robosim.math import rotation_rows
from robosim.physics import Physics
from robosim.render.kernels.arrays import Camera
from robosim.render.lens import Lens, View
from robosim.render.renderer import Renderer
from robosim.render.scene import Scene
from robosim.shapes import Box, Triangles

FAR = 40.0  # m; what is farther counts as nothing
AROUND = 0.02  # m, to either side of where a first ray hit
STEEPEST = 0.4  # cosine between ray and normal; seen more flatly, a round surface counts as an edge
BODIES = 14
LENS = Lens(72, 54, 55.0)
NOTHING = -1

Pixels = NDArray[Any]


class Hits(NamedTuple):
    """What rays meet at each pixel: number of the body, depth (m), cosine between ray and surface."""

    body: Pixels
    depth: Floats
    cosine: Floats


class TinyLens(Lens):
    """Looks through each pixel where TinyRenderer does: half a pixel below its middle and half a pixel to the left."""

    def camera(self, view: View, factor: int = 1) -> Camera:
        """Moves the principal point the other way."""
        camera = super().camera(view, factor)
        fx, fy, cx, cy, near, far = camera.lens
        return camera._replace(lens=(fx, fy, cx + 0.5, cy - 0.5, near, far))


def ours(physics: Physics, view: View, lens: Lens = LENS) -> tuple[Pixels, Pixels]:
    """Gives body and depth by the rasteriser."""
    picture = blank(lens)
    Renderer(Scene(physics), lens).draw(view, None, picture.depth, picture.segmentation)
    seen = picture.depth <= FAR
    return np.where(seen, picture.bodies, NOTHING), np.where(seen, picture.depth, np.inf)


def cast(physics: Physics, view: View) -> Hits:
    """Gives what PyBullet's ray caster meets through each pixel's middle.

    Bullet finds where a ray enters a convex shape step by step, and stops when it is near: up to 2 mm off on a ray of
    40 m. So a second, short ray is cast around where the first one hit.
    """
    eye, ahead = eye_of(view), (rays(LENS) @ view[:, :3]).reshape(-1, 3)
    first = cast_rays(physics, np.broadcast_to(eye, ahead.shape), eye + FAR * ahead)
    depth = np.array([hit[2] for hit in first]) * FAR
    near, beyond = (depth - AROUND)[:, None], (depth + AROUND)[:, None]
    second = cast_rays(physics, eye + near * ahead, eye + beyond * ahead)
    again = np.array([hit[0] for hit in second]) == [hit[0] for hit in first]
    depth = np.where(again, depth - AROUND + 2 * AROUND * np.array([hit[2] for hit in second]), depth)
    normals = np.array([(two if same else one)[4] for one, two, same in zip(first, second, again, strict=True)])
    cosine = np.abs((normals * ahead).sum(1)) / np.linalg.norm(ahead, axis=1)
    size = (LENS.height, LENS.width)
    body = np.array([hit[0] for hit in first]).reshape(size)
    return Hits(body, np.where(body < 0, np.inf, depth.reshape(size)), cosine.reshape(size))


def off_edges(physics: Physics, body: Pixels, cosine: Floats) -> Pixels:
    """Says which pixels see the inside of a surface.

    All eight neighbours see the same body; and the surface is not round and seen so flatly that a hair's breadth is a
    millimetre along the ray.
    """
    flat = [one.number for one in physics.bodies if isinstance(one.visuals[0].shape, Box | Triangles)]
    return uniform(body) & (body >= 0) & (np.isin(body, flat) | (cosine > STEEPEST))


def exact(physics: Physics, number: int, view: View) -> Floats:
    """Gives a body's depth by closed form."""
    body = physics.bodies[number]
    position, quaternion = body.pose()
    return seen(body.visuals[0].shape, np.array(rotation_rows(quaternion)), np.array(position), LENS, view)[0]


@pytest.mark.medium
def test_a_hundred_scenes_as_rays_see_them() -> None:
    """The floor, and boxes, balls, cylinders and capsules anyhow, half of them falling and tumbling."""
    agree, errors, counted = [], [], 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        with Physics(1 / 200) as physics:
            physics.add_plane()
            random_bodies(physics, rng, BODIES)
            physics.step(int(rng.integers(1, 120)))
            view = random_view(rng)
            (body, depth), theirs = ours(physics, view), cast(physics, view)
            agree.append(float((body == theirs.body).mean()))
            off = off_edges(physics, theirs.body, theirs.cosine) & (body == theirs.body)
            error = np.abs(np.where(off, depth, 0.0) - np.where(off, theirs.depth, 0.0))
            for row, column in np.argwhere(error > 1e-3):  # one of the two is wrong: not the rasteriser
                truth = exact(physics, int(body[row, column]), view)[row, column]
                assert abs(depth[row, column] - truth) < 1e-3
            errors.append(error[off])
            counted += int((theirs.body >= 0).sum())
    every = np.concatenate(errors)
    assert min(agree) > 0.995
    assert len(every) > 0.8 * counted
    assert (every > 1e-3).mean() < 1e-4
    assert every.max() < 3e-3


ARM = """<robot name="arm">
  <link name="base">
    <inertial><origin xyz="0.1 0.05 0.2" rpy="0.3 0.2 0.1"/><mass value="2"/>
      <inertia ixx="0.02" iyy="0.03" izz="0.04" ixy="0.004" ixz="0.002" iyz="0.003"/></inertial>
    SOLID(<origin xyz="0.05 0 0.1" rpy="0 0 0.4"/><geometry><box size="0.8 0.5 0.3"/></geometry>)
  </link>
  <link name="upper">
    <inertial><origin xyz="0 0 0.3" rpy="0.5 0 0"/><mass value="1"/>
      <inertia ixx="0.02" iyy="0.03" izz="0.04" ixy="0" ixz="0" iyz="0"/></inertial>
    SOLID(<origin xyz="0 0 0.35" rpy="0.2 0.1 0"/><geometry><cylinder radius="0.15" length="0.7"/></geometry>)
  </link>
  <joint name="shoulder" type="revolute"><parent link="base"/><child link="upper"/>
    <origin xyz="0.1 0 0.25" rpy="0 0 0.5"/><axis xyz="0 1 0"/>
    <limit lower="-2" upper="2" effort="9" velocity="9"/></joint>
  <link name="hand">
    <inertial><origin xyz="0.1 0 0"/><mass value="1"/>
      <inertia ixx="0.02" iyy="0.03" izz="0.04" ixy="0" ixz="0" iyz="0"/></inertial>
    SOLID(<origin xyz="0.2 0 0"/><geometry><sphere radius="0.25"/></geometry>)
  </link>
  <joint name="wrist" type="prismatic"><parent link="upper"/><child link="hand"/>
    <origin xyz="0 0 0.7" rpy="0 0.4 0"/><axis xyz="1 0 0"/><limit lower="0" upper="1" effort="9" velocity="9"/></joint>
</robot>"""


def test_arms_that_move_as_rays_see_them(tmp_path: Path) -> None:
    """Links with frames, visuals and centres of mass all in different places; solid where they are seen."""
    path = tmp_path / "arm.urdf"
    path.write_text(re.sub(r"SOLID\((.*)\)", r"<visual>\1</visual><collision>\1</collision>", ARM))
    agree = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        with Physics(1 / 200) as physics:
            physics.add_plane()
            for number in range(6):
                arm = physics.load_urdf(path, fixed=number % 2 == 0)
                x, y = rng.uniform(-2.5, 2.5, 2)
                arm.place((float(x), float(y), float(rng.uniform(0.5, 2.5))), random_turn(rng))
                arm.joints("shoulder", "wrist").reset(rng.uniform((-1.5, 0.0), (1.5, 0.4)).tolist())
            physics.step(int(rng.integers(1, 60)))
            view = random_view(rng)
            body, depth = ours(physics, view)
            theirs = cast(physics, view)
            agree.append(float((body == theirs.body).mean()))
            off = off_edges(physics, theirs.body, theirs.cosine) & (body == theirs.body)
            error = np.abs(np.where(off, depth, 0.0) - np.where(off, theirs.depth, 0.0))
            assert np.quantile(error[off], 0.995) < 1e-3  # the rest is where a link hides another of the same arm
    assert min(agree) > 0.995


def tiny(physics: Physics, view: View, lens: Lens) -> tuple[Pixels, Pixels]:
    """Gives body and depth by TinyRenderer, whose camera looks along its own -z, y up."""
    near = 0.1
    turned = np.diag([1.0, -1.0, -1.0, 1.0]) @ np.vstack([view, (0.0, 0.0, 0.0, 1.0)])
    projection = pybullet.computeProjectionMatrixFOV(lens.fov, lens.width / lens.height, near, FAR)
    *_, buffer, body = pybullet.getCameraImage(
        lens.width, lens.height, turned.T.ravel().tolist(), projection, renderer=pybullet.ER_TINY_RENDERER,
        physicsClientId=physics.client,
    )  # fmt: skip
    size = (lens.height, lens.width)
    depth = FAR * near / (FAR - (FAR - near) * np.reshape(buffer, size).astype(np.float64))
    numbers = np.reshape(body, size)
    return numbers, np.where(numbers < 0, np.inf, depth)


def test_tiny_renderer_sees_the_same_from_its_own_sample_points() -> None:
    """Boxes over the floor; what is round is made of other facets there."""
    beside, middle = [], []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        with Physics(1 / 200) as physics:
            physics.add_plane()
            for _ in range(12):
                box = physics.add_box(rng.uniform(0.3, 1.2, 3).tolist(), 0.0, (0.5, 0.5, 0.5, 1.0))
                box.place(rng.uniform((-3, -3, 0), (3, 3, 3)).tolist(), random_turn(rng))
            view = random_view(rng)
            theirs, distance = tiny(physics, view, LENS)
            middle.append(float((ours(physics, view)[0] == theirs).mean()))
            body, depth = ours(physics, view, TinyLens(LENS.width, LENS.height, LENS.fov))
            beside.append(float((body == theirs).mean()))
            off = uniform(body) & (body == theirs) & (body >= 0)
            np.testing.assert_allclose(depth[off], distance[off], rtol=1e-3, atol=0)  # theirs is a float32 near 1
    assert min(beside) > 0.995
    assert np.mean(beside) > 0.999
    assert np.mean(middle) < 0.99  # or the allowance would prove nothing
