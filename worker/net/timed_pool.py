"""urllib3 connections whose every wait for an answer also ends with the whole fetch's time.

The timeouts of urllib3 and `http.client` begin anew with each received piece, so that headers
which drip byte by byte would hold a fetch for hours.
"""

from functools import partial
from http.client import HTTPResponse
from io import BufferedReader, RawIOBase
from socket import socket
from typing import Any

import urllib3
from urllib3.connectionpool import HTTPConnectionPool

from worker.net.stopwatch import Stopwatch


class TimedPools(urllib3.PoolManager):
    """A pool manager for one fetch: no wait for bytes is longer than `stopwatch` has left."""

    def __init__(self, stopwatch: Stopwatch, **options: Any) -> None:
        super().__init__(**options)
        self._stopwatch = stopwatch

    def _new_pool(self, *place: Any, **context: Any) -> HTTPConnectionPool:
        pool = super()._new_pool(*place, **context)
        pool.ConnectionCls = partial(_timed, pool.ConnectionCls, self._stopwatch)  # type: ignore[assignment]
        return pool


def _timed(connection_class: Any, stopwatch: Stopwatch, **options: Any) -> Any:
    connection = connection_class(**options)
    connection.response_class = partial(_TimedResponse, stopwatch)
    return connection


class _TimedResponse(HTTPResponse):
    def __init__(self, stopwatch: Stopwatch, sock: socket, *options: Any, **more: Any) -> None:
        super().__init__(sock, *options, **more)
        self.fp = BufferedReader(_TimedFile(self.fp.detach(), sock, stopwatch))


class _TimedFile(RawIOBase):
    """What `raw` reads from `sock`, which waits no longer than `stopwatch` has left."""

    def __init__(self, raw: RawIOBase, sock: socket, stopwatch: Stopwatch) -> None:
        self._raw = raw
        self._sock = sock
        self._stopwatch = stopwatch
        self._stall_s = sock.gettimeout()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left_s = self._stopwatch.left_s
        if left_s <= 0:
            raise TimeoutError("the time for the whole fetch is used up")
        self._sock.settimeout(left_s if self._stall_s is None else min(self._stall_s, left_s))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()
