"""Messages: what one carries, how soon a publish ends, and what still waits in a queue."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import redis
from celery import Celery
from pydantic import SecretStr

from tests.redis_server import RedisServer
from worker.broker import MOST_LOOKED_THROUGH, CeleryPublisher, items_in_queue, make_app
from worker.contracts.jobs import Item
from worker.contracts.names import PUBLISHED_AT_HEADER, QUEUE_OF_LANE, TASK_CALL
from worker.errors import RequestError
from worker.settings import CLAIM_PATIENCE_S, END_PATIENCE_S, RedisSettings, WorkerSettings
from worker.state.keeper import OVERSTAY_S

ITEM = Item("cover", "job_1")
TIMEOUT_S = 0.5
ATTEMPTS_S = {"cover": 60, "snapshot": 900}


def publisher(url: str) -> CeleryPublisher:
    settings = RedisSettings(url=SecretStr(url))
    return CeleryPublisher(
        settings, WorkerSettings(), timeout_s=TIMEOUT_S, attempt_timeouts_s=ATTEMPTS_S
    )


def app() -> Celery:
    return make_app(RedisSettings(), WorkerSettings(), timeout_s=TIMEOUT_S)


def client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, decode_responses=True, socket_timeout=TIMEOUT_S)


def test_a_message_carries_kind_and_id_and_when_it_was_published(redis_url: str) -> None:
    publisher(redis_url).publish("live", ITEM)

    with client(redis_url) as direct:
        messages: Any = direct.lrange(QUEUE_OF_LANE["live"], 0, -1)
        message = json.loads(messages[0])
    arguments, keywords, _ = json.loads(base64.b64decode(message["body"]))
    assert (arguments, keywords) == (["cover", "job_1"], {})
    assert abs(message["headers"][PUBLISHED_AT_HEADER] - time.time() * 1000) < 5000


def test_the_time_limit_of_a_kind_travels_with_its_message(redis_url: str) -> None:
    celery = publisher(redis_url)
    for kind in ATTEMPTS_S:
        celery.publish("live", Item(kind, "job_1"))

    with client(redis_url) as direct:
        messages: Any = direct.lrange(QUEUE_OF_LANE["live"], 0, -1)
    hard_s = [json.loads(message)["headers"]["timelimit"][0] for message in messages]
    assert hard_s == [WorkerSettings().task_limit_s(limit_s) for limit_s in (900, 60)]
    assert hard_s[0] - hard_s[1] == 840


def test_a_call_carries_no_time_limit_since_nobody_can_kill_a_thread(redis_url: str) -> None:
    publisher(redis_url).publish("record", Item("record", "rec_1"))

    with client(redis_url) as direct:
        messages: Any = direct.lrange(QUEUE_OF_LANE["record"], 0, -1)
    headers = json.loads(messages[0])["headers"]
    assert (headers["task"], headers["timelimit"]) == (TASK_CALL, [None, None])


def test_a_worker_of_calls_runs_threads_and_promises_no_limit_of_time() -> None:
    conf = make_app(RedisSettings(), WorkerSettings(), timeout_s=TIMEOUT_S, threads=24).conf

    assert (conf.worker_pool, conf.worker_concurrency) == ("threads", 24)
    assert conf.task_time_limit is None
    assert (conf.task_acks_late, conf.worker_prefetch_multiplier) == (True, 1)


def test_items_that_wait_in_a_queue_are_found_among_foreign_messages(redis_url: str) -> None:
    celery = publisher(redis_url)
    celery.publish("live", ITEM)
    celery.publish("backfill", Item("cover", "job_2"))

    with client(redis_url) as direct:
        direct.lpush(QUEUE_OF_LANE["live"], "{}", "no json", '{"body": "AAAA"}')

        assert items_in_queue(direct, "live") == {ITEM}


def test_a_queue_that_is_too_long_is_not_looked_through(redis_url: str) -> None:
    with client(redis_url) as direct:
        direct.lpush(QUEUE_OF_LANE["live"], *["{}"] * MOST_LOOKED_THROUGH)
        assert items_in_queue(direct, "live") == set()

        direct.lpush(QUEUE_OF_LANE["live"], "{}")

        assert items_in_queue(direct, "live") is None


@pytest.mark.parametrize("outage", ["kill", "pause"])
def test_a_publish_ends_soon_when_redis_is_away_or_silent(
    own_redis: Callable[[], RedisServer], outage: str
) -> None:
    server = own_redis()
    celery = publisher(server.url())
    celery.publish("live", ITEM)
    getattr(server, outage)()

    began_s = time.monotonic()
    with pytest.raises(RequestError, match=r"queue\.unavailable"):
        celery.publish("live", ITEM)
    assert time.monotonic() - began_s < 3 * TIMEOUT_S
    with client(server.url()) as direct, pytest.raises(RequestError, match=r"queue\.unavailable"):
        items_in_queue(direct, "live")

    server.stop()
    server.start()
    celery.publish("live", ITEM)


def test_celery_decides_nothing() -> None:
    conf = app().conf

    assert conf.task_acks_late
    assert not conf.task_reject_on_worker_lost
    assert not conf.task_retry_on_worker_lost
    assert not conf.task_publish_retry
    assert conf.accept_content == ["json"]


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(WorkerSettings(), id="defaults"),
        pytest.param(
            WorkerSettings(attempt_timeout_s=300, lease_renew_s=15),
            id="slow",
        ),
    ],
)
def test_celery_kills_no_process_that_waits_for_redis(settings: WorkerSettings) -> None:
    conf = make_app(RedisSettings(), settings, timeout_s=TIMEOUT_S).conf

    # The last command of each wait, and of what ends an attempt that is stuck, is made twice.
    commands_s = 3 * 2 * settings.lease_renew_s
    waits_s = CLAIM_PATIENCE_S + END_PATIENCE_S + commands_s
    assert CLAIM_PATIENCE_S < END_PATIENCE_S
    assert settings.attempt_timeout_s + OVERSTAY_S + waits_s < conf.task_time_limit


def test_a_misspelt_queue_is_an_error() -> None:
    with pytest.raises(KeyError):
        app().amqp.queues["media.lvie"]


def test_a_process_that_grew_is_replaced() -> None:
    assert app().conf.worker_max_memory_per_child == 600_000
