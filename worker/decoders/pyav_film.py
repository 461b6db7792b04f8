"""A video opened for jumping about in it: its clock, its index, how long it is, its frames."""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from worker.contracts.passes import Forecast, Pick, Timeline, Wanted
from worker.decoders.pyav_clock import Clock
from worker.decoders.pyav_container import Opened, open_video
from worker.decoders.pyav_cursor import Cursor
from worker.decoders.pyav_feed import Shown
from worker.decoders.pyav_first import only_lenient
from worker.decoders.pyav_index import key_table
from worker.decoders.pyav_pass import Pass
from worker.errors import MediaError, SourceError
from worker.ports import Reader
from worker.rules import passes
from worker.rules.matroska import end_byte
from worker.rules.passes import KeyTable
from worker.rules.sniff import HEAD_BYTES


class Film(NamedTuple):
    """`table` is None where the container has no index of the whole.

    `lacks_end`: the file ends before the place that it tells as its end.
    """

    opened: Opened
    clock: Clock
    table: KeyTable | None
    lacks_end: bool

    @property
    def frames_per_s(self) -> float | None:
        rate = self.opened.stream.average_rate
        return float(rate) if rate else None


class Films:
    """Opens one medium as often as passes over it need it.

    `probing` as for `open_video`: all but MP4 tell only when decoded when they start and in which
    order frames come.
    """

    def __init__(self, reader: Reader, *, max_pixels: int, probing: bool) -> None:
        self._reader = reader
        self._probing = probing
        self._max_pixels = max_pixels
        self._film: Film | None = None
        self._cursors: list[Cursor] = []
        self._timeline: Timeline | None = None

    def _kept(self) -> Film:
        """A film for questions; it stays open for the next one."""
        if self._film is None:
            self._film = self._opened(lenient=False)
        return self._film

    def _open(self, *, lenient: bool) -> Opened:
        return open_video(
            self._reader,
            max_pixels=self._max_pixels,
            probing=self._probing,
            lenient=lenient,
            seeking=True,
        )

    def _opened(self, *, lenient: bool) -> Film:
        opened = self._open(lenient=lenient)
        clock = Clock(opened)
        # Cues that end with the file are no index of the whole.
        lacks_end = self._lacks_end(opened)
        table = None if lacks_end else key_table(opened, clock)
        return Film(opened, clock, table, lacks_end)

    def _lacks_end(self, opened: Opened) -> bool:
        """Only of Matroska it must be asked: what reads the others comes upon what lacks."""
        size_bytes = self._reader.size_bytes
        if size_bytes is None or not opened.container.format.name.startswith("matroska"):
            return False
        return (end_byte(self._reader.read(0, HEAD_BYTES)) or 0) > size_bytes

    def timeline(self) -> Timeline:
        """How long the medium is. Raises: MediaError, SourceError."""
        if self._timeline is None:
            film = self._kept()
            if film.clock.duration_ms is None:
                self._film = None
                self._timeline = _read_to_the_end(film)
            else:
                self._timeline = _told(film, film.clock.duration_ms)
        return self._timeline

    def forecast(self, wanted: Sequence[Wanted]) -> Forecast:
        """What a pass would take. Raises: MediaError, SourceError."""
        film = self._kept()
        return passes.forecast(film.table, wanted, frames_per_s=film.frames_per_s)

    def shown(
        self, wanted: Sequence[Wanted], on_pass: Callable[[int], None]
    ) -> Iterator[tuple[Shown | None, Fraction | None]]:
        """The answers of one pass. A medium that strict decoders show nothing of is read leniently.

        Raises: MediaError, SourceError, and what `on_pass` raises.
        """
        on_pass = _rising(on_pass)
        came = False
        try:
            runs = self._begun(wanted, on_pass, lenient=False)
            for one, following in zip(wanted, _following(wanted, runs), strict=True):
                shown = runs[one.pick].answer(one, following)
                if shown is None and runs[one.pick].is_damaged and not came:
                    came = True
                    if only_lenient(self._reader, max_pixels=self._max_pixels):
                        self._end()
                        runs = self._begun(wanted, on_pass, lenient=True)
                        shown = runs[one.pick].answer(one, following)
                came = came or shown is not None
                yield shown, runs[one.pick].pixel_aspect
        finally:
            self._end()

    def _begun(
        self, wanted: Sequence[Wanted], on_pass: Callable[[int], None], *, lenient: bool
    ) -> dict[Pick, Pass]:
        """What answers each pick: without an index each has a place of its own in the medium.

        Only reading tells key frames then, from which there may be a long way back.
        """
        film = self._opened(lenient=True) if lenient else self._kept()
        self._film = None
        if film.table is not None and not lenient:
            told = passes.spans(film.table, wanted, frames_per_s=film.frames_per_s)
            self._reader.soon(told)
        run = self._pass(film, on_pass, lenient=lenient)
        runs: dict[Pick, Pass] = {"exact": run, "nearest_key": run}
        if film.table is None and len({one.pick for one in wanted}) > 1:
            other = self._opened(lenient=lenient)
            runs["nearest_key"] = self._pass(other, on_pass, lenient=lenient)
        return runs

    def _pass(self, film: Film, on_pass: Callable[[int], None], *, lenient: bool) -> Pass:
        cursor = Cursor(film.opened, film.clock, reopen=lambda: self._open(lenient=lenient))
        self._cursors.append(cursor)
        return Pass(cursor, film.clock, film.table, on_pass, lacks_end=film.lacks_end)

    def _end(self) -> None:
        while self._cursors:
            self._cursors.pop().close()

    def close(self) -> None:
        """Close what is open."""
        self._end()
        if self._film is not None:
            self._film.opened.close()
            self._film = None


def _rising(on_pass: Callable[[int], None]) -> Callable[[int], None]:
    """Tell how far all is; packets are read ahead of decoding, so it may hold still."""
    told_ms = 0

    def tell(at_ms: int) -> None:
        nonlocal told_ms
        told_ms = max(told_ms, at_ms)
        on_pass(told_ms)

    return tell


def _following(wanted: Sequence[Wanted], runs: dict[Pick, Pass]) -> list[Wanted | None]:
    """For each what its pass is asked for next."""
    following: list[Wanted | None] = []
    coming: dict[Pass, Wanted] = {}
    for one in reversed(wanted):
        following.append(coming.get(runs[one.pick]))
        coming[runs[one.pick]] = one
    return following[::-1]


def _told(film: Film, duration_ms: int) -> Timeline:
    table = film.table
    return Timeline(
        duration_ms=duration_ms,
        frames=film.opened.stream.frames or None,
        keys=None if table is None else len(table.keys),
        key_gap_ms=None if table is None else table.gap_ms,
    )


def _read_to_the_end(film: Film) -> Timeline:
    """Raises: MediaError `media.no_duration` where the end is further than may be read."""
    last_ms, frames, length = -1, 0, 0.0
    cursor = Cursor(film.opened, film.clock, reopen=lambda: film.opened)
    try:
        for stamped in cursor.read():
            last_ms, frames = max(last_ms, stamped.at_ms), frames + 1
            length = float((stamped.packet.duration or 0) * (stamped.packet.time_base or 0))
    except SourceError as error:
        if error.code != "source.too_large":
            raise
        raise MediaError("media.no_duration") from error
    finally:
        cursor.close()
    if last_ms < 0:
        raise MediaError("media.no_frames", stage="decode")
    return Timeline(
        duration_ms=last_ms + max(1, round(length * 1000)), last_ms=last_ms, frames=frames
    )
