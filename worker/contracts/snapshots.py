"""What callers may ask for: the body of `POST /v1/snapshots`, checked field by field."""

import math
import re
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, StrictInt, model_validator
from pydantic_core import PydanticCustomError

from worker.contracts.names import MAX_SIZE_PX, Format, Lane, Visibility
from worker.contracts.passes import Pick
from worker.contracts.requests import CallbackUrl, Request, ShortText, SourceReference

MAX_SNAPSHOTS: Final = 1000
MAX_TILES: Final = 5000
MAX_CANDIDATES: Final = 20
MAX_SHEET_PX: Final = 16_384
# The format's own limit (RFC 9649, 14 bits for a side less one).
MAX_WEBP_PX: Final = 16_383
MAX_TIME_S: Final = 10 * 86_400

Fit = Literal["fit", "fill", "crop"]
PreviewFormat = Literal["webp", "gif", "mp4"]

_PERCENT: Final = re.compile(r"[0-9]{1,3}(\.[0-9]{1,12})?%")


def _time(value: Any) -> Any:
    """Seconds as a number, or a share of the duration as `50%`; both in bounds."""
    if isinstance(value, str):
        percent = float(value[:-1]) if _PERCENT.fullmatch(value) else -1
        if not 0 <= percent <= 100:
            raise PydanticCustomError("time", "expected seconds, or a percentage like '50%'")
        # Six digits, the usual, are off by milliseconds in a long film.
        return f"{percent:.12g}%"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PydanticCustomError("time", "expected seconds, or a percentage like '50%'")
    # That is false for what is no number, too, and compares integers too long for a float.
    if not 0 <= value <= MAX_TIME_S:
        raise PydanticCustomError("time", "expected seconds from 0 to {most}", {"most": MAX_TIME_S})
    return float(value)


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise PydanticCustomError("finite_number", "expected a finite number")
    return value


Time = Annotated[float | str, BeforeValidator(_time)]
IntervalS = Annotated[float, AfterValidator(_finite), Field(ge=0.04, le=MAX_TIME_S, strict=True)]
SidePx = Annotated[StrictInt, Field(ge=1, le=MAX_SIZE_PX)]


class SpriteRequest(Request):
    """Sprite sheets: tiles every `interval_s`, or as many as fill one sheet, evenly spread.

    `tiles` keeps every tile as a picture of its own, too (SpriteOriginSnapshot).
    """

    columns: Annotated[StrictInt, Field(ge=1, le=100)] = 10
    rows: Annotated[StrictInt, Field(ge=1, le=100)] = 10
    tile_width: Annotated[StrictInt, Field(ge=16, le=1024)] = 160
    interval_s: IntervalS | None = None
    tiles: StrictBool = False

    @model_validator(mode="after")
    def _small_enough(self) -> "SpriteRequest":
        if self.columns * self.tile_width > MAX_SHEET_PX:
            raise PydanticCustomError(
                "sheet_too_wide",
                "a sheet of {columns} columns of {tile_width} px is wider than {most} px",
                {"columns": self.columns, "tile_width": self.tile_width, "most": MAX_SHEET_PX},
            )
        if self.interval_s is None and self.columns * self.rows > MAX_TILES:
            raise PydanticCustomError(
                "too_many_tiles",
                "a sheet of {columns} by {rows} tiles has {tiles} tiles; there are at most {most}",
                {
                    "columns": self.columns,
                    "rows": self.rows,
                    "tiles": self.columns * self.rows,
                    "most": MAX_TILES,
                },
            )
        return self


class PreviewRequest(Request):
    """A moving preview, put together from the most telling pieces of the video."""

    duration_s: Annotated[float, AfterValidator(_finite), Field(ge=0.5, le=15, strict=True)] = 3.0
    width: Annotated[StrictInt, Field(ge=16, le=640)] = 320
    format: PreviewFormat = "webp"


class SnapshotRecipe(Request):
    """What the snapshots should be, wherever the medium comes from."""

    times: Annotated[list[Time], Field(min_length=1, max_length=MAX_SNAPSHOTS)] | None = None
    interval_s: IntervalS | None = None
    count: Annotated[StrictInt, Field(ge=1, le=MAX_SNAPSHOTS)] | None = None
    max: Annotated[StrictInt, Field(ge=1, le=MAX_SNAPSHOTS)] | None = None
    width: SidePx | None = None
    height: SidePx | None = None
    size: SidePx | None = None
    fit: Fit | None = None
    format: Format = "jpeg"
    quality: Annotated[StrictInt, Field(ge=1, le=100)] = 85
    pick: Pick = "exact"
    sprite: SpriteRequest | None = None
    storyboard: StrictBool = False
    preview: PreviewRequest | None = None
    candidates: Annotated[StrictInt, Field(ge=1, le=MAX_CANDIDATES)] | None = None

    @model_validator(mode="after")
    def _agrees(self) -> "SnapshotRecipe":
        ways = (self.times, self.interval_s, self.count)
        if sum(way is not None for way in ways) > 1:
            raise PydanticCustomError(
                "one_way", "expected at most one of 'times', 'interval_s', 'count'"
            )
        if self.max is not None and self.interval_s is None:
            raise PydanticCustomError("max_alone", "'max' goes with 'interval_s'")
        self._check_shape()
        self._check_webp()
        others = (self.sprite, self.preview, self.candidates)
        if not self.storyboard and all(value is None for value in (*ways, *others)):
            raise PydanticCustomError(
                "nothing_wanted",
                "expected 'times', 'interval_s', 'count', 'sprite', 'storyboard', 'preview' or"
                " 'candidates'",
            )
        return self

    def _check_shape(self) -> None:
        sides = (self.width, self.height)
        if self.size is not None and (self.fit or any(side is not None for side in sides)):
            raise PydanticCustomError(
                "size_alone", "'size' goes without 'width', 'height' and 'fit'"
            )
        if self.fit in {"fill", "crop"} and None in sides:
            raise PydanticCustomError(
                "two_sides", "'fit' as 'fill' or 'crop' needs 'width' and 'height'"
            )

    def _check_webp(self) -> None:
        wide_px = self.sprite.columns * self.sprite.tile_width if self.sprite else 0
        if self.format == "webp" and wide_px > MAX_WEBP_PX:
            raise PydanticCustomError(
                "wider_than_webp",
                "a sheet of {wide} px is wider than WebP can be, which is {most} px",
                {"wide": wide_px, "most": MAX_WEBP_PX},
            )


class SnapshotRequest(SnapshotRecipe):
    """The body of `POST /v1/snapshots`."""

    source: SourceReference
    lane: Lane = "backfill"
    visibility: Visibility | None = None
    metadata: Annotated[dict[ShortText, ShortText], Field(max_length=32)] = Field({})
    callback_url: CallbackUrl | None = None
