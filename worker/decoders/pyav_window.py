"""Packets read ahead of decoding: which frame a time means is known before any is decoded."""

from collections import deque
from collections.abc import Iterator
from itertools import chain

from worker.decoders.pyav_cursor import Cursor, Stamped

# No codec shows a picture later than so many packets behind its own (H.264, A.3.1: 16 frames).
_MAX_REORDERED = 32
_MAX_BYTES = 16 * 1024 * 1024


class Window:
    """Packets between the decoder and the medium; a group of pictures, or its first part.

    `read_ms` is the latest time of showing that was read since it began, `is_full` says that it
    holds all it may, `is_cut` that packets were dropped before a key frame since `begin`.
    """

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._packets: deque[Stamped] = deque()
        self._held_bytes = 0
        self.read_ms = -1
        self.is_cut = False

    def __len__(self) -> int:
        return len(self._packets)

    @property
    def is_full(self) -> bool:
        return self._held_bytes > _MAX_BYTES

    @property
    def latest_ms(self) -> int:
        """When the last of its frames is shown."""
        return max(stamped.at_ms for stamped in self._packets)

    @property
    def next(self) -> Stamped | None:
        return self._packets[0] if self._packets else None

    def begin(self, first: Stamped | None) -> None:
        """Hold nothing but `first`."""
        self._packets.clear()
        self._held_bytes = 0
        self.read_ms = -1
        self.is_cut = False
        if first is not None:
            self._hold(first)

    def _hold(self, stamped: Stamped) -> None:
        self._packets.append(stamped)
        self._held_bytes += stamped.packet.size
        self.read_ms = max(self.read_ms, stamped.at_ms)

    def pop(self) -> Stamped | None:
        """The next packet, read now if none is held; None at the end."""
        if not self._packets:
            stamped = next(self._cursor.read(), None)
            self.read_ms = max(self.read_ms, stamped.at_ms if stamped else -1)
            return stamped
        self._held_bytes -= self._packets[0].packet.size
        return self._packets.popleft()

    def look(self, at_ms: int) -> int | None:
        """When the first frame at or after `at_ms` is shown; None: the medium ends before it.

        That is known once whatever is decoded later is shown later too. When the window is full
        before, it is None as well.
        """
        target_ms: int | None = None
        behind = 0
        for stamped in chain(tuple(self._packets), self._incoming(at_ms)):
            meant = stamped.at_ms >= at_ms and not stamped.packet.is_discard
            if meant and (target_ms is None or stamped.at_ms < target_ms):
                target_ms = stamped.at_ms
            if target_ms is None:
                continue
            behind += 1
            passed = stamped.decoded_ms is not None and stamped.decoded_ms > target_ms
            if passed or behind > _MAX_REORDERED:
                break
        return target_ms

    def _incoming(self, at_ms: int) -> Iterator[Stamped]:
        """Further packets, held from the last key frame on that is shown by `at_ms`."""
        while not self.is_full and (stamped := next(self._cursor.read(), None)) is not None:
            if stamped.is_key and stamped.at_ms <= at_ms:
                self._cut(len(self._packets))
            self._hold(stamped)
            yield stamped

    def enter(self, target_ms: int) -> None:
        """Drop what lies before the key frame that the frame shown at `target_ms` refers to."""
        start = 0
        for number, stamped in enumerate(self._packets):
            if stamped.is_key and stamped.at_ms <= target_ms:
                start = number
            if stamped.at_ms == target_ms:
                break
        self._cut(start)

    def enter_next_key(self) -> None:
        """Drop what lies before the next key frame that was read."""
        keys = (number for number, stamped in enumerate(self._packets) if stamped.is_key)
        self._cut(next(keys, len(self._packets)))

    def _cut(self, count: int) -> None:
        for _ in range(count):
            self._held_bytes -= self._packets.popleft().packet.size
        self.is_cut = self.is_cut or count > 0
