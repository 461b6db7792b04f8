"""Which key frames a pass over a video begins at, when it jumps, and what it costs."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from worker.contracts.passes import Forecast, Wanted

# A request costs about what so many bytes cost that are read on.
READ_THROUGH_BYTES: Final = 256 * 1024
READ_THROUGH_MS: Final = 2000
_MARGIN_BYTES: Final = 32 * 1024
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

    def reach(self, number: int, at_ms: int) -> tuple[int, int | None]:
        """Where the medium stands at `at_ms` after that key frame: byte offset and frame number.

        Frames between two key frames are taken to be of one size.
        """
        key = self.keys[number]
        after = self.keys[number + 1] if number + 1 < len(self.keys) else self.end
        passed_ms = min(max(0, at_ms - key.at_ms), after.at_ms - key.at_ms)
        share = passed_ms / max(1, after.at_ms - key.at_ms)
        offset = key.offset + max(key.size, round(share * (after.offset - key.offset)))
        if key.number is None or after.number is None:
            return offset, None
        return offset, key.number + round(share * (after.number - key.number))


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
    table: KeyTable, wanted: Sequence[Wanted], *, frames_per_s: float = 25
) -> Iterator[Stretch]:
    """How each wanted frame is come by, in their order."""
    key, position, decoded = -1, -1, 0
    for one in wanted:
        if one.pick == "nearest_key":
            number = table.nearest(one.offset_ms)
            end, count = table.keys[number].offset + table.keys[number].size, 1
        else:
            number = table.before(one.offset_ms)
            end, at = table.reach(number, one.offset_ms)
            first = table.keys[number]
            if at is None or first.number is None:
                count = 1 + round((one.offset_ms - first.at_ms) * frames_per_s / 1000)
            else:
                count = 1 + max(0, at - first.number)
        begin = table.keys[number].offset
        if number == key:
            yield Stretch(number, False, position, max(end, position), max(0, count - decoded))
            decoded, position = max(count, decoded), max(end, position)
            continue
        seek = is_worth_a_seek(position, begin)
        yield Stretch(number, seek, begin if seek else position, end, count)
        key, position, decoded = number, max(end, begin), count


def is_worth_a_seek(position: int, begin: int) -> bool:
    """Whether to jump from `position` to the bytes at `begin`, not to read on; -1 is nowhere."""
    return position < 0 or not 0 <= begin - position <= READ_THROUGH_BYTES


def forecast(
    table: KeyTable | None, wanted: Sequence[Wanted], *, frames_per_s: float | None
) -> Forecast:
    """What a pass for `wanted` costs; without an index a guess at frames and jumps.

    Frames that no wanted one refers to are counted too: which they are, only reading tells.
    """
    rate = frames_per_s or 25
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


def spans(table: KeyTable, wanted: Sequence[Wanted]) -> list[tuple[int, int]]:
    """The byte ranges a pass will read, as offset and length, in the order of reading.

    Empty where the index does not tell sizes: a wrong range costs more than none.
    """
    if not all(key.size for key in table.keys):
        return []
    ranges: list[tuple[int, int]] = []
    for stretch, one in zip(stretches(table, wanted), wanted, strict=True):
        margin = _MARGIN_BYTES if one.pick == "exact" else 0
        end = min(stretch.end + margin, table.end.offset)
        begin = max(stretch.begin, sum(ranges[-1]) if ranges and not stretch.seek else 0)
        if end > begin:
            ranges.append((begin, end - begin))
    return ranges
