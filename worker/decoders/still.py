"""Still pictures: decoded no larger than needed, upright, in sRGB, alpha on a stated background."""

from collections.abc import Callable, Iterator, Sequence

from worker.contracts.passes import Forecast, Timeline, Wanted
from worker.contracts.results import MediumInfo
from worker.decoders import still_jpeg, still_pillow, still_vips
from worker.decoders.colour import to_srgb
from worker.decoders.pixels import Pixels, resized, turned, view_of
from worker.decoders.still_header import Header, translated
from worker.errors import MediaError, RequestError, SourceError
from worker.geometry.shapes import Box, Size, rounded
from worker.ports import Frame, Reader, View
from worker.rules.sniff import HEAD_BYTES, sniff

_CHUNK_BYTES = 1 << 20
_STREAMED = {"png", "webp", "tiff"}


class StillDecoder:
    """Decodes pictures by the library measured best for each format."""

    def __init__(
        self,
        *,
        max_mpx: float = 100,
        max_scaled_jpeg_mpx: float = 268,
        background: str = "#ffffff",
    ) -> None:
        self._max_pixels = int(max_mpx * 1_000_000)
        self._max_scaled_pixels = int(max_scaled_jpeg_mpx * 1_000_000)
        self._background = _rgb(background)

    def open(
        self, reader: Reader, *, needed_px: int | None, max_bytes: int | None = None
    ) -> "StillMedium":
        """Read the whole file and its header; pixels are decoded with the first frame.

        It is the reader that keeps to `max_bytes`.

        Raises: MediaError, SourceError.
        """
        head = reader.read(0, HEAD_BYTES)
        if not head:
            raise SourceError("source.empty")
        sniffed = sniff(head)
        if sniffed is None or sniffed.family != "still":
            raise MediaError("media.not_media", stage="open")
        data = _whole(reader, head)
        with translated("open"):
            picture = _Picture(data, sniffed.format, self._background)
        self._check(picture, needed_px)
        return StillMedium(reader, picture, needed_px)

    def _check(self, picture: "_Picture", needed_px: int | None) -> None:
        size = picture.header.size
        if min(size) < 1:
            raise MediaError("media.too_small", stage="open")
        scaled = picture.format == "jpeg" and needed_px is not None
        # A progressive JPEG keeps all its coefficients in memory at any scale.
        scaled = scaled and not picture.header.progressive
        if size.width * size.height > (self._max_scaled_pixels if scaled else self._max_pixels):
            raise MediaError("media.too_many_pixels", stage="open")


class StillMedium:
    """An opened picture; its bytes are kept, so that a finer view can decode them again."""

    def __init__(self, reader: Reader, picture: "_Picture", needed_px: int | None) -> None:
        self._reader = reader
        self._picture = picture
        self._short_px = needed_px
        self._pixels: Pixels | None = None
        self._handles = 0
        self._held: set[int] = set()

    @property
    def info(self) -> MediumInfo:
        header, upright = self._picture.header, self._picture.upright
        return MediumInfo(
            kind="image",
            format=self._picture.format,
            codec=self._picture.format,
            width=upright.width,
            height=upright.height,
            rotation_cw=header.orientation.rotation_cw,
            mirrored=header.orientation.mirrored,
            bytes_read=self._reader.bytes_read,
            bytes_total=self._reader.size_bytes,
            requests=self._reader.requests,
        )

    def frame(self, at: str) -> Frame:
        """The picture; of animated ones the first frame.

        Raises: MediaError; RequestError for a policy other than `first`.
        """
        if at != "first":
            raise RequestError("request.not_available", f"frame policy {at!r} is not available")
        self._decoded(self._short_px)
        self._handles += 1
        self._held.add(self._handles)
        return Frame(self._handles, None, 0)

    def timeline(self) -> Timeline:
        """A still has no duration and one frame."""
        return Timeline(duration_ms=None, frames=1)

    def forecast(self, wanted: Sequence[Wanted]) -> Forecast:
        """The picture is read already, and decoded once."""
        return Forecast(bytes=0, frames=min(1, len(wanted)), seeks=0)

    def frames(
        self, wanted: Sequence[Wanted], *, on_pass: Callable[[int], None]
    ) -> Iterator[Frame | None]:
        """The picture, for each that is wanted. Raises: MediaError, and what `on_pass` raises."""
        for one in wanted:
            frame = self.frame("first")
            on_pass(one.offset_ms)
            yield frame

    def view(self, frame: Frame, box: Box, width_px: int, height_px: int) -> View:
        """The upright region `box`, area-averaged to width_px by height_px.

        Raises: MediaError.
        """
        upright = self._picture.upright
        short_px = rounded(
            upright.short_side * max(width_px / box.width, height_px / box.height) + 0.5
        )
        pixels = self._decoded(short_px)
        orientation = self._picture.header.orientation
        region = _region(pixels, orientation.stored(box, upright), self._picture.header.size)
        scaled = resized(region, orientation.turned(Size(width_px, height_px)))
        return view_of(turned(scaled, orientation))

    def _decoded(self, short_px: int | None) -> Pixels:
        """The pixels, decoded anew where those at hand are coarser than `short_px`."""
        kept = self._pixels
        if kept is not None:
            full = self._picture.header.size.short_side
            wanted = full if short_px is None else min(short_px, full)
            if min(kept.shape[:2]) >= wanted - 1:
                return kept
        with translated("decode"):
            self._pixels = decoded = self._picture.decoded(short_px)
        return decoded

    def release(self, frame: Frame) -> None:
        self._held.discard(frame.handle)
        if not self._held:
            self._pixels = None

    def close(self) -> None:
        self._pixels = None


class _Picture:
    """A picture file in memory: its header, and its pixels at any scale."""

    def __init__(self, data: bytes, format: str, background: tuple[int, int, int]) -> None:
        self.format = format
        self._data = data
        self._background = background
        streamed = format in _STREAMED
        self.header: Header = (
            still_vips.header(data) if streamed else still_pillow.header(data, format)
        )

    @property
    def upright(self) -> Size:
        return self.header.orientation.turned(self.header.size)

    def decoded(self, short_px: int | None) -> Pixels:
        """RGB pixels as stored, in sRGB, the short side no less than `short_px` or all there is."""
        if self.format == "jpeg":
            pixels = still_jpeg.pixels(self._data, self.header.size, short_px)
        elif self.format in _STREAMED:
            pixels = still_vips.pixels(self._data, short_px, self._background)
        else:
            pixels = still_pillow.pixels(self._data, self.format, short_px, self._background)
        return to_srgb(pixels, self.header.profile)


def _region(pixels: Pixels, box: Box, size: Size) -> Pixels:
    """The part of `pixels`, a picture of `size` at some scale, that `box` of it names."""
    height, width, _ = pixels.shape
    left = min(rounded(box.left * width / size.width), width - 1)
    top = min(rounded(box.top * height / size.height), height - 1)
    right = max(rounded(box.right * width / size.width), left + 1)
    bottom = max(rounded(box.bottom * height / size.height), top + 1)
    return pixels[top:bottom, left:right]


def _whole(reader: Reader, head: bytes) -> bytes:
    """All bytes of the medium; the reader ends it where a cap is reached."""
    if reader.size_bytes is not None:
        return head + reader.read(len(head), reader.size_bytes - len(head))
    parts = [head]
    offset = len(head)
    while parts[-1]:
        parts.append(reader.read(offset, _CHUNK_BYTES))
        offset += len(parts[-1])
    return b"".join(parts)


def _rgb(colour: str) -> tuple[int, int, int]:
    """`#rrggbb` as three numbers."""
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue
