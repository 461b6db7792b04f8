"""The ledger of targets: no older cover overwrites a newer one, no write is repeated unseen."""

import json
from typing import Any, Final, NoReturn

import redis

from worker.contracts.records import RecordedCover, RecordOrder, Rival, Turn
from worker.errors import ProviderError, RequestError, WorkerError
from worker.rules.records import target_key
from worker.state import ledger_scripts
from worker.state.leases import Lease
from worker.state.scripts import Script

# What a vendor keeps ready in many places is shown some minutes after it has changed.
SHOWN_WITHIN_S: Final = 180.0


class Ledgers:
    """The ledgers of all targets.

    For `settle_s` after a write whose outcome is unknown, a server may still carry it out. It is
    longer than a whole write may take, since of a process that died only the beginning is known.
    A cover that a provider took is looked for until `late_s` after its answer, before it is written
    again.
    """

    def __init__(
        self, client: redis.Redis, *, settle_s: float, late_s: float = SHOWN_WITHIN_S
    ) -> None:
        self.settle_ms, self.late_ms = settle_s * 1000, late_s * 1000
        self.begin = Script(client, ledger_scripts.BEGIN)
        self.writes = Script(client, ledger_scripts.WRITES)
        self.written = Script(client, ledger_scripts.WRITTEN)
        self.misses = Script(client, ledger_scripts.MISSES)
        self.stands = Script(client, ledger_scripts.STANDS)
        self.yields = Script(client, ledger_scripts.YIELDS)
        self.doubts = Script(client, ledger_scripts.DOUBTS)
        self.leave = Script(client, ledger_scripts.LEAVE)

    def of(self, lease: Lease) -> "OrderLedger":
        """The ledger as the attempt at an order uses it."""
        assert isinstance(lease.job.request, RecordOrder)
        return OrderLedger(self, lease, target_key(lease.job.request.target))


class OrderLedger:
    """The ledger of one order's attempt; see `worker.ports.recording.Ledger`.

    Every method raises RequestError `job.superseded`, `job.cancelled` when the attempt is over,
    and `queue.unavailable`. All may be repeated.
    """

    def __init__(self, ledgers: Ledgers, lease: Lease, target: str) -> None:
        self._ledgers = ledgers
        self._lease = lease
        self._held = (*lease.holder, target)

    def begin(self) -> Turn:
        """Take the target for a write of this order.

        Raises: ProviderError `record.waiting` while another's write may still be under way.
        """
        word, *told = self._told(self._ledgers.begin, self._ledgers.settle_ms)
        if word == "waiting":
            raise ProviderError("record.waiting", delay_s=float(told[0]) / 1000)
        if word == "superseded":
            return Turn("superseded")
        reference, request, flag, *more = told
        if word == "recorded":
            return Turn("recorded", reference or None, request or None, verified=flag == "1")
        return Turn(
            "compare" if word == "compare" else "write",
            reference or None,
            request or None,
            answered=bool(flag),
            rivals=tuple(map(_rival, json.loads(more[0]))),
            before=next(iter(more[1]), None),
            has_written=bool(more[2]),
            is_missed=bool(more[3]),
        )

    def writes(self, before: str | None = None, *, takes_s: float = 0) -> None:
        """Note that a write goes out now: from here on its outcome is unknown.

        `before` is what was shown then; of several writes of the order that of the first is kept.
        Raises: WorkerError `worker.timeout` where the attempt ends in less than `takes_s`.
        """
        if self._lease.left_s < takes_s:
            raise WorkerError("worker.timeout")
        self._told(self._ledgers.writes, *([] if before is None else [before]))

    def written(self, request_id: str | None, reference: str | None) -> None:
        """Note that the provider answered the write, before it is verified."""
        self._told(self._ledgers.written, reference or "", request_id or "")

    def misses(self, reference: str | None) -> NoReturn:
        """Note what is shown instead of this order's cover, whose write was answered.

        Raises: ProviderError `record.waiting` while it may only be shown late, after growing
        delays; then `provider.conflict`, and when what is shown instead has changed.
        """
        word, *told = self._told(self._ledgers.misses, self._ledgers.late_ms, reference or "")
        if word == "waiting":
            text = "The provider took the cover and does not show it yet."
            raise ProviderError("record.waiting", text, delay_s=float(told[0]) / 1000)
        raise ProviderError("provider.conflict")

    def doubts(self) -> None:
        """Note that the write ended just now without a word of its outcome: it may still come."""
        self._told(self._ledgers.doubts)

    def leave(self) -> None:
        """Take back that a write went out: it certainly had no effect."""
        self._told(self._ledgers.leave)

    def stands(self, reference: str | None, *, verified: bool) -> None:
        """Note that the provider shows this order's cover: no older order writes after this."""
        told = (self._ledgers.settle_ms, reference or "", int(verified))
        self._told(self._ledgers.stands, *told)

    def yields(self, rival: str, reference: str | None, *, verified: bool) -> None:
        """Note that the cover of a rival of the turn stands, or may: this order is superseded."""
        self._told(self._ledgers.yields, rival, reference or "", int(verified))

    def _told(self, script: Script, *arguments: str | float) -> list[Any]:
        answer: list[Any] = script(*self._held, *arguments)
        if answer[0] == "over":
            raise RequestError(answer[1])
        return answer


def _rival(told: dict[str, Any]) -> Rival:
    cover = told.get("cover")
    known = RecordedCover.model_validate_json(cover) if cover else None
    return Rival(told["record"], known, told.get("reference"), told.get("shown"))
