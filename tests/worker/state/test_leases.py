"""Leases: one attempt at a time, counted, fenced, and missed when it dies."""

import threading
import time
from collections.abc import Callable

import pytest

from tests.redis_server import RedisServer
from tests.worker.state.parts import DONE, Parts, limited, request
from worker.contracts.jobs import Item, Progress
from worker.errors import CoverError, MediaError, RequestError, StorageError, WorkerError
from worker.state.leases import PROGRESS_S, Lease, new_token


def test_a_claim_starts_and_counts_an_attempt(parts: Parts) -> None:
    job, lease = parts.claimed()

    running = parts.now(job)

    assert lease.job.request == job.request
    assert (lease.job.tenant, lease.job.attempt, lease.job.without_faces) == ("ann", 1, False)
    assert (running.status, running.attempts) == ("running", 1)
    assert running.started_at is not None


def test_of_many_claims_of_one_item_one_is_granted(parts: Parts) -> None:
    job = parts.jobs.create("ann", request())
    parts.lanes.release("live")
    granted: list[Lease | None] = []
    together = threading.Barrier(8)

    def claim(number: int) -> None:
        together.wait()
        granted.append(parts.leases.claim(Item("cover", job.id), f"w{number}"))

    claimers = [threading.Thread(target=claim, args=(number,)) for number in range(8)]
    for claimer in claimers:
        claimer.start()
    for claimer in claimers:
        claimer.join()

    assert sum(lease is not None for lease in granted) == 1
    assert parts.now(job).attempts == 1


def test_a_claim_that_is_repeated_because_its_answer_was_lost_gives_the_same_attempt(
    parts: Parts,
) -> None:
    job = parts.jobs.create("ann", request())
    parts.lanes.release("live")
    item, token = Item("cover", job.id), new_token("w1")

    leases = [parts.leases.claim(item, token) for _ in range(2)]

    assert [lease.job.attempt for lease in leases if lease is not None] == [1, 1]
    assert parts.leases.claim(item, new_token("w1")) is None


@pytest.mark.parametrize("item", [Item("cover", "job_unknown"), Item("", ""), Item("a:b", "c:d")])
def test_an_item_that_nobody_published_is_not_granted(parts: Parts, item: Item) -> None:
    parts.jobs.create("ann", request())

    assert parts.leases.claim(item, "w1") is None


def test_a_finished_job_leaves_nothing_on_the_way(parts: Parts) -> None:
    job, lease = parts.claimed()
    for stage in ("open", "decode", "detect"):
        lease.enter(stage)

    lease.finish(DONE)

    ended = parts.now(job)
    assert (ended.status, ended.result, ended.error) == ("succeeded", DONE, None)
    assert parts.traces() == set()


def test_an_end_that_is_told_twice_because_its_answer_was_lost_is_told_once(parts: Parts) -> None:
    job, lease = parts.claimed()
    lease.finish(DONE)
    ended = parts.now(job)

    lease.finish(DONE)

    assert parts.now(job) == ended


def ends(lease: Lease) -> list[CoverError]:
    """What each word of an attempt that is over is answered with."""
    raised: list[CoverError] = []
    words: list[Callable[[], object]] = [
        lease.renew,
        lambda: lease.enter("store"),
        lambda: lease.progress(100),
        lambda: lease.finish(DONE),
        lambda: lease.fail(MediaError("media.corrupt")),
        lease.give_back,
        lease.give_up,
    ]
    for word in words:
        with pytest.raises(RequestError) as error:
            word()
        raised.append(error.value)
    return raised


def test_an_attempt_that_was_taken_over_changes_nothing(parts: Parts) -> None:
    job, old = parts.claimed()
    parts.expire_leases()
    parts.leases.take_back_expired()
    parts.lanes.release("live")
    new = parts.claim(job)

    assert {error.code for error in ends(old)} == {"job.superseded"}

    new.finish(DONE)
    ended = parts.now(job)
    assert (ended.status, ended.attempts) == ("succeeded", 2)


def test_an_attempt_that_was_given_up_changes_nothing_before_the_next_one(parts: Parts) -> None:
    job, lease = parts.claimed()
    lease.give_up()

    assert {error.code for error in ends(lease)} == {"job.superseded"}
    assert parts.now(job).status == "queued"


def test_a_late_sign_of_life_counts_while_nobody_took_the_job(parts: Parts) -> None:
    job, lease = parts.claimed()
    parts.expire_leases()

    lease.renew()

    assert parts.leases.take_back_expired() == []
    parts.expire_leases()
    lease.finish(DONE)
    assert parts.now(job).status == "succeeded"


def test_a_transient_failure_queues_the_job_again_after_a_delay(parts: Parts) -> None:
    job, lease = parts.claimed()

    delay_s = lease.fail(StorageError("storage.unavailable", delay_s=30))

    assert delay_s == 30
    waiting = parts.now(job)
    assert (waiting.status, waiting.error, waiting.finished_at) == ("queued", None, None)
    assert parts.lanes.release("live") == 0


