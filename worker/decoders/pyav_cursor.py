"""A place among the packets of a video: entered at key frames, read on from there."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import av
from av.packet import Packet
from av.video.stream import VideoStream

from worker.decoders.pyav_clock import Clock
from worker.decoders.pyav_container import Opened
from worker.decoders.pyav_file import translated
from worker.decoders.pyav_first import is_encrypted
from worker.decoders.pyav_index import by_decoding_time
from worker.errors import MediaError
from worker.rules.passes import READ_THROUGH_MS, Key

_FIRST_STEP_MS = 1000
_TOLD_EVERY = 250
# Behind a seek into a program stream pictures so small that a pack of 2 KiB holds many of them have
# each other's times for a few packs.
_UNSURE_BYTES = 16 * 1024


class Stamped(NamedTuple):
    """A packet with data; `at_ms` is when it is shown, `stamp` what an index would call it."""

    packet: "Packet[VideoStream]"
    at_ms: int
    decoded_ms: int | None
    stamp: int

    @property
    def is_key(self) -> bool:
        return bool(self.packet.is_keyframe)


class Cursor:
    """Reads packets in their order, and jumps. `on_pass` hears of long ways without an answer.

    `reopen` opens the same medium again, for containers in which seeking does not lead back to
    the start.
    """

    def __init__(self, opened: Opened, clock: Clock, *, reopen: Callable[[], Opened]) -> None:
        self.opened = opened
        self._clock = clock
        self._reopen = reopen
        self._packets: Iterator[Packet[VideoStream]] | None = None
        self._step_ms = 0
        self._near: tuple[Stamped, ...] = ()
        # Between a time and the key frame it refers to, at most so far.
        self.gap_ms = 0
        self._last_ms = 0
        self._is_fresh = True
        self.position = -1
        self._unsure_bytes = _UNSURE_BYTES if opened.container.format.name == "mpeg" else 0
        self.on_pass: Callable[[int], None] = lambda _: None
        # Packets read and seeks made: tells whether the place is still the same.
        self.steps = 0
        self._near_steps = 0

    def to_key(self, key: Key) -> Stamped | None:
        """The packet of a key frame of the index, a later one where it is not found."""
        if not self._seek(key.ticks):
            return None
        return next((s for s in self.read() if s.is_key and s.stamp >= key.stamp), None)

    def before(self, at_ms: int) -> Stamped:
        """A key frame at or before `at_ms`, the medium's first where there is none.

        Seeks land late in some containers and between key frames in others, so it is looked for
        further and further back: the distance that led there is tried first the next time.
        Raises: MediaError `media.no_frames`.
        """
        back_ms = self._step_ms
        while at_ms > back_ms:
            if self._seek(self._clock.ticks(at_ms - back_ms)):
                found = self._key_until(at_ms)
                if found is not None:
                    self._step_ms = back_ms
                    return self._led(at_ms, found)
            back_ms = back_ms * 2 or _FIRST_STEP_MS
        return self._led(at_ms, self._first())

    def _led(self, at_ms: int, found: Stamped) -> Stamped:
        self.gap_ms = max(self.gap_ms, at_ms - found.at_ms)
        return found

    def _key_until(self, at_ms: int) -> Stamped | None:
        """The next key frame, None when what is read on is shown after `at_ms` already."""
        sure_from = -1
        for stamped in self.read():
            if sure_from < 0:
                sure_from = self.position + self._unsure_bytes
            if stamped.is_key and stamped.at_ms <= at_ms and self.position >= sure_from:
                return stamped
            if stamped.at_ms > at_ms and (stamped.is_key or stamped.decoded_ms is None):
                return None
            if stamped.decoded_ms is not None and stamped.decoded_ms > at_ms:
                return None
        return None

    def _first(self) -> Stamped:
        """The first key frame, by opening the medium again: no seek leads there for certain.

        Of a medium without any key frame it is the first packet.
        """
        for any_will_do in (False, True):
            if not self._is_fresh:
                self.close()
                self.opened = self._reopen()
                self._packets = None
            self._is_fresh = False
            found = next((s for s in self.read() if any_will_do or s.is_key), None)
            if found is not None:
                return found
        raise MediaError("media.no_frames", stage="decode")

    def nearest(self, at_ms: int) -> tuple[Stamped, ...]:
        """The key frame nearest to `at_ms`, and the packet behind it where there is one.

        Found by reading on, until any later one would be further away.
        Raises: MediaError `media.no_frames`.
        """
        near = self._near if self.steps == self._near_steps else ()
        ahead_ms = at_ms - self._last_ms
        if not near or at_ms < near[0].at_ms or ahead_ms > max(READ_THROUGH_MS, self.gap_ms):
            near = (self.before(at_ms),)
        found = self._nearer(at_ms, near)
        self._near_steps = self.steps
        return found

    def _nearer(self, at_ms: int, near: tuple[Stamped, ...]) -> tuple[Stamped, ...]:
        for stamped in self.read():
            if stamped.is_key and stamped.at_ms > at_ms:
                self._near = self._with_next(stamped)
                closer = stamped.at_ms - at_ms < at_ms - near[0].at_ms
                return self._near if closer else near
            if stamped.is_key:
                near = (stamped,)
            elif len(near) == 1:
                near = (*near, stamped)
            if stamped.at_ms - at_ms > at_ms - near[0].at_ms:
                break
        self._near = near
        return near

    def _with_next(self, key: Stamped) -> tuple[Stamped, ...]:
        following = next(self.read(), None)
        return (key,) if following is None else (key, following)

    @property
    def field_ms(self) -> float:
        """A little more than a field lasts; 0 where the rate of pictures is not known."""
        rate = self.opened.stream.average_rate
        return float(600 / rate) if rate else 0.0

    def are_fields(self, first: Stamped, second: Stamped) -> bool:
        """Whether two packets are one picture, a field each: half a picture's time apart."""
        return 0 < second.at_ms - first.at_ms < self.field_ms

    def read(self) -> Iterator[Stamped]:
        """The packets from here on; ends with the medium, and where it cannot be read on.

        Raises: MediaError `media.encrypted`; SourceError.
        """
        while (packet := self._next()) is not None:
            if not packet.size:
                continue
            if is_encrypted(packet):
                raise MediaError("media.encrypted", stage="decode")
            self.steps += 1
            stamped = self._stamped(packet)
            if self.steps % _TOLD_EVERY == 0:
                self.on_pass(stamped.at_ms)
            if packet.pos is not None:
                self.position = packet.pos + packet.size
            yield stamped

    def _next(self) -> "Packet[VideoStream] | None":
        with translated(self.opened.file, "decode"):
            if self._packets is None:
                self._packets = self.opened.container.demux(self.opened.stream)
            try:
                return next(self._packets, None)
            except av.FFmpegError:
                self._packets = iter(())
                return None

    def _stamped(self, packet: "Packet[VideoStream]") -> Stamped:
        """Packets without any time are shown with the one before them."""
        shown = packet.dts if packet.pts is None else packet.pts
        if shown is not None:
            self._last_ms = self._clock.ms(shown)
        decoded_ms = None if packet.dts is None else self._clock.ms(packet.dts)
        by_decoding = by_decoding_time(self.opened) and packet.dts is not None
        stamp = packet.dts if by_decoding else shown
        return Stamped(packet, self._last_ms, decoded_ms, stamp or 0)

    def _seek(self, ticks: int) -> bool:
        """Whether it led anywhere. FFmpeg calls a refusal what it likes."""
        with translated(self.opened.file, "decode"):
            self._packets = None
            self._is_fresh = False
            self.steps += 1
            try:
                self.opened.container.seek(ticks, stream=self.opened.stream)
            except av.FFmpegError:
                return False
        return True

    def close(self) -> None:
        self.opened.close()
