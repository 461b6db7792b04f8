"""What ends with a job: its record is lined up or fails, and its callers are told once."""

from typing import Any

import pytest

from tests.worker.state.orders import CALLBACK, cover, made, wanted
from tests.worker.state.parts import Parts
from worker.contracts.jobs import Item, Job
from worker.contracts.records import Delivery, Notice, Record, RecordResult
from worker.contracts.snapshots import SnapshotRequest
from worker.errors import MediaError, ProviderError, StorageError
from worker.state.leases import Lease
from worker.state.listing import Filters

DONE = made(640)


def record_of(parts: Parts, job: Job) -> Record:
    told = parts.now(job).record
    assert told is not None
    record = parts.records.read("ann", told.id)
    assert record is not None
    return record


def begun(parts: Parts, **changed: object) -> tuple[Job, Lease]:
    job = parts.jobs.create("ann", wanted(**changed))
    parts.lanes.release("live")
    return job, parts.claim(job)


def recorded(parts: Parts, job: Job) -> Lease:
    return parts.due("ann", Item("record", record_of(parts, job).id))


def notices(parts: Parts) -> list[Delivery]:
    return parts.notices.page("ann", None, cursor=None, limit=100).notices


def test_a_job_with_a_target_has_its_record_before_it_has_a_cover(parts: Parts) -> None:
    job = parts.jobs.create("ann", wanted())

    assert job.record is not None
    assert (job.record.state, job.record.attempts) == ("pending", 0)
    assert parts.now(job).record == job.record
    assert record_of(parts, job).cover is None
    assert parts.lanes.release("record") == 0
    assert [each.record for each in page(parts)] == [job.record]


def page(parts: Parts) -> list[Job]:
    return parts.jobs.page("ann", Filters(), cursor=None, limit=10).jobs


def test_a_job_that_joins_a_flight_makes_no_second_record(parts: Parts) -> None:
    first = parts.jobs.create("ann", wanted(), flight="f")

    second = parts.jobs.create("ann", wanted(), flight="f")

    assert (second.id, second.record) == (first.id, first.record)
    assert parts.redis.zcard("ff:records:ann") == 1


def test_a_job_that_succeeds_gives_its_record_the_cover_and_lines_it_up(parts: Parts) -> None:
    job, lease = begun(parts)

    lease.finish(made(320, 640))
    lease.finish(made(320, 640))

    record = record_of(parts, job)
    assert record.cover is not None
    assert (record.cover.key, record.cover.width) == ("covers/640.jpg", 640)
    assert parts.lanes.release("record") == 1


def test_a_cover_that_is_named_is_the_one(parts: Parts) -> None:
    job, lease = begun(parts)

    lease.finish(DONE, cover=cover("named"))

    assert record_of(parts, job).cover == cover("named")


def fails(parts: Parts, job: Job, lease: Lease) -> None:
    lease.fail(MediaError("media.corrupt"))


def is_cancelled(parts: Parts, job: Job, lease: Lease) -> None:
    parts.jobs.cancel("ann", job.id)


def is_lost(parts: Parts, job: Job, lease: Lease) -> None:
    for _ in range(3):
        parts.expire_leases()
        if parts.leases.take_back_expired()[0].status == "queued":
            parts.again(job)


def has_no_cover(parts: Parts, job: Job, lease: Lease) -> None:
    lease.finish(made())


@pytest.mark.parametrize("ends", [fails, is_cancelled, is_lost, has_no_cover])
def test_without_a_cover_the_record_fails_in_the_same_moment(parts: Parts, ends: object) -> None:
    job, lease = begun(parts)

    assert callable(ends)
    ends(parts, job, lease)

    record = record_of(parts, job)
    assert record.error is not None
    assert (record.state, record.error.code) == ("failed", "record.no_cover")
    assert parts.traces() == set()


def test_a_job_that_is_retried_lets_its_record_wait_again_as_a_newer_one(parts: Parts) -> None:
    job, lease = begun(parts)
    before = record_of(parts, job).fence
    fails(parts, job, lease)

    parts.jobs.retry("ann", job.id)

    record = record_of(parts, job)
    assert (record.state, record.error) == ("pending", None)
    assert record.fence > before
    parts.again(job).finish(DONE)
    assert parts.lanes.release("record") == 1


def test_how_the_record_ends_is_a_change_of_its_job(parts: Parts) -> None:
    job, lease = begun(parts)
    lease.finish(DONE)
    before = parts.now(job).revision

    recorded(parts, job).finish(RecordResult(state="recorded", request_id="r1"))

    told = parts.now(job)
    assert told.record is not None
    assert (told.record.state, told.record.request_id) == ("recorded", "r1")
    assert told.record.recorded_at is not None
    assert told.revision == before + 1
    assert [event.id for event in parts.events(job)][-1] == job.id


def test_records_tell_no_events_of_their_own(parts: Parts) -> None:
    _, lease = begun(parts)
    lease.finish(DONE)

    entries: Any = parts.redis.xrange("ff:events")

    assert {fields["kind"] for _, fields in entries} == {"cover"}


def test_a_callback_is_told_of_the_job_and_of_its_record_once_each(parts: Parts) -> None:
    job, lease = begun(parts, callback_url=CALLBACK)
    lease.finish(DONE)
    lease.finish(DONE)
    recorded(parts, job).finish(RecordResult(state="recorded"))

    of_job, of_record = sorted(notices(parts), key=lambda each: each.type)

    assert (of_job.type, of_job.job, of_job.record) == ("job.succeeded", job.id, None)
    record = record_of(parts, job)
    assert (of_record.type, of_record.job) == ("record.recorded", job.id)
    assert of_record.record == record.id
    assert of_job.id == f"msg_{job.id.removeprefix('job_')}_{of_job.sequence}"
    assert of_job.url == CALLBACK
    assert {each.state for each in (of_job, of_record)} == {"pending"}


def test_a_notice_is_worked_on_with_what_it_tells(parts: Parts) -> None:
    job = parts.jobs.create(
        "ann",
        SnapshotRequest.model_validate(
            {"source": {"url": "https://m.example/a.mp4"}, "count": 1, "callback_url": CALLBACK}
        ),
    )
    parts.jobs.cancel("ann", job.id)
    (notice,) = notices(parts)

    lease = parts.due("ann", Item("notify", notice.id))

    told = lease.job.request
    assert isinstance(told, Notice)
    assert (told.url, told.type, told.job) == (CALLBACK, "job.cancelled", job.id)
    assert abs((told.at - job.created_at).total_seconds()) < 60


def test_attempts_that_fail_before_the_last_tell_nobody(parts: Parts) -> None:
    _, lease = begun(parts, callback_url=CALLBACK)

    lease.fail(StorageError("storage.unavailable"))

    assert notices(parts) == []


def test_a_record_that_was_lost_keeps_its_turn_and_its_target(parts: Parts) -> None:
    job, lease = begun(parts)
    lease.finish(DONE)
    attempt = recorded(parts, job)
    ledger = parts.ledgers.of(attempt)
    ledger.begin()
    ledger.writes()
    parts.expire_leases()
    parts.leases.take_back_expired()

    assert parts.ledgers.of(recorded(parts, job)).begin().word == "compare"


def test_a_record_is_tried_as_often_as_its_limits_say(parts: Parts) -> None:
    job, lease = begun(parts)
    lease.finish(DONE)
    attempt = recorded(parts, job)
    while attempt.fail(ProviderError("provider.unavailable")) is not None:
        attempt = recorded(parts, job)

    record = record_of(parts, job)
    assert (record.state, record.attempts) == ("failed", 5)
