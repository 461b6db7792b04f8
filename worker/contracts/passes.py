"""What is wanted of a video's time line, and what having it would take."""

from typing import Literal, NamedTuple

from worker.contracts.results import Frozen

Pick = Literal["exact", "nearest_key"]


class Wanted(NamedTuple):
    """A frame by its time from the start of the medium."""

    offset_ms: int
    pick: Pick = "exact"


class Timeline(Frozen):
    """A medium's time; a still has no duration and one frame.

    `last_ms` is when the last frame is shown, where that is known without decoding. `keys` counts
    the key frames of the index, `key_gap_ms` is the longest time between two; both None without an
    index.
    """

    duration_ms: int | None
    last_ms: int | None = None
    frames: int | None = None
    keys: int | None = None
    key_gap_ms: int | None = None


class Forecast(Frozen):
    """What a pass would cost: bytes still to be read, frames to be decoded, jumps in the medium.

    `bytes` is None where only reading would tell.
    """

    bytes: int | None
    frames: int
    seeks: int
