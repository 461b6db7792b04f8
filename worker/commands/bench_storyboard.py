"""Our storyboards, candidates and covers of a film, each checked to show the right frames."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from worker import wiring
from worker.commands.bench_costs import CommandAttempt
from worker.commands.bench_ffmpeg import TILES, Spent
from worker.commands.bench_films import PART_FRAMES, frame_at, key_near, number_shown, time_ms
from worker.commands.processes import children_of, cpu_s
from worker.contracts.passes import Pick
from worker.contracts.requests import Recipe
from worker.contracts.results import CoverResult
from worker.contracts.snapshot_results import SheetInfo, SnapshotResult
from worker.contracts.snapshots import SnapshotRecipe
from worker.geometry.grid import Grid
from worker.geometry.shapes import Size
from worker.jobs.cover import CoverStory
from worker.jobs.snapshot import SnapshotStory
from worker.settings import Settings

Result = TypeVar("Result", CoverResult, SnapshotResult)

CANDIDATES: Final = 10
_COVER: Final = Recipe(sizes=[512])
_CANDIDATES: Final = SnapshotRecipe(candidates=CANDIDATES)


def storyboard_recipe(pick: Pick) -> SnapshotRecipe:
    """A sheet of ten by ten tiles of 160 px, and its indexes."""
    return SnapshotRecipe.model_validate({"storyboard": True, "sprite": {}, "pick": pick})


class Ours:
    """Warm stories in this process, which share a decode child; files go to a folder."""

    def __init__(self, folder: Path, film: str) -> None:
        self._settings = _with_loopback(Settings())
        covers = wiring.cover_parts(self._settings)
        self._decoder = covers.decoder
        self._cover = CoverStory(*covers)
        self._snapshots = SnapshotStory(*wiring.snapshot_parts(self._settings, covers))
        self._folder = folder
        self._film = film

    def storyboard(self, pick: Pick, medium: str | None = None) -> Spent:
        """A storyboard of the film, or of `medium`, the same at a URL."""
        recipe = storyboard_recipe(pick)
        spent, result = self._timed(self._snapshots.run, recipe, medium or self._film)
        check_sheet(result, pick)
        return spent

    def candidates(self) -> Spent:
        """Pictures to choose a cover from, of the size of the film."""
        spent, result = self._timed(self._snapshots.run, _CANDIDATES, self._film)
        if len(result.candidates) != CANDIDATES:
            raise SystemExit(f"{len(result.candidates)} candidates came of {CANDIDATES}")
        return spent

    def cover(self) -> Spent:
        """One cover, 512 px, the face in it found."""
        spent, result = self._timed(self._cover.run, _COVER, self._film)
        if result.status != "succeeded":
            raise SystemExit(f"the cover was not made: {result.error}")
        return spent

    def _timed(
        self, run: Callable[..., Result], recipe: Recipe | SnapshotRecipe, medium: str
    ) -> tuple[Spent, Result]:
        """The CPU time is that of this process and its children."""
        children = children_of()
        begun_s = time.monotonic()
        before_s = time.process_time() + sum(map(cpu_s, children))
        with wiring.folder_destination(self._folder, "ours") as destination:
            result = run(
                recipe,
                open_source=partial(wiring.open_argument, self._settings, medium, long=True),
                destination=destination,
                attempt=CommandAttempt(),
            )
        used_s = time.process_time() + sum(map(cpu_s, children)) - before_s
        return Spent(used_s, time.monotonic() - begun_s), result


def _with_loopback(settings: Settings) -> Settings:
    """The settings of somebody who may read from this machine."""
    fetch = settings.fetch.model_copy(update={"allow_private_addresses": True})
    return settings.model_copy(update={"fetch": fetch})


def check_sheet(result: SnapshotResult, pick: Pick) -> None:
    """Ends the bench where a tile is of another frame than asked, by its time or by its looks."""
    from PIL import Image

    (sheet,) = result.sheets
    assert sheet.path is not None
    right = [(frame_at if pick == "exact" else key_near)(at_ms) for at_ms in sheet.offsets_ms]
    with Image.open(sheet.path) as picture:
        seen = [number_shown(tile) for tile in _tiles(picture, sheet)]
    if len(right) != TILES or list(sheet.pts_ms) != [time_ms(number) for number in right]:
        raise SystemExit(f"the tiles are of other times: {sheet.pts_ms}")
    if seen != [number % PART_FRAMES for number in right]:
        raise SystemExit(f"the tiles show other frames: {seen}")


def _tiles(picture: Any, sheet: SheetInfo) -> Iterator[Any]:
    grid = Grid(sheet.columns, sheet.rows, Size(sheet.tile_width, sheet.tile_height))
    for number in range(len(sheet.offsets_ms)):
        left, top, width, height = grid.box(number)
        yield picture.crop((left, top, left + width, top + height))
