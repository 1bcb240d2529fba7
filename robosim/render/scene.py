"""What a physics world looks like, ready for the rasteriser: `Scene`."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from robosim.body import BASE, Body
from robosim.errors import RobosimError
from robosim.math import quaternion_product, rotation_rows, to_world
from robosim.physics import Physics
from robosim.render.kernels.arrays import NONE, Geometry, Looks
from robosim.render.mesh import tessellate
from robosim.render.packing import Part, pack, split
from robosim.render.poses import Poses
from robosim.render.textures import Image, load_texture, pack_textures, srgb_tables
from robosim.shapes import Visual

_OPAQUE = 0.5  # opacity from which a surface is seen


class Scene:
    """The visual shapes of every body that a physics has when the scene is made.

    Args:
        physics: The world; what is added to it later is not seen.

    Attributes:
        physics: That world.
        geometry: Its shapes.
        looks: Their colours and textures.
        poses: float64 (links, 3, 4), from each link's frame to the world, as of the last `update`.
    """

    def __init__(self, physics: Physics) -> None:
        """Packs the shapes; see the class."""
        self.physics = physics
        self._links: list[tuple[Body, list[int]]] = []
        parts: list[Part] = []
        slots = 0
        for body in physics.bodies:
            visuals = sorted((_on_carrier(body, visual) for visual in body.visuals), key=lambda pair: pair[0])
            links = sorted({link for link, _ in visuals} - {BASE})
            row = {link: slots + number for number, link in enumerate([BASE, *links])}
            self._links.append((body, links))
            slots += len(row)
            for link, visual in visuals:
                parts += split(Part(tessellate(visual.shape), visual, row[link], (body.number, int(body.kind))))
        self._parts = parts
        self._owners = [body for body in physics.bodies for part in parts if part.label[0] == body.number]
        textures = _Textures()
        numbers = [textures.number(part) for part in parts]
        self.geometry: Geometry = pack(parts, [number != NONE for number in numbers])
        texels, levels, first_level = pack_textures(textures.images)
        to_linear, to_srgb = srgb_tables()
        shown, colours = np.ones(len(parts), np.bool_), np.ones((len(parts), 3), np.float32)
        self.looks = Looks(colours, shown, np.array(numbers, np.int32), texels, levels, first_level, to_linear, to_srgb)
        self._poses = Poses(self._links, physics.moment)
        self.poses = self._poses.array
        self._seen_looks = NONE
        self.update()

    def update(self, without: Body | None = None) -> None:
        """Reads where everything is now; what has not moved is not asked again.

        Args:
            without: A body that nobody looks for this time.

        Raises:
            RobosimError: A body was added since the scene was made: it would not be seen.
        """
        if len(self.physics.bodies) != len(self._links):
            raise RobosimError(
                f"the scene was made of {len(self._links)} bodies, and there are {len(self.physics.bodies)} now: "
                "make the scene when everything is built"
            )
        self._poses.update(without)
        if self._seen_looks != self.physics.moment.looks:
            self._seen_looks = self.physics.moment.looks
            self._paint()

    def row(self, body: Body, link: str = "") -> int:
        """Gives the row of ``poses`` that is a body's base, or a link of it, by name.

        Raises:
            RobosimError: There is no such link, or nothing of it is seen, so that its pose is not asked for.
        """
        rank = self.physics.bodies.index(body)
        base, links = self._poses.rows[rank], self._links[rank][1]
        if not link:
            return base
        if body.link_number(link) not in links:
            raise RobosimError(f"link {link!r} of body {body.number} is not seen by itself: it carries no camera")
        return base + 1 + links.index(body.link_number(link))

    def _paint(self) -> None:
        seen = zip(self._parts, self._owners, strict=True)
        colours = [body.colours.get(part.visual.link, part.visual.colour) for part, body in seen]
        painted = np.array(colours).reshape(-1, 4)
        steps = np.rint(np.clip(painted[:, :3], 0, 1) * 255).astype(np.intp)
        self.looks.colours[:] = self.looks.to_linear[steps]
        self.looks.shown[:] = painted[:, 3] >= _OPAQUE


def _on_carrier(body: Body, visual: Visual) -> tuple[int, Visual]:
    """Gives the link with which a shape moves, and the shape in its frame: what is welded on is not asked for."""
    if visual.link not in body.welds:
        return visual.link, visual
    link, (position, quaternion) = body.welds[visual.link]
    x, y, z = to_world(rotation_rows(quaternion), visual.position)
    place = position[0] + x, position[1] + y, position[2] + z
    return link, replace(visual, position=place, quaternion=quaternion_product(quaternion, visual.quaternion))


class _Textures:
    """Numbers for textures, the same one for the same image."""

    def __init__(self) -> None:
        self.images: list[Image] = []
        self._numbers: dict[Path | int, int] = {}

    def number(self, part: Part) -> int:
        path, own = part.visual.texture, part.mesh.texture
        if path is not None and part.mesh.uvs is None:
            raise RobosimError(
                f"{part.visual.shape!r} has no texture coordinates: boxes and `Triangles` carry textures"
            )
        if part.mesh.uvs is None or (path is None and own is None):
            return NONE
        key = path if isinstance(path, Path) else id(own if path is None else path)
        if key not in self._numbers:
            self._numbers[key] = len(self.images)
            self.images.append(
                load_texture(path) if isinstance(path, Path) else np.asarray(own if path is None else path)
            )
        return self._numbers[key]
