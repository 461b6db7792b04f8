"""Finished jobs go when their time is over; uploads are kept while a job needs them."""

from tests.worker.state.parts import DONE, Parts, request
from worker.errors import MediaError

UPLOAD = "upl_01H00000000000000000000000"


def test_only_jobs_that_finished_long_ago_are_forgotten(parts: Parts) -> None:
    old, lease = parts.claimed()
    lease.finish(DONE)
    parts.redis.zadd("ff:finished", {f"ann:{old.id}": 0})
    recent, lease = parts.claimed()
    lease.finish(DONE)
    waiting = parts.jobs.create("ann", request())

    assert parts.retention.forget_finished(keep_s=3600, limit=10) == 1

    assert parts.jobs.read("ann", old.id) is None
    assert parts.redis.zrange("ff:jobs:ann", 0, -1) == [recent.id, waiting.id]


def test_a_job_that_was_queued_again_is_not_forgotten(parts: Parts) -> None:
    job, lease = parts.claimed()
    lease.fail(MediaError("media.corrupt"))
    parts.jobs.retry("ann", job.id)

    assert parts.retention.forget_finished(keep_s=0, limit=10) == 0


def test_forgetting_is_done_in_bounded_batches(parts: Parts) -> None:
    for _ in range(3):
        job = parts.jobs.create("ann", request())
        parts.jobs.cancel("ann", job.id)

    counts = [parts.retention.forget_finished(keep_s=0, limit=2) for _ in range(3)]

    assert counts == [2, 1, 0]
    assert parts.redis.keys("ff:job*") == []


def test_an_upload_is_needed_until_the_last_of_its_jobs_ended(parts: Parts) -> None:
    needed = parts.retention.upload_is_needed
    first = parts.jobs.create("ann", request(upload=UPLOAD))
    second = parts.jobs.create("ann", request(upload=UPLOAD))
    parts.lanes.release("live")
    assert needed("ann", UPLOAD)
    assert not needed("bob", UPLOAD)

    parts.jobs.cancel("ann", first.id)
    assert needed("ann", UPLOAD)
    parts.claim(second).fail(MediaError("media.corrupt"))
    assert not needed("ann", UPLOAD)

    parts.jobs.retry("ann", second.id)
    assert needed("ann", UPLOAD)
    parts.again(second).finish(DONE)
    assert not needed("ann", UPLOAD)
