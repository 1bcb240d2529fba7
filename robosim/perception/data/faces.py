"""What the kernels must know of a scene's faces and bodies: classes, codes, and which faces are labels of packages."""

import numpy as np
from numpy.typing import NDArray

from robosim.errors import RobosimError
from robosim.perception.data.codes import NOTHING, Known, code_of
from robosim.perception.data.measure import MOST_BODIES
from robosim.perception.data.sample import BOXED, CLASSES, SYMBOLS
from robosim.render.scene import Scene
from robosim.shapes import Kind
from robosim.worlds.store.packages import POOL, sheet

_NAMED = {kind: CLASSES.index(kind.name.lower()) for kind in Kind if kind.name.lower() in CLASSES}
_NEAR = 1e-4  # of a texture's width


def know(scene: Scene, packages: list[int]) -> Known:
    """Gathers it.

    Args:
        scene: What is drawn.
        packages: Bodies' numbers of the pool of packages, in its order.

    Raises:
        RobosimError: There are more bodies than numbers for them.
    """
    geometry = scene.geometry
    numbers = geometry.labels[:, 0].astype(np.int64)
    if numbers.max() >= MOST_BODIES:
        raise RobosimError(f"{numbers.max() + 1} bodies: labels have numbers for {MOST_BODIES}")
    bodies = int(numbers.max()) + 1
    classes = np.zeros(bodies, np.uint8)
    for number, kind in geometry.labels.tolist():
        classes[number] = _NAMED.get(Kind(kind), 0)
    stickers, walls = _stickers(scene, packages)
    codes = np.array([code_of(int(body)) for body in numbers], np.int16)[geometry.face_part]
    codes += np.where(walls >= 0, walls * code_of(0, 1), 0).astype(np.int16)
    symbols = np.full(bodies, NOTHING, np.int8)
    symbols[packages] = [SYMBOLS.index(model.letter) for model in POOL]
    return Known(
        codes=codes,
        stickers=stickers,
        classes=classes,
        boxed=np.isin(classes, [CLASSES.index(name) for name in BOXED]),
        obstacles=~np.isin(classes, [CLASSES.index(name) for name in ("floor", "area")]),
        symbols=symbols,
        colours=np.full(bodies, NOTHING, np.int8),
    )


def _stickers(scene: Scene, packages: list[int]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Finds the faces that show a label: where it is on the texture, and on which wall, -1 for none."""
    geometry = scene.geometry
    stickers = np.zeros((len(geometry.faces), 4), np.float32)
    walls = np.full(len(geometry.faces), NOTHING, np.int64)
    owners = geometry.labels[geometry.face_part, 0]
    for body, model in zip(packages, POOL, strict=True):
        (left, low), _, (right, high), _ = sheet().corners(f"{'worn' if model.worn else 'label'} {model.letter}")
        for face in np.flatnonzero(owners == body).tolist():
            corners = geometry.vertices[geometry.faces[face, :3]]
            points = np.column_stack([corners, np.ones(3)])
            u, v = (geometry.uvs[geometry.face_uvs[face]] @ points.T).reshape(2, 3)
            inside = (u > left - _NEAR) & (u < right + _NEAR) & (v > low - _NEAR) & (v < high + _NEAR)
            if inside.all():
                x, y, _ = geometry.planes[face, :3]
                stickers[face] = left, right, low, high
                walls[face] = round(float(np.arctan2(y, x)) / (np.pi / 2)) % 4
    return stickers, walls
