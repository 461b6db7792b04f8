"""What the decode child may say: everything is checked, since a decoder may have been taken over.

The parent asks `open`, `frame`, `timeline`, `forecast`, `pass`, `next`, `view`, `release` and
`close`; while the child works it may ask back for bytes, which the parent answers with `bytes` or
`fault`, and may tell what it will read `soon` and what time it has `passed`, which have no answer.
"""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from worker.contracts.passes import Forecast, Timeline
from worker.contracts.results import Frozen, MediumInfo
from worker.sandbox.channel import MAX_PAYLOAD_BYTES

MAX_SPANS = 64 * 1024

Number = Annotated[int, Field(gt=-(1 << 63), lt=1 << 63)]
Count = Annotated[int, Field(ge=0, lt=1 << 63)]
Word = Annotated[str, Field(max_length=100)]


class Ready(Frozen):
    """Everything is imported and was used once: no file is opened from now on."""

    say: Literal["ready"]


class ReadWanted(Frozen):
    """The child needs bytes of the medium."""

    say: Literal["read"]
    offset: Count
    length: Annotated[int, Field(gt=0, le=MAX_PAYLOAD_BYTES)]


class SoonTold(Frozen):
    """The child will read the ranges that are in the payload, as `SPANS`."""

    say: Literal["soon"]


class Passed(Frozen):
    """A pass has come to that time of the medium, still on its way to its next answer."""

    say: Literal["passed"]
    at_ms: Number


class Failed(Frozen):
    """The request ended with an error of the medium or of its reader."""

    say: Literal["failed"]
    code: Annotated[str, Field(pattern=r"^(media|source|request|storage)\.[a-z_]{1,40}$")]
    message: Annotated[str, Field(max_length=1000)]
    stage: Word


class OpenDone(Frozen):
    say: Literal["opened"]
    medium: MediumInfo


class FrameDone(Frozen):
    say: Literal["frame"]
    handle: Count
    pts_ms: Number | None
    index: Count
    flags: Annotated[tuple[Word, ...], Field(max_length=10)]
    medium: MediumInfo


class NextDone(Frozen):
    """The next answer of a pass, None for a frame that does not come."""

    say: Literal["next"]
    frame: FrameDone | None


class TimelineDone(Frozen):
    say: Literal["timeline"]
    duration_ms: Count | None
    last_ms: Number | None
    frames: Count | None
    keys: Count | None
    key_gap_ms: Count | None

    @property
    def timeline(self) -> Timeline:
        return Timeline(**self.model_dump(exclude={"say"}))


class ForecastDone(Frozen):
    say: Literal["forecast"]
    bytes: Count | None
    frames: Count
    seeks: Count

    @property
    def forecast(self) -> Forecast:
        return Forecast(**self.model_dump(exclude={"say"}))


class Done(Frozen):
    say: Literal["done"]


AnySaid = (
    Ready
    | ReadWanted
    | SoonTold
    | Passed
    | Failed
    | OpenDone
    | FrameDone
    | NextDone
    | TimelineDone
    | ForecastDone
    | Done
)
SAID: TypeAdapter[AnySaid] = TypeAdapter(Annotated[AnySaid, Field(discriminator="say")])

Spans = Annotated[
    tuple[tuple[Count, Annotated[int, Field(gt=0, lt=1 << 63)]], ...], Field(max_length=MAX_SPANS)
]
SPANS: TypeAdapter[tuple[tuple[int, int], ...]] = TypeAdapter(Spans)
