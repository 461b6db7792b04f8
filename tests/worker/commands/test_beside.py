"""Attempts beside each other: each lane has its slots, and a stop lets what runs end."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from tests.worker.state.parts import DONE, Parts, request
from worker.commands.beside import Beside, threads_for
from worker.contracts.jobs import Item
from worker.contracts.results import CoverResult
from worker.errors import RequestError

ITEM = Item("cover", "job_1")


@pytest.fixture
def parts(one_redis_url: str) -> Parts:
    return Parts(one_redis_url)


def beside_of(parts: Parts, **slots: int) -> Beside:
    return Beside(parts.lanes, slots, renew_s=5)


def started(beside: Beside, lane: str, work: Callable[[Item], None]) -> threading.Thread:
    thread = threading.Thread(
        target=beside.take, args=(without_news(work), lane, ITEM), daemon=True
    )
    thread.start()
    return thread


def without_news(work: Callable[[Item], None]) -> Callable[[Item], tuple[str, ...]]:
    """An attempt after which no lane has to be released."""

    def attempt(item: Item) -> tuple[str, ...]:
        work(item)
        return ()

    return attempt


def hold(until: threading.Event) -> None:
    until.wait(10)


@pytest.mark.parametrize(
    ("slots", "threads"),
    [
        pytest.param({"record": 8}, 16, id="one-lane"),
        pytest.param({"record": 8, "notify": 8}, 32, id="two-lanes"),
        pytest.param({"record": 2, "notify": 10}, 24, id="uneven-lanes"),
    ],
)
def test_each_lane_finds_its_slots_when_the_others_are_full(
    slots: dict[str, int], threads: int
) -> None:
    assert threads_for(slots) == threads


def test_a_lane_runs_no_more_at_once_than_its_slots(parts: Parts) -> None:
    beside = beside_of(parts, record=2)
    running, most, counting = 0, 0, threading.Lock()

    def work(_: Item) -> None:
        nonlocal running, most
        with counting:
            running += 1
            most = max(most, running)
        time.sleep(0.05)
        with counting:
            running -= 1

    for thread in [started(beside, "record", work) for _ in range(8)]:
        thread.join(5)

    assert most == 2
    parts.redis.close()


def test_a_lane_whose_slots_are_taken_holds_up_no_other(parts: Parts) -> None:
    beside = beside_of(parts, record=1, notify=1)
    slow, done = threading.Event(), threading.Event()
    taken = [started(beside, "notify", lambda _: hold(slow)) for _ in range(3)]

    started(beside, "record", lambda _: done.set())

    assert done.wait(2)
    slow.set()
    for thread in taken:
        thread.join(5)
    parts.redis.close()


def test_what_is_next_is_released_after_the_slot_is_left(parts: Parts) -> None:
    parts.slots(1, "live")
    jobs = [parts.jobs.create("ann", request()) for _ in range(3)]
    parts.lanes.release("live")
    beside = beside_of(parts, live=1)

    def attempt(_: Item) -> tuple[str, ...]:
        parts.claim(jobs[0]).finish(DONE)
        return ("live",)

    beside.take(attempt, "live", ITEM)

    assert parts.claim(jobs[2]).job.attempt == 1
    parts.redis.close()


def test_what_waits_for_a_slot_when_the_process_stops_goes_back_to_its_lane(parts: Parts) -> None:
    job = parts.jobs.create("ann", request())
    parts.lanes.release("live")
    beside = beside_of(parts, live=1)
    runs, ended = threading.Event(), threading.Event()
    begun: list[Item] = []

    def first(_: Item) -> None:
        runs.set()
        ended.wait(10)

    running = started(beside, "live", first)
    assert runs.wait(5)
    item = Item("cover", job.id)
    waiting = threading.Thread(target=beside.take, args=(without_news(begun.append), "live", item))
    waiting.start()

    beside.stop()
    ended.set()
    for thread in (running, waiting):
        thread.join(5)

    assert begun == []
    assert parts.lanes.release("live") == 1
    assert parts.claim(job).job.attempt == 1
    parts.redis.close()


def test_what_still_runs_is_given_back_uncounted(parts: Parts) -> None:
    job, lease = parts.claimed()
    beside = beside_of(parts, live=1)
    runs, ended = threading.Event(), threading.Event()
    told: list[str] = []

    def story() -> CoverResult:
        runs.set()
        ended.wait(10)
        with suppress(RequestError):
            lease.enter("record")
            told.append("goes on")
        return DONE

    running = threading.Thread(target=beside.keep, args=(lease, story))
    running.start()
    assert runs.wait(5)

    beside.give_back()

    assert (parts.now(job).status, parts.now(job).attempts) == ("queued", 0)
    ended.set()
    running.join(5)
    assert told == []
    parts.redis.close()
