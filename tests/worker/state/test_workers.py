"""Who is alive: by heartbeats, for three of them."""

import time

from tests.worker.state.parts import Parts, request
from worker.state.workers import WorkerInfo, Workers

ONE = WorkerInfo("w1", ("live",), 1, "host", 11)
TWO = WorkerInfo("w2", ("live", "backfill"), 2, "host", 12)


def test_a_worker_that_beats_is_alive(parts: Parts) -> None:
    parts.workers.beat(ONE)
    parts.workers.beat(TWO)
    parts.workers.beat(ONE)

    live = sorted(parts.workers.live())

    assert [worker._replace(at_ms=0) for worker in live] == [ONE, TWO]
    assert all(abs(worker.at_ms / 1000 - time.time()) < 5 for worker in live)


def test_a_worker_that_stops_is_off_the_list(parts: Parts) -> None:
    parts.workers.beat(ONE)
    parts.workers.beat(TWO)

    parts.workers.leave("w1")

    assert [worker.id for worker in parts.workers.live()] == ["w2"]


def test_a_worker_that_fell_silent_is_dead_after_three_beats_and_then_forgotten(
    parts: Parts,
) -> None:
    quick = Workers(parts.redis, heartbeat_s=0.05)
    quick.beat(ONE)
    time.sleep(0.1)
    assert [worker.id for worker in quick.live()] == ["w1"]
    time.sleep(0.1)

    assert quick.live() == []
    parts.workers.beat(TWO)

    assert parts.redis.hkeys("ff:workers") == ["w2"]


def test_slots_of_dead_workers_open_no_window(parts: Parts) -> None:
    Workers(parts.redis, heartbeat_s=0.01).beat(ONE._replace(slots=50))
    time.sleep(0.05)
    for _ in range(10):
        parts.jobs.create("ann", request())

    assert parts.lanes.release("live") == 2
