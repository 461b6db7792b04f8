"""The grid of a sprite sheet: tiles row by row, from the left top corner."""

from typing import NamedTuple

from worker.geometry.shapes import Box, Size


class Grid(NamedTuple):
    """`columns` by `rows` tiles of `tile` pixels without gaps."""

    columns: int
    rows: int
    tile: Size

    @property
    def capacity(self) -> int:
        """How many tiles a sheet holds."""
        return self.columns * self.rows

    @property
    def size(self) -> Size:
        return Size(self.columns * self.tile.width, self.rows * self.tile.height)

    def box(self, number: int) -> Box:
        """Where the tile of that number lies, from 0."""
        row, column = divmod(number, self.columns)
        return Box(column * self.tile.width, row * self.tile.height, *self.tile)

    def filled(self, tiles: int) -> "Grid":
        """The grid without the rows that no sheet needs when there are `tiles` in all."""
        return self._replace(rows=max(1, -(-min(tiles, self.capacity) // self.columns)))
