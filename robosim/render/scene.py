"""What a physics world looks like, ready for the rasteriser: `Scene`."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robosim.body import BASE, Body, Moment
from robosim.errors import RobosimError
from robosim.math import rotation_rows
from robosim.physics import Physics
from robosim.render.kernels.arrays import NONE, Geometry, Looks
from robosim.render.kernels.place import place, stand
from robosim.render.mesh import tessellate
from robosim.render.packing import Part, pack, split
from robosim.render.textures import Image, load_texture, pack_textures, srgb_tables

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
            links = sorted({visual.link for visual in body.visuals} | {BASE})
            row = {link: slots + place for place, link in enumerate(links)}
            self._links.append((body, links))
            slots += len(links)
            for visual in body.visuals:
                whole = Part(tessellate(visual.shape), visual, row[visual.link], (body.number, int(body.kind)))
                parts += split(whole)
        self._parts = parts
        self._owners = [body for body in physics.bodies for part in parts if part.label[0] == body.number]
        textures = _Textures()
        numbers = [textures.number(part) for part in parts]
        self.geometry: Geometry = pack(parts, [number != NONE for number in numbers])
        texels, levels, first_level = pack_textures(textures.images)
        to_linear, to_srgb = srgb_tables()
        shown, colours = np.ones(len(parts), np.bool_), np.ones((len(parts), 3), np.float32)
        self.looks = Looks(colours, shown, np.array(numbers, np.int32), texels, levels, first_level, to_linear, to_srgb)
        self.poses: NDArray[np.float64] = np.tile(np.eye(4)[:3], (slots, 1, 1))
        self._offsets = self._read_offsets()
        first = np.cumsum([0, *(len(links) for _, links in self._links)])
        self._placed = np.full(len(self._links), NONE, np.int64)
        self._fixtures = np.where([body.fixture for body, _ in self._links], first[:-1], NONE)
        self._others = [
            _Other(rank, body, links, int(first[rank]))
            for rank, (body, links) in enumerate(self._links)
            if not body.fixture
        ]
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
        moment = self.physics.moment
        stand(moment.placed, moment.stands, self._fixtures, self._offsets, self._placed, self.poses)
        told, slots = list[float](), list[int]()
        for other in self._others:
            if other.body is not without and other.has_moved(moment):
                other.tell(told, slots)
        if slots:
            place(np.array(told).reshape(-1, 7), self._offsets, np.array(slots), self.poses)
        if self._seen_looks != moment.looks:
            self._seen_looks = moment.looks
            self._paint()

    def _paint(self) -> None:
        to_linear = self.looks.to_linear
        for row, (part, body) in enumerate(zip(self._parts, self._owners, strict=True)):
            *colour, opacity = body.colours.get(part.visual.link, part.visual.colour)
            self.looks.colours[row] = to_linear[np.rint(np.clip(colour, 0, 1) * 255).astype(int)]
            self.looks.shown[row] = opacity >= _OPAQUE

    def _read_offsets(self) -> NDArray[np.float64]:
        """The physics tells of a base where its inertial frame is, of a link where the link's own frame is."""
        offsets = []
        for body, links in self._links:
            position, quaternion = body.inertial_frame
            back = np.array(rotation_rows(quaternion)).T
            offsets.append(np.column_stack([back, -back @ position]))
            offsets += [np.eye(4)[:3]] * (len(links) - 1)
        return np.array(offsets).reshape(-1, 3, 4)


class _Other:
    """A body that is no fixture: the physics has to be asked where it and its links are."""

    def __init__(self, rank: int, body: Body, links: list[int], first: int) -> None:
        self._rank, self.body, self._links, self._first = rank, body, links[1:], first
        # A base that is nailed down may carry joints.
        self._moves = body.dynamic or len(links) > 1
        self._seen = NONE, NONE

    def has_moved(self, moment: Moment) -> bool:
        """Says whether it may have moved since this was last asked."""
        seen, self._seen = self._seen, (moment.number if self._moves else NONE, int(moment.placed[self._rank]))
        return seen != self._seen

    def tell(self, told: list[float], slots: list[int]) -> None:
        """Adds position and quaternion of each link to a list, and which rows of the poses they are about."""
        position, quaternion = self.body.inertial_pose()
        told += position
        told += quaternion
        slots.append(self._first)
        if self._links:
            for slot, (position, quaternion) in enumerate(self.body.link_poses(self._links), start=self._first + 1):
                told += position
                told += quaternion
                slots.append(slot)


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
