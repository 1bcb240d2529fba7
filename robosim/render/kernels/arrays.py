"""What the kernels read and write: named groups of arrays, all of them made once and used for every frame.

Points are in metres. A *link* is a rigid group that moves as one; a *part* is a run of faces on one link that share
colour, texture and label. The camera's frame is OpenCV's: x right, y down, z forward.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Real = Any
"""A float of Python or of NumPy: a kernel is compiled for either."""
Triple = tuple[float, float, float]
"""A point, a direction or a colour inside a kernel: unlike a small array, it costs no memory."""
Row = tuple[float, float, float, float]
Transform = tuple[Row, Row, Row]
"""Rotation and translation: a point p goes to row · (p, 1), row by row."""
NONE = -1
SKIES = 1024
"""Steps of the sky's colour, finer than those of bytes."""


Lens6 = tuple[float, float, float, float, float, float]
Side = tuple[float, float]
Sides = tuple[Side, Side, Side, Side]


class Geometry(NamedTuple):
    """Everything that can be seen. V vertices, F faces, P parts of L links; what belongs together stands together.

    Attributes:
        vertices: float32 (V, 3), in the part's link frame.
        faces: int32 (F, 4), a triangle's corners, counter-clockwise from outside, and one more. Two triangles that make
            a parallelogram are one face in pictures: the first has its fourth corner there. Elsewhere it is the third
            again.
        planes: float32 (F, 4), outward unit normal n and offset d in the link frame: n · p = d on the face.
        face_part: int32 (F,).
        face_normals: int32 (F,), the row of ``normals`` where a face is rounded, else -1.
        normals: float32 (S, 3, 4): normal = M (p, 1) at a point p of the face, in the link frame.
        face_uvs: int32 (F,), the row of ``uvs`` where a face is textured, else -1.
        uvs: float32 (T, 2, 4): (u, v) = M (p, 1).
        first_face: int32 (P + 1,).
        first_vertex: int32 (P + 1,).
        drawn_until: int32 (P,), where those of a part's faces end that pictures draw: parallelograms' second triangles
            come after them.
        first_part: int32 (L + 1,).
        spheres: float64 (P, 4), middle in the link frame and radius of a ball around the part.
        halves: float64 (P, 3), half the lengths of a box around the part, which has the same middle.
        balls: float64 (L, 4), the same around all parts of a link.
        links: int32 (P,), the row of the poses.
        labels: int16 (P, 2), number of the body and kind.
    """

    vertices: NDArray[np.float32]
    faces: NDArray[np.int32]
    planes: NDArray[np.float32]
    face_part: NDArray[np.int32]
    face_normals: NDArray[np.int32]
    normals: NDArray[np.float32]
    face_uvs: NDArray[np.int32]
    uvs: NDArray[np.float32]
    first_face: NDArray[np.int32]
    first_vertex: NDArray[np.int32]
    drawn_until: NDArray[np.int32]
    first_part: NDArray[np.int32]
    spheres: NDArray[np.float64]
    halves: NDArray[np.float64]
    balls: NDArray[np.float64]
    links: NDArray[np.int32]
    labels: NDArray[np.int16]


class Looks(NamedTuple):
    """Colours and textures.

    Attributes:
        colours: float32 (P, 3), linear light in [0, 1].
        shown: bool (P,), whether a part is seen at all.
        textures: int32 (P,), number of the texture, or -1.
        texels: uint32 (N,), words (`words`): every level of every texture, one after another.
        levels: int32 (L, 3), first texel, height and width of each level.
        first_level: int32 (textures + 1,).
        to_linear: float32 (256,), from sRGB bytes to linear light.
        to_srgb: uint8 (4096,), from linear light in [0, 1] to sRGB bytes.
    """

    colours: NDArray[np.float32]
    shown: NDArray[np.bool_]
    textures: NDArray[np.int32]
    texels: NDArray[np.uint32]
    levels: NDArray[np.int32]
    first_level: NDArray[np.int32]
    to_linear: NDArray[np.float32]
    to_srgb: NDArray[np.uint8]


class Camera(NamedTuple):
    """Where a camera stands and how it projects.

    Attributes:
        from_world: From the world's frame to the camera's.
        lens: fx, fy, cx, cy in pixels, the nearest and the farthest z in metres. A pixel's middle has
            whole coordinates, as in OpenCV: column = fx x / z + cx, row = fy y / z + cy.
        flat: Parallel projection: column = fx x + cx, with fx in pixels a metre.
    """

    from_world: Transform
    lens: Lens6
    flat: bool


