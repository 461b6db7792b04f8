"""The story of a record: one cover is written to one target, once, and seen to stand there."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, NoReturn, TypeVar

from worker.contracts.records import RecordedCover, RecordOrder, RecordResult, Rival, Turn
from worker.contracts.results import Timings
from worker.errors import CoverError, ProviderError, StorageError
from worker.jobs.remade import Judge
from worker.ports.recording import CoverCopy, Ledger, Pace, Provider, Receipt, Shown

Answer = TypeVar("Answer")


class RecordStory(NamedTuple):
    """Records covers at one provider; `read_cover` gives the bytes of a stored one.

    A call goes out only in its turn of `pace`. A write goes out only when the ledger says that
    nothing newer stands and no other write can be under way; one of unknown outcome is looked for
    before it is repeated.
    """

    provider: Provider[Any]
    pace: Pace
    read_cover: Callable[[RecordedCover], bytes]

    def run(self, record_id: str, order: RecordOrder, *, ledger: Ledger) -> RecordResult:
        """Record the order's cover, or find that it stands, or that a newer one does.

        Raises: ProviderError (`provider.conflict` when another cover is shown though ours was
        taken, `record.waiting`, `provider.throttled`, `provider.paused`, what the provider says);
        RequestError when the attempt is over, WorkerError `worker.timeout` when it is too
        late to write; StorageError when the cover cannot be read.
        """
        began_s = time.monotonic()
        telling = _Telling(self, record_id, order, ledger)
        result = telling.run(ledger.begin())
        total_ms = (time.monotonic() - began_s) * 1000
        return result.model_copy(update={"timings_ms": Timings(total=round(total_ms, 1))})


class _Telling(NamedTuple):
    """The story of one attempt."""

    story: RecordStory
    record_id: str
    order: RecordOrder
    ledger: Ledger

    def run(self, turn: Turn) -> RecordResult:
        if turn.word == "superseded":
            return RecordResult(state="superseded")
        if turn.word == "recorded":
            return self._recorded(turn.reference, turn.request_id, verified=turn.verified)
        if turn.word == "write":
            return self._written(turn, self._before(turn))
        shown = self._read()
        return self._compared(turn, shown) or self._written(turn, self._before(turn, shown))

    def _compared(self, turn: Turn, shown: Shown | None) -> RecordResult | None:
        """How the order ends by what the provider shows; None when it has to write."""
        if shown is not None and self._judge.shows(shown, self._copy(), turn.reference):
            return self._seen(shown, turn.request_id)
        for rival in turn.rivals:
            if self._may_stand(rival, shown):
                return self._yields(rival, shown)
        if not turn.answered:
            return None
        ended = self._taken(turn, shown)
        if ended is None and not turn.is_missed:
            self._misses(shown)
        return ended

    def _taken(self, turn: Turn, shown: Shown | None) -> RecordResult | None:
        """How an order ends whose write was answered, where what is shown is not its cover itself.

        None where it is to be looked for again: nothing of ours is shown.
        """
        nobody_knows = self.story.provider.remakes and turn.before is None
        if shown is None or nobody_knows:
            return self._stands(turn.reference, turn.request_id, verified=False)
        is_ours = self._judge.has_changed(shown, turn.before)
        return self._seen(shown, turn.request_id) if is_ours else None

    def _misses(self, shown: Shown | None) -> NoReturn:
        self.ledger.misses(shown.reference if shown else None)

    def _may_stand(self, rival: Rival, shown: Shown | None) -> bool:
        """Whether the rival's cover is shown; where nobody can tell, the older order gives way."""
        if shown is None or rival.cover is None:
            return True
        copy = self._copy_of(rival.cover)
        return self._judge.may_show(shown, copy, rival.reference, rival.before)

    def _yields(self, rival: Rival, shown: Shown | None) -> RecordResult:
        is_seen = False
        if shown is not None and rival.cover is not None:
            is_seen = self._judge.is_seen(shown, self._copy_of(rival.cover))
        reference = shown.reference if shown else rival.reference
        self.ledger.yields(rival.record, reference, verified=is_seen)
        return RecordResult(state="superseded")

    def _before(self, turn: Turn, shown: Shown | None = None) -> str | None:
        """What was shown before the order wrote, where a cover may be known by the change only.

        None where that is not known: after a write of the order, or where it cannot be read. What
        somebody else left there, gone by now, must not keep a new cover from being written.
        """
        if not self.story.provider.remakes:
            return None
        if turn.before is not None or turn.has_written:
            return turn.before
        try:
            shown = shown or self._read()
        except ProviderError as error:
            if error.code != "provider.unavailable":
                raise
        return None if shown is None else shown.reference or ""

    def _written(self, turn: Turn, before: str | None) -> RecordResult:
        """Write the cover and look whether it stands."""
        receipt = self._write(before)
        shown, reference = self._read(), receipt.reference or turn.reference
        if shown is not None and self._judge.shows(shown, self._copy(), reference):
            return self._seen(shown, receipt.request_id)
        answered = Turn("compare", receipt.reference, receipt.request_id, before=before)
        return self._taken(answered, shown) or self._misses(shown)

    def _write(self, before: str | None) -> Receipt:
        provider, takes_s = self.story.provider, self.story.provider.timeout_s
        self.story.pace.write()
        # It runs from before the note, however long this thread then stands still.
        copy = self._copy()._replace(until_s=time.monotonic() + takes_s)
        self.ledger.writes(before, takes_s=takes_s)
        try:
            receipt = self._told(lambda: provider.record(self.order.target, copy))
        except (ProviderError, StorageError) as error:
            if isinstance(error, ProviderError) and error.unsure:
                self.ledger.doubts()
            else:
                self.ledger.leave()
            raise
        self.ledger.written(receipt.request_id, receipt.reference)
        return receipt

    def _read(self) -> Shown | None:
        self.story.pace.read()
        return self._told(lambda: self.story.provider.read(self.order.target))

    def _told(self, call: Callable[[], Answer]) -> Answer:
        """What a call gives, whose end the account's pace goes by."""
        try:
            answer = call()
        except CoverError as error:
            self.story.pace.tell(error)
            raise
        self.story.pace.tell(None)
        return answer

    @property
    def _judge(self) -> Judge:
        return Judge(self.story.provider, self.order.target)

    def _seen(self, shown: Shown, request_id: str | None) -> RecordResult:
        is_seen = self._judge.is_seen(shown, self._copy())
        return self._stands(shown.reference, request_id, verified=is_seen)

    def _stands(
        self, reference: str | None, request_id: str | None, *, verified: bool
    ) -> RecordResult:
        self.ledger.stands(reference, verified=verified)
        return self._recorded(reference, request_id, verified=verified)

    def _recorded(
        self, reference: str | None, request_id: str | None, *, verified: bool
    ) -> RecordResult:
        target = self.order.target
        dry = target.provider == "dry_run"
        return RecordResult(
            state="recorded",
            request_id=request_id,
            reference=reference,
            verified=verified,
            would_send=dict(self.story.provider.would_send(target, self._cover)) if dry else None,
        )

    @property
    def _cover(self) -> RecordedCover:
        assert self.order.cover is not None
        return self.order.cover

    def _copy(self) -> CoverCopy:
        return self._copy_of(self._cover)

    def _copy_of(self, cover: RecordedCover) -> CoverCopy:
        read = partial(self.story.read_cover, cover)
        return CoverCopy(cover, read, self.record_id, self.order.fence, self.order.job)
