"""What callers see of a Redis that is away, silent or full, and how soon."""

import time
from collections.abc import Callable

import pytest
import redis

from tests.redis_server import RedisServer
from tests.worker.state.parts import Parts, request
from worker.errors import RequestError
from worker.state.connection import connect, redis_errors_as_ours
from worker.state.jobs import JobRecords
from worker.state.scripts import Script

TIMEOUT_S = 0.5


def records(server: RedisServer) -> JobRecords:
    return JobRecords(connect(server.url(), timeout_s=TIMEOUT_S, connect_timeout_s=5))


@pytest.mark.parametrize("outage", ["kill", "pause"])
def test_a_redis_that_is_away_or_silent_shows_within_the_timeout(
    own_redis: Callable[[], RedisServer], outage: str
) -> None:
    server = own_redis()
    jobs = records(server)
    job = jobs.create("ann", request())
    getattr(server, outage)()

    began_s = time.monotonic()
    with pytest.raises(RequestError, match=r"queue\.unavailable"):
        jobs.create("ann", request())
    assert time.monotonic() - began_s < 2 * TIMEOUT_S + 0.5

    server.stop()
    server.start()
    assert jobs.read("ann", job.id) == job


def test_a_connection_that_redis_closed_is_made_anew(
    own_redis: Callable[[], RedisServer],
) -> None:
    server = own_redis()
    jobs = records(server)
    job = jobs.create("ann", request())

    server.restart()

    assert jobs.read("ann", job.id) == job


def test_a_full_redis_takes_no_job_and_keeps_no_part_of_one(parts: Parts) -> None:
    parts.redis.config_set("maxmemory", 1)
    try:
        with pytest.raises(RequestError, match=r"queue\.unavailable"):
            parts.jobs.create("ann", request())
    finally:
        parts.redis.config_set("maxmemory", 0)

    assert parts.redis.dbsize() == 0


def test_a_mistake_of_ours_is_not_taken_for_an_outage(parts: Parts) -> None:
    with pytest.raises(redis.ResponseError):
        Script(parts.redis, "return redis.call('INCRBY', 'x', 'y')")()
    with pytest.raises(redis.DataError), redis_errors_as_ours():
        parts.redis.set("x", object())  # type: ignore[arg-type]
