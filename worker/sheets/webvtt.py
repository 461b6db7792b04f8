"""Storyboards as WebVTT thumbnails: a cue for each tile, `#xywh` says where it lies."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from worker.ports import IndexedSheet


class _Cue(NamedTuple):
    start_ms: int
    text: str


class WebvttIndex:
    """A cue a tile, each until the next; a missing tile lengthens the cue before it.

    The form is the one players agreed on (JW Player, Bitmovin, Shaka): `url#xywh=x,y,w,h`, pixels
    without a unit, W3C Media Fragments 1.0 §4.2.2. Times are those of WebVTT §3.2, hours always.
    """

    extension = "vtt"
    content_type = "text/vtt"

    def takes(self, sheet_type: str) -> bool:
        return sheet_type.startswith("image/")

    def render(self, sheets: Sequence[IndexedSheet], *, step_ms: float, duration_ms: int) -> bytes:
        cues = [*_cues(sheets), _Cue(duration_ms, "")]
        # Two tiles of one millisecond: WebVTT has no cues without a length.
        blocks = [
            f"{_time(cue.start_ms)} --> {_time(after.start_ms)}\n{cue.text}\n"
            for cue, after in pairwise(cues)
            if after.start_ms > cue.start_ms
        ]
        return "\n".join(["WEBVTT\n", *blocks]).encode()


def _cues(sheets: Sequence[IndexedSheet]) -> Iterator[_Cue]:
    for sheet in sheets:
        for number, tile in enumerate(sheet.tiles):
            if not tile.missing:
                box = sheet.grid.box(number)
                place = f"{box.left},{box.top},{box.width},{box.height}"
                yield _Cue(tile.offset_ms, f"{sheet.reference}#xywh={place}")


def _time(ms: int) -> str:
    seconds, ms = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}.{ms:03}"
