"""The grid: what is drawn into it, and how far it is to the nearest blocked cell."""

import numpy as np
import pytest
from floors import some_boxes
from numpy.typing import NDArray

from robosim.errors import RobosimError
from robosim.planning.grid import Grid, clearance, rasterise


def cells_of(grid: Grid, points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """The cells in which points lie."""
    found = np.zeros_like(grid.blocked)
    i, j = np.floor((points - grid.origin) / grid.cell).astype(int).T
    found[i, j] = True
    return found


def test_a_rectangle_blocks_the_cells_that_it_touches_and_no_other() -> None:
    u, v = (axis.ravel() for axis in np.meshgrid(np.linspace(-1, 1, 400), np.linspace(-1, 1, 400)))
    border = rasterise([], (8.0, 8.0)).blocked
    for x, y, a, b, yaw in some_boxes(np.random.default_rng(0), (3.0, 3.0), 20):
        grid = rasterise([[x, y, a, b, yaw]], (8.0, 8.0))
        turn = np.array([[np.cos(yaw), np.sin(yaw)], [-np.sin(yaw), np.cos(yaw)]])
        inside, around = (
            cells_of(grid, np.column_stack([u * (a + grown), v * (b + grown)]) @ turn + (x, y)) | border
            for grown in (-1e-4, 0.01)
        )
        assert grid.blocked[inside].all()
        assert around[grid.blocked].all()


def test_an_edge_on_a_line_of_the_grid_blocks_nothing_beyond_it() -> None:
    grid = rasterise([[0.5, 0.3, 1.0, 0.2, 0.0]], (4.0, 3.0))
    assert grid.blocked[1:-1, 1:-1].sum() == 20 * 4


@pytest.mark.parametrize(("size", "shape"), [((4.0, 3.0), (42, 32)), ((4.07, 3.0), (42, 32)), ((0.1, 0.3), (3, 5))])
def test_walls_are_a_border_of_blocked_cells(size: tuple[float, float], shape: tuple[int, int]) -> None:
    grid = rasterise([], size)
    assert grid.blocked.shape == shape
    assert not grid.blocked[1:-1, 1:-1].any()
    assert grid.blocked.sum() == 2 * sum(shape) - 4
    middles = grid.free_cells()
    assert len(middles) == (~grid.blocked).sum()
    assert (abs(middles) + grid.cell / 2 <= np.array(size) / 2 + 1e-9).all()


def test_points_and_cells() -> None:
    grid = rasterise([], (4.0, 3.0))
    for i, j in ((0, 0), (7, 30), (41, 31)):
        assert grid.index(*grid.centre(i, j)) == (i, j)
    assert grid.index(0.05, -0.05) == (21, 15)
    assert grid.index(-100.0, 100.0) == (0, 31)


def test_clearance_is_the_distance_to_the_nearest_blocked_cell() -> None:
    rng = np.random.default_rng(1)
    for share in (0.002, 0.02, 0.2, 0.9):
        blocked = np.pad(rng.random((35, 51)) < share, 1, constant_values=True)
        grid = Grid((-1.0, 2.0), 0.25, blocked)
        there = np.argwhere(blocked)
        here = np.argwhere(np.ones_like(blocked))
        expected = np.linalg.norm(here[:, None] - there, axis=2).min(axis=1).reshape(blocked.shape) * 0.25
        np.testing.assert_allclose(clearance(grid), expected, rtol=1e-6)


def test_a_grid_has_a_border() -> None:
    blocked = rasterise([], (4.0, 3.0)).blocked
    blocked[5, 0] = False
    with pytest.raises(RobosimError, match="blocked"):
        Grid((0.0, 0.0), 0.1, blocked)


@pytest.mark.parametrize(
    ("footprints", "size", "cell", "said"),
    [
        ([[0.0, 0.0, 1.0, 1.0]], (4.0, 3.0), 0.1, "footprints"),
        ([], (4.0, 0.05), 0.1, "size"),
        ([], (4.0, 3.0), 0.0, "cell"),
    ],
)
def test_what_is_not_possible_is_refused(
    footprints: list[list[float]], size: tuple[float, float], cell: float, said: str
) -> None:
    with pytest.raises(RobosimError, match=said):
        rasterise(footprints, size, cell)
