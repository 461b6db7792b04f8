"""Records of jobs: what a caller may do to them and what is told about it."""

from typing import Any

import pytest

from tests.worker.state.parts import DONE, Parts, request
from worker.contracts.jobs import Item
from worker.errors import MediaError, RequestError
from worker.state.events import EVENTS_KEPT, EVENTS_KEY, parse_event


def test_a_new_job_waits_and_reads_as_it_was_made(parts: Parts) -> None:
    job = parts.jobs.create("ann", request("backfill"))

    assert parts.now(job) == job
    assert (job.status, job.lane, job.attempts) == ("queued", "backfill", 0)


def test_a_job_of_another_tenant_does_not_exist(parts: Parts) -> None:
    job = parts.jobs.create("ann", request())

    assert parts.jobs.read("bob", job.id) is None
    for forbidden in (parts.jobs.cancel, parts.jobs.retry):
        with pytest.raises(RequestError, match=r"request\.not_found"):
            forbidden("bob", job.id)


def test_a_creation_that_is_repeated_because_its_answer_was_lost_makes_one_job(
    parts: Parts,
) -> None:
    job = parts.jobs.create("ann", request())
    create = parts.jobs._create
    for flight in ("", "", "same", "same"):
        create("ann", job.id, "cover", "live", 1, "{}", "", flight)

    assert parts.now(job).request == job.request
    assert parts.redis.xlen(EVENTS_KEY) == 1


def test_cancelling_a_waiting_job_takes_it_out_of_its_lane(parts: Parts) -> None:
    job = parts.jobs.create("ann", request())

    assert parts.jobs.cancel("ann", job.id).status == "cancelled"

    assert parts.lanes.release("live") == 0
    assert parts.traces() == set()


def test_cancelling_a_published_job_makes_its_message_void(parts: Parts) -> None:
    job = parts.jobs.create("ann", request())
    parts.lanes.release("live")

    parts.jobs.cancel("ann", job.id)

    assert parts.leases.claim(Item("cover", job.id), "w1") is None
    assert parts.traces() == set()


def test_cancelled_jobs_never_make_a_queue_longer_than_its_window(parts: Parts) -> None:
    for _ in range(10):
        job = parts.jobs.create("ann", request())
        parts.lanes.release("live")
        parts.jobs.cancel("ann", job.id)

    assert len(parts.queues.published) == 2
    for _, item in parts.queues.published:
        assert parts.leases.claim(item, "w1") is None
    assert parts.traces() == set()


def test_a_cancelled_job_whose_message_vanished_leaves_its_place(parts: Parts) -> None:
    job = parts.jobs.create("ann", request())
    parts.lanes.release("live")
    parts.jobs.cancel("ann", job.id)

    assert parts.lanes.put_back("live", [Item("cover", job.id)], patience_s=0) == []

    assert parts.traces() == set()


def test_cancelling_a_running_job_tells_its_attempt_at_the_next_stage(parts: Parts) -> None:
    job, lease = parts.claimed()

    cancelled = parts.jobs.cancel("ann", job.id)

    assert cancelled.finished_at is not None
    with pytest.raises(RequestError, match=r"job\.cancelled"):
        lease.enter("decode")
    with pytest.raises(RequestError, match=r"job\.cancelled"):
        lease.finish(DONE)
    assert parts.now(job) == cancelled


def test_cancelling_again_because_the_answer_was_lost_gives_the_cancelled_job(
    parts: Parts,
) -> None:
    job, _ = parts.claimed()
    cancelled = parts.jobs.cancel("ann", job.id)

    assert parts.jobs.cancel("ann", job.id) == cancelled
    assert parts.redis.xlen(EVENTS_KEY) == 3


@pytest.mark.parametrize("end", ["succeeded", "failed"])
def test_a_job_that_has_ended_otherwise_cannot_be_cancelled(parts: Parts, end: str) -> None:
    job, lease = parts.claimed()
    if end == "succeeded":
        lease.finish(DONE)
    else:
        lease.fail(MediaError("media.corrupt"))

    with pytest.raises(RequestError, match=rf"job.state.*{end}"):
        parts.jobs.cancel("ann", job.id)


def test_a_failed_job_can_be_run_again_with_a_fresh_budget(parts: Parts) -> None:
    job, lease = parts.claimed()
    lease.fail(MediaError("media.corrupt"))
    failed = parts.now(job)
    assert failed.error is not None
    assert failed.error.code == "media.corrupt"

    retried = parts.jobs.retry("ann", job.id)

    assert (retried.status, retried.error, retried.finished_at) == ("queued", None, None)
    again = parts.again(job)
    again.finish(DONE)
    ended = parts.now(job)
    assert (ended.status, ended.attempts, ended.error) == ("succeeded", 2, None)


def test_only_a_failed_job_can_be_run_again(parts: Parts) -> None:
    job, lease = parts.claimed()

    with pytest.raises(RequestError, match=r"job\.state.*running"):
        parts.jobs.retry("ann", job.id)
    lease.finish(DONE)
    with pytest.raises(RequestError, match=r"job\.state.*succeeded"):
        parts.jobs.retry("ann", job.id)


def test_every_change_of_state_is_told_in_order(parts: Parts) -> None:
    job, lease = parts.claimed()
    lease.enter("decode")
    lease.finish(DONE)

    entries: Any = parts.redis.xrange(EVENTS_KEY)
    told = [parse_event(fields) for _, fields in entries]

    assert [(e.id, e.tenant, e.status, e.revision) for e in told] == [
        (job.id, "ann", "queued", 1),
        (job.id, "ann", "running", 2),
        (job.id, "ann", "succeeded", 3),
    ]


def test_the_stream_of_changes_is_bounded(parts: Parts) -> None:
    with parts.redis.pipeline() as pipe:
        for _ in range(EVENTS_KEPT + 2000):
            pipe.xadd(EVENTS_KEY, {"tenant": "ann", "id": "x", "status": "queued", "revision": 1})
        pipe.execute()

    parts.jobs.create("ann", request())

    assert EVENTS_KEPT <= parts.redis.xlen(EVENTS_KEY) <= EVENTS_KEPT + 200
