"""Where rays meet boxes, spheres, cylinders and capsules, by formula."""

import numpy as np
from scenes import Floats, eye_of, rays

from robosim.render.lens import Lens, View
from robosim.shapes import Box, Capsule, Cylinder, Shape, Sphere


def enter(shape: Shape, eye: Floats, ray: Floats) -> tuple[Floats, Floats]:
    """Gives the t at which rays, eye + t · ray, enter a solid at the origin, and the cosine to its surface there.

    Args:
        shape: A box, sphere, cylinder or capsule.
        eye: Shape (3,), outside of it.
        ray: Shape (..., 3).
    """
    if isinstance(shape, Box):
        return _box(np.array(shape.size), eye, ray)
    if isinstance(shape, Sphere):
        return _ball(shape.radius, np.zeros(3), eye, ray)
    assert isinstance(shape, Cylinder | Capsule)
    half = shape.length / 2
    ends = [_tube(shape.radius, shape.length, eye, ray)]
    for end in (-half, half):
        capped = isinstance(shape, Capsule)
        ball = _ball(shape.radius, np.array([0.0, 0.0, end]), eye, ray) if capped else None
        ends.append(_lid(shape.radius, end, eye, ray) if ball is None else ball)
    nearest = np.argmin([t for t, _ in ends], axis=0)
    t, cosine = (np.choose(nearest, [end[k] for end in ends]) for k in range(2))
    return t, cosine


def seen(shape: Shape, turn: Floats, position: Floats, lens: Lens, view: View) -> tuple[Floats, Floats]:
    """Gives depth and cosine at each pixel of a camera that looks at a solid somewhere; ``turn`` is a matrix."""
    world = rays(lens) @ view[:, :3]
    return enter(shape, turn.T @ (eye_of(view) - position), world @ turn)


def _box(size: Floats, eye: Floats, ray: Floats) -> tuple[Floats, Floats]:
    with np.errstate(divide="ignore", invalid="ignore"):
        one, other = (-size / 2 - eye) / ray, (size / 2 - eye) / ray
    enters, leaves = np.minimum(one, other), np.maximum(one, other)
    t, axis = enters.max(-1), enters.argmax(-1)
    cosine = np.abs(np.take_along_axis(ray, axis[..., None], -1)[..., 0]) / np.linalg.norm(ray, axis=-1)
    return np.where(t < leaves.min(-1), t, np.inf), cosine


def _ball(radius: float, middle: Floats, eye: Floats, ray: Floats) -> tuple[Floats, Floats]:
    a, b = (ray * ray).sum(-1), ray @ (eye - middle)
    c = float((eye - middle) @ (eye - middle)) - radius**2
    with np.errstate(invalid="ignore"):
        t = (-b - np.sqrt(b * b - a * c)) / a
    t = np.where(np.isnan(t), np.inf, t)
    normal = (np.where(np.isinf(t), 0.0, t)[..., None] * ray + eye - middle) / radius
    return t, np.abs((normal * ray).sum(-1)) / np.sqrt(a)


def _tube(radius: float, length: float, eye: Floats, ray: Floats) -> tuple[Floats, Floats]:
    """The side of a cylinder alone."""
    flat_eye, flat = eye * (1, 1, 0), ray * (1, 1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        t, cosine = _ball(radius, np.zeros(3), flat_eye, flat)
        cosine *= np.linalg.norm(flat, axis=-1) / np.linalg.norm(ray, axis=-1)
    inside = np.abs(eye[2] + np.where(np.isinf(t), 0.0, t) * ray[..., 2]) <= length / 2
    return np.where(inside, t, np.inf), cosine


def _lid(radius: float, height: float, eye: Floats, ray: Floats) -> tuple[Floats, Floats]:
    with np.errstate(divide="ignore", invalid="ignore"):
        t = (height - eye[2]) / ray[..., 2]
        hit = np.linalg.norm(eye[:2] + t[..., None] * ray[..., :2], axis=-1) <= radius
    return np.where(hit, t, np.inf), np.abs(ray[..., 2]) / np.linalg.norm(ray, axis=-1)
