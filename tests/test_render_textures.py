"""What the rasteriser prints on bodies, against closed form: which texel each pixel shows, and of which size."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from closed_form import enter
from scenes import EVEN, blank, eye_of, rays

from robosim.physics import Physics
from robosim.render.lens import Lens, looking
from robosim.render.renderer import Renderer
from robosim.render.scene import Scene
from robosim.render.textures import pack_textures
from robosim.shapes import Box, Visual


@pytest.fixture
def physics() -> Iterator[Physics]:
    with Physics(1 / 200) as physics:
        yield physics


# Each side of a box as one sees it who stands before it: outward normal, to the right, up.
SIDES = {
    "front": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "back": ((-1, 0, 0), (0, -1, 0), (0, 0, 1)),
    "left": ((0, 1, 0), (-1, 0, 0), (0, 0, 1)),
    "right": ((0, -1, 0), (1, 0, 0), (0, 0, 1)),
    "top": ((0, 0, 1), (1, 0, 0), (0, 1, 0)),
    "bottom": ((0, 0, -1), (1, 0, 0), (0, -1, 0)),
}


@pytest.mark.parametrize("side", SIDES)
def test_a_texture_lies_on_a_box_upright_in_perspective(physics: Physics, tmp_path: Path, side: str) -> None:
    """Each pixel of a slanted side shows the texel that its ray meets; the image is upright and not mirrored."""
    rng = np.random.default_rng(10)
    image = rng.integers(0, 256, (7, 5, 3)).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "print.png"), image[..., ::-1])
    size = np.array([1.0, 1.4, 0.8])
    physics.add_body([Visual(Box((1.0, 1.4, 0.8)), texture=tmp_path / "print.png")], 0.0)
    normal, right, up = (np.array(axis, float) for axis in SIDES[side])
    lens = Lens(120, 90, 45.0)
    # From aside and close by, so that perspective bends the lines of the print.
    eye = 1.6 * normal + 1.1 * right + 0.5 * up
    view = looking(eye, 0.5 * size * normal, up)
    picture = blank(lens)
    Renderer(Scene(physics), lens, light=EVEN).draw(view, *picture)
    world = rays(lens) @ view[:, :3]
    depth, _ = enter(Box((1.0, 1.4, 0.8)), eye, world)
    point = eye + np.where(np.isfinite(depth), depth, 0.0)[..., None] * world
    on_side = np.abs(point @ normal - 0.5 * float(size @ np.abs(normal))) < 1e-9
    x = (point @ right / float(size @ np.abs(right)) + 0.5) * 5
    y = (0.5 - point @ up / float(size @ np.abs(up))) * 7
    sure = on_side & (np.abs(x - np.rint(x)) > 0.01) & (np.abs(y - np.rint(y)) > 0.01)
    assert sure.sum() > 1500
    expected = image[y[sure].astype(int), x[sure].astype(int)]
    assert len(np.unique(expected, axis=0)) == 35  # all of the image is there
    assert np.abs(picture.rgb[sure].astype(int) - expected).max() <= 1


@pytest.mark.parametrize("width", [120, 121, 122, 123])  # four pixels are written at a time
def test_a_floor_repeats_its_texture_every_two_metres(physics: Physics, tmp_path: Path, width: int) -> None:
    image = np.random.default_rng(11).integers(0, 256, (4, 4, 3)).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "floor.png"), image[..., ::-1])
    physics.add_plane(tmp_path / "floor.png")
    lens, view = Lens(width, 90, 60.0), looking((0.3, 0.2, 3.0), (0.6, 1.2, 0.0))
    picture = blank(lens)
    Renderer(Scene(physics), lens, light=EVEN).draw(view, *picture)
    point = eye_of(view) + picture.depth[..., None].astype(float) * (rays(lens) @ view[:, :3])
    x, y = np.mod(point[..., 0] / 2, 1) * 4, (1 - np.mod(point[..., 1] / 2, 1)) * 4
    sure = (np.abs(x - np.rint(x)) > 0.01) & (np.abs(y - np.rint(y)) > 0.01)
    expected = image[y[sure].astype(int), x[sure].astype(int)]
    assert np.abs(picture.rgb[sure].astype(int) - expected).max() <= 1


def test_each_pixel_shows_the_level_of_a_texture_that_its_size_asks_for(physics: Physics, tmp_path: Path) -> None:
    """A floor seen by a tilted camera, so that the levels change along each row of the picture."""
    image = np.random.default_rng(12).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "floor.png"), image[..., ::-1])
    physics.add_plane(tmp_path / "floor.png")
    lens, view = Lens(160, 120, 60.0), looking((0.3, 0.2, 0.8), (4.0, 1.0, 0.0), (0.3, 0.8, 0.5))
    picture = blank(lens)
    Renderer(Scene(physics), lens, light=EVEN).draw(view, *picture)
    depth = np.where(picture.depth < 25.0, picture.depth, np.nan).astype(float)
    point = eye_of(view) + depth[..., None] * (rays(lens) @ view[:, :3])
    cosine = np.maximum(eye_of(view)[2] / depth, 0.05)
    covered = (depth / lens.focal) ** 2 / cosine * (64 / 2) ** 2  # texels of a pixel: the image is 2 m wide
    exact = 0.5 * np.log2(covered / 2) + 1
    levels = np.clip(np.floor(exact), 0, 6)
    assert len(np.unique(levels[np.isfinite(levels)])) >= 4
    assert max(len(np.unique(row[np.isfinite(row)])) for row in levels) >= 3
    words, packed, _ = pack_textures([image])
    texels = words.view(np.uint8).reshape(-1, 4)[:, :3]
    for level, (start, size, _) in enumerate(packed.tolist()):
        x, y = np.mod(point[..., 0] / 2, 1) * size, (1 - np.mod(point[..., 1] / 2, 1)) * size
        sure = (levels == level) & (np.abs(exact - np.rint(exact)) > 1e-3)
        sure &= (np.abs(x - np.rint(x)) > 0.01) & (np.abs(y - np.rint(y)) > 0.01)
        expected = texels[start + y[sure].astype(int) * size + x[sure].astype(int)].astype(int)
        assert np.abs(picture.rgb[sure] - expected).max(initial=0) <= 1, f"level {level}"
