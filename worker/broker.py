"""The Celery app: what carries an item from its lane to a worker, and nothing else.

Celery decides nothing here: which item is next, whether an attempt may run, what follows a failure
and a lost worker is in the records (`worker.state`). A message says only that an item may be taken.
"""

import base64
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import redis
from celery import Celery
from kombu.exceptions import LimitExceeded, OperationalError

from worker.contracts.jobs import Item
from worker.contracts.names import LANES, PUBLISHED_AT_HEADER, QUEUE_OF_LANE, TASK_OF_LANE
from worker.errors import RequestError
from worker.settings import RedisSettings, WorkerSettings

TASKS_PER_CHILD: Final = 500
# Three times what a warm child takes: below that every child would be replaced after one job.
CHILD_MEMORY_KIB: Final = 600_000
MOST_LOOKED_THROUGH: Final = 5000
_ALIVE_TIMEOUT_S: Final = 60.0


def make_app(
    redis_settings: RedisSettings,
    worker_settings: WorkerSettings,
    *,
    timeout_s: float,
    threads: int | None = None,
) -> Celery:
    """The app with all its settings; `timeout_s` is how long its process can wait for Redis.

    With `threads` its worker runs so many tasks at once in threads, else one in a process.
    """
    app = Celery("firstframe", broker=redis_settings.url.get_secret_value(), set_as_current=False)
    pool = _processes(worker_settings) if threads is None else _threads(threads)
    app.conf.update(_messages(), **_delivery(), **_any_pool(), **pool)
    app.conf.broker_transport_options = _redis_options(
        worker_settings, timeout_s, redis_settings.connect_timeout_s
    )
    return app


def _messages() -> dict[str, Any]:
    """What travels, and where: JSON in declared queues; a misspelt queue is an error."""
    return {
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_ignore_result": True,
        "result_backend": None,
        "task_queues": {
            name: {"exchange": name, "routing_key": name} for name in QUEUE_OF_LANE.values()
        },
        "task_create_missing_queues": False,
        "task_default_queue": QUEUE_OF_LANE["live"],
        # The lane's window is the retry: a publish that is repeated may queue twice.
        "task_publish_retry": False,
        "broker_pool_limit": 10,
        "broker_pool_acquire_timeout": 2,
    }


def _delivery() -> dict[str, Any]:
    """Celery hands over and lets go: redelivery is the leases' business."""
    return {
        "task_acks_late": True,
        "task_reject_on_worker_lost": False,
        "task_retry_on_worker_lost": False,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_channel_error_retry": True,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
    }


def _any_pool() -> dict[str, Any]:
    return {
        "worker_prefetch_multiplier": 1,
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
        "worker_send_task_events": False,
    }


def _processes(settings: WorkerSettings) -> dict[str, Any]:
    return {
        "worker_pool": "prefork",
        "worker_concurrency": 1,
        "task_time_limit": settings.task_limit_s(settings.attempt_timeout_s),
        "worker_proc_alive_timeout": _ALIVE_TIMEOUT_S,
        "worker_max_tasks_per_child": TASKS_PER_CHILD,
        "worker_max_memory_per_child": CHILD_MEMORY_KIB,
    }


def _threads(count: int) -> dict[str, Any]:
    """Celery cannot kill a thread, so no limit of time is set: it would only be believed in."""
    return {"worker_pool": "threads", "worker_concurrency": count}


def _redis_options(
    settings: WorkerSettings, timeout_s: float, connect_timeout_s: float
) -> dict[str, Any]:
    return {
        "visibility_timeout": settings.visibility_timeout_s,
        "unacked_restore_interval": min(10, settings.visibility_timeout_s),
        "unacked_restore_throttle": 1,
        "socket_timeout": timeout_s,
        "socket_connect_timeout": min(connect_timeout_s, timeout_s),
        "socket_keepalive": True,
        "health_check_interval": 10,
    }


class CeleryPublisher:
    """Gives items to Celery, each once and in bounded time.

    `attempt_timeouts_s` says, by the kind of an item, how long an attempt at it may take: by that
    a message for a media lane carries when Celery kills the process that it keeps.
    """

    def __init__(
        self,
        redis_settings: RedisSettings,
        worker_settings: WorkerSettings,
        *,
        timeout_s: float,
        attempt_timeouts_s: Mapping[str, float],
    ) -> None:
        self._app = make_app(redis_settings, worker_settings, timeout_s=timeout_s)
        self._limits_s = {
            kind: worker_settings.task_limit_s(attempt_s)
            for kind, attempt_s in attempt_timeouts_s.items()
        }

    def connect(self) -> None:
        """Do ahead what the first publish would do: load Celery's lazy parts, open a connection.

        Raises: RequestError `queue.unavailable`.
        """
        self._app.finalize()
        for lazy in ("amqp", "backend"):
            getattr(self._app, lazy)
        with _unavailable(), self._app.producer_pool.acquire(block=True) as producer:
            producer.connection.ensure_connection(max_retries=1, interval_start=0)

    def publish(self, lane: str, item: Item) -> None:
        """Put a message for the item into the lane's queue.

        Raises: RequestError `queue.unavailable`; the message may have arrived all the same.
        """
        with _unavailable():
            self._app.send_task(
                TASK_OF_LANE[lane],
                args=(item.kind, item.id),
                queue=QUEUE_OF_LANE[lane],
                time_limit=self._limits_s[item.kind] if lane in LANES else None,
                headers={PUBLISHED_AT_HEADER: time.time_ns() // 1_000_000},
                retry=False,
                ignore_result=True,
            )


@contextmanager
def _unavailable() -> Iterator[None]:
    try:
        yield
    # Of a pool of connections, too, when all of them wait for a Redis that is silent.
    except (OperationalError, LimitExceeded, redis.RedisError, OSError) as error:
        raise RequestError("queue.unavailable") from error


def items_in_queue(client: redis.Redis, lane: str) -> set[Item] | None:
    """The items that wait in a lane's Celery queue; None when it is too long to be looked through.

    The window keeps it short; only what others put there, or lost publishes, make it long.
    Raises: RequestError `queue.unavailable`.
    """
    with _unavailable():
        messages = client.lrange(QUEUE_OF_LANE[lane], 0, MOST_LOOKED_THROUGH)
    if len(messages) > MOST_LOOKED_THROUGH:
        return None
    return {item for message in messages if (item := _item_of(message)) is not None}


def _item_of(message: Any) -> Item | None:
    """None for a message that is not ours; Celery drops it when it comes to it."""
    try:
        body = json.loads(base64.b64decode(json.loads(message)["body"]))
        kind, item_id = body[0]
    except (ValueError, KeyError, TypeError):
        return None
    return Item(str(kind), str(item_id))
