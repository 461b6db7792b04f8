"""Lanes: fair turn over tenants, a window that is never exceeded, nothing published twice."""

import threading
import time
from collections import Counter

import pytest

from tests.worker.state.parts import DONE, Parts, request
from worker.contracts.jobs import Item
from worker.errors import SourceError


def test_jobs_of_one_tenant_go_in_order_of_arrival(parts: Parts) -> None:
    parts.slots(5)
    made = [parts.jobs.create("ann", request()).id for _ in range(10)]

    parts.lanes.release("live")

    assert parts.queues.ids() == made


def test_the_window_is_twice_the_slots_of_workers_of_the_lane(parts: Parts) -> None:
    parts.slots(3, "live")
    for _ in range(10):
        parts.jobs.create("ann", request())
        parts.jobs.create("ann", request("backfill"))

    assert parts.lanes.release("live") == 6
    assert parts.lanes.release("live") == 0
    assert parts.lanes.release("backfill") == 2


def test_an_ended_attempt_makes_room_for_one(parts: Parts) -> None:
    for _ in range(5):
        parts.jobs.create("ann", request())
    parts.lanes.release("live")
    lease = parts.leases.claim(Item("cover", parts.queues.ids()[0]), "w1")
    assert lease is not None
    assert parts.lanes.release("live") == 0

    lease.finish(DONE)

    assert parts.lanes.release("live") == 1


def test_tenants_take_turns_whatever_they_have_waiting(parts: Parts) -> None:
    parts.slots(6)
    for _ in range(50):
        parts.jobs.create("ann", request())
    for _ in range(3):
        parts.jobs.create("bob", request())
        parts.jobs.create("cyd", request())

    parts.lanes.release("live")

    owners = Counter(parts.redis.hvals("ff:out"))
    assert owners == {"ann": 6, "bob": 3, "cyd": 3}


class Serving:
    """One worker with one slot: takes the messages in order and finishes each before the next."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._served = 0

    def serve(self, jobs: int) -> list[str]:
        """Whose jobs they were."""
        owners = []
        for _ in range(jobs):
            self._parts.lanes.release("live")
            _, item = self._parts.queues.published[self._served]
            owners.append(str(self._parts.redis.hget("ff:out", str(item))))
            lease = self._parts.leases.claim(item, "w1")
            assert lease is not None
            lease.finish(DONE)
            self._served += 1
        return owners


@pytest.mark.parametrize("newcomer", ["aaa", "zzz"])
def test_a_new_tenant_neither_jumps_the_queue_nor_waits_long(parts: Parts, newcomer: str) -> None:
    worker = Serving(parts)
    for tenant in ("bob", "cyd", "dan"):
        for _ in range(20):
            parts.jobs.create(tenant, request())
    worker.serve(10)

    for _ in range(5):
        parts.jobs.create(newcomer, request())
    owners = worker.serve(14)

    assert newcomer in owners[:6]
    assert 3 <= owners.count(newcomer) <= 4


def test_a_tenant_that_asks_one_by_one_does_not_starve_a_backlog(parts: Parts) -> None:
    worker = Serving(parts)
    for _ in range(20):
        parts.jobs.create("zoe", request())
    owners = []
    for _ in range(20):
        parts.jobs.create("ann", request())
        owners += worker.serve(1)

    assert 8 <= owners.count("zoe") <= 12


def test_a_tenant_whose_jobs_are_not_due_blocks_nobody(parts: Parts) -> None:
    job, lease = parts.claimed("ann")
    lease.fail(SourceError("source.throttled", delay_s=60))
    other = parts.jobs.create("bob", request())

    assert parts.lanes.release("live") == 1
    assert parts.queues.ids() == [job.id, other.id]


def test_a_delayed_job_goes_when_its_time_has_come(parts: Parts) -> None:
    job, lease = parts.claimed("ann")
    lease.fail(SourceError("source.throttled", delay_s=60))
    assert parts.lanes.release("live") == 0

    again = parts.again(job)

    assert again.job.attempt == 2


def test_what_could_not_be_published_goes_with_the_next_release_in_its_order(parts: Parts) -> None:
    parts.slots(5)
    made = [parts.jobs.create("ann", request()).id for _ in range(5)]
    parts.queues.fails_after = 2
    assert parts.lanes.release("live") == 2
    assert parts.queues.tried == 3

    parts.queues.fails_after = None

    assert parts.lanes.release("live") == 3
    assert parts.queues.ids() == made


def test_a_message_that_arrived_though_publishing_failed_is_void(parts: Parts) -> None:
    job = parts.jobs.create("ann", request())
    parts.queues.fails_after = 0
    parts.lanes.release("live")

    assert parts.leases.claim(Item("cover", job.id), "w1") is None

    parts.queues.fails_after = None
    assert parts.lanes.release("live") == 1
    assert parts.claim(job).job.attempt == 1


def test_an_item_that_nobody_claimed_is_put_back_by_one_of_many(parts: Parts) -> None:
    job = parts.jobs.create("ann", request())
    parts.lanes.release("live")
    item = Item("cover", job.id)
    assert parts.lanes.overdue("live", patience_s=60) == []
    assert parts.lanes.put_back("live", [item], patience_s=60) == []
    parts.redis.zadd("ff:window:live", {str(item): 0})
    assert parts.lanes.overdue("live", patience_s=60) == [item]

    results = [parts.lanes.put_back("live", [item], patience_s=60) for _ in range(3)]

    assert results == [[item], [], []]
    assert parts.lanes.release("live") == 1


def test_what_is_claimed_is_not_overdue(parts: Parts) -> None:
    job, _ = parts.claimed()

    assert parts.lanes.overdue("live", patience_s=0) == []
    assert parts.lanes.put_back("live", [Item("cover", job.id)], patience_s=0) == []


def test_an_attempt_whose_lease_redis_lost_is_counted_as_lost(parts: Parts) -> None:
    job, _ = parts.claimed()
    parts.redis.delete("ff:leases")
    item = Item("cover", job.id)
    assert parts.lanes.overdue("live", patience_s=0) == [item]

    parts.lanes.put_back("live", [item], patience_s=0)

    assert parts.leases.take_back_expired() == [(item, "queued")]


def test_what_lined_up_before_the_clock_was_set_back_does_not_wait_for_it(parts: Parts) -> None:
    job = parts.jobs.create("ann", request())
    an_hour_from_now = {f"cover:{job.id}": (time.time() + 3600) * 1000}
    parts.redis.zadd("ff:lane:live:ann", an_hour_from_now, xx=True)

    assert parts.lanes.release("live") == 1


def test_many_callers_never_exceed_the_window_nor_publish_twice(parts: Parts) -> None:
    parts.slots(4)
    for number in range(200):
        parts.jobs.create(f"t{number % 7}", request())
    most = 0
    done = threading.Event()

    def releasing() -> None:
        while not done.is_set():
            parts.lanes.release("live")

    callers = [threading.Thread(target=releasing) for _ in range(6)]
    for caller in callers:
        caller.start()
    finished = 0
    while finished < 200:
        most = max(most, parts.redis.zcard("ff:window:live"))
        for item in [item for _, item in parts.queues.published[finished:]]:
            lease = parts.leases.claim(item, "w1")
            assert lease is not None
            lease.finish(DONE)
            finished += 1
    done.set()
    for caller in callers:
        caller.join()

    assert most <= 8
    assert len(parts.queues.published) == len(set(parts.queues.ids())) == 200
    assert parts.traces() == set()
