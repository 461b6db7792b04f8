"""One pass over a video: wanted frames in time order, little decoded but themselves."""

import sys
from collections.abc import Callable
from fractions import Fraction

from worker.contracts.passes import Wanted
from worker.decoders.pyav_clock import Clock
from worker.decoders.pyav_cursor import Cursor, Stamped
from worker.decoders.pyav_feed import Feed, Shown
from worker.decoders.pyav_window import Window
from worker.rules.passes import READ_THROUGH_MS, Key, KeyTable, is_worth_a_seek

_NEXT_MS = 50
# How far apart in time of showing two key frames may be from what their decoding tells.
_UNSURE_MS = 250


class Pass:
    """Answers wanted frames, which come by time. `is_damaged`: something did not decode."""

    def __init__(
        self,
        cursor: Cursor,
        clock: Clock,
        table: KeyTable | None,
        on_pass: Callable[[int], None],
        *,
        lacks_end: bool,
    ) -> None:
        self._cursor = cursor
        self._clock = clock
        self._table = table
        self._lacks_end = lacks_end
        self._on_pass = on_pass
        cursor.on_pass = on_pass
        self._window = Window(cursor)
        self._context = cursor.opened.stream.codec_context
        self._feed = Feed(self._context, clock, on_pass, field_ms=cursor.field_ms)
        self._exact: Shown | None = None
        self._last: Shown | None = None
        self._near: tuple[int, Shown | None] | None = None
        self._keys: dict[int, Stamped] = {}
        self._lost_until_ms = self._target_ms = self._decoded_ms = -1
        self.is_damaged = False

    @property
    def pixel_aspect(self) -> Fraction | None:
        """Known of some media only once a frame was decoded."""
        stream = self._cursor.opened.stream
        return stream.sample_aspect_ratio or self._context.sample_aspect_ratio

    def answer(self, wanted: Wanted, following: Wanted | None) -> Shown | None:
        """The wanted frame, None where it is damaged; `following` is what is wanted next.

        Raises: MediaError, SourceError, and what `on_pass` raises.
        """
        if wanted.pick == "nearest_key":
            shown = self._nearest(wanted.offset_ms)
        else:
            shown = self._exact_at(wanted.offset_ms, following)
        self._on_pass(wanted.offset_ms)
        return shown if shown is not None and shown.frame is not None else None

    def _exact_at(self, at_ms: int, following: Wanted | None) -> Shown | None:
        """The first frame at or after `at_ms`, past the last frame the last; None: damaged."""
        if self._exact is not None and self._exact.at_ms >= at_ms:
            return self._exact
        if self._last is not None and self._last.at_ms < at_ms:
            return None if self._is_cut_off(self._last.at_ms) else self._last
        if at_ms < self._lost_until_ms:
            return None
        shown = self._feed.out(at_ms)
        if shown is None and at_ms <= self._feed.fed_ms:
            shown = self._decoded(at_ms, None)
        elif shown is None:
            shown = self._sought(at_ms, self._is_alone(at_ms, following))
        self._exact = shown if shown is not None and shown.frame is not None else None
        return self._exact

    def _is_alone(self, at_ms: int, following: Wanted | None) -> bool:
        """Whether the next answer begins at another key frame: the decoder may be emptied."""
        if following is None or following.pick == "nearest_key":
            return True
        if self._table is None:
            return following.offset_ms - at_ms > max(READ_THROUGH_MS, self._cursor.gap_ms)
        return self._table.before(at_ms) != self._table.before(following.offset_ms)

    def _sought(self, at_ms: int, alone: bool) -> Shown | None:
        self._stand(at_ms)
        shown = self._looked(at_ms, alone)
        if shown is None and alone and at_ms >= self._lost_until_ms:
            # Some pictures are two packets, of which emptying the decoder loses the second.
            self._begin(self._cursor.before(at_ms))
            shown = self._looked(at_ms, False)
        late = shown is not None and shown.at_ms > self._target_ms >= at_ms
        # Open groups of pictures unmark pictures of the one before, which a strict decoder misses.
        open_group = shown is None and self._feed.is_open and at_ms < self._lost_until_ms
        return self._from_further_back() or shown if late or open_group else shown

    def _from_further_back(self) -> Shown | None:
        """The frame decoded from a key frame more: some only begin to refresh the picture."""
        if self._feed.began_ms <= 0:
            return None
        self._begin(self._cursor.before(self._feed.began_ms - 1))
        shown = self._decoded(self._decoded_ms, None)
        if shown is not None:
            self._lost_until_ms = -1
        return shown

    def _stand(self, at_ms: int) -> None:
        """Stand where reading on leads to `at_ms`."""
        stands = self._feed.live or len(self._window) > 0
        ahead_ms = at_ms - self._window.read_ms
        if self._table is None:
            if not stands or ahead_ms > max(READ_THROUGH_MS, self._cursor.gap_ms):
                self._begin(self._cursor.before(at_ms))
            return
        key = self._table.keys[self._table.before(at_ms)]
        near = not is_worth_a_seek(self._cursor.position, key.offset)
        if stands and (key.at_ms <= self._window.read_ms or near):
            return
        found = self._cursor.to_key(key)
        if found is None or found.at_ms > at_ms:
            found = self._cursor.before(at_ms)
        self._begin(found)

    def _begin(self, key: Stamped | None) -> None:
        """Decode anew from `key` on."""
        self._feed.begin()
        self._window.begin(key)

    def _looked(self, at_ms: int, alone: bool) -> Shown | None:
        """Read on until it is known which frame is meant, then decode it from its key frame."""
        target_ms = self._target(at_ms)
        self._target_ms = -1 if target_ms is None else target_ms
        if target_ms is None:
            return self._past_the_end(at_ms)
        self._window.enter(target_ms)
        self._follow_cut()
        return self._decoded(at_ms, target_ms if alone and self._feed.is_reordering else None)

    def _target(self, at_ms: int) -> int | None:
        """When the frame meant is shown; of long groups of pictures the first part is decoded."""
        target_ms = self._window.look(at_ms)
        while target_ms is None and self._window.is_full:
            self._follow_cut()
            for _ in range((len(self._window) + 1) // 2):
                stamped = self._window.pop()
                if stamped is not None and not self._feed.put(stamped, at_ms):
                    self._pass_damage(stamped)
                    break
            target_ms = self._window.look(at_ms)
        return target_ms

    def _follow_cut(self) -> None:
        if self._window.is_cut:
            self._feed.begin()
            self._window.is_cut = False

    def _decoded(self, at_ms: int, drain_ms: int | None) -> Shown | None:
        """Decode on until a frame shown at `at_ms` or later comes out.

        With the packet of `drain_ms` the decoder is emptied: nothing behind it is needed.
        """
        self._decoded_ms = at_ms
        stamped: Stamped | None = None
        while (shown := self._feed.out(at_ms)) is None:
            done = stamped is not None and stamped.at_ms == drain_ms
            stamped = None if done and not self._is_half(stamped) else self._window.pop()
            if stamped is None:
                self._feed.drain()
                self._window.begin(None)
                return self._feed.out(at_ms) or (None if done else self._ended())
            if not self._feed.put(stamped, at_ms):
                self._feed.drain()
                before = self._feed.out(at_ms)
                self._pass_damage(stamped)
                # What went in whole came before the damage, but only the very frame meant will do.
                return before if before is not None and before.at_ms == self._target_ms else None
        return shown

    def _ended(self) -> Shown | None:
        """The last frame, behind which no further one came out."""
        self._last = self._feed.latest
        return self._last

    def _pass_damage(self, damaged: Stamped) -> None:
        """What follows refers to what is damaged: nothing is shown before the next key frame."""
        self.is_damaged = True
        self._feed.begin()
        self._window.enter_next_key()
        self._window.is_cut = False
        if self._table is None and not len(self._window):
            self._window.begin(next((s for s in self._cursor.read() if s.is_key), None))
        following = self._table.after(damaged.at_ms) if self._table else self._window.next
        next_ms = sys.maxsize if following is None else following.at_ms - _NEXT_MS
        self._lost_until_ms = max(damaged.at_ms + 1, next_ms)

    def _past_the_end(self, at_ms: int) -> Shown | None:
        """The last frame; None where the medium tells of frames that it does not have."""
        if not len(self._window):
            self._begin(self._cursor.before(max(0, self._window.read_ms)))
            self._window.look(at_ms)
        last_ms = self._window.latest_ms
        if self._table is not None and self._table.is_cut_short(last_ms, at_ms):
            return None
        if self._is_cut_off(last_ms):
            return None
        self._window.enter(last_ms)
        self._follow_cut()
        self._last = self._decoded(last_ms, None)
        return self._last

    def _is_cut_off(self, last_ms: int) -> bool:
        """Whether frames behind that one went with the end of the file."""
        left_ms = (self._clock.duration_ms or 0) - last_ms
        return self._lacks_end and left_ms > max(_NEXT_MS, 4 * self._cursor.field_ms)

    def _is_half(self, stamped: Stamped | None) -> bool:
        """Whether the packet is one field of a picture, and the next one the other."""
        following = self._window.next
        if stamped is None or following is None:
            return False
        return self._cursor.are_fields(stamped, following)

    def _nearest(self, at_ms: int) -> Shown | None:
        """The key frame nearest to `at_ms`; None where it is damaged."""
        stood = self._cursor.steps
        if self._table is None:
            packets = self._cursor.nearest(at_ms)
        else:
            packets = (self._nearest_of(self._table, at_ms),)
        is_known = self._near is not None and self._near[0] == packets[0].stamp
        if self._near is None or not is_known:
            self._near = packets[0].stamp, self._alone(packets)
        if not is_known or self._cursor.steps != stood:
            # An exact answer would take what is held now for the first frame after its time.
            self._begin(None)
        return self._near[1]

    def _nearest_of(self, table: KeyTable, at_ms: int) -> Stamped:
        """An index tells when key frames are decoded: of two about as near both are read."""
        number = table.nearest(at_ms)
        key = self._key(table.keys[number])
        side = table.beside(number, key.at_ms < at_ms)
        off_ms = abs(key.at_ms - at_ms)
        if side is None or abs(side.at_ms - at_ms) > off_ms + _UNSURE_MS:
            return key
        other = self._key(side)
        return min(key, other, key=lambda found: (abs(found.at_ms - at_ms), found.at_ms))

    def _key(self, key: Key) -> Stamped:
        """The packet of a key frame of the index; the last two are kept."""
        if key.stamp not in self._keys:
            found = self._cursor.to_key(key) or self._cursor.nearest(key.at_ms)[0]
            self._keys = {**dict(list(self._keys.items())[-1:]), key.stamp: found}
        return self._keys[key.stamp]

    def _alone(self, packets: tuple[Stamped, ...]) -> Shown | None:
        """The picture of a key frame, for the price of one."""
        key, *following = packets
        self._begin(None)
        fields = [s for s in following if self._cursor.are_fields(key, s)]
        if not all(self._feed.put(stamped, key.at_ms) for stamped in (key, *fields)):
            self.is_damaged = True
            return None
        self._feed.drain()
        shown = self._feed.out(0)
        return self._sought(key.at_ms, False) if shown is None else shown
