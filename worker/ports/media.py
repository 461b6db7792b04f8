"""From bytes to frames, faces and picture files."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeVar

from worker.contracts.passes import Forecast, Timeline, Wanted
from worker.contracts.requests import AlbumReference
from worker.contracts.results import MediumInfo
from worker.contracts.watches import Sight
from worker.geometry.shapes import Box, RelativeBox

Reference_contra = TypeVar("Reference_contra", contravariant=True)


class Reader(Protocol):
    """An opened source: bytes by range, counted."""

    @property
    def label(self) -> str:
        """The source as it may be shown: never a signed query, never a password."""

    @property
    def size_bytes(self) -> int | None:
        """The whole length, where the source tells it."""

    @property
    def fingerprint(self) -> str | None:
        """A strong validator of the bytes (contract, Stored objects), or None."""

    @property
    def bytes_read(self) -> int: ...

    @property
    def requests(self) -> int:
        """Round trips to the other side; 0 for local files and standard input."""

    def read(self, offset: int, length: int) -> bytes:
        """The bytes [offset, offset + length); fewer only at the end of the medium.

        Raises: SourceError, with `source.too_large` or `source.timeout` when a cap is reached.
        """

    def soon(self, spans: Sequence[tuple[int, int]]) -> None:
        """These ranges, as offset and length, will be read soon and in this order.

        A reader may fetch them ahead; an error of that is raised by the read that needs them.
        """

    def descriptor(self) -> int | None:
        """A file descriptor of a local regular file that the decode child may read itself."""

    def close(self) -> None: ...


class Source(Protocol[Reference_contra]):
    """One kind of place a medium can come from."""

    def open(self, reference: Reference_contra) -> Reader:
        """Raises: SourceError."""


class AlbumSource(Protocol):
    """Where albums are looked at, whose first medium covers are of."""

    def look(self, reference: AlbumReference) -> Sight:
        """The first medium, told as the result of a cover of it tells it; no byte of it is read.

        Raises: SourceError, `source.not_found` where there is none.
        """


@dataclass(frozen=True, slots=True)
class View:
    """RGB24 pixels, rows top to bottom without padding: `len(pixels) == width * height * 3`."""

    width_px: int
    height_px: int
    pixels: memoryview


@dataclass(frozen=True, slots=True)
class Frame:
    """A decoded frame, held by the decoder until released. `pts_ms` is None for stills."""

    handle: int
    pts_ms: int | None
    index: int
    flags: tuple[str, ...] = ()


class OpenMedium(Protocol):
    """A medium that was opened for decoding; many frames, many views of each."""

    @property
    def info(self) -> MediumInfo:
        """What the medium is; until a frame was decoded, what its file claims."""

    def frame(self, at: str) -> Frame:
        """The frame that policy `at` names (`first`). Raises: MediaError, SourceError."""

    def timeline(self) -> Timeline:
        """How long the medium is and where its key frames are; a still has neither.

        Where the container does not tell the end, it is looked for: packets are read to the end.
        Raises: MediaError, SourceError.
        """

    def forecast(self, wanted: Sequence[Wanted]) -> Forecast:
        """What `frames` would read and decode for the same frames; nothing is decoded.

        Raises: MediaError, SourceError.
        """

    def frames(
        self, wanted: Sequence[Wanted], *, on_pass: Callable[[int], None]
    ) -> Iterator[Frame | None]:
        """The wanted frames in one pass, one answer for each in their order, which is by time.

        None stands for a frame that is damaged or does not come. An exact one is the first whose
        `pts_ms` is no less than the offset, past the last frame the last one; a `nearest_key` one
        is the key frame nearest to the offset. Neighbours may be the same frame: each answer has a
        handle of its own, held until released. `on_pass` is told the time in ms that the pass has
        come to, at least with every answer and while much is decoded between two.
        Raises: MediaError when nothing more can come, SourceError, and what `on_pass` raises.
        """

    def view(self, frame: Frame, box: Box, width_px: int, height_px: int) -> View:
        """The upright region `box` of the frame, area-averaged to width_px by height_px."""

    def release(self, frame: Frame) -> None: ...

    def close(self) -> None: ...


class Decoder(Protocol):
    """Pixels from bytes: upright, square, sRGB; cover-art streams ignored."""

    def open(
        self, reader: Reader, *, needed_px: int | None, max_bytes: int | None = None
    ) -> OpenMedium:
        """Open a medium; `needed_px` is the short side a view will need at most, None for all.

        Of a local file no more than `max_bytes` are read, None for the decoder's own cap.
        Raises: MediaError, SourceError.
        """


class FoundFace(NamedTuple):
    box: RelativeBox
    score: float


class FaceDetector(Protocol):
    """Where the faces are: none is a normal answer; boxes inside the frame; stable order."""

    @property
    def model(self) -> str:
        """Name and digest prefix of the model, `none` without one."""

    def check(self) -> None:
        """Raises FaceError when it would find nobody for want of its model or native library."""

    def detect(self, view: View) -> tuple[FoundFace, ...]:
        """Faces by falling score. Raises: FaceError."""


class Encoder(Protocol):
    """A picture file from pixels: exactly the view's size, sRGB, no metadata of the source."""

    content_type: str
    extension: str

    def encode(self, view: View, *, quality: int) -> bytes:
        """Raises: ImageError."""
