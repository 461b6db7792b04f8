"""What the decode child may say: everything is checked, since a decoder may have been taken over.

The parent asks `open`, `frame`, `view`, `release` and `close`; while the child works it may ask
back for bytes, which the parent answers with `bytes` or `fault`.
"""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from worker.contracts.results import Frozen, MediumInfo
from worker.sandbox.channel import MAX_PAYLOAD_BYTES

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
    pts_ms: int | None
    index: Count
    flags: Annotated[tuple[Word, ...], Field(max_length=10)]
    medium: MediumInfo


class Done(Frozen):
    say: Literal["done"]


Said = Annotated[
    Ready | ReadWanted | Failed | OpenDone | FrameDone | Done, Field(discriminator="say")
]
SAID: TypeAdapter[Ready | ReadWanted | Failed | OpenDone | FrameDone | Done] = TypeAdapter(Said)
