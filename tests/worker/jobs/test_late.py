"""The story of a record where the vendor shows a cover some time after it has taken it."""

from collections.abc import Iterator

import pytest

from tests.worker.jobs.vendor import Vendor
from tests.worker.jobs.walking import RecordBench, address
from worker.contracts.records import Record
from worker.errors import ProviderError
from worker.state.ledger import SHOWN_WITHIN_S

OLD = address("old")


@pytest.fixture(params=[False, True], ids=["as-given", "remade"])
def late(one_redis_url: str, request: pytest.FixtureRequest) -> Iterator[RecordBench]:
    made = RecordBench(one_redis_url, Vendor(remakes=request.param))
    made.vendor.changes_any = False
    made.vendor.shown = made.vendor.stale = OLD
    yield made
    made.parts.redis.close()


def code_of(record: Record) -> str | None:
    return record.error.code if record.error else None


def delay_of(bench: RecordBench, record: Record) -> float:
    lease = bench.claimed(record)
    with pytest.raises(ProviderError, match=r"record\.waiting") as waits:
        bench.attempt(lease)
    lease.fail(waits.value)
    assert waits.value.delay_s is not None
    return waits.value.delay_s


def test_a_cover_that_is_shown_late_is_written_once_and_verified(late: RecordBench) -> None:
    record = late.order("one")
    for _ in range(3):
        waiting = late.goes(record)
        assert (waiting.state, code_of(waiting)) == ("pending", "record.waiting")
        assert waiting.attempts == 0
        late.is_late(by_s=30)
    late.vendor.stale = None

    end = late.goes(record)

    assert end.result is not None
    assert (end.state, end.result.verified) == ("recorded", True)
    assert (end.result.request_id, late.vendor.writes) == ("request-1", 1)


def test_it_is_looked_for_after_growing_delays(late: RecordBench) -> None:
    record, delays_s = late.order("one"), []
    for passed_s in (5, 15, 40):
        delays_s.append(delay_of(late, record))
        late.is_late(by_s=passed_s)
    delays_s.append(delay_of(late, record))

    assert delays_s == pytest.approx([1, 5, 20, 60], abs=2)


def test_what_is_never_shown_is_a_conflict_written_once_more_and_then_given_up(
    late: RecordBench,
) -> None:
    record = late.order("one")
    codes = []
    for _ in range(2):
        late.goes(record)
        late.is_late(by_s=SHOWN_WITHIN_S)
        codes.append(code_of(late.goes(record)))

    assert codes == ["provider.conflict"] * 2
    assert (late.now(record).state, late.vendor.writes) == ("failed", 2)


def test_another_order_for_the_target_makes_nobody_write_again(late: RecordBench) -> None:
    older, record, newer = late.order("0"), late.order("1"), late.order("2")
    late.goes(record)

    for other in (older, newer):
        lease = late.claimed(other)
        if other is older:
            with pytest.raises(ProviderError, match=r"record\.waiting"):
                late.attempt(lease)
        else:
            late.parts.ledgers.of(lease).begin()
        lease.fail(ProviderError("provider.throttled", delay_s=1))
        assert code_of(late.goes(record)) == "record.waiting"
    late.vendor.stale = None

    assert late.goes(record).state == "recorded"
    assert late.vendor.writes == 1


@pytest.mark.parametrize("late", [False], indirect=True, ids=["as-given"])
def test_another_cover_that_comes_to_be_shown_instead_is_a_conflict_at_once(
    late: RecordBench,
) -> None:
    record = late.order("one")
    late.goes(record)
    late.vendor.stale = "https://elsewhere.example/"

    assert code_of(late.goes(record)) == "provider.conflict"
    late.vendor.stale = None
    assert late.goes(record).state == "recorded"
