"""Sprite sheets: tiles drawn side by side into one picture in memory."""

import numpy as np

from worker.geometry.grid import Grid
from worker.ports import View


class SpriteCanvas:
    """One sheet in RGB24; its memory is three bytes a pixel from the start."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._pixels = np.zeros((grid.size.height, grid.size.width, 3), np.uint8)

    def place(self, number: int, view: View) -> None:
        tile = self._grid.tile
        if (view.width_px, view.height_px) != tile:
            raise ValueError(
                f"a tile of {view.width_px}x{view.height_px} px on a sheet of"
                f" {tile.width}x{tile.height} px tiles"
            )
        if not 0 <= number < self._grid.capacity:
            raise ValueError(f"tile {number} of a sheet of {self._grid.capacity}")
        box = self._grid.box(number)
        pixels = np.frombuffer(view.pixels, np.uint8).reshape(tile.height, tile.width, 3)
        self._pixels[box.top : box.top + box.height, box.left : box.left + box.width] = pixels

    def view(self) -> View:
        return View(*self._grid.size, self._pixels.reshape(-1).data)


class SpriteSheetMaker:
    """Sheets in memory, as the encoders take them."""

    def canvas(self, grid: Grid) -> SpriteCanvas:
        return SpriteCanvas(grid)
