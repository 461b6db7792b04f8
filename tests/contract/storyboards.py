"""Storyboards for the laws of their indexes."""

from typing import NamedTuple

from worker.geometry.grid import Grid
from worker.geometry.shapes import Size
from worker.ports import IndexedSheet, Tile

NAMES = ("aa11.jpg", "https://media.example/s/bb22.jpg?a=1&b=%27$Time$", "cc33.jpg")


class Storyboard(NamedTuple):
    """Sheets, and where each tile is: `shown[i]` is that of the i-th tile, (sheet, x, y)."""

    sheets: tuple[IndexedSheet, ...]
    step_ms: float
    duration_ms: int

    @property
    def shown(self) -> list[tuple[str, int, int]]:
        found = []
        for sheet in self.sheets:
            tile, columns = sheet.grid.tile, sheet.grid.columns
            for number in range(len(sheet.tiles)):
                x, y = number % columns * tile.width, number // columns * tile.height
                found.append((sheet.reference, x, y))
        return found


def storyboard(
    tiles: int,
    *,
    step_ms: float,
    duration_ms: int,
    columns: int = 3,
    rows: int = 2,
    missing: frozenset[int] = frozenset(),
    content_type: str = "image/jpeg",
) -> Storyboard:
    grid = Grid(columns, rows, Size(160, 90)).filled(tiles)
    every = [Tile(round(number * step_ms), number in missing) for number in range(tiles)]
    cuts = range(0, tiles, grid.capacity)
    sheets = tuple(
        IndexedSheet(
            NAMES[index], content_type, 30_000, grid, tuple(every[start : start + grid.capacity])
        )
        for index, start in enumerate(cuts)
    )
    return Storyboard(sheets, step_ms, duration_ms)


STORYBOARDS = {
    "one-tile": storyboard(1, step_ms=2500, duration_ms=2500),
    "one-full-sheet": storyboard(6, step_ms=2000, duration_ms=12_000),
    "one-sheet-partly-filled": storyboard(4, step_ms=2000, duration_ms=7001),
    "sheets-with-a-partly-filled-last": storyboard(14, step_ms=2000, duration_ms=27_500),
    "sheets-all-full": storyboard(12, step_ms=1000, duration_ms=12_000),
    "no-whole-milliseconds": storyboard(6, step_ms=10_000 / 6, duration_ms=10_000),
    "frames-of-a-second": storyboard(18, step_ms=40, duration_ms=701),
    "two-hours": storyboard(18, step_ms=400_000, duration_ms=7_200_000),
    "some-missing": storyboard(
        14, step_ms=2000, duration_ms=27_500, missing=frozenset({3, 4, 6, 13})
    ),
    "the-first-missing": storyboard(6, step_ms=1000, duration_ms=6000, missing=frozenset({0, 1})),
    "all-missing": storyboard(2, step_ms=1000, duration_ms=2000, missing=frozenset({0, 1})),
}
