"""The ledger: who waits for a write whose outcome nobody knows, or that is not shown, how long."""

from collections.abc import Iterator

import pytest

from tests.worker.jobs.vendor import Vendor
from tests.worker.jobs.walking import TENANT, RecordBench, Walk, address
from worker.contracts.records import Record
from worker.errors import ProviderError
from worker.state.ledger import SHOWN_WITHIN_S


@pytest.fixture
def bench(one_redis_url: str) -> Iterator[RecordBench]:
    made = RecordBench(one_redis_url, Vendor())
    yield made
    made.parts.redis.close()


@pytest.mark.parametrize("fault", ["lost before", "lost after", "late"])
def test_a_newer_order_waits_until_no_older_write_can_still_be_on_its_way(
    bench: RecordBench, fault: str
) -> None:
    bench.vendor.faults.append(fault)
    old, new = bench.order("old"), bench.order("new")
    bench.goes(old)

    waiting = bench.goes(new)

    assert waiting.error is not None
    assert (waiting.state, waiting.error.code) == ("pending", "record.waiting")
    assert waiting.attempts == 0
    bench.settles()
    assert bench.goes(new).state == "recorded"
    assert bench.goes(old).state == "superseded"
    assert bench.vendor.changes[-1] == address("new")


def test_a_write_of_several_slow_calls_may_still_come_after_the_last_of_them(
    bench: RecordBench,
) -> None:
    bench.vendor.faults.append("late")
    old, new = bench.order("old"), bench.order("new")
    walk = Walk(bench, bench.claimed(old), twice=False)
    while walk.before != "record":
        walk.step()
    bench.settles()
    while not walk.is_over:
        walk.step()

    assert bench.goes(new).state == "pending"
    bench.settles()
    assert bench.goes(new).state == "recorded"
    assert bench.vendor.changes == [address("old"), address("new")]


def test_a_repeat_that_stands_does_not_let_others_forget_the_first_try(bench: RecordBench) -> None:
    bench.vendor.faults.append("late")
    old, new = bench.order("old"), bench.order("new")
    bench.goes(old)
    assert bench.goes(old).state == "recorded"

    assert bench.goes(new).state == "pending"
    bench.settles()

    assert bench.goes(new).state == "recorded"
    assert bench.vendor.changes == [address("old"), address("new")]


def test_of_writes_that_may_stand_the_newest_are_kept_and_older_orders_give_way_to_the_others(
    bench: RecordBench,
) -> None:
    oldest, *doubtful = (bench.order(str(number)) for number in range(36))
    for record in doubtful:
        bench.vendor.faults.append("lost before")
        bench.goes(record)
        bench.settles()
        bench.claimed(record).fail(ProviderError("provider.rejected"))
    forgotten = doubtful[2]

    assert bench.goes(oldest).state == "superseded"
    (key,) = bench.parts.redis.keys("ff:target:*")
    kept = bench.parts.redis.hgetall(key)
    assert len([field for field in kept if str(field).startswith("d:")]) == 32
    assert int(kept["lost_fence"]) == forgotten.fence
    bench.parts.records.retry(TENANT, forgotten.id)
    assert bench.goes(forgotten).state == "recorded"
    assert "lost_fence" not in bench.parts.redis.hgetall(key)


def test_an_order_whose_own_doubt_was_forgotten_looks_before_it_writes_again(
    bench: RecordBench,
) -> None:
    bench.vendor.faults.append("lost after")
    record = bench.order("one")
    bench.goes(record)
    (key,) = bench.parts.redis.keys("ff:target:*")
    bench.parts.redis.delete(key)
    bench.parts.redis.hset(key, "lost_fence", record.fence)

    assert bench.goes(record).state == "recorded"
    assert bench.vendor.writes == 1


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
