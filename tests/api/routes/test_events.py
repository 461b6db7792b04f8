"""Events: told as they happen, resumed where they were left, heard by whom they concern."""

import threading
import time
from collections.abc import Callable
from itertools import islice
from typing import Any

import httpx2
import pytest
import redis

from api.feeds import MAX_UNFINISHED
from api.subscribers import MAX_WAITING
from tests.api.attempts import Attempts
from tests.api.conftest import Served
from tests.api.event_reader import followed
from tests.api.routes.test_jobs import make_job
from worker import wiring
from worker.contracts.names import DEFAULT_TENANT
from worker.contracts.requests import ChecksumRequest, CoverRequest
from worker.contracts.results import CoverResult
from worker.settings import Settings
from worker.state.events import EVENTS_KEY

DONE = CoverResult(source="clip.mp4", status="succeeded")
TRANSFER = ChecksumRequest(transfer="trn_01K0ZJ8V5W3M9Q2R7T4Y6X8C1D")


@pytest.fixture
def records(settings: Settings) -> redis.Redis:
    return wiring.redis_client(settings, timeout_s=5)


def test_a_job_is_followed_from_its_state_to_its_end(
    served: Served, client: httpx2.Client, attempts: Attempts
) -> None:
    job_id = make_job(client)

    with followed(served.url, f"/v1/jobs/{job_id}/events") as events:
        first = events.next()
        lease = attempts.begin(job_id)
        lease.enter("decode")
        lease.progress(42.5, 93_000)
        lease.finish(DONE)
        rest = events.rest()

    assert (first.name, first.data["status"]) == ("job", "queued")
    assert [event.data["status"] for event in rest] == ["running", "running", "succeeded"]
    assert rest[1].data == {
        "id": job_id,
        "kind": "cover",
        "status": "running",
        "revision": 3,
        "progress": {"percent": 42.5, "stage": "decode", "at_ms": 93_000},
    }
    assert rest[2].data["progress"] is None


def test_an_event_comes_at_once(served: Served, client: httpx2.Client, attempts: Attempts) -> None:
    job_id = make_job(client)

    with followed(served.url, "/v1/events") as events:
        events.next()
        began_s = time.monotonic()
        attempts.begin(job_id)
        events.next()

    assert time.monotonic() - began_s < 0.5


def test_no_proxy_keeps_or_collects_the_stream(served: Served, client: httpx2.Client) -> None:
    with followed(served.url, f"/v1/jobs/{make_job(client)}/events") as events:
        headers = events.answer.headers

    assert headers["content-type"].startswith("text/event-stream")
    assert headers["cache-control"] == "no-store"
    assert headers["x-accel-buffering"] == "no"


@pytest.mark.parametrize("path", ["/v1/events", "/v1/jobs/{}/events"], ids=["all", "job"])
def test_a_stream_goes_on_after_the_last_event_that_came(
    served: Served, client: httpx2.Client, attempts: Attempts, path: str
) -> None:
    job_id = make_job(client)
    with followed(served.url, path.format(job_id)) as events:
        left_at = events.next().id
    lease = attempts.begin(job_id)
    lease.progress(10)
    with followed(served.url, path.format(job_id), left_at) as events:
        missed = [events.next(), events.next()]
        lease.finish(DONE)
        last = events.next()

    assert [event.data["progress"] and event.data["progress"]["percent"] for event in missed] == [
        None,
        10,
    ]
    assert last.data["status"] == "succeeded"


def test_who_has_heard_the_end_of_a_job_need_not_come_again(
    served: Served, client: httpx2.Client, attempts: Attempts
) -> None:
    job_id = make_job(client)
    attempts.succeed(job_id)
    path = f"/v1/jobs/{job_id}/events"
    with followed(served.url, path) as events:
        (last,) = events.rest()

    again = client.get(path, headers={"Last-Event-ID": last.id})

    assert last.data["status"] == "succeeded"
    assert (again.status_code, again.content) == (204, b"")


@pytest.mark.parametrize("last_event_id", ["0-1", "9999999999999-0", "no-id", ""])
def test_one_that_left_too_long_ago_hears_the_present_state_first(
    served: Served, client: httpx2.Client, attempts: Attempts, last_event_id: str
) -> None:
    ended, running, queued = (make_job(client, quality=quality) for quality in (1, 2, 3))
    attempts.succeed(ended)
    attempts.begin(running)

    with followed(served.url, "/v1/events", last_event_id) as events:
        told = [events.next().data for _ in range(2)]
        attempts.succeed(queued)
        told += [events.next().data for _ in range(2)]
    with followed(served.url, f"/v1/jobs/{ended}/events", last_event_id) as events:
        assert events.statuses() == ["succeeded"]

    assert {(each["id"], each["status"]) for each in told[:2]} == {
        (running, "running"),
        (queued, "queued"),
    }
    assert [(each["id"], each["status"]) for each in told[2:]] == [
        (queued, "running"),
        (queued, "succeeded"),
    ]


