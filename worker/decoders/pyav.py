"""Video through PyAV: frames for the price of few decoded pictures."""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

import av

from worker.contracts.passes import Forecast, Timeline, Wanted
from worker.contracts.results import MediumInfo
from worker.decoders.pyav_container import Opened, check_pixels, open_video
from worker.decoders.pyav_file import converting
from worker.decoders.pyav_film import Films
from worker.decoders.pyav_first import Decoded, first_in_order, first_of_key_packet
from worker.decoders.pyav_picture import Picture, picture_of
from worker.errors import MediaError, RequestError, SourceError
from worker.geometry.shapes import Box
from worker.ports import Frame, Reader, View
from worker.rules.sniff import HEAD_BYTES, sniff


class PyavDecoder:
    """Decodes video containers; audio alone is refused as such, pictures are not its business."""

    def __init__(self, *, max_mpx: float = 100) -> None:
        self._max_pixels = int(max_mpx * 1_000_000)

    def open(
        self, reader: Reader, *, needed_px: int | None, max_bytes: int | None = None
    ) -> "PyavMedium":
        """Open the container without decoding; `needed_px` changes nothing for video.

        It is the reader that keeps to `max_bytes`.

        Raises: MediaError, SourceError.
        """
        head = reader.read(0, HEAD_BYTES)
        if not head:
            raise SourceError("source.empty")
        sniffed = sniff(head)
        if sniffed is None or sniffed.family == "still":
            raise MediaError("media.not_media", stage="open")
        if sniffed.family == "audio":
            raise MediaError("media.no_video_stream", stage="open")
        opened = open_video(reader, max_pixels=self._max_pixels)
        films = Films(reader, max_pixels=self._max_pixels, probing=sniffed.format != "mov")
        return PyavMedium(reader, opened, films, self._max_pixels)


class PyavMedium:
    """An opened video. Its `info` is what the container claims until a frame was decoded."""

    def __init__(self, reader: Reader, opened: Opened, films: Films, max_pixels: int) -> None:
        self._reader = reader
        self._opened: Opened | None = opened
        self._max_pixels = max_pixels
        self._info = _claimed(opened)
        self._films = films
        self._pictures: dict[int, Picture] = {}
        self._handles = 0

    @property
    def info(self) -> MediumInfo:
        return self._info.model_copy(
            update={
                "bytes_read": self._reader.bytes_read,
                "bytes_total": self._reader.size_bytes,
                "requests": self._reader.requests,
            }
        )

    def frame(self, at: str) -> Frame:
        """The first frame that is shown; flagged `frame.fallback` where damaged ones were passed.

        Raises: MediaError, SourceError; RequestError for a policy other than `first`.
        """
        if at != "first":
            raise RequestError("request.not_available", f"frame policy {at!r} is not available")
        opened = self._opened or open_video(self._reader, max_pixels=self._max_pixels)
        self._opened = None
        try:
            decoded = first_of_key_packet(opened)
            if decoded is None:
                opened.close()
                decoded = first_in_order(self._reader, max_pixels=self._max_pixels)
            return self._held(decoded)
        finally:
            opened.close()

    def timeline(self) -> Timeline:
        """How long it is, and its key frames where the container has an index of the whole.

        Raises: MediaError, SourceError.
        """
        self._close_first()
        timeline = self._films.timeline()
        # Headers tell the first fragment's length, or none at all.
        self._info = self._info.model_copy(update={"duration_ms": timeline.duration_ms})
        return timeline

    def forecast(self, wanted: Sequence[Wanted]) -> Forecast:
        """What `frames` would take, by the index; without one frames and jumps are guessed.

        Raises: MediaError, SourceError.
        """
        self._close_first()
        return self._films.forecast(wanted)

    def frames(
        self, wanted: Sequence[Wanted], *, on_pass: Callable[[int], None]
    ) -> Iterator[Frame | None]:
        """The wanted frames in one pass; several may be the same picture, which is held once.

        Raises: MediaError, SourceError, and what `on_pass` raises.
        """
        self._close_first()
        for shown, aspect in self._films.shown(wanted, on_pass):
            if shown is None or shown.frame is None:
                yield None
            else:
                yield self._held(Decoded(shown.frame, 0, shown.at_ms, aspect))

    def _held(self, decoded: Decoded) -> Frame:
        """Keep the decoded frame under a new handle and learn from it what the medium is."""
        picture = picture_of(decoded.frame, decoded.pixel_aspect)
        check_pixels(*picture.upright, self._max_pixels)
        self._info = self._info.model_copy(
            update={
                "width": picture.upright.width,
                "height": picture.upright.height,
                "rotation_cw": picture.orientation.rotation_cw,
                "mirrored": picture.orientation.mirrored,
                "hdr": picture.hdr,
            }
        )
        self._handles += 1
        self._pictures[self._handles] = picture
        flags = ("frame.fallback",) if decoded.skipped else ()
        return Frame(self._handles, decoded.pts_ms, decoded.skipped, flags)

    def view(self, frame: Frame, box: Box, width_px: int, height_px: int) -> View:
        """The upright region `box` of the frame, area-averaged to width_px by height_px.

        Raises: MediaError.
        """
        with converting():
            return self._pictures[frame.handle].view(box, width_px, height_px)

    def release(self, frame: Frame) -> None:
        self._pictures.pop(frame.handle, None)

    def close(self) -> None:
        self._pictures.clear()
        self._films.close()
        self._close_first()

    def _close_first(self) -> None:
        """Close what was opened for a first frame: an index of hours is not held twice."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None


def _claimed(opened: Opened) -> MediumInfo:
    """What the container says of its video, before anything was decoded."""
    container, stream = opened.container, opened.stream
    context = stream.codec_context
    duration = Fraction(container.duration, av.time_base) if container.duration else None
    return MediumInfo(
        kind="video",
        format=container.format.name,
        codec=context.codec.canonical_name,
        width=context.width,
        height=context.height,
        duration_ms=None if duration is None else round(duration * 1000),
    )
