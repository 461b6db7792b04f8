"""When the frames of a snapshot job are, and the grid of its sheets: all before decoding."""

from collections.abc import Iterator
from itertools import count, islice, takewhile
from math import ceil
from typing import Final, NamedTuple

from worker.contracts.passes import Pick, Timeline, Wanted
from worker.contracts.snapshots import (
    MAX_SHEET_PX,
    MAX_SNAPSHOTS,
    MAX_TILES,
    MAX_WEBP_PX,
    SnapshotRecipe,
    SpriteRequest,
    Time,
)
from worker.errors import MediaError, RequestError
from worker.geometry.fitting import even_height
from worker.geometry.grid import Grid
from worker.geometry.shapes import Size, rounded
from worker.rules.pieces import most_pieces

# Raised with every change of a time or a grid: results that were kept are then made anew.
OFFSETS_VERSION: Final = 2
# A sheet is in memory as a whole, three bytes a pixel.
MAX_SHEET_PIXELS: Final = 64_000_000
# Up to here samples are taken at exact times where there are too few key frames to choose from.
DECODED_THROUGH_MS: Final = 60_000
_SAMPLED_FROM, _SAMPLED_TO = 0.02, 0.98
# What an attempt is in when it learns this, before the first frame.
_STAGE: Final = "decode"


class Offsets(NamedTuple):
    """Times from the start in ms, each kind ascending; a tile of a sheet is shown for `step_ms`.

    `samples_ms` are those that candidates and preview pieces are chosen from. `duration_ms` is the
    video's, at least 1; a picture has none.
    """

    stills_ms: tuple[int, ...] = ()
    tiles_ms: tuple[int, ...] = ()
    samples_ms: tuple[int, ...] = ()
    step_ms: float = 0
    duration_ms: int = 0
    sample_pick: Pick = "nearest_key"

    @property
    def asked_ms(self) -> tuple[int, ...]:
        """What was asked for, each time once."""
        return tuple(sorted({*self.stills_ms, *self.tiles_ms}))

    def wanted(self, pick: Pick) -> list[Wanted]:
        """The frames of the pass, by time, each once."""
        asked = {Wanted(offset_ms, pick) for offset_ms in self.asked_ms}
        return sorted(asked | {Wanted(sample, self.sample_pick) for sample in self.samples_ms})


def is_still(timeline: Timeline) -> bool:
    """Whether it is that of a picture, which has neither time nor a second frame."""
    return timeline.duration_ms is None and timeline.frames == 1


def sprite_of(recipe: SnapshotRecipe) -> SpriteRequest | None:
    """The sheets that are wanted; a storyboard has some, whether asked for or not."""
    return recipe.sprite or (SpriteRequest() if recipe.storyboard else None)


def offsets_of(recipe: SnapshotRecipe, timeline: Timeline) -> Offsets:
    """When the recipe's frames are in a medium with that timeline.

    Raises: MediaError `media.not_video`, `media.no_duration`, `media.time_beyond_end`;
    RequestError `request.invalid` for more stills than MAX_SNAPSHOTS, or tiles than MAX_TILES.
    """
    if is_still(timeline):
        _check_for_still(recipe)
        return Offsets(stills_ms=(0,))
    if timeline.duration_ms is None:
        raise MediaError("media.no_duration", stage=_STAGE)
    duration_ms = max(1, timeline.duration_ms)
    tiles_ms, step_ms = _tiles(recipe, duration_ms)
    samples = _samples_wanted(recipe, duration_ms)
    few = timeline.keys is None or timeline.keys < samples
    exact = few and duration_ms <= DECODED_THROUGH_MS
    there_are = timeline.frames if exact else timeline.keys
    return Offsets(
        stills_ms=tuple(_stills(recipe, duration_ms)),
        tiles_ms=tiles_ms,
        samples_ms=_spread(min(samples, there_are or samples), duration_ms),
        step_ms=step_ms,
        duration_ms=duration_ms,
        sample_pick="exact" if exact else "nearest_key",
    )


def grid_of(recipe: SnapshotRecipe, tiles: int, frame_size: Size) -> Grid:
    """The grid of the recipe's sheets, cut to its tiles where they need no whole sheet.

    `frame_size` is that of the upright frame.
    Raises: RequestError `request.invalid` for a sheet with too many pixels, or too many a side.
    """
    sprite = sprite_of(recipe)
    assert sprite is not None
    tile = even_height(frame_size, sprite.tile_width)
    grid = Grid(sprite.columns, sprite.rows, tile).filled(tiles)
    most_px = MAX_WEBP_PX if recipe.format == "webp" else MAX_SHEET_PX
    _check_sheet(grid, max(grid.size) <= most_px, f"a side has at most {most_px} px")
    pixels = grid.size.width * grid.size.height
    _check_sheet(grid, pixels <= MAX_SHEET_PIXELS, f"it has at most {MAX_SHEET_PIXELS} pixels")
    return grid