def test_the_state_of_no_more_jobs_is_told_than_a_client_can_take(
    served: Served, client: httpx2.Client, settings: Settings
) -> None:
    jobs = wiring.state(settings, timeout_s=5).jobs
    source = {"source": {"url": "https://example.com/clip.mp4"}}
    for _ in range(MAX_UNFINISHED + 5):
        jobs.create(DEFAULT_TENANT, CoverRequest.model_validate(source))

    with followed(served.url, "/v1/events") as events:
        told = {events.next().data["id"] for _ in range(MAX_UNFINISHED)}
        newest = make_job(client)
        assert events.next().data["id"] == newest

    assert len(told) == MAX_UNFINISHED


def test_another_tenants_jobs_are_not_heard_of(
    served: Served, client: httpx2.Client, settings: Settings
) -> None:
    state = wiring.state(settings, timeout_s=5)
    source = {"source": {"url": "https://example.com/clip.mp4"}}
    with followed(served.url, "/v1/events") as events:
        foreign = state.jobs.create("acme", CoverRequest.model_validate(source))
        ours = make_job(client)
        assert events.next().data["id"] == ours

    refused = client.get(f"/v1/jobs/{foreign.id}/events")
    assert (refused.status_code, refused.json()["code"]) == (404, "request.not_found")


def test_an_open_api_does_not_tell_of_files_of_libraries(
    settings: Settings, serve: Callable[[Settings], Served]
) -> None:
    api = settings.api.model_copy(update={"open": True})
    url = serve(settings.model_copy(update={"api": api})).url
    jobs = wiring.state(settings, timeout_s=5).jobs
    with httpx2.Client(base_url=url, timeout=20) as client, followed(url, "/v1/events") as events:
        hidden = [jobs.create(DEFAULT_TENANT, TRANSFER).id]
        first = make_job(client, quality=1)
        assert events.next().data["id"] == first
        hidden.append(jobs.create(DEFAULT_TENANT, TRANSFER).id)
        with followed(url, "/v1/events") as later:
            assert later.next().data["id"] == first
        refused = [client.get(f"/v1/jobs/{each}/events").status_code for each in hidden]

    assert refused == [404, 404]


def test_a_client_that_goes_away_is_forgotten(served: Served, client: httpx2.Client) -> None:
    job_id = make_job(client)
    with followed(served.url, f"/v1/jobs/{job_id}/events") as events:
        events.next()
        until(lambda: listening(served) == 1)

    until(lambda: listening(served) == 0)


def test_a_server_that_stops_ends_its_streams(
    settings: Settings, serve: Callable[[Settings], Served]
) -> None:
    served = serve(settings)
    with httpx2.Client(base_url=served.url) as client, followed(served.url, "/v1/events") as events:
        make_job(client)
        events.next()
        began_s = time.monotonic()
        threading.Timer(0.1, served.stop).start()

        assert events.rest() == []
        assert time.monotonic() - began_s < 2


def test_one_that_reads_too_slowly_is_cut_off_and_misses_nothing(
    served: Served, client: httpx2.Client, records: redis.Redis
) -> None:
    job_id = make_job(client)
    count = 20 * MAX_WAITING
    fields: dict[Any, Any] = {"tenant": DEFAULT_TENANT, "id": job_id, "kind": "cover"}
    # Large enough that no buffer on the way holds them all.
    fields |= {"status": "running", "percent": "1", "stage": "x" * 6000}
    told: list[int] = []
    with followed(served.url, "/v1/events") as events:
        last_id = events.next().id
        for start in range(0, count, 500):
            with records.pipeline(transaction=False) as pipe:
                for number in range(start, min(start + 500, count)):
                    pipe.xadd(EVENTS_KEY, {**fields, "revision": str(number)})
                pipe.execute()
        until(lambda: listening(served) == 0, within_s=10)
        for event in events.rest():
            told.append(event.data["revision"])
            last_id = event.id
    assert len(told) < count
    while len(told) < count:
        with followed(served.url, "/v1/events", last_id) as events:
            for event in islice(events, count - len(told)):
                told.append(event.data["revision"])
                last_id = event.id

    assert told == list(range(count))


def test_one_that_keeps_up_stays_through_a_burst(
    served: Served, client: httpx2.Client, records: redis.Redis
) -> None:
    job_id = make_job(client)
    count = 4 * MAX_WAITING
    fields: dict[Any, Any] = {"tenant": DEFAULT_TENANT, "id": job_id, "kind": "cover"}
    fields["status"] = "running"
    with followed(served.url, "/v1/events") as events:
        events.next()
        with records.pipeline() as pipe:
            for number in range(count):
                pipe.xadd(EVENTS_KEY, {**fields, "revision": str(number)})
            pipe.execute()
        told = [event.data["revision"] for event in islice(events, count)]

    assert told == list(range(count))


def test_events_go_on_after_a_restart_of_redis_by_coming_again(
    served: Served, client: httpx2.Client, attempts: Attempts, records: redis.Redis
) -> None:
    job_id = make_job(client)
    with followed(served.url, "/v1/events") as events:
        last_id = events.next().id
        records.client_kill_filter(_type="normal", skipme=True)
        assert events.rest() == []

    attempts.succeed(job_id)
    with followed(served.url, "/v1/events", last_id) as events:
        assert [events.next().data["status"] for _ in range(2)] == ["running", "succeeded"]


def listening(served: Served) -> int:
    return len(served.server._app.state.subscribers)


def until(holds: Callable[[], bool], within_s: float = 5) -> None:
    ends_at = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < ends_at
        time.sleep(0.02)
