"""What shelving looks like, and what of it one bumps into: its frame, and the boards that hang in it at any height."""

from robosim.math import Vec3
from robosim.shapes import Box, Visual
from robosim.worlds.store.layout import BAY, BOARD, DEPTH, FRAME, POST
from robosim.worlds.warehouse.furniture import Thing, sheet
from robosim.worlds.warehouse.sheet import AROUND, Surface

_BEAM = 0.05  # m, how tall the rail at a board's front and back is
_MESH = 0.01  # m, how thick the mesh at the back is


def frame() -> Thing:
    """Builds four uprights, the ties between them, and a mesh at the back."""
    seen, felt = Surface(sheet()), list[Visual]()
    inner = DEPTH / 2 - POST / 2
    for y in (-(BAY + POST) / 2, (BAY + POST) / 2):
        for x in (-inner, inner):
            post = (POST, POST, FRAME)
            seen.box((POST, POST, FRAME), (x, y, FRAME / 2), "blue")
            seen.box((POST + 0.06, POST + 0.04, 0.02), (x, y, 0.01), "steel")
            felt.append(_block(post, (x, y, FRAME / 2)))
        for z in (0.35, 1.05, 1.75):
            seen.box((DEPTH - 2 * POST, 0.02, 0.04), (0.0, y, z), "steel", (*AROUND, "+z", "-z"))
        side = (DEPTH - 2 * POST, 0.02, FRAME)
        felt.append(_block(side, (0.0, y, FRAME / 2)))
    back, a = -DEPTH / 2 - _MESH / 2, BAY / 2
    for x, way in ((back + _MESH / 2 + 0.001, 1.0), (back - _MESH / 2, -1.0)):
        for z in (0.0, FRAME / 2):
            corners: list[Vec3] = [(x, -way * a, z), (x, way * a, z), (x, way * a, z + FRAME / 2)]
            corners.append((x, -way * a, z + FRAME / 2))
            seen.rectangle(corners, "mesh")
    felt.append(_block((_MESH, BAY, FRAME), (back, 0.0, FRAME / 2)))
    return [seen.visual()], felt


def board() -> Thing:
    """Builds a board between two rails; its upper side is at height 0."""
    seen = Surface(sheet())
    seen.box((DEPTH - 0.06, BAY, BOARD), (0.0, 0.0, -BOARD / 2), "wood", ("+z", "-z"))
    for x in (-DEPTH / 2 + 0.015, DEPTH / 2 - 0.015):
        seen.box((0.03, BAY, _BEAM), (x, 0.0, -_BEAM / 2), "orange", ("-x", "+x", "+z", "-z"))
    return [seen.visual()], [_block((DEPTH, BAY, BOARD), (0.0, 0.0, -BOARD / 2))]


def _block(size: Vec3, middle: Vec3) -> Visual:
    return Visual(Box(size), position=middle)