class Buffers(NamedTuple):
    """What is nearest at each pixel, and room to work in.

    Attributes:
        nearness: float32 (height, width): 1 / z, or farthest - z where the projection is parallel; 0 is nothing.
        winner: int32 (height, width), the face that is seen, -1 for none.
        corners: float64 (3, vertices of the largest link), column, row and nearness.
        chosen: int32 (faces of the largest link,), those that are seen.
        polygon: float64 (6, 3), what is left of a face in front of the camera.
    """

    nearness: NDArray[np.float32]
    winner: NDArray[np.int32]
    corners: NDArray[np.float64]
    chosen: NDArray[np.int32]
    polygon: NDArray[np.float64]


PAINT = np.dtype(
    [
        ("frame", np.int32),  # for which the rest was computed
        ("level", np.int32),  # of its texture, that its last pixel had
        ("light", np.uint32, 3),  # that it sends back, in bytes, or as shares that its texture is dimmed by
        ("u", np.float64, 4),  # how the texture runs across the picture: (a column + b row + c) depth + d
        ("v", np.float64, 4),
        ("covers", np.float64, 2),  # what a pixel covers of it: min(first · depth, second) · depth²
        ("areas", np.float64, 2),  # that have that level: from the first on, up to the second
    ],
    align=True,
)
"""What is computed of a face when it is first met in a picture."""


class Palette(NamedTuple):
    """What `paint` works with.

    Attributes:
        paints: `PAINT` (F,).
        frame: int32 (1,), the number of the frame.
        words: uint32 (width,), the pixels of a row, and before they are known the rows of a table; see `words`.
        sky: uint32 (SKIES,), words from the horizon to the zenith, in even steps of `zenith_share`.
    """

    paints: NDArray[np.void]
    frame: NDArray[np.int32]
    words: NDArray[np.uint32]
    sky: NDArray[np.uint32]


class Light(NamedTuple):
    """What lights the world; colours are linear.

    Attributes:
        to_sun: Unit vector.
        sun: Colour and strength of what comes straight from it.
        sky: Of what comes from above.
        ground: Of what comes from below.
        zenith: Colour of the sky overhead.
        horizon: Colour of the sky at its edge, and of what is far off.
        haze: m, the distance at which a surface has taken on half of the horizon's colour.
    """

    to_sun: Triple
    sun: Triple
    sky: Triple
    ground: Triple
    zenith: Triple
    horizon: Triple
    haze: float


class Shadow(NamedTuple):
    """A picture of the world from the sun: what it does not see lies in shadow.

    Attributes:
        camera: The sun's, of parallel projection.
        nearness: float32 (size, size), see `Buffers`; of size 0 where no shadows are wanted.
    """

    camera: Camera
    nearness: NDArray[np.float32]


def make_buffers(height: int, width: int, geometry: Geometry) -> Buffers:
    """Makes room for pictures.

    Args:
        height: Pixels, or samples.
        width: The same.
        geometry: What is to be drawn.
    """
    most_corners = int(np.diff(geometry.first_vertex[geometry.first_part]).max(initial=1))
    most_faces = int(np.diff(geometry.first_face[geometry.first_part]).max(initial=1))
    return Buffers(
        nearness=np.zeros((height, width), np.float32),
        winner=np.full((height, width), NONE, np.int32),
        corners=np.empty((3, most_corners)),
        chosen=np.empty(most_faces, np.int32),
        polygon=np.empty((6, 3)),
    )


def words_of(pixels: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Gives pixels, (…, 3), as words: red + 256 green + 65,536 blue. Shape (n,)."""
    red, green, blue = pixels.reshape(-1, 3).astype(np.uint32).T
    return np.asarray(red | green << 8 | blue << 16, np.uint32)


def make_palette(width: int, geometry: Geometry, looks: Looks, light: Light) -> Palette:
    """Makes room to paint in, and the sky's colours."""
    share = np.linspace(0.0, 1.0, SKIES)[:, None]
    colours = np.clip((1 - share) * light.horizon + share * light.zenith, 0.0, 1.0)
    sky = looks.to_srgb[np.rint(colours * (len(looks.to_srgb) - 1)).astype(int)]
    return Palette(
        paints=np.zeros(len(geometry.faces), PAINT),
        frame=np.zeros(1, np.int32),
        words=np.empty(width, np.uint32),
        sky=words_of(sky),
    )
