"""Sprite sheets: a tile goes to its sheet as it comes, a sheet is put when its last one came."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from worker.contracts.passes import Pick, Wanted
from worker.contracts.snapshot_results import SheetInfo, SnapshotInfo
from worker.geometry.grid import Grid
from worker.geometry.shapes import Size
from worker.jobs.finishing import Picture
from worker.jobs.passing import Demand
from worker.jobs.stills import Easel, EncodedStill
from worker.ports import Canvas, SheetMaker, View
from worker.rules.framing import Framing
from worker.rules.labels import numbered


@dataclass
class Sheets:
    """The sheets of one attempt: one in memory at a time, all with one grid.

    `grid` is that for the size the file claims; the first frame's size is the true one, for which
    `grid_for` is asked again: sheets that no frame came for are made only then. `apart`: every
    tile is also put as a picture of its own.
    """

    easel: Easel
    maker: SheetMaker
    offsets_ms: tuple[int, ...]
    grid: Grid
    grid_for: Callable[[Size], Grid]
    apart: bool = False
    infos: list[SheetInfo] = field(default_factory=list)
    _is_true: bool = False
    _full: list[tuple[tuple[int, ...], tuple[int | None, ...]]] = field(default_factory=list)
    _canvas: Canvas | None = None
    _pts_ms: list[int | None] = field(default_factory=list)
    _tiles: list[SnapshotInfo] = field(default_factory=list)

    def demands(self, pick: Pick) -> Iterator[Demand]:
        """The frames of the tiles; None is taken for one that is missing, its tile stays black."""
        for number, offset_ms in enumerate(self.offsets_ms):
            yield Demand(Wanted(offset_ms, pick), (partial(self._take, number),))

    def _take(self, number: int, picture: Picture | None) -> None:
        self._pts_ms.append(self._placed(number, picture) if picture else None)
        is_last = number == len(self.offsets_ms) - 1
        if is_last or len(self._pts_ms) == self.grid.capacity:
            offsets_ms = self.offsets_ms[number + 1 - len(self._pts_ms) : number + 1]
            self._full.append((offsets_ms, tuple(self._pts_ms)))
            self._pts_ms = []
        if is_last or self._is_true:
            self._put_full()

    def _placed(self, number: int, picture: Picture) -> int | None:
        """Draw a tile; the time of its frame."""
        if not self._is_true:
            self.grid, self._is_true = self.grid_for(picture.size), True
            self._put_full()
        self._canvas = self._canvas or self.maker.canvas(self.grid)
        with self.easel.files.watch.stage("crop"):
            view = picture.medium.view(picture.frame, picture.whole, *self.grid.tile)
            self._canvas.place(len(self._pts_ms), view)
        if self.apart:
            self._put_apart(number, picture, view)
        return picture.frame.pts_ms

    def _put_apart(self, number: int, picture: Picture, view: View) -> None:
        drawn = EncodedStill(
            offset_ms=self.offsets_ms[number],
            pts_ms=picture.frame.pts_ms,
            data=self.easel.files.encoded(view),
            framing=Framing(picture.whole, self.grid.tile),
            faces=None,
            flags=picture.frame.flags,
        )
        self._tiles.append(self.easel.put(drawn, "tile", number + 1))

    def _put_full(self) -> None:
        """Put the sheets that have all their tiles; several only where all of these are black."""
        for offsets_ms, pts_ms in self._full:
            self._put(offsets_ms, pts_ms)
        self._full = []

    def _put(self, offsets_ms: tuple[int, ...], pts_ms: tuple[int | None, ...]) -> None:
        """Put a sheet, and let go of it."""
        grid, files = self.grid, self.easel.files
        canvas = self._canvas or self.maker.canvas(grid)
        data = files.encoded(canvas.view())
        put = files.put_picture(data, numbered("sheet", len(self.infos) + 1))
        sheet = SheetInfo(
            **put.model_dump(),
            width=grid.size.width,
            height=grid.size.height,
            columns=grid.columns,
            rows=grid.rows,
            tile_width=grid.tile.width,
            tile_height=grid.tile.height,
            offsets_ms=offsets_ms,
            pts_ms=pts_ms,
            tiles=tuple(self._tiles),
        )
        self.infos.append(sheet)
        self._canvas, self._tiles = None, []
