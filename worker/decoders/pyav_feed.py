"""The decoder's end of a pass: packets go in, frames come out in the order of showing."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from worker.decoders.pyav_clock import Clock
from worker.decoders.pyav_cursor import Stamped
from worker.decoders.pyav_file import converting

_TOLD_EVERY = 25


class Shown(NamedTuple):
    """A decoded frame and when it is shown; None is one that came damaged."""

    at_ms: int
    frame: VideoFrame | None


class Feed:
    """Decodes packet by packet.

    `live`: it holds what the packets behind the last one refer to; else a key frame must be next.
    `fed_ms` is the latest time of showing that went in since it began, at the key frame shown at
    `began_ms`; that one is `is_open` if pictures shown before it came behind it. `latest` is the
    last frame that came out at all.
    """

    def __init__(
        self,
        context: VideoCodecContext,
        clock: Clock,
        on_pass: Callable[[int], None],
        *,
        field_ms: float,
    ) -> None:
        self._context = context
        self._clock = clock
        # A picture may come as two fields, of which the first alone is shown before the time.
        self._field_ms = field_ms
        self._first: tuple[int, bool] | None = None
        self._on_pass = on_pass
        self._ready: deque[Shown] = deque()
        self._count = 0
        self._depth = context.reorder_depth
        self.live = False
        self.fed_ms = -1
        self.began_ms = -1
        self._leads_to_ms = -1
        self.is_open = False
        self.latest: Shown | None = None

    @property
    def is_reordering(self) -> bool:
        """Whether a frame comes out only after packets of later ones went in."""
        return self._context.reorder_depth > 0

    def begin(self) -> None:
        """Forget everything; the next packet is a key frame's."""
        self._ready.clear()
        self._empty()

    def _empty(self) -> None:
        self._context.flush_buffers()
        # FFmpeg forgets what it had learnt of the order, and would drop frames to learn it again.
        self._context.reorder_depth = max(self._depth, self._context.reorder_depth)
        self.live = False
        self.fed_ms = -1
        self._first = None

    def put(self, stamped: Stamped, from_ms: int) -> bool:
        """Decode a packet, unless only frames before `from_ms` would want it; False: damaged.

        Pictures behind the first key frame that are shown before it refer to what did not go in:
        that they cannot be decoded is no damage.
        """
        if not self.live:
            self.began_ms = self._leads_to_ms = stamped.at_ms
            self.is_open = False
        elif stamped.is_key:
            self._leads_to_ms = -1
        self.is_open = self.is_open or stamped.at_ms < self._leads_to_ms
        self._context.skip_frame = "NONREF" if self._is_unwanted(stamped, from_ms) else "DEFAULT"
        with converting():
            try:
                if stamped.packet.is_corrupt:
                    return False
                frames = self._context.decode(stamped.packet)
            except av.error.InvalidDataError:
                return stamped.at_ms < self._leads_to_ms
        self.live = True
        self.fed_ms = max(self.fed_ms, stamped.at_ms)
        self._keep(frames, stamped.at_ms)
        self._count += 1
        if self._count % _TOLD_EVERY == 0:
            self._on_pass(stamped.at_ms)
        return True

    def _is_unwanted(self, stamped: Stamped, from_ms: int) -> bool:
        """Whether it is shown before `from_ms`; both fields of a picture share one answer."""
        first, self._first = self._first, None
        if first is not None and 0 < stamped.at_ms - first[0] < self._field_ms:
            return first[1]
        unwanted = stamped.packet.pts is not None and stamped.at_ms < from_ms - self._field_ms
        self._first = stamped.at_ms, unwanted
        return unwanted

    def drain(self) -> None:
        """Have all frames that went in come out; the next packet is a key frame's."""
        with converting():
            try:
                frames = self._context.decode(None) if self.live else []
            except av.error.InvalidDataError:
                frames = []
        self._keep(frames, self.fed_ms)
        self._empty()

    def _keep(self, frames: Sequence[VideoFrame], otherwise_ms: int) -> None:
        for frame in frames:
            pts = frame.dts if frame.pts is None else frame.pts
            at_ms = otherwise_ms if pts is None else self._clock.ms(pts)
            shown = Shown(at_ms, None if frame.is_corrupt else frame)
            self._ready.append(shown)
            self.latest = shown

    def out(self, at_ms: int) -> Shown | None:
        """The first frame that is shown at `at_ms` or later, where it came out already."""
        while self._ready and self._ready[0].at_ms < at_ms:
            self._ready.popleft()
        return self._ready[0] if self._ready else None
