"""Which bytes of a medium are known, and which range to fetch next."""

from bisect import bisect_right
from collections.abc import Callable
from typing import Final

from worker.errors import SourceError
from worker.rules.boxes import BoxPlan, Span

HEAD_BYTES: Final = 64 * 1024
MAX_STEP_BYTES: Final = 1024 * 1024


class Spans:
    """The fetched spans of one medium; they never overlap, so memory is bounded by `max_bytes`.

    Sequential reads are fetched in steps that double from 64 KiB to 1 MiB; a jump starts small
    again; what the boxes of an MP4 make known is fetched exactly.
    """

    def __init__(self, size_bytes: int, *, max_bytes: int) -> None:
        self._size_bytes = size_bytes
        self._room_bytes = max_bytes
        self._starts: list[int] = []
        self._pieces: list[bytes] = []
        self._step_bytes = HEAD_BYTES
        self._last_end = -1
        self._plan = BoxPlan(size_bytes)

    def add(self, offset: int, data: bytes) -> None:
        """Keep what was fetched; `data` begins where no span is."""
        sequential = offset == self._last_end
        grown = min(self._step_bytes * 2, MAX_STEP_BYTES)
        self._step_bytes = grown if sequential or offset == 0 else HEAD_BYTES * 2
        self._last_end = offset + len(data)
        self._room_bytes -= len(data)
        at = bisect_right(self._starts, offset)
        self._starts.insert(at, offset)
        self._pieces.insert(at, data)
        self._plan.update(self.known)

    def known(self, offset: int, length: int) -> bytes | None:
        """The bytes [offset, offset + length) cut at the end of the medium, None if one lacks."""
        end = min(offset + length, self._size_bytes)
        parts = []
        at = bisect_right(self._starts, offset) - 1
        while offset < end:
            if at < 0 or at == len(self._starts):
                return None
            begin = offset - self._starts[at]
            part = self._pieces[at][begin : end - self._starts[at]] if begin >= 0 else b""
            if not part:
                return None
            parts.append(part)
            offset += len(part)
            at += 1
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def whole(self) -> list[bytes] | None:
        """All bytes of the medium, in pieces from first to last; None while one lacks."""
        complete = sum(map(len, self._pieces)) == self._size_bytes
        return list(self._pieces) if complete else None

    def read(self, offset: int, length: int, fetch: Callable[[int, int], bytes]) -> bytes:
        """The bytes [offset, offset + length) cut at the end of the medium.

        `fetch(offset, length)` gives those that are not known yet, all it is asked for or fewer,
        never none. Raises: SourceError `source.too_large`; what `fetch` raises.
        """
        while (span := self.next_fetch(offset, length)) is not None:
            self.add(span.offset, fetch(*span))
        return self.known(offset, length) or b""

    def next_fetch(self, offset: int, length: int) -> Span | None:
        """What to fetch so that `known(offset, length)` comes nearer, None when it is known.

        Raises: SourceError `source.too_large` when the bytes asked for are over the cap.
        """
        end = min(offset + length, self._size_bytes)
        gap, gap_end = self._gap(offset)
        if gap >= end:
            return None
        needed_bytes = min(end, gap_end) - gap
        if needed_bytes > self._room_bytes:
            raise SourceError("source.too_large")
        wish = self._plan.wish
        if wish is not None and wish.offset - HEAD_BYTES < gap < wish.end:
            ahead_bytes = wish.end - gap
        else:
            ahead_bytes = self._step_bytes if gap == self._last_end else HEAD_BYTES
        fetch_end = gap + min(max(needed_bytes, ahead_bytes), self._room_bytes)
        return Span(gap, min(fetch_end, gap_end) - gap)

    def _gap(self, offset: int) -> tuple[int, int]:
        """The first unknown stretch at or after `offset`, as begin and end."""
        at = bisect_right(self._starts, offset) - 1
        while at >= 0 and at < len(self._starts) and self._starts[at] <= offset:
            offset = max(offset, self._starts[at] + len(self._pieces[at]))
            at += 1
        following = bisect_right(self._starts, offset)
        if following < len(self._starts):
            return offset, self._starts[following]
        return offset, self._size_bytes
