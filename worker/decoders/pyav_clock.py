"""Time in a video: milliseconds from the container's start, and the stream's own ticks."""

from fractions import Fraction

import av

from worker.decoders.pyav_container import Opened


class Clock:
    """Both ways between the ticks of the stream and rounded milliseconds.

    They count from the container's start, which broadcasts put anywhere.
    """

    def __init__(self, opened: Opened) -> None:
        container = opened.container
        self._start_ms = Fraction(container.start_time or 0, av.time_base) * 1000
        self._tick_ms = (opened.stream.time_base or Fraction(1, 1000)) * 1000
        length = container.duration
        whole_ms = Fraction(length, av.time_base) * 1000 if length and length > 0 else None
        self.duration_ms = None if whole_ms is None else round(whole_ms)

    def ms(self, ticks: int) -> int:
        """Milliseconds from the start, never negative."""
        return max(0, round(ticks * self._tick_ms - self._start_ms))

    def ticks(self, at_ms: int) -> int:
        """The last tick that `ms` still rounds to `at_ms` or earlier."""
        return int((at_ms + Fraction(49, 100) + self._start_ms) // self._tick_ms)
