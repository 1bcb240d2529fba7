"""Shapes as triangles: how near they keep to what they stand for, and what becomes of mesh files."""

import math
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pybullet_data
import pytest
from closed_form import seen
from scenes import Floats, blank, take, uniform

from robosim.errors import RobosimError
from robosim.physics import Physics
from robosim.render import mesh_file
from robosim.render.lens import Lens, looking
from robosim.render.mesh import DEVIATION, Mesh, tessellate
from robosim.render.mesh_file import load_mesh
from robosim.render.packing import Part, pack
from robosim.render.renderer import Renderer
from robosim.render.scene import Scene
from robosim.render.thinning import visible
from robosim.shapes import Box, Capsule, Cylinder, MeshFile, Shape, Sphere, Visual

DATA = Path(pybullet_data.getDataPath())
ROUND: tuple[Shape, ...] = (
    *(Sphere(radius) for radius in (0.01, 0.05, 0.11, 0.4, 1.0)),
    *(Cylinder(radius, 0.3) for radius in (0.01, 0.14, 0.7, 1.5)),
    *(Capsule(radius, 0.5) for radius in (0.02, 0.09, 0.1, 0.35)),
)


@pytest.fixture
def nothing_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keeps thinned meshes in a folder of the test's own."""
    monkeypatch.setattr(mesh_file, "_folders", lambda: [tmp_path / "kept"])
    return tmp_path / "kept"


def _beyond(shape: Shape, points: Floats) -> Floats:
    """Gives how far points are outside of a round shape's side, metres; a cylinder's ends count as its side."""
    assert isinstance(shape, Sphere | Cylinder | Capsule)
    half = 0.0 if isinstance(shape, Sphere) else shape.length / 2
    z = points[:, 2] - np.clip(points[:, 2], -half, half)
    return np.asarray(np.linalg.norm(np.column_stack([points[:, :2], z]), axis=1) - shape.radius)


@pytest.mark.parametrize("shape", ROUND, ids=str)
def test_round_shapes_keep_within_their_deviation(shape: Shape) -> None:
    mesh, rng = tessellate(shape), np.random.default_rng(0)
    shares = rng.dirichlet((0.5, 0.5, 0.5), (len(mesh.faces), 30))
    points = np.einsum("fsk,fki->fsi", shares, mesh.vertices[mesh.faces])
    if isinstance(shape, Cylinder):  # the side's faces come first
        points = points[: (len(mesh.faces) + 4) // 2]
    beyond = _beyond(shape, points.reshape(-1, 3))
    assert np.abs(beyond).max() < 1.02 * DEVIATION
    assert beyond.max() > 0 > beyond.min() or np.abs(beyond).max() < 1e-9


@pytest.mark.parametrize("shape", [Box((1.0, 0.5, 0.2)), *ROUND], ids=str)
def test_shapes_are_closed_and_face_outwards(shape: Shape) -> None:
    mesh = tessellate(shape)
    corners = mesh.vertices[mesh.faces]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert ((across * corners.mean(axis=1)).sum(1) > 0).all()  # all of them bulge
    places = np.unique(np.round(mesh.vertices, 9), axis=0, return_inverse=True)[1].reshape(-1)[mesh.faces]
    edges = Counter((int(face[k]), int(face[k - 1])) for face in places for k in range(3))
    assert all(edges[b, a] == count == 1 for (a, b), count in edges.items())
    if mesh.normals is not None:
        assert np.linalg.norm(mesh.normals, axis=-1) == pytest.approx(1.0)
        assert ((mesh.normals * (across / np.linalg.norm(across, axis=1, keepdims=True))[:, None]).sum(-1) > 0.7).all()


def _drawn(mesh: Mesh, *, textured: bool) -> int:
    """How many faces pictures draw; what they leave out is the other half of what they draw."""
    geometry = pack([Part(mesh, Visual(Sphere(1.0)), 0, (0, 0))], [textured])
    drawn, count = int(geometry.drawn_until[0]), len(geometry.faces)
    assert count == len(mesh.faces)
    corners = geometry.vertices[geometry.faces].astype(np.float64)
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 3] - corners[:, 0])
    whole = np.linalg.norm(
        np.where((geometry.faces[:, 3] == geometry.faces[:, 2])[:, None], across / 2, across), axis=1
    )
    before = mesh.vertices[mesh.faces]
    area = np.linalg.norm(np.cross(before[:, 1] - before[:, 0], before[:, 2] - before[:, 0]), axis=1).sum() / 2
    assert whole[:drawn].sum() == pytest.approx(area, rel=1e-6)
    return drawn


