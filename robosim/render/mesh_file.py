"""Mesh files through trimesh: dense ones are thinned out once, and kept for the next time."""

import contextlib
import functools
import hashlib
import math
import os
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from robosim.errors import RobosimError
from robosim.render.mesh import Floats, Image, Mesh, corner_normals
from robosim.shapes import MeshFile

DENSE = 500  # faces; a file with more is thinned out
SHARP = math.radians(40)  # edges beyond this stay edges


def load_mesh(shape: MeshFile) -> Mesh:
    """Reads a mesh file, scaled; a dense one is thinned out, and of its texture only the mean colour is left.

    Raises:
        RobosimError: The file cannot be read as a surface.
    """
    try:
        content = Path(shape.path).read_bytes()
    except OSError as error:
        raise RobosimError(f"{shape.path}: cannot be read: {error.strerror}") from error
    name = hashlib.sha256(content + repr((shape.scale, _companions(Path(shape.path)), _recipe())).encode()).hexdigest()[
        :32
    ]
    mesh = _kept(name)
    if mesh is None:
        mesh = _read(shape)
        if len(mesh.faces) > DENSE:
            mesh = _thinned(mesh)
            _keep(name, mesh)
    return mesh


def _companions(path: Path) -> list[tuple[str, int, int]]:
    """Gives what of the files beside a mesh may colour it, as far as it tells whether they have changed."""
    beside = [
        file for file in path.parent.iterdir() if file.suffix.lower() in (".mtl", ".png", ".jpg", ".jpeg", ".tga")
    ]
    stats = [(file.name, file.stat()) for file in sorted(beside)]
    return [(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats]


@functools.cache
def _recipe() -> str:
    """Gives a hash of the code that thins meshes out: what another version kept is not taken."""
    sources = (Path(__file__).with_name(name).read_bytes() for name in ("mesh_file.py", "thinning.py", "quadrics.py"))
    return hashlib.sha256(b"".join(sources)).hexdigest()


def _read(shape: MeshFile) -> Mesh:
    import trimesh  # takes a second, and is not needed for what is kept

    try:
        mesh: Any = trimesh.load(shape.path, force="mesh", process=False)
        vertices, faces = np.asarray(mesh.vertices, np.float64), np.asarray(mesh.faces, np.int32)
        image, uvs = _texture(mesh.visual)
    except Exception as error:  # whatever a parser raises
        raise RobosimError(f"{shape.path}: trimesh cannot read it as a surface: {error}") from error
    if len(faces) == 0:
        raise RobosimError(f"{shape.path}: has no faces")
    scale = np.array(shape.scale)
    if scale.prod() < 0:  # a mirror turns the faces inside out
        faces = np.ascontiguousarray(faces[:, ::-1])
    corner_uvs = None if uvs is None else uvs[faces]
    # A file has one vertex for each texture coordinate and normal; rounded surfaces need those of a place as one.
    vertices, which = np.unique(vertices * scale, axis=0, return_inverse=True)
    faces = which.reshape(-1)[faces].astype(np.int32)
    return Mesh(vertices, faces, corner_normals(vertices, faces, SHARP), corner_uvs, image)


def _texture(visual: Any) -> tuple[Image | None, Floats | None]:  # noqa: ANN401  trimesh has no types for it
    """Gives the image of a mesh that has just one, and where its vertices lie on it."""
    material, uvs = getattr(visual, "material", None), getattr(visual, "uv", None)
    image = getattr(material, "image", None) or getattr(material, "baseColorTexture", None)
    if image is None or uvs is None:
        return None, None
    return np.asarray(image.convert("RGB"), np.uint8), np.asarray(uvs, np.float64)


def _thinned(mesh: Mesh) -> Mesh:
    from robosim.render.thinning import thin  # draws, as the rest of this package does not need to

    vertices, faces = thin(mesh.vertices, mesh.faces)
    image = None if mesh.texture is None else _mean_colour(mesh)
    uvs = None if image is None else np.zeros((len(faces), 3, 2))
    return Mesh(vertices, faces, corner_normals(vertices, faces, SHARP), uvs, image)


def _mean_colour(mesh: Mesh) -> Image:
    """Gives an image of one pixel: the colour at the middle of the mesh's faces."""
    assert mesh.texture is not None
    assert mesh.uvs is not None
    height, width = mesh.texture.shape[:2]
    u, v = np.mod(mesh.uvs.mean(axis=1), 1.0).T
    texels = mesh.texture[((1 - v) * height).astype(int) % height, (u * width).astype(int) % width]
    return np.asarray(np.rint(texels.mean(axis=0)), np.uint8).reshape(1, 1, 3)


def _folders() -> list[Path]:
    """Where meshes are kept: the user's cache, or where that cannot be written, the system's temporary folder."""
    folders = [Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")) / "robosim" / "meshes"]
    with contextlib.suppress(OSError):  # a machine may have no temporary folder
        folders.append(Path(tempfile.gettempdir()) / f"robosim-meshes-{os.getuid()}")
    return folders


def _kept(name: str) -> Mesh | None:
    for folder in _folders():
        try:
            with np.load(folder / f"{name}.npz") as file:
                vertices, faces = file["vertices"], file["faces"]
                image = file.get("image")
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):  # not there, or spoilt
            continue
        uvs = None if image is None else np.zeros((len(faces), 3, 2))
        return Mesh(vertices, faces, corner_normals(vertices, faces, SHARP), uvs, image)
    return None


def _keep(name: str, mesh: Mesh) -> None:
    """Writes it whole or not at all; where nothing can be written, the next process thins it out again."""
    image: dict[str, Any] = {} if mesh.texture is None else {"image": mesh.texture}
    for folder in _folders():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            descriptor, partial = tempfile.mkstemp(dir=folder, suffix=".npz")
        except OSError:
            continue
        try:
            with os.fdopen(descriptor, "wb") as file:
                np.savez(file, vertices=mesh.vertices, faces=mesh.faces, **image)
            os.replace(partial, folder / f"{name}.npz")
        except OSError:
            Path(partial).unlink(missing_ok=True)
            continue
        return
