"""Which key frames a pass over a video begins at, when it jumps, and what it costs."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from worker.contracts.passes import Forecast, Wanted

# A request costs about what so many bytes cost that are read on.
READ_THROUGH_BYTES: Final = 256 * 1024
READ_THROUGH_MS: Final = 2000
# Which frame is meant is known, and it comes out, only when so many more have been read: those
# that are decoded before it and shown later (seldom over four), one more, and the frame's own time.
_READ_ON_FRAMES: Final = 6
# Frames between two key frames are not all of one size: so much more is told ahead.
_UNEVEN_BYTES: Final = 32 * 1024
_USUAL_RATE: Final = 25
_GUESSED_GROUP_MS: Final = 2000


class Key(NamedTuple):
    """A key frame as an index tells it.

    `stamp` is the index's own time of it and `ticks` that of showing, both in the container's
    unit; `at_ms` counts from the medium's start. `size` is 0 where the index does not tell it,
    `number` counts the frames before it, None likewise. One that is not `shown` (an edit list
    hides it) is only decoded from.
    """

    at_ms: int
    stamp: int
    ticks: int
    offset: int
    size: int = 0
    number: int | None = None
    shown: bool = True


class KeyTable(NamedTuple):
    """The key frames of a medium by time, at least one, and an `end` behind its last frame."""

    keys: tuple[Key, ...]
    end: Key

    @property
    def gap_ms(self) -> int:
        """The longest time between two key frames."""
        times = [key.at_ms for key in self.keys]
        return max((after - at for at, after in pairwise(times)), default=0)

    def before(self, at_ms: int) -> int:
        """The number of the last key frame at or before `at_ms`, of the first if there is none."""
        return max(0, bisect_right(self.keys, at_ms, key=lambda key: key.at_ms) - 1)

    def after(self, at_ms: int) -> Key | None:
        """The first key frame after `at_ms`."""
        return next((key for key in self.keys if key.at_ms > at_ms), None)

    def is_cut_short(self, last_ms: int, at_ms: int) -> bool:
        """Whether a medium whose last frame is shown at `last_ms` lacks the one for `at_ms`."""
        key = self.keys[self.before(at_ms)]
        return key.number is not None and key.at_ms > last_ms

    def nearest(self, at_ms: int) -> int:
        """The number of the shown key frame nearest to `at_ms`, the earlier of two as near."""
        around = self.before(at_ms)
        shown = (*self._shown(around, -1), *self._shown(around + 1, 1))
        return min(shown or (around,), key=lambda i: (abs(self.keys[i].at_ms - at_ms), i))

    def beside(self, number: int, later: bool) -> Key | None:
        """The next shown key frame after that one, or before it."""
        step = 1 if later else -1
        return next((self.keys[i] for i in self._shown(number + step, step)), None)

    def _shown(self, start: int, step: int) -> Iterator[int]:
        """The first shown key frame from `start` on, in that direction."""
        while 0 <= start < len(self.keys):
            if self.keys[start].shown:
                yield start
                return
            start += step

    def reach(self, at_ms: int) -> int:
        """Behind which byte the medium stands once the frame shown at `at_ms` was read.

        That of a key frame is known; those up to the next one are taken to be of one size.
        """
        key, after = self._group(at_ms)
        rest_bytes = max(0, after.offset - key.offset - key.size)
        return key.offset + key.size + round(_share(key, after, at_ms) * rest_bytes)

    def frames_before(self, at_ms: int) -> int | None:
        """How many frames are shown before `at_ms`, None where the index does not count them."""
        key, after = self._group(at_ms)
        if key.number is None or after.number is None:
            return None
        return key.number + round(_share(key, after, at_ms) * (after.number - key.number))

    def _group(self, at_ms: int) -> tuple[Key, Key]:
        """The key frame that leads to `at_ms`, and the next one or the end."""
        number = self.before(at_ms)
        return self.keys[number], (*self.keys[number + 1 : number + 2], self.end)[0]


def _share(key: Key, after: Key, at_ms: int) -> float:
    """How much of the time between the two has passed, from 0 to 1."""
    passed_ms = min(max(0, at_ms - key.at_ms), after.at_ms - key.at_ms)
    return passed_ms / max(1, after.at_ms - key.at_ms)


class Stretch(NamedTuple):
    """The frame that is decoded from the key frame `key` on, alone or up to a time.

    `seek` says whether the medium is left and entered again there; `begin` and `end` are the bytes
    that are read, `end` guessed where the index does not tell it; `frames` are decoded.
    """

    key: int
    seek: bool
    begin: int
    end: int
    frames: int


def stretches(
    table: KeyTable, wanted: Sequence[Wanted], *, frames_per_s: float = _USUAL_RATE
) -> Iterator[Stretch]:
    """How each wanted frame is come by, in their order."""
    key, position, decoded = -1, -1, 0
    for one in wanted:
        number, end, count = _way(table, one, frames_per_s)
        begin = table.keys[number].offset
        if number == key:
            yield Stretch(number, False, position, max(end, position), max(0, count - decoded))
            decoded, position = max(count, decoded), max(end, position)
            continue
        is_read = number > key >= 0 and begin <= position
        seek = not is_read and is_worth_a_seek(position, begin)
        begin = begin if seek else position
        position = max(end, begin)
        yield Stretch(number, seek, begin, position, count)
        key, decoded = number, count


def _way(table: KeyTable, one: Wanted, frames_per_s: float) -> tuple[int, int, int]:
    """The key frame that a wanted one is decoded from, where reading ends, frames from there."""
    if one.pick == "nearest_key":
        number = table.nearest(one.offset_ms)
        return number, table.keys[number].offset + table.keys[number].size, 1
    number = table.before(one.offset_ms)
    first = table.keys[number]
    end = table.reach(one.offset_ms + round(_READ_ON_FRAMES * 1000 / frames_per_s))
    before = table.frames_before(one.offset_ms)
    if before is None or first.number is None:
        return number, end, 1 + round((one.offset_ms - first.at_ms) * frames_per_s / 1000)
    return number, end, 1 + max(0, before - first.number)


def is_worth_a_seek(position: int, begin: int) -> bool:
    """Whether to jump from `position` to the bytes at `begin`, not to read on; -1 is nowhere."""
    return position < 0 or not 0 <= begin - position <= READ_THROUGH_BYTES


def forecast(
    table: KeyTable | None, wanted: Sequence[Wanted], *, frames_per_s: float | None
) -> Forecast:
    """What a pass for `wanted` costs; without an index a guess at frames and jumps.

    Frames that no wanted one refers to are counted too: which they are, only reading tells.
    """
    rate = frames_per_s or _USUAL_RATE
    if table is None:
        jumps = _jumps(wanted)
        group = round(_GUESSED_GROUP_MS / 2000 * rate)
        frames = sum(1 if one.pick == "nearest_key" else group for one in wanted)
        return Forecast(bytes=None, frames=frames, seeks=jumps)
    planned = list(stretches(table, wanted, frames_per_s=rate))
    sized = all(
        table.keys[stretch.key].size or one.pick == "exact"
        for stretch, one in zip(planned, wanted, strict=True)
    )
    return Forecast(
        bytes=sum(stretch.end - stretch.begin for stretch in planned) if sized else None,
        frames=sum(stretch.frames for stretch in planned),
        seeks=sum(stretch.seek for stretch in planned),
    )


def _jumps(wanted: Sequence[Wanted]) -> int:
    """How often a pass without an index jumps: to the first frame and over each long gap."""
    times = [one.offset_ms for one in wanted]
    return bool(times) + sum(after - at > READ_THROUGH_MS for at, after in pairwise(times))


def spans(
    table: KeyTable, wanted: Sequence[Wanted], *, frames_per_s: float | None
) -> list[tuple[int, int]]:
    """The byte ranges a pass will read, as offset and length, in the order of reading.

    Empty where the index does not tell sizes: a wrong range costs more than none.
    """
    if not all(key.size for key in table.keys):
        return []
    ranges: list[tuple[int, int]] = []
    planned = stretches(table, wanted, frames_per_s=frames_per_s or _USUAL_RATE)
    for stretch, one in zip(planned, wanted, strict=True):
        uneven_bytes = _UNEVEN_BYTES if one.pick == "exact" else 0
        end = min(stretch.end + uneven_bytes, table.end.offset)
        begin = max(stretch.begin, 0 if stretch.seek or not ranges else sum(ranges[-1]))
        if end > begin:
            ranges.append((begin, end - begin))
    return ranges
