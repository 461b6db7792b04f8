"""`Prefer: wait`: callers hear of the end as it comes, and nobody holds a thread."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
import redis

from tests.api.attempts import Attempts
from tests.api.conftest import Served, settings_for
from tests.redis_server import RedisServer
from worker.settings import Settings
from worker.state.events import EVENTS_KEY

BODY = {"source": {"url": "https://example.com/clip.mp4"}}


def _wait(url: str, prefer: str, **metadata: str) -> httpx2.Response:
    body = {**BODY, "metadata": metadata}
    return httpx2.post(f"{url}/v1/covers", json=body, headers={"Prefer": prefer}, timeout=70)


def _queued(url: str, count: int = 1) -> list[str]:
    """The ids of the queued jobs, once there are `count`."""
    ends_at = time.monotonic() + 10
    while time.monotonic() < ends_at:
        jobs = httpx2.get(f"{url}/v1/jobs?status=queued&limit=200").json()["jobs"]
        if len(jobs) == count:
            return [job["id"] for job in jobs]
        time.sleep(0.02)
    raise AssertionError(f"not {count} jobs")


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(100) as callers:
        yield callers


def test_the_caller_hears_of_the_end_at_once(
    served: Served, attempts: Attempts, pool: ThreadPoolExecutor
) -> None:
    waiting = pool.submit(_wait, served.url, "wait=30")
    (job_id,) = _queued(served.url)

    attempts.succeed(job_id)
    ended_s = time.monotonic()
    answer = waiting.result()

    assert time.monotonic() - ended_s < 1
    assert (answer.status_code, answer.json()["status"]) == (200, "succeeded")
    assert answer.headers["preference-applied"] == "wait=30"
    assert answer.headers["location"] == f"/v1/jobs/{job_id}"


def test_a_failed_job_is_answered_with_200_and_its_error(
    served: Served, attempts: Attempts, pool: ThreadPoolExecutor
) -> None:
    waiting = pool.submit(_wait, served.url, "respond-async, wait=30")
    (job_id,) = _queued(served.url)

    attempts.fail(job_id)

    answer = waiting.result()
    assert (answer.status_code, answer.json()["error"]["code"]) == (200, "media.corrupt")


@pytest.mark.parametrize("wait", [0, 1])
def test_a_job_that_takes_longer_is_answered_with_202(served: Served, wait: int) -> None:
    began_s = time.monotonic()

    answer = _wait(served.url, f"wait={wait}")

    assert wait <= time.monotonic() - began_s < wait + 1
    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    assert answer.headers["preference-applied"] == f"wait={wait}"


def test_a_wish_that_is_no_number_is_passed_over(served: Served) -> None:
    answer = _wait(served.url, "wait=soon")

    assert answer.status_code == 202
    assert "preference-applied" not in answer.headers


def test_a_hundred_callers_wait_in_few_threads(
    served: Served, attempts: Attempts, pool: ThreadPoolExecutor
) -> None:
    before = threading.active_count()
    waiting = [pool.submit(_wait, served.url, "wait=30", caller=str(n)) for n in range(100)]
    ids = _queued(served.url, 100)
    ours = sum(thread.name.startswith("ThreadPoolExecutor") for thread in threading.enumerate())

    assert threading.active_count() - before - ours <= 40

    for job_id in ids:
        attempts.succeed(job_id)
    assert {answer.result().status_code for answer in waiting} == {200}


def test_a_server_that_stops_answers_its_waiters(
    settings: Settings, serve: Callable[[Settings], Served], pool: ThreadPoolExecutor
) -> None:
    served = serve(settings)
    waiting = pool.submit(_wait, served.url, "wait=60")
    _queued(served.url)

    began_s = time.monotonic()
    served.stop()

    assert time.monotonic() - began_s < 5
    assert (waiting.result().status_code, waiting.result().json()["status"]) == (202, "queued")


def test_a_caller_that_goes_away_is_not_waited_for(served: Served) -> None:
    target = urlsplit(served.url)
    body = b'{"source": {"url": "https://example.com/clip.mp4"}}'
    head = (
        "POST /v1/covers HTTP/1.1\r\nHost: localhost\r\nPrefer: wait=60\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    assert target.hostname
    assert target.port
    with socket.create_connection((target.hostname, target.port)) as connection:
        connection.sendall(head.encode() + body)
        _queued(served.url)
        _until(lambda: _under_way(served) == 1)

    _until(lambda: _under_way(served) == 0)


def _until(holds: Callable[[], bool]) -> None:
    ends_at = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < ends_at
        time.sleep(0.02)


def _under_way(served: Served) -> int:
    return len(served.server.server_state.tasks)


def test_waiters_live_through_a_restart_of_redis(
    own_redis: Callable[[], RedisServer],
    tmp_path: Path,
    serve: Callable[[Settings], Served],
    pool: ThreadPoolExecutor,
) -> None:
    server = own_redis()
    settings = settings_for(server.url(), tmp_path)
    served = serve(settings)
    attempts = Attempts(settings)
    waiting = pool.submit(_wait, served.url, "wait=30")
    (job_id,) = _queued(served.url)

    server.restart()
    attempts.succeed(job_id)

    answer = waiting.result()
    assert (answer.status_code, answer.json()["status"]) == (200, "succeeded")


@pytest.mark.parametrize(
    "fields",
    [{"other": "fields"}, {"tenant": "default", "id": "x", "status": "failed", "revision": "no"}],
    ids=["names-are-missing", "a-number-is-none"],
)
def test_an_event_that_cannot_be_read_is_passed_over(
    served: Served,
    settings: Settings,
    attempts: Attempts,
    pool: ThreadPoolExecutor,
    fields: dict[bytes | str, bytes | str | int | float],
) -> None:
    waiting = pool.submit(_wait, served.url, "wait=30")
    (job_id,) = _queued(served.url)

    with redis.Redis.from_url(settings.redis.url.get_secret_value()) as opened:
        opened.xadd(EVENTS_KEY, fields)
    time.sleep(0.1)
    attempts.succeed(job_id)
    ended_s = time.monotonic()

    assert waiting.result().status_code == 200
    assert time.monotonic() - ended_s < 2


def test_without_redis_no_job_is_taken(
    own_redis: Callable[[], RedisServer], tmp_path: Path, serve: Callable[[Settings], Served]
) -> None:
    server = own_redis()
    served = serve(settings_for(server.url(), tmp_path))
    server.stop()

    began_s = time.monotonic()
    answer = _wait(served.url, "wait=30")

    assert time.monotonic() - began_s < 2
    assert (answer.status_code, answer.json()["code"]) == (503, "queue.unavailable")
    assert answer.json()["retryable"] is True
    assert int(answer.headers["retry-after"]) > 0
    server.start()
    assert httpx2.post(f"{served.url}/v1/covers", json=BODY).status_code == 202


def test_a_redis_that_hangs_is_given_up_in_time(
    own_redis: Callable[[], RedisServer], tmp_path: Path, serve: Callable[[Settings], Served]
) -> None:
    server = own_redis()
    served = serve(settings_for(server.url(), tmp_path))
    httpx2.post(f"{served.url}/v1/covers", json=BODY)
    server.pause()

    began_s = time.monotonic()
    answer = httpx2.post(f"{served.url}/v1/covers", json=BODY)

    assert time.monotonic() - began_s < 2
    assert (answer.status_code, answer.json()["code"]) == (503, "queue.unavailable")
    server.resume()
