"""An entry of the event stream is a change of one job; who comes back reads on after it."""

import pytest

from tests.worker.state.parts import Parts, request
from worker.contracts.jobs import JobEvent, Progress
from worker.state.events import EVENTS_KEY, START, EventLog, order_of, parse_event


def test_an_entry_tells_whose_job_changed_to_what() -> None:
    fields = {"tenant": "ann", "id": "job_1", "kind": "cover", "status": "running", "revision": "2"}

    assert parse_event(fields) == JobEvent("ann", "job_1", "cover", "running", 2)


def test_an_entry_of_a_running_attempt_tells_its_progress() -> None:
    fields = {"tenant": "ann", "id": "job_1", "kind": "snapshot", "status": "running"}
    fields |= {"revision": "3", "percent": "41.5", "stage": "decode", "at_ms": "90000"}

    assert parse_event(fields).progress == Progress(percent=41.5, stage="decode", at_ms=90_000)


def test_a_log_holds_what_came_after_its_oldest_entry(parts: Parts) -> None:
    events = EventLog(parts.redis)
    assert (events.newest(), events.holds(START)) == (START, False)
    jobs = [parts.jobs.create("ann", request()) for _ in range(3)]

    first, second, third = events.after(START, count=10)

    assert [entry.event and entry.event.id for entry in (first, second, third)] == [
        job.id for job in jobs
    ]
    assert events.after(first.id, count=1) == [second]
    assert events.after(third.id, count=10) == []
    assert events.newest() == third.id
    assert all(events.holds(entry.id) for entry in (first, second, third))
    parts.redis.xtrim(EVENTS_KEY, maxlen=2, approximate=False)
    assert not events.holds(first.id)


@pytest.mark.parametrize(
    "position", ["", "1", "1-2-3", "x-1", "-", "9" * 30 + "-1", "²-1", "1-0\n"]
)
def test_what_is_no_id_is_not_held(parts: Parts, position: str) -> None:
    parts.jobs.create("ann", request())

    assert not EventLog(parts.redis).holds(position)


def test_an_entry_that_cannot_be_read_has_its_place_in_the_log(parts: Parts) -> None:
    parts.redis.xadd(EVENTS_KEY, {"other": "fields"})
    job = parts.jobs.create("ann", request())

    strange, created = EventLog(parts.redis).after(START, count=10)

    assert strange.event is None
    assert created.event is not None
    assert created.event.id == job.id
    assert order_of(strange.id) < order_of(created.id)
