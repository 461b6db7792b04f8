"""urllib3 connections whose every exchange ends in time, and may last only while bytes move.

The timeouts of urllib3 and `http.client` begin anew with each received piece, so that a header
which drips byte by byte would hold a call for minutes; and they end a large upload that goes on.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.client import HTTPResponse
from io import BufferedReader, RawIOBase
from socket import socket
from time import monotonic
from typing import Any, Final

import urllib3
from urllib3.connectionpool import HTTPConnectionPool

# What must move in a second for an exchange to go on: less is as good as nothing.
LEAST_BYTES_PER_S: Final = 64 * 1024
_PIECE_BYTES: Final = 64 * 1024


class PacedPools(urllib3.PoolManager):
    """A pool manager of which each request, its answer's body included, waits for `limit_s` at
    most, and longer only as bytes move, by a second for each `LEAST_BYTES_PER_S`.

    Only waiting counts, not the time between two reads of a body. Raises what urllib3 raises.
    """

    def __init__(self, limit_s: float, **options: Any) -> None:
        super().__init__(**options)
        self._limit_s = limit_s

    def _new_pool(self, *place: Any, **context: Any) -> HTTPConnectionPool:
        pool = super()._new_pool(*place, **context)
        pool.ConnectionCls = partial(_paced, pool.ConnectionCls, self._limit_s)  # type: ignore[assignment]
        return pool


def _paced(connection_class: Any, limit_s: float, **options: Any) -> Any:
    connection, pace = connection_class(**options), _Pace(limit_s)
    connection.putrequest = partial(_begin, pace, connection.putrequest)
    connection.send = partial(_send, pace, connection, connection.send)
    connection.response_class = partial(_PacedResponse, pace)
    return connection


class _Pace:
    """How long an exchange may still wait."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = self._left_s = limit_s

    def begin(self) -> None:
        self._left_s = self._limit_s

    @contextmanager
    def waiting(self, sock: socket) -> Iterator[None]:
        if self._left_s <= 0:
            raise TimeoutError("the time for the exchange is used up")
        sock.settimeout(self._left_s)
        began_s = monotonic()
        yield
        self._left_s -= monotonic() - began_s

    def moved(self, size_bytes: int) -> None:
        self._left_s = min(self._left_s + size_bytes / LEAST_BYTES_PER_S, self._limit_s)


def _begin(pace: _Pace, put_request: Any, *place: Any, **options: Any) -> None:
    pace.begin()
    put_request(*place, **options)


def _send(pace: _Pace, connection: Any, send: Any, data: bytes) -> None:
    """Send in pieces: the time of the system's own `sendall` is for all that it is given."""
    if connection.sock is None:
        connection.connect()
    whole = memoryview(data)
    for start in range(0, len(whole), _PIECE_BYTES):
        piece = whole[start : start + _PIECE_BYTES]
        with pace.waiting(connection.sock):
            send(piece)
        pace.moved(len(piece))


class _PacedResponse(HTTPResponse):
    def __init__(self, pace: _Pace, sock: socket, *options: Any, **more: Any) -> None:
        super().__init__(sock, *options, **more)
        self.fp = BufferedReader(_PacedFile(self.fp.detach(), sock, pace))


class _PacedFile(RawIOBase):
    """What `raw` reads from `sock`, at a pace."""

    def __init__(self, raw: RawIOBase, sock: socket, pace: _Pace) -> None:
        self._raw, self._sock, self._pace = raw, sock, pace

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        with self._pace.waiting(self._sock):
            count = self._raw.readinto(buffer)
        self._pace.moved(count or 0)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()