def test_triangles_that_make_a_parallelogram_are_drawn_as_one() -> None:
    box = tessellate(Box((1.0, 0.5, 0.2)))
    assert _drawn(box, textured=True) == 6
    assert box.uvs is not None
    uvs = box.uvs.copy()
    uvs[0] += 0.1  # one triangle is printed otherwise than the other half of its side
    assert _drawn(Mesh(box.vertices, box.faces, uvs=uvs), textured=True) == 7
    assert _drawn(Mesh(box.vertices, box.faces, uvs=uvs), textured=False) == 6
    tube = tessellate(Cylinder(0.14, 0.3))
    around = (len(tube.faces) + 4) // 4
    assert _drawn(tube, textured=False) == len(tube.faces) - around
    kite = np.array([(0.0, 0.0, 0.0), (1.0, -0.5, 0.0), (3.0, 0.0, 0.0), (1.0, 0.5, 0.0)])
    assert _drawn(Mesh(kite, np.array([[0, 1, 2], [0, 2, 3]], np.int32)), textured=False) == 2


def _write(path: Path, mesh: Mesh) -> MeshFile:
    lines = [f"v {x} {y} {z}" for x, y, z in mesh.vertices.tolist()]
    path.write_text("\n".join(lines + [f"f {a + 1} {b + 1} {c + 1}" for a, b, c in mesh.faces.tolist()]) + "\n")
    return MeshFile(str(path))


def test_a_small_file_stays_as_it_is(tmp_path: Path, nothing_kept: Path) -> None:
    box = tessellate(Box((1.0, 0.6, 0.4)))
    mesh = load_mesh(MeshFile(_write(tmp_path / "box.obj", box).path, (2.0, 1.0, 1.0)))
    assert len(mesh.faces) == 12
    assert np.ptp(mesh.vertices, axis=0) == pytest.approx((2.0, 0.6, 0.4))
    assert not nothing_kept.exists()


def test_a_mirrored_file_is_not_inside_out(tmp_path: Path) -> None:
    file = _write(tmp_path / "box.obj", tessellate(Box((1.0, 0.6, 0.4))))
    mesh = load_mesh(MeshFile(file.path, (1.0, -1.0, 1.0)))
    corners = mesh.vertices[mesh.faces]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert ((across * corners.mean(axis=1)).sum(1) > 0).all()


def test_a_dense_file_is_thinned_and_looks_alike(tmp_path: Path, nothing_kept: Path) -> None:
    shape = Capsule(0.4, 0.8)
    dense = tessellate(shape)
    file = _write(tmp_path / "dense.obj", dense)
    light = load_mesh(file)
    assert len(light.faces) < len(dense.faces) / 5
    lens, view = Lens(100, 100, 20.0), looking((4.0, 3.0, 1.0), (0.0, 0.0, 0.0))
    depth, cosine = seen(shape, np.eye(3), np.zeros(3), lens, view)
    with Physics(1 / 200) as physics:
        physics.add_box((0.001, 0.001, 0.001), 0.0, (1.0, 1.0, 1.0, 1.0)).visuals = (Visual(file),)
        picture = take(physics, lens, view)
    assert (np.isfinite(picture.depth) != np.isfinite(depth)).mean() < 0.01
    off = uniform(np.isfinite(depth)) & np.isfinite(depth) & (cosine > 0.3) & np.isfinite(picture.depth)
    assert np.abs(picture.depth[off] - depth[off]).max() < 0.02


def test_what_is_kept_is_what_was_thinned(nothing_kept: Path) -> None:
    file = MeshFile(str(DATA / "a1" / "meshes" / "hip.obj"))
    first = load_mesh(file)
    (kept,) = nothing_kept.iterdir()
    second = load_mesh(file)
    kept.write_bytes(b"spoilt")
    third = load_mesh(file)
    for other in (second, third):
        np.testing.assert_array_equal(first.vertices, other.vertices)
        np.testing.assert_array_equal(first.faces, other.faces)
        assert first.normals is not None
        assert other.normals is not None
        np.testing.assert_array_equal(first.normals, other.normals)


