"""Grids of sprite sheets."""

import pytest

from worker.geometry.grid import Grid
from worker.geometry.shapes import Box, Size

TILE = Size(16, 10)


def test_tiles_lie_row_by_row_from_the_left_top_corner() -> None:
    grid = Grid(3, 2, TILE)

    assert (grid.capacity, grid.size) == (6, Size(48, 20))
    assert [grid.box(number) for number in (0, 2, 3, 5)] == [
        Box(0, 0, 16, 10),
        Box(32, 0, 16, 10),
        Box(0, 10, 16, 10),
        Box(32, 10, 16, 10),
    ]


@pytest.mark.parametrize(
    ("tiles", "rows"), [(1, 1), (3, 1), (4, 2), (6, 2), (7, 3), (9, 3), (10, 3), (900, 3)]
)
def test_a_filled_grid_has_the_rows_that_its_tiles_need(tiles: int, rows: int) -> None:
    assert Grid(3, 3, TILE).filled(tiles) == Grid(3, rows, TILE)
