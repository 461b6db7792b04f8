"""Where an MP4 keeps what its first picture needs: the index, then the first video sample.

A guess for fetching ahead, in few requests; a wrong one costs bytes, never a wrong picture.
Boxes as in ISO/IEC 14496-12 §4.2.
"""

from collections.abc import Callable, Iterator
from struct import unpack_from
from typing import Final, NamedTuple


class Span(NamedTuple):
    """The bytes [offset, offset + length)."""

    offset: int
    length: int

    @property
    def end(self) -> int:
        return self.offset + self.length


class _Box(NamedTuple):
    kind: bytes
    header: int
    length: int


HEADER_BYTES: Final = 16
MAX_INDEX_BYTES: Final = 32 * 1024 * 1024
# A demuxer reads in blocks, the last of which goes past the sample; and behind an index at the
# start comes the first sample, often a small one.
READ_AHEAD_BYTES: Final = 32 * 1024

_FIRST_KINDS: Final = frozenset({b"ftyp", b"styp", b"moov", b"mdat", b"free", b"skip", b"wide"})


class BoxPlan:
    """Walks the top-level boxes of a medium as far as its bytes are known."""

    def __init__(self, size_bytes: int) -> None:
        self._size_bytes = size_bytes
        self._at: int | None = 0
        self._passed_media = False
        self.wish: Span | None = None

    def update(self, read: Callable[[int, int], bytes | None]) -> None:
        """Renew `wish` from `read(offset, length)`, which gives None for unknown bytes."""
        while self._at is not None:
            at = self._at
            data = read(at, min(HEADER_BYTES, self._size_bytes - at))
            if data is None:
                rest = Span(at, self._size_bytes - at)
                if self._passed_media and rest.length <= MAX_INDEX_BYTES:
                    self.wish = rest
                return
            box = _box(data, self._size_bytes - at)
            if box is None or (at == 0 and box.kind not in _FIRST_KINDS):
                self._at = None
            elif box.kind == b"moov":
                self._take_index(Span(at, box.length), read)
                return
            else:
                self._passed_media |= box.kind == b"mdat"
                self._at = at + box.length if at + box.length < self._size_bytes else None

    def _take_index(self, index: Span, read: Callable[[int, int], bytes | None]) -> None:
        if index.length > MAX_INDEX_BYTES:
            self._at = None
            return
        moov = read(*index)
        if moov is None:
            self.wish = self._with_read_ahead(index)
            return
        self._at = None
        sample = first_video_sample(moov)
        if sample is not None and sample.end <= self._size_bytes:
            self.wish = self._with_read_ahead(sample)

    def _with_read_ahead(self, span: Span) -> Span:
        end = min(span.end + READ_AHEAD_BYTES, self._size_bytes)
        return Span(span.offset, end - span.offset)


def first_video_sample(moov: bytes) -> Span | None:
    """Where the first sample of the first video track is, None where the index does not say."""
    for _, track in _children(memoryview(moov)[_header_bytes(moov) :], b"trak"):
        media = _inside(track, b"mdia")
        handler = _inside(media, b"hdlr")
        if bytes(handler[8:12]) != b"vide":
            continue
        table = _inside(_inside(media, b"minf"), b"stbl")
        offset = _first_offset(table)
        length = _first_length(_inside(table, b"stsz"))
        if offset and length:
            return Span(offset, length)
    return None


def _first_offset(table: memoryview) -> int:
    for kind, form in ((b"stco", ">I"), (b"co64", ">Q")):
        chunks = _inside(table, kind)
        if len(chunks) >= 16:
            return int(unpack_from(form, chunks, 8)[0])
    return 0


def _first_length(sizes: memoryview) -> int:
    if len(sizes) < 16:
        return 0
    constant, _, first = unpack_from(">III", sizes, 4)
    return int(constant or first)


def _header_bytes(data: bytes) -> int:
    box = _box(data, len(data))
    return box.header if box else len(data)


def _inside(data: memoryview, kind: bytes) -> memoryview:
    """The content of the first child box of that kind, empty without one."""
    return next((content for _, content in _children(data, kind)), data[:0])


def _children(data: memoryview, kind: bytes) -> Iterator[tuple[bytes, memoryview]]:
    at = 0
    while box := _box(data[at : at + HEADER_BYTES], len(data) - at):
        if box.kind == kind:
            yield box.kind, data[at + box.header : at + box.length]
        at += box.length


def _box(data: bytes | memoryview, room: int) -> _Box | None:
    """The box that begins with `data`, None where there is none."""
    if len(data) < 8:
        return None
    length, header = int(unpack_from(">I", data)[0]), 8
    if length == 1 and len(data) >= HEADER_BYTES:
        length, header = int(unpack_from(">Q", data, 8)[0]), HEADER_BYTES
    elif length == 0:
        length = room
    if length < header:
        return None
    return _Box(bytes(data[4:8]), header, length)
