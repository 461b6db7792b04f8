"""Which bytes of a medium are known, and which range to fetch next."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable
from typing import Final

from worker.errors import SourceError
from worker.rules.boxes import BoxPlan, Span

HEAD_BYTES: Final = 64 * 1024
MAX_STEP_BYTES: Final = 1024 * 1024


class Spans:
    """The fetched spans of one medium, which never overlap.

    Sequential reads are fetched in steps that double from 64 KiB to 1 MiB; a jump starts small
    again; what the boxes of an MP4 make known is fetched exactly. All fetches together stay within
    `max_bytes`. Between reads at most `keep_bytes` and the head are kept, None for all that came;
    those that were not read for the longest time are let go, and fetched and counted again.
    """

    def __init__(self, size_bytes: int, *, max_bytes: int, keep_bytes: int | None = None) -> None:
        self._size_bytes = size_bytes
        self._room_bytes = max_bytes
        self._keep_bytes = max_bytes if keep_bytes is None else keep_bytes
        self._starts: list[int] = []
        # By their starts; the one that was read last comes last.
        self._pieces: dict[int, bytes] = {}
        self._kept_bytes = 0
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
        self._kept_bytes += len(data)
        insort(self._starts, offset)
        self._pieces[offset] = data
        self._plan.update(self.known)

    def known(self, offset: int, length: int) -> bytes | None:
        """The bytes [offset, offset + length) cut at the end of the medium, None if one lacks."""
        end = min(offset + length, self._size_bytes)
        parts = []
        at = bisect_right(self._starts, offset) - 1
        while offset < end:
            if at < 0 or at == len(self._starts):
                return None
            start = self._starts[at]
            begin = offset - start
            part = self._pieces[start][begin : end - start] if begin >= 0 else b""
            if not part:
                return None
            self._pieces[start] = self._pieces.pop(start)
            parts.append(part)
            offset += len(part)
            at += 1
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def whole(self) -> list[bytes] | None:
        """All bytes of the medium, in pieces from first to last; None while one lacks."""
        if self._kept_bytes != self._size_bytes:
            return None
        return [self._pieces[start] for start in self._starts]

    def read(self, offset: int, length: int, fetch: Callable[[int, int], bytes]) -> bytes:
        """The bytes [offset, offset + length) cut at the end of the medium.

        `fetch(offset, length)` gives those that are not known yet, all it is asked for or fewer,
        never none. Raises: SourceError `source.too_large`; what `fetch` raises.
        """
        while (span := self.next_fetch(offset, length)) is not None:
            self.add(span.offset, fetch(*span))
        data = self.known(offset, length) or b""
        self._let_go()
        return data

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
            start = self._starts[at]
            offset = max(offset, start + len(self._pieces[start]))
            at += 1
        following = bisect_right(self._starts, offset)
        if following < len(self._starts):
            return offset, self._starts[following]
        return offset, self._size_bytes

    def _let_go(self) -> None:
        """Forget the spans that were not read for the longest time, but never the head."""
        while self._kept_bytes > self._keep_bytes:
            start = next((start for start in self._pieces if start), None)
            if start is None:
                break
            self._kept_bytes -= len(self._pieces.pop(start))
            del self._starts[bisect_left(self._starts, start)]
        if self._kept_bytes > max(self._keep_bytes, HEAD_BYTES):
            # The first read was a long one, and only its begin is the head.
            self._pieces[0] = self._pieces[0][:HEAD_BYTES]
            self._kept_bytes = HEAD_BYTES