def test_nothing_can_be_kept_and_it_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mesh_file, "_folders", lambda: [Path("/dev/null/nowhere")])
    assert len(load_mesh(MeshFile(str(DATA / "a1" / "meshes" / "hip.obj"))).faces) < 100


def test_parts_within_and_faces_inside_out_are_mended() -> None:
    outer, inner = (tessellate(Box((size, size, size))) for size in (1.0, 0.5))
    vertices = np.concatenate([outer.vertices, inner.vertices])
    turned = outer.faces.copy()
    turned[::3] = turned[::3, ::-1]
    found = visible(vertices, np.concatenate([turned, inner.faces + len(outer.vertices)]))
    np.testing.assert_array_equal(found, outer.faces)


def test_the_a1_is_light(nothing_kept: Path) -> None:
    with Physics(1 / 200) as physics:
        robot = physics.load_urdf(DATA / "a1" / "a1.urdf")
        files = [visual.shape for visual in robot.visuals if isinstance(visual.shape, MeshFile)]
        faces = {file.path: len(load_mesh(file).faces) for file in files}
        scene = Scene(physics)
    assert len(files) == 13
    assert len(scene.geometry.faces) <= 1500
    assert faces[str(DATA / "a1" / "meshes" / "trunk.obj")] == max(faces.values())


@pytest.mark.parametrize("name", ["cube.obj", "textured_sphere_smooth.obj"])
def test_a_files_own_texture_is_seen(name: str, nothing_kept: Path) -> None:
    mesh = load_mesh(MeshFile(str(DATA / name)))
    assert mesh.texture is not None
    assert mesh.uvs is not None
    assert mesh.uvs.shape == (len(mesh.faces), 3, 2)
    with Physics(1 / 200) as physics:
        physics.add_box((0.001, 0.001, 0.001), 0.0, (1.0, 1.0, 1.0, 1.0)).visuals = (
            Visual(MeshFile(str(DATA / name))),
        )
        lens = Lens(60, 60, 40.0)
        picture = blank(lens)
        Renderer(Scene(physics), lens).draw(looking((3.0, 2.0, 1.5), (0.0, 0.0, 0.0)), *picture)
    colours = picture.rgb[picture.bodies == 0].astype(int)
    assert len(colours) > 300
    own = mesh.texture.reshape(-1, 3).mean(axis=0)
    # Light is all but white: a surface has the tint of its texture.
    assert colours.mean(axis=0) / colours.mean() == pytest.approx(own / own.mean(), abs=0.25)


def test_a_texture_of_a_file_stands_upright(tmp_path: Path) -> None:
    """Of a Wavefront file v grows upwards."""
    cv2.imwrite(str(tmp_path / "print.png"), np.array([[(0, 0, 255)], [(255, 0, 0)]], np.uint8))  # red over blue
    (tmp_path / "wall.mtl").write_text("newmtl wall\nKd 1 1 1\nmap_Kd print.png\n")
    (tmp_path / "wall.obj").write_text(
        "mtllib wall.mtl\nusemtl wall\nv 0 -1 -1\nv 0 1 -1\nv 0 1 1\nv 0 -1 1\n"
        "vt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\nf 1/1 2/2 3/3\nf 1/1 3/3 4/4\n"
    )
    with Physics(1 / 200) as physics:
        wall = physics.add_box((0.001, 0.001, 0.001), 0.0, (1.0, 1.0, 1.0, 1.0))
        wall.visuals = (Visual(MeshFile(str(tmp_path / "wall.obj"))),)
        picture = take(physics, Lens(20, 20, 20.0), looking((4.0, 0.0, 0.0), (0.0, 0.0, 0.0)))
    upper, lower = picture.rgb[2, 10].astype(int), picture.rgb[17, 10].astype(int)
    assert upper[0] > 3 * upper[2]
    assert lower[2] > 3 * lower[0]


@pytest.mark.parametrize("content", [None, b"", b"not a mesh", b"v 0 0 0\nv 1 0 0\nv 0 1 0\n"])
def test_a_file_that_is_no_surface_is_refused_by_name(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "broken.obj"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RobosimError, match=r"broken\.obj"):
        load_mesh(MeshFile(str(path)))


def test_a_deviation_is_a_millimetre_where_a_ray_is_flat() -> None:
    assert DEVIATION / math.sin(math.radians(24)) < 1e-3
