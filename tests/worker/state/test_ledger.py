"""The ledger: who waits for a write whose outcome nobody knows, and for how long."""

from collections.abc import Iterator

import pytest

from tests.worker.jobs.vendor import Vendor
from tests.worker.jobs.walking import TENANT, RecordBench, Walk, address
from worker.errors import ProviderError


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
