"""Points, directions and colours: three numbers in tuples, which cost no memory; and what turns and moves them."""

from robosim.compiled import inlined
from robosim.render.kernels.arrays import Array, Real, Row, Transform, Triple


@inlined
def dot(a: Triple | Row, b: Triple | Row) -> Real:
    """Gives the scalar product of the first three numbers."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@inlined
def cross(a: Triple, b: Triple) -> Triple:
    """Gives the vector product."""
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


@inlined
def plus(a: Triple, b: Triple) -> Triple:
    """Gives the sum."""
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]


@inlined
def scaled(a: Triple, factor: Real) -> Triple:
    """Gives a multiple."""
    return a[0] * factor, a[1] * factor, a[2] * factor


@inlined
def times(a: Triple, b: Triple) -> Triple:
    """Gives the products of the numbers: light of one colour on a surface of another."""
    return a[0] * b[0], a[1] * b[1], a[2] * b[2]


@inlined
def mix(a: Triple, b: Triple, share: Real) -> Triple:
    """Gives what lies between: ``a`` where the share is 0, ``b`` where it is 1."""
    return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share


@inlined
def triple(numbers: Array) -> Triple:
    """Gives the first three numbers of an array."""
    return float(numbers[0]), float(numbers[1]), float(numbers[2])


@inlined
def rows(pose: Array) -> Transform:
    """Gives a transform that is kept as float64 (3, 4)."""
    return (
        (pose[0, 0], pose[0, 1], pose[0, 2], pose[0, 3]),
        (pose[1, 0], pose[1, 1], pose[1, 2], pose[1, 3]),
        (pose[2, 0], pose[2, 1], pose[2, 2], pose[2, 3]),
    )


@inlined
def turned(by: Transform, way: Triple) -> Triple:
    """Gives a direction after a transform."""
    return dot(by[0], way), dot(by[1], way), dot(by[2], way)


@inlined
def along(row: Row, point: Triple) -> Real:
    """Gives one coordinate of a point after a transform."""
    return dot(row, point) + row[3]


@inlined
def moved(by: Transform, point: Triple) -> Triple:
    """Gives a point after a transform."""
    return along(by[0], point), along(by[1], point), along(by[2], point)


@inlined
def moved_back(by: Transform, point: Triple) -> Triple:
    """Gives the point that is ``point`` after a transform."""
    x, y, z = by
    a, b, c = point[0] - x[3], point[1] - y[3], point[2] - z[3]
    return x[0] * a + y[0] * b + z[0] * c, x[1] * a + y[1] * b + z[1] * c, x[2] * a + y[2] * b + z[2] * c


@inlined
def eye_of(to_camera: Transform) -> Triple:
    """Gives where the camera's eye is, in the frame that a transform to the camera's begins in."""
    return moved_back(to_camera, (0.0, 0.0, 0.0))


@inlined
def compose(last: Transform, first: Transform) -> Transform:
    """Gives one transform that does what two do."""
    return _row(last[0], first), _row(last[1], first), _row(last[2], first)


@inlined
def _row(r: Row, t: Transform) -> Row:
    x, y, z = t
    return (
        r[0] * x[0] + r[1] * y[0] + r[2] * z[0],
        r[0] * x[1] + r[1] * y[1] + r[2] * z[1],
        r[0] * x[2] + r[1] * y[2] + r[2] * z[2],
        r[0] * x[3] + r[1] * y[3] + r[2] * z[3] + r[3],
    )


@inlined
def inverse(t: Transform) -> Transform:
    """Gives the way back."""
    (a, b, c), (x, y, z) = eye_of(t), t
    return (x[0], y[0], z[0], a), (x[1], y[1], z[1], b), (x[2], y[2], z[2], c)
