"""Messages: what one carries, how soon a publish ends, and what still waits in a queue."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import redis
from pydantic import SecretStr

from tests.redis_server import RedisServer
from worker.broker import CeleryPublisher, items_in_queue, make_app
from worker.contracts.jobs import Item
from worker.contracts.names import PUBLISHED_AT_HEADER, QUEUE_OF_LANE
from worker.errors import RequestError
from worker.settings import RedisSettings, WorkerSettings

ITEM = Item("cover", "job_1")
TIMEOUT_S = 0.5


def publisher(url: str) -> CeleryPublisher:
    settings = RedisSettings(url=SecretStr(url))
    return CeleryPublisher(settings, WorkerSettings(), timeout_s=TIMEOUT_S)


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


def test_items_that_wait_in_a_queue_are_found_among_foreign_messages(redis_url: str) -> None:
    celery = publisher(redis_url)
    celery.publish("live", ITEM)
    celery.publish("backfill", Item("cover", "job_2"))

    with client(redis_url) as direct:
        direct.lpush(QUEUE_OF_LANE["live"], "{}", "no json", '{"body": "AAAA"}')

        assert items_in_queue(direct, "live") == {ITEM}


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
    conf = make_app(RedisSettings(), WorkerSettings()).conf

    assert conf.task_acks_late
    assert not conf.task_reject_on_worker_lost
    assert not conf.task_retry_on_worker_lost
    assert not conf.task_publish_retry
    assert conf.accept_content == ["json"]
    assert (
        WorkerSettings().attempt_timeout_s
        < conf.task_time_limit
        < conf.broker_transport_options["visibility_timeout"]
    )


def test_a_misspelt_queue_is_an_error() -> None:
    app = make_app(RedisSettings(), WorkerSettings())

    with pytest.raises(KeyError):
        app.amqp.queues["media.lvie"]