def _check_sheet(grid: Grid, fits: bool, limit: str) -> None:
    if not fits:
        columns, rows, tile = grid
        raise _refused(
            f"A sheet of {columns} by {rows} tiles of {tile.width} by {tile.height} px"
            f" is {grid.size.width} by {grid.size.height} px; {limit}."
        )


def _refused(message: str) -> RequestError:
    return RequestError("request.invalid", message, stage=_STAGE)


def _stills(recipe: SnapshotRecipe, duration_ms: int) -> list[int]:
    if recipe.times is not None:
        return sorted({_offset_ms(time, duration_ms) for time in recipe.times})
    if recipe.interval_s is not None:
        stills = _number(recipe.interval_s, duration_ms)
        if recipe.max is None and stills > MAX_SNAPSHOTS:
            raise _refused(
                f"A still every {_of(recipe.interval_s, duration_ms)} makes {stills} stills; there"
                f" are at most {MAX_SNAPSHOTS}. With 'max' only the first so many are made."
            )
        return list(islice(_every(recipe.interval_s, duration_ms), recipe.max))
    wanted = recipe.count or 0
    return [rounded((number + 0.5) * duration_ms / wanted) for number in range(wanted)]


def _offset_ms(time: Time, duration_ms: int) -> int:
    if isinstance(time, str):
        return rounded(float(time.removesuffix("%")) / 100 * duration_ms)
    offset_ms = rounded(time * 1000)
    if offset_ms > duration_ms:
        raise MediaError(
            "media.time_beyond_end",
            f"The time {time:.10g} s is beyond the end of the video, which is"
            f" {duration_ms / 1000:.10g} s long.",
            stage=_STAGE,
        )
    return offset_ms


def _number(interval_s: float, duration_ms: int) -> int:
    """How many times there are from 0, one every `interval_s`."""
    return ceil(duration_ms / (interval_s * 1000))


def _of(interval_s: float, duration_ms: int) -> str:
    return f"{interval_s:.10g} s of {duration_ms / 1000:.10g} s"


def _every(interval_s: float, duration_ms: int) -> Iterator[int]:
    """0, and then every `interval_s` before the end."""
    offsets = (rounded(number * interval_s * 1000) for number in count())
    return takewhile(lambda offset_ms: offset_ms < duration_ms, offsets)


def _tiles(recipe: SnapshotRecipe, duration_ms: int) -> tuple[tuple[int, ...], float]:
    """When the tiles are, and for how long each stands for the video."""
    sprite = sprite_of(recipe)
    if sprite is None:
        return (), 0
    if sprite.interval_s is not None:
        tiles = _number(sprite.interval_s, duration_ms)
        if tiles > MAX_TILES:
            raise _refused(
                f"A tile every {_of(sprite.interval_s, duration_ms)} makes {tiles} tiles;"
                f" there are at most {MAX_TILES}."
            )
        return tuple(_every(sprite.interval_s, duration_ms)), sprite.interval_s * 1000
    tiles = sprite.columns * sprite.rows
    if recipe.sprite is None:
        tiles = min(tiles, ceil(duration_ms / 1000))
    step_ms = duration_ms / tiles
    return tuple(rounded(number * step_ms) for number in range(tiles)), step_ms


def _samples_wanted(recipe: SnapshotRecipe, duration_ms: int) -> int:
    """More than are chosen, so that there is a choice."""
    chosen = recipe.candidates or 0
    if recipe.preview and recipe.preview.duration_s * 1000 < duration_ms:
        chosen = max(chosen, most_pieces(recipe.preview.duration_s))
    return 2 * chosen + 4 if chosen else 0


def _spread(samples: int, duration_ms: int) -> tuple[int, ...]:
    """That many times, none close to the start or the end, where videos fade."""
    if samples == 1:
        return (duration_ms // 2,)
    step = (_SAMPLED_TO - _SAMPLED_FROM) / max(1, samples - 1)
    shares = (_SAMPLED_FROM + step * number for number in range(samples))
    return tuple(dict.fromkeys(rounded(share * duration_ms) for share in shares))


def _check_for_still(recipe: SnapshotRecipe) -> None:
    """However many stills are asked for, a picture gives itself once; nothing that needs time."""
    later_s = (time for time in recipe.times or () if isinstance(time, float) and time > 0)
    for name, wanted in (
        ("'sprite'", recipe.sprite),
        ("'storyboard'", recipe.storyboard),
        ("'preview'", recipe.preview),
        ("'candidates'", recipe.candidates),
        *((f"the time {time_s:.10g} s", True) for time_s in later_s),
    ):
        if wanted:
            message = f"The medium is a picture; {name} needs a video."
            raise MediaError("media.not_video", message, stage=_STAGE)
