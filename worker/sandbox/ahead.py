"""Ranges of a medium that are fetched by a second thread while the child decodes."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import RLock
from typing import Final, NamedTuple

from worker.ports import Reader
from worker.rules.boxes import Span

MAX_AHEAD_BYTES: Final = 8 * 1024 * 1024
PIECE_BYTES: Final = 1024 * 1024
# A gap this small costs less to fetch than another request.
GAP_BYTES: Final = 64 * 1024


class _Piece(NamedTuple):
    """A range that was given to the second thread."""

    span: Span
    fetched: Future[bytes]


class AheadReader:
    """Reads from `reader`, and fetches what is told to come soon while nobody reads.

    Only one of the two threads touches `reader` at a time, and a read that nobody foretold waits
    for one piece at most. What was fetched is kept until a later range is read; the range that is
    read tells how far the reading is, so that all before it in the told order has been passed.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._lock = RLock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ahead")
        self._told: deque[Span] = deque()
        self._pieces: deque[_Piece] = deque()
        self._last: Future[bytes] | None = None
        self._is_held = False

    def soon(self, spans: Sequence[tuple[int, int]]) -> None:
        """What comes from now on, in place of what was told before and is not fetched yet.

        Ranges without requests, of a local file or a pipe, are not fetched ahead.
        """
        if self._reader.requests == 0:
            return
        with self._lock:
            self._told = deque(self._without_pieces(_joined(spans)))
            self._go_on()

    def read(self, offset: int, length: int) -> bytes:
        """The bytes [offset, offset + length); fewer only at the end of the medium.

        Raises: what `reader` raises, also for what was fetched ahead.
        """
        parts: list[bytes] = []
        while length > 0:
            piece = self._reach(offset)
            if piece is None:
                parts.append(self._directly(offset, length))
                break
            begin = offset - piece.span.offset
            part = piece.fetched.result()[begin : begin + length]
            parts.append(part)
            if len(part) < min(length, piece.span.end - offset):
                break
            offset, length = offset + len(part), length - len(part)
        return b"".join(parts)

    def close(self) -> None:
        """Fetch no more; waits for the piece that is being fetched. `reader` stays open."""
        with self._lock:
            self._told.clear()
        self._thread.shutdown(cancel_futures=True)

    def _reach(self, offset: int) -> _Piece | None:
        """The piece with the byte at `offset`, None where nobody told of it."""
        with self._lock:
            for passed, piece in enumerate(self._pieces):
                if piece.span.offset <= offset < piece.span.end:
                    _drop(self._pieces, passed)
                    self._go_on()
                    return piece
            for passed, span in enumerate(self._told):
                if span.offset <= offset < span.end:
                    _drop(self._told, passed)
                    self._told[0] = Span(offset, span.end - offset)
                    self._pieces.clear()
                    self._fetch_next()
                    return self._pieces[0]
        return None

    def _directly(self, offset: int, length: int) -> bytes:
        with self._lock:
            self._is_held = True
        try:
            if self._last is not None:
                wait([self._last])
            return self._reader.read(offset, length)
        finally:
            with self._lock:
                self._is_held = False
                self._go_on()

    def _go_on(self) -> None:
        """Fetch the next piece, unless one is being fetched or there is enough."""
        is_busy = self._is_held or not (self._last is None or self._last.done())
        ahead_bytes = sum(piece.span.length for piece in self._pieces)
        if self._told and not is_busy and ahead_bytes + PIECE_BYTES <= MAX_AHEAD_BYTES:
            self._fetch_next()

    def _fetch_next(self) -> None:
        span = self._told.popleft()
        first = Span(span.offset, min(span.length, PIECE_BYTES))
        if first.end < span.end:
            self._told.appendleft(Span(first.end, span.end - first.end))
        self._last = self._thread.submit(self._reader.read, *first)
        self._pieces.append(_Piece(first, self._last))
        self._last.add_done_callback(self._when_fetched)

    def _when_fetched(self, fetched: Future[bytes]) -> None:
        with self._lock:
            if fetched.cancelled() or fetched.exception() is not None:
                self._told.clear()
            self._go_on()

    def _without_pieces(self, spans: Iterator[Span]) -> Iterator[Span]:
        """The spans, each without a beginning that is fetched or being fetched."""
        for span in spans:
            begin = span.offset
            for piece in self._pieces:
                if piece.span.offset <= begin < piece.span.end:
                    begin = piece.span.end
            if begin < span.end:
                yield Span(begin, span.end - begin)


def _drop(passed_by: deque[_Piece] | deque[Span], count: int) -> None:
    for _ in range(count):
        passed_by.popleft()


def _joined(spans: Sequence[tuple[int, int]]) -> Iterator[Span]:
    """The spans in their order; one with the next where that begins in it or close behind it."""
    joined: Span | None = None
    for span in (Span(*told) for told in spans):
        if joined is not None and joined.offset <= span.offset <= joined.end + GAP_BYTES:
            joined = Span(joined.offset, max(joined.end, span.end) - joined.offset)
            continue
        if joined is not None:
            yield joined
        joined = span
    if joined is not None:
        yield joined
