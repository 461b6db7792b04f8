"""Attempts at orders that go on step by step, and may die at each of their steps."""

import threading
from collections.abc import Callable
from typing import Any, Final

from tests.worker.jobs.vendor import Vendor
from tests.worker.state.orders import cover, item
from tests.worker.state.orders import order as ordered
from tests.worker.state.parts import RULES, SETTLE_S, Parts
from worker.contracts.records import Record, RecordOrder, RecordResult
from worker.errors import CoverError, ProviderError, RequestError, StorageError
from worker.jobs.record import RecordStory
from worker.ports.recording import CoverCopy
from worker.state.leases import Lease, LeaseRules, Limits
from worker.state.ledger import SHOWN_WITHIN_S

TENANT: Final = "ann"
PATIENT: Final = LeaseRules(
    lease_s=RULES.lease_s,
    limits=dict.fromkeys(RULES.limits, Limits(60, 1e9, 1000)),
    max_lost_attempts=1000,
)
_PATIENCE_S: Final = 20


class _Dead(BaseException):
    """The process of the attempt is gone."""


class _Steps:
    """Stops before every call of what it is put before; ledgers are told twice where asked."""

    def __init__(self, behind: Any, walk: "Walk", *, twice: bool = False) -> None:
        self._behind, self._walk, self._twice = behind, walk, twice

    def __getattr__(self, name: str) -> Any:
        behind = getattr(self._behind, name)
        if not callable(behind):
            return behind

        def call(*arguments: Any, **named: Any) -> Any:
            self._walk.stops(name, *arguments)
            if self._twice:
                behind(*arguments, **named)
            return behind(*arguments, **named)

        return call


class Walk:
    """One attempt at an order, in a thread that goes one call at a time."""

    def __init__(self, bench: "RecordBench", lease: Lease, *, twice: bool) -> None:
        self.lease, self._bench, self._twice = lease, bench, twice
        self.before = ""
        self.copy: CoverCopy | None = None
        self._go, self._stopped = threading.Semaphore(0), threading.Semaphore(0)
        self._dies = self.is_over = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._await()

    def step(self) -> None:
        """Do the next call, and stop before the one after it."""
        self._go.release()
        self._await()

    def die(self, *, late: bool) -> None:
        """Die before the next call; a write may be on its way, to be carried out `late`."""
        if late and self.before == "record" and self.copy is not None:
            self._bench.vendor.float(self.copy)
        self._dies = True
        self.step()

    def stops(self, name: str, *arguments: Any) -> None:
        self.before = name
        self.copy = next((each for each in arguments if isinstance(each, CoverCopy)), None)
        self._stopped.release()
        self._go.acquire()
        if self._dies:
            raise _Dead

    def _await(self) -> None:
        assert self._stopped.acquire(timeout=_PATIENCE_S)

    def _run(self) -> None:
        try:
            self._tell()
        except _Dead:
            pass
        finally:
            self.is_over = True
            self._stopped.release()

    def _tell(self) -> None:
        end = _Steps(self.lease, self)
        try:
            result = self._bench.attempt(self.lease, self._stepped)
        except RequestError:
            return
        except CoverError as error:
            end.fail(error)
        else:
            end.finish(result)

    def _stepped(self, port: Any) -> Any:
        is_ledger = hasattr(port, "begin")
        return _Steps(port, self, twice=self._twice and is_ledger)


class RecordBench:
    """The ledger over a real Redis, a vendor, and the orders that go there."""

    def __init__(self, url: str, vendor: Vendor) -> None:
        self.parts, self.vendor = Parts(url, PATIENT), vendor
        self.parts.slots(16, "record")

    def order(self, name: str, **changed: Any) -> Record:
        """A new order with a cover of that name, which waits for its turn."""
        (record,) = self.parts.records.create(TENANT, [ordered(name, **changed)])
        return record

    def now(self, record: Record) -> Record:
        read = self.parts.records.read(TENANT, record.id)
        assert read is not None
        return read

    def claimed(self, record: Record) -> Lease:
        return self.parts.due(TENANT, item(record))

    def attempt(
        self, lease: Lease, stepped: Callable[[Any], Any] = lambda port: port
    ) -> RecordResult:
        """Tell the story once."""
        order = lease.job.request
        assert isinstance(order, RecordOrder)
        # An account for each attempt: what the ledger allows does not wait for the pace.
        account = lease.holder[2]
        pace = self.parts.paces.of(account, writes_per_minute=600_000, reads_per_minute=600_000)
        story = RecordStory(stepped(self.vendor), pace, lambda cover: b"")
        ledger = stepped(self.parts.ledgers.of(lease))
        return story.run(lease.job.id, order, ledger=ledger)

    def goes(self, record: Record) -> Record:
        """One attempt at the order, and how it is recorded."""
        lease = self.claimed(record)
        try:
            lease.finish(self.attempt(lease))
        except (ProviderError, StorageError) as error:
            lease.fail(error)
        return self.now(record)

    def dies(self, record: Record, before: str, *, late: bool = False) -> None:
        """An attempt that dies before a call, and is taken back."""
        walk = Walk(self, self.claimed(record), twice=False)
        while walk.before != before:
            assert not walk.is_over
            walk.step()
        walk.die(late=late)
        self.lost(walk.lease)

    def lost(self, lease: Lease) -> None:
        """The lease of an attempt that died runs out."""
        self.parts.redis.zadd("ff:leases", {lease.holder[1]: 0}, xx=True)
        self.parts.leases.take_back_expired()

    def settles(self) -> None:
        """Let so much time go by that no write can still be on its way."""
        self.vendor.lands()
        for key in self.parts.redis.keys("ff:target:*"):
            for field in ("w_at", "w_before", "unsettled_ms"):
                self._sets_back(key, field, SETTLE_S)

    def is_late(self, by_s: float = SHOWN_WITHIN_S) -> None:
        """Let so much time go by since writes were answered."""
        for key in self.parts.redis.keys("ff:target:*"):
            self._sets_back(key, "w_answered", by_s)

    def _sets_back(self, key: bytes | str, field: str, by_s: float) -> None:
        if self.parts.redis.hexists(key, field):
            self.parts.redis.hincrby(key, field, -int(by_s * 1000) - 1)


def address(name: str) -> str:
    """What the vendor shows for a cover of that name."""
    url = cover(name).url
    assert url is not None
    return url


def moved(
    bench: RecordBench,
    walks: dict[int, Walk],
    records: list[Record],
    number: int,
    move: str,
    *,
    twice: bool,
) -> None:
    """Let one order go on, die, or begin anew, or let time go by."""
    if move == "settle":
        # A call takes no longer than that while its process lives.
        if all(walk.is_over or walk.before != "record" for walk in walks.values()):
            bench.settles()
        return
    walk = walks.get(number)
    if walk is None or walk.is_over:
        if bench.now(records[number]).state == "pending":
            walks[number] = Walk(bench, bench.claimed(records[number]), twice=twice)
    elif move == "step":
        walk.step()
    else:
        walk.die(late=move == "late")
        bench.lost(walk.lease)


def driven_to_the_end(bench: RecordBench, records: list[Record]) -> None:
    """Give every order as many attempts as it may need, with nothing in their way."""
    for _ in range(30):
        for record in records:
            if bench.now(record).state == "pending":
                bench.goes(record)
        bench.settles()
