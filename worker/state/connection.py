"""The client of Redis, and the border where its errors become ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.exceptions import NoPermissionError
from redis.retry import Retry

from worker.errors import RequestError


def connect(url: str, *, timeout_s: float, connect_timeout_s: float) -> redis.Redis:
    """A client that says within `timeout_s` that Redis does not answer.

    A connection that the server closed is made anew once, and what was asked on it is asked again,
    though it may be done already: a script that writes either does nothing when it is repeated,
    and tells the same, or its caller takes "gone already" for done. An answer that is late is never
    asked for again: the caller's time may not be spent twice.
    """
    return redis.Redis.from_url(
        url,
        **_options(timeout_s, connect_timeout_s),
        retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
    )


def connect_async(url: str, *, timeout_s: float, connect_timeout_s: float) -> redis.asyncio.Redis:
    """As `connect`, for an event loop."""
    return redis.asyncio.Redis.from_url(
        url,
        **_options(timeout_s, connect_timeout_s),
        retry=AsyncRetry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
    )


def _options(timeout_s: float, connect_timeout_s: float) -> dict[str, Any]:
    return {
        "decode_responses": True,
        "protocol": 2,
        "socket_timeout": timeout_s,
        "socket_connect_timeout": min(connect_timeout_s, timeout_s),
        "socket_keepalive": True,
        "health_check_interval": 10,
    }


_REFUSED: Final = (redis.OutOfMemoryError, redis.ReadOnlyError, NoPermissionError)
# What a Redis that works refuses just now. Any other answer of its class is a mistake of ours.
_REFUSALS: Final = ("OOM", "MISCONF", "READONLY", "NOREPLICAS", "BUSY", "NOAUTH")


@contextmanager
def redis_errors_as_ours() -> Iterator[None]:
    """Raises: RequestError `queue.unavailable` when Redis is away, silent, full or read-only."""
    try:
        yield
    except (redis.ConnectionError, redis.TimeoutError) as error:
        raise RequestError("queue.unavailable") from error
    except redis.ResponseError as error:
        if not isinstance(error, _REFUSED) and not any(word in str(error) for word in _REFUSALS):
            raise
        raise RequestError("queue.unavailable") from error
