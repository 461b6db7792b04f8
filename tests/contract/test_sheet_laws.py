"""The laws of the SheetMaker port, for every maker."""

from itertools import product

import numpy as np
import pytest

from worker import registry
from worker.geometry.grid import Grid
from worker.geometry.shapes import Size
from worker.ports import SheetMaker, View

GRID = Grid(columns=3, rows=2, tile=Size(5, 4))


@pytest.fixture(params=sorted(registry.SHEETS))
def maker(request: pytest.FixtureRequest) -> SheetMaker:
    made: SheetMaker = registry.load(registry.SHEETS, request.param)()
    return made


def tile(colour: int, size: Size = GRID.tile) -> View:
    return View(*size, memoryview(bytes([colour]) * (size.width * size.height * 3)))


def pixels(view: View) -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    return np.frombuffer(view.pixels, np.uint8).reshape(view.height_px, view.width_px, 3)


def test_an_empty_sheet_is_black_and_whole(maker: SheetMaker) -> None:
    view = maker.canvas(GRID).view()

    assert (view.width_px, view.height_px) == (15, 8)
    assert view.pixels.nbytes == len(view.pixels) == 15 * 8 * 3
    assert not pixels(view).any()


def test_tiles_lie_row_by_row_without_gaps(maker: SheetMaker) -> None:
    canvas = maker.canvas(GRID)

    for number in range(GRID.capacity):
        canvas.place(number, tile(number + 1))

    sheet = pixels(canvas.view())
    for y, x in product(range(8), range(15)):
        assert (sheet[y, x] == 1 + 3 * (y // 4) + x // 5).all()


def test_the_order_of_placing_does_not_matter_and_what_is_not_placed_is_black(
    maker: SheetMaker,
) -> None:
    canvas = maker.canvas(GRID)

    for number in (4, 0):
        canvas.place(number, tile(200))

    lit = {(y // 4) * 3 + x // 5 for y, x, _ in np.argwhere(pixels(canvas.view()))}
    assert lit == {0, 4}


def test_a_view_may_be_let_go_after_placing(maker: SheetMaker) -> None:
    canvas = maker.canvas(GRID)
    memory = bytearray(b"\x09" * 60)

    canvas.place(0, View(*GRID.tile, memoryview(memory)))
    memory[:] = bytes(60)

    assert pixels(canvas.view()).sum() == 9 * 60


def test_the_encoders_take_a_sheet(maker: SheetMaker) -> None:
    canvas = maker.canvas(GRID)
    canvas.place(5, tile(255))

    for name in registry.ENCODERS:
        assert registry.load(registry.ENCODERS, name)().encode(canvas.view(), quality=85)


@pytest.mark.parametrize("size", [Size(4, 5), Size(5, 5), Size(4, 4), Size(10, 2)], ids=str)
def test_a_view_of_another_size_is_refused(maker: SheetMaker, size: Size) -> None:
    canvas = maker.canvas(GRID)

    with pytest.raises(ValueError, match=f"{size.width}x{size.height}"):
        canvas.place(0, tile(1, size))

    assert not pixels(canvas.view()).any()


@pytest.mark.parametrize("number", [-1, 6, 100])
def test_a_tile_beyond_the_grid_is_refused(maker: SheetMaker, number: int) -> None:
    with pytest.raises(ValueError, match=f"tile {number} "):
        maker.canvas(GRID).place(number, tile(1))