def test_a_job_is_tried_no_more_than_its_budget_allows(parts: Parts) -> None:
    job, lease = parts.claimed()
    while lease.fail(StorageError("storage.unavailable")) is not None:
        lease = parts.again(job)

    ended = parts.now(job)
    assert (ended.status, ended.attempts) == ("failed", 5)
    assert ended.error is not None
    assert (ended.error.code, ended.error.retryable) == ("storage.unavailable", True)
    assert parts.traces() == set()


def test_waiting_for_a_full_store_spends_no_attempt(parts: Parts) -> None:
    job, lease = parts.claimed()
    for _ in range(7):
        assert lease.fail(StorageError("storage.full")) is not None
        lease = parts.again(job)

    lease.finish(DONE)

    assert parts.now(job).status == "succeeded"


def test_a_job_is_not_waited_for_longer_than_it_may_last(redis_url: str) -> None:
    parts = Parts(redis_url, limited(max_job_age_s=10))
    job, lease = parts.claimed()

    assert lease.fail(StorageError("storage.full", delay_s=11)) is None

    assert parts.now(job).status == "failed"
    parts.redis.close()


def test_waiting_for_a_turn_is_no_part_of_the_time_a_job_may_last(redis_url: str) -> None:
    parts = Parts(redis_url, limited(max_job_age_s=10))
    job = parts.jobs.create("ann", request())
    parts.redis.hset(f"ff:job:ann:{job.id}", mapping={"created_ms": 1, "queued_ms": 1})
    parts.lanes.release("live")

    assert parts.claim(job).fail(StorageError("storage.full", delay_s=5)) == 5
    parts.redis.close()


def test_an_attempt_given_back_is_not_counted(parts: Parts) -> None:
    job, lease = parts.claimed()

    lease.give_back()

    assert (parts.now(job).status, parts.now(job).attempts) == ("queued", 0)
    parts.lanes.release("live")
    assert parts.claim(job).job.attempt == 1


def test_after_its_deadline_an_attempt_enters_no_stage(redis_url: str) -> None:
    parts = Parts(redis_url, limited(attempt_timeout_s=-1))
    _, lease = parts.claimed()

    with pytest.raises(WorkerError, match=r"worker\.timeout"):
        lease.enter("detect")
    with pytest.raises(WorkerError, match=r"worker\.timeout"):
        lease.progress(3)
    parts.redis.close()


def test_progress_is_told_in_the_record_with_the_stage(parts: Parts) -> None:
    job, lease = parts.claimed()
    lease.enter("decode")

    lease.progress(12.34, 7_500)

    told = parts.now(job)
    assert told.progress == Progress(percent=12.3, stage="decode", at_ms=7_500)
    lease.progress(100)
    assert parts.now(job).progress == Progress(percent=100, stage="decode")


def test_progress_is_passed_on_at_first_at_the_end_and_no_more_often_than_twice_a_second(
    parts: Parts,
) -> None:
    job, lease = parts.claimed()
    began_s = time.monotonic()
    for step in range(200):
        lease.progress(step / 2)
        time.sleep(0.005)
    lasted_s = time.monotonic() - began_s
    for _ in range(20):
        lease.progress(100)

    told = [event.progress.percent for event in parts.events(job) if event.progress]

    assert told[0] == 0
    assert told.count(100) == 1
    assert 3 <= len(told) <= 2 + lasted_s / PROGRESS_S
    assert told == sorted(told)


def test_progress_shows_that_the_attempt_lives(parts: Parts) -> None:
    _, lease = parts.claimed()
    parts.expire_leases()

    lease.progress(1)

    assert parts.leases.take_back_expired() == []


@pytest.mark.parametrize("end", ["finish", "give_back", "give_up"])
def test_progress_ends_with_its_attempt(parts: Parts, end: str) -> None:
    job, lease = parts.claimed()
    lease.progress(50, 1)

    lease.finish(DONE) if end == "finish" else getattr(lease, end)()

    assert parts.now(job).progress is None
    assert parts.events(job)[-1].progress is None
    if end != "finish":
        parts.lanes.release("live")
        parts.claim(job)
        assert parts.now(job).progress is None


def test_a_redis_that_is_away_stops_no_attempt_but_its_end(
    own_redis: Callable[[], RedisServer],
) -> None:
    server = own_redis()
    parts = Parts(server.url())
    job, lease = parts.claimed()
    server.kill()

    lease.enter("decode")
    lease.progress(10)
    with pytest.raises(RequestError, match=r"queue\.unavailable"):
        lease.finish(DONE)

    server.start()
    lease.finish(DONE)
    assert parts.now(job).status == "succeeded"
    parts.redis.close()
