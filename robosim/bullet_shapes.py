"""Shapes translated into PyBullet's calls, and back: how bodies collide, and what of them is seen."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from robosim.bullet import pybullet
from robosim.errors import RobosimError
from robosim.math import rotation_rows
from robosim.shapes import Box, Capsule, Cylinder, MeshFile, Shape, Sphere, Triangles, Visual

MOST_PARTS = 16  # PyBullet's limit of shapes in one link
_TINY = 0.002  # m; a box smaller than this marks a place and is not to be seen


def create_collision(client: int, visuals: Sequence[Visual]) -> int:
    """Makes one collision shape of several visual ones.

    Raises:
        RobosimError: There are more than PyBullet takes, or one of them is a surface, which has no inside.
    """
    if not 1 <= len(visuals) <= MOST_PARTS:
        raise RobosimError(f"a body of {len(visuals)} shapes: PyBullet takes 1 to {MOST_PARTS}")
    each = [_arguments(visual.shape) for visual in visuals]
    return int(
        pybullet.createCollisionShapeArray(
            **_columns(each),
            collisionFramePositions=[visual.position for visual in visuals],
            collisionFrameOrientations=[visual.quaternion for visual in visuals],
            physicsClientId=client,
        )
    )


def create_visual(client: int, visuals: Sequence[Visual]) -> int:
    """Makes one visual shape for PyBullet's own window, which shows surfaces of triangles only by themselves."""
    surfaces = [visual for visual in visuals if isinstance(visual.shape, Triangles)]
    if surfaces and len(surfaces) == len(visuals):
        return _create_surface(client, surfaces)
    each = [_arguments(visual.shape) for visual in visuals]
    return int(
        pybullet.createVisualShapeArray(
            **_columns(each),
            rgbaColors=[visual.colour for visual in visuals],
            visualFramePositions=[visual.position for visual in visuals],
            visualFrameOrientations=[visual.quaternion for visual in visuals],
            physicsClientId=client,
        )
    )


def create_heights(client: int, heights: NDArray[np.float64], cell: float) -> int:
    """Makes a height field; PyBullet puts the middle between its lowest and highest point at height 0."""
    rows, columns = heights.shape
    return int(
        pybullet.createCollisionShape(
            pybullet.GEOM_HEIGHTFIELD, meshScale=[cell, cell, 1.0], heightfieldData=heights.ravel().tolist(),
            numHeightfieldRows=columns, numHeightfieldColumns=rows, physicsClientId=client,
        )
    )  # fmt: skip


def create_ground(client: int, surface: Triangles) -> int:
    """Makes a surface that others stand on; it cannot move by itself. Bodies can share it, unlike a height field.

    A body of a height field takes 10 kB a sample anew, and one of this 0.8 kB once.
    """
    return int(
        pybullet.createCollisionShape(
            pybullet.GEOM_MESH, vertices=surface.vertices.tolist(), indices=surface.faces.ravel().tolist(),
            flags=pybullet.GEOM_FORCE_CONCAVE_TRIMESH, physicsClientId=client,
        )
    )  # fmt: skip


def load_image(client: int, image: Path | NDArray[np.uint8]) -> int:
    """Makes a texture for PyBullet's own window; it reads files only."""
    if isinstance(image, Path):
        return int(pybullet.loadTexture(str(image), physicsClientId=client))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "texture.png"
        Image.fromarray(image).save(path)
        return load_image(client, path)


def read_visuals(client: int, index: int) -> list[Visual]:
    """Gives what is seen of a loaded body, as PyBullet tells it."""
    visuals = []
    for _, link, kind, size, file, position, quaternion, colour in pybullet.getVisualShapeData(
        index, physicsClientId=client
    ):
        shape = _told(kind, size, file.decode())
        if shape is not None:
            visuals.append(Visual(shape, colour, None, position, quaternion, link))
    return visuals


def _told(kind: int, size: Sequence[float], file: str) -> Shape | None:
    if kind == pybullet.GEOM_BOX:
        return None if max(size) < _TINY else Box((size[0], size[1], size[2]))
    if kind == pybullet.GEOM_SPHERE:
        return Sphere(size[0])
    if kind == pybullet.GEOM_CYLINDER:
        return Cylinder(size[1], size[0])
    if kind == pybullet.GEOM_CAPSULE:
        return Capsule(size[1], size[0])
    if kind == pybullet.GEOM_MESH and Path(file).is_file():
        return MeshFile(file, (size[0], size[1], size[2]))
    return None


def _create_surface(client: int, visuals: Sequence[Visual]) -> int:
    """Makes one surface of several; colour and texture are those of the first."""
    vertices, uvs = list[NDArray[np.float64]](), list[NDArray[np.float64]]()
    for visual in visuals:
        shape = visual.shape
        assert isinstance(shape, Triangles)
        turn = np.array(rotation_rows(visual.quaternion))
        vertices.append((shape.vertices @ turn.T + visual.position)[shape.faces.ravel()])
        if shape.uvs is not None:  # PyBullet knows those of vertices alone
            uvs.append((shape.uvs[shape.faces] if shape.uvs.ndim == 2 else shape.uvs).reshape(-1, 2))
    corners = np.concatenate(vertices)
    more = {"uvs": np.concatenate(uvs).tolist()} if len(uvs) == len(visuals) else {}
    return int(
        pybullet.createVisualShape(
            pybullet.GEOM_MESH, vertices=corners.tolist(), indices=list(range(len(corners))),
            rgbaColor=visuals[0].colour, physicsClientId=client, **more,
        )
    )  # fmt: skip


def _arguments(shape: Shape) -> dict[str, Any]:
    """PyBullet's words for one shape."""
    if isinstance(shape, Box):
        return {"shapeTypes": pybullet.GEOM_BOX, "halfExtents": [length / 2 for length in shape.size]}
    if isinstance(shape, Sphere):
        return {"shapeTypes": pybullet.GEOM_SPHERE, "radii": shape.radius}
    if isinstance(shape, Cylinder):
        return {"shapeTypes": pybullet.GEOM_CYLINDER, "radii": shape.radius, "lengths": shape.length}
    if isinstance(shape, Capsule):
        return {"shapeTypes": pybullet.GEOM_CAPSULE, "radii": shape.radius, "lengths": shape.length}
    if isinstance(shape, MeshFile):
        return {"shapeTypes": pybullet.GEOM_MESH, "fileNames": shape.path, "meshScales": shape.scale}
    raise RobosimError("a body of several shapes cannot have a bare surface of triangles among them")


def _columns(each: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    """Turns one set of arguments a shape into one list an argument."""
    blanks = {"halfExtents": [0.0] * 3, "radii": 0.0, "lengths": 0.0, "fileNames": "", "meshScales": [1.0] * 3}
    names = {name for arguments in each for name in arguments}
    return {name: [arguments.get(name, blanks.get(name)) for arguments in each] for name in sorted(names)}
