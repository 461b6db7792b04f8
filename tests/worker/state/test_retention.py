"""Finished jobs go when their time is over; uploads are kept while a job needs them."""

from tests.worker.state.orders import CALLBACK, item, order, wanted
from tests.worker.state.parts import DONE, Parts, request
from worker.contracts.jobs import Item, Job
from worker.contracts.records import NoticeResult, RecordResult
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


def record_of_a_job(parts: Parts) -> tuple[Job, str]:
    """A cancelled job with a record, which failed with it."""
    job = parts.jobs.create("ann", wanted())
    parts.jobs.cancel("ann", job.id)
    assert job.record is not None
    return job, job.record.id


def test_records_have_a_time_of_their_own(parts: Parts) -> None:
    (ended,) = parts.records.create("ann", [order()])
    parts.due("ann", item(ended)).finish(RecordResult(state="recorded"))
    (pending,) = parts.records.create("ann", [order()])

    assert parts.retention.forget_finished(keep_s=0, limit=10) == 0
    assert parts.retention.forget_records(keep_s=3600, limit=10) == 0
    assert parts.retention.forget_records(keep_s=0, limit=10) == 1

    assert parts.records.read("ann", ended.id) is None
    assert parts.redis.zrange("ff:records:ann", 0, -1) == [pending.id]


def test_a_record_stays_as_long_as_its_job(parts: Parts) -> None:
    job, record_id = record_of_a_job(parts)

    assert parts.retention.forget_records(keep_s=0, limit=10) == 0
    assert parts.retention.forget_finished(keep_s=0, limit=10) == 1

    assert parts.jobs.read("ann", job.id) is None
    assert parts.retention.forget_records(keep_s=0, limit=10) == 1
    assert parts.records.read("ann", record_id) is None


def test_callbacks_go_with_the_jobs(parts: Parts) -> None:
    job = parts.jobs.create("ann", wanted(callback_url=CALLBACK, target=None))
    parts.jobs.cancel("ann", job.id)
    (notice,) = parts.notices.page("ann", None, cursor=None, limit=2).notices
    lease = parts.due("ann", Item("notify", notice.id))
    lease.finish(NoticeResult(status=200))

    assert parts.retention.forget_finished(keep_s=0, limit=10) == 2

    assert parts.redis.keys("ff:job:*") == []
    assert parts.redis.keys("ff:notices:*") == []


def test_what_stood_at_targets_is_forgotten_when_its_time_is_over(parts: Parts) -> None:
    (record,) = parts.records.create("ann", [order()])
    ledger = parts.ledgers.of(parts.due("ann", item(record)))
    ledger.begin()
    ledger.stands("shown", verified=True)

    assert parts.retention.forget_targets(keep_s=3600, limit=10) == 0
    assert parts.retention.forget_targets(keep_s=0, limit=10) == 1
    assert parts.redis.keys("ff:target*") == []
