"""Chores run when due, in one process, through outages."""

import threading
import time

from tests.worker.state.parts import Parts
from worker.chores.clock import Chore, run_chores
from worker.errors import RequestError, StorageError


class Work:
    """Counts its runs and ends the clock after a time; fails as told."""

    def __init__(self, *failures: Exception) -> None:
        self.runs_s: list[float] = []
        self._failures = list(failures)

    def run(self) -> int:
        self.runs_s.append(time.monotonic())
        if self._failures:
            raise self._failures.pop(0)
        return 1


def after(seconds: float) -> "Until":
    return Until(time.monotonic() + seconds)


class Until:
    def __init__(self, end_s: float) -> None:
        self._end_s = end_s

    def __call__(self) -> bool:
        return time.monotonic() > self._end_s


def test_a_chore_runs_at_once_and_then_when_it_is_due(redis_url: str) -> None:
    parts, often, seldom = Parts(redis_url), Work(), Work()

    run_chores(
        [Chore("often", 0.2, often.run), Chore("seldom", 60, seldom.run)],
        parts.chore_lease(),
        after(1),
    )

    assert 3 <= len(often.runs_s) <= 5
    assert len(seldom.runs_s) == 1
    parts.redis.close()


def test_without_the_lease_nothing_is_done(redis_url: str) -> None:
    parts, work = Parts(redis_url), Work()
    assert parts.chore_lease().hold()

    run_chores([Chore("work", 0, work.run)], parts.chore_lease(), after(0.5))

    assert work.runs_s == []
    parts.redis.close()


def test_when_it_ends_another_process_can_start_at_once(redis_url: str) -> None:
    parts = Parts(redis_url)
    run_chores([], parts.chore_lease(), after(0.3))

    assert parts.chore_lease().hold()
    parts.redis.close()


def test_a_store_that_is_away_holds_up_no_other_chore(redis_url: str) -> None:
    parts, failing, other = (
        Parts(redis_url),
        Work(*[StorageError("storage.unavailable")] * 9),
        Work(),
    )

    run_chores(
        [Chore("failing", 0, failing.run), Chore("other", 0, other.run)],
        parts.chore_lease(),
        after(0.6),
    )

    assert len(other.runs_s) == len(failing.runs_s) >= 2
    parts.redis.close()


def test_after_an_outage_of_redis_living_attempts_get_time_to_show_it(redis_url: str) -> None:
    parts = Parts(redis_url)
    failing, judging = Work(RequestError("queue.unavailable")), Work()

    run_chores(
        [
            Chore("failing", 0, failing.run),
            Chore("judging", 0, judging.run, after_outage_s=0.8),
        ],
        parts.chore_lease(),
        after(1.5),
    )

    assert judging.runs_s[0] - failing.runs_s[0] >= 0.8
    assert failing.runs_s[1] - failing.runs_s[0] < 0.7
    parts.redis.close()


def test_a_slow_chore_aside_holds_up_neither_the_others_nor_the_end(redis_url: str) -> None:
    parts, often, hung = Parts(redis_url), Work(), threading.Event()
    begun: list[float] = []

    def slow() -> int:
        begun.append(time.monotonic())
        hung.wait(30)
        return 0

    run_chores(
        [Chore("slow", 0.1, slow, aside=True), Chore("often", 0, often.run)],
        parts.chore_lease(),
        after(3),
    )

    assert len(begun) == 1
    assert len(often.runs_s) >= 3
    assert parts.chore_lease().hold()
    hung.set()
    parts.redis.close()


def test_a_chore_aside_that_fails_is_done_again(redis_url: str) -> None:
    parts = Parts(redis_url)
    failing = Work(StorageError("storage.unavailable"), RequestError("queue.unavailable"))

    run_chores([Chore("failing", 0, failing.run, aside=True)], parts.chore_lease(), after(1))

    assert len(failing.runs_s) >= 3
    parts.redis.close()


def test_at_the_start_living_attempts_get_time_to_show_it(redis_url: str) -> None:
    parts, judging, began_s = Parts(redis_url), Work(), time.monotonic()

    run_chores(
        [Chore("judging", 0, judging.run, after_outage_s=0.8)], parts.chore_lease(), after(1.5)
    )

    assert judging.runs_s[0] - began_s >= 0.8
    parts.redis.close()


def test_a_process_whose_lease_went_to_another_stops_in_mid_round(redis_url: str) -> None:
    parts, later = Parts(redis_url), Work()

    def long() -> int:
        parts.redis.delete("ff:chores")
        assert parts.chore_lease().hold()
        return 0

    run_chores(
        [Chore("long", 60, long), Chore("later", 0, later.run)], parts.chore_lease(), after(0.6)
    )

    assert later.runs_s == []
    parts.redis.close()
