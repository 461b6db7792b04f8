"""Load on one URL: `wrk` where it is installed, else a loop of ours that counts whole answers."""

import re
import selectors
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import islice
from typing import Final, NamedTuple
from urllib.parse import urlsplit

# Enough of them that no server waits for callers.
CONNECTIONS: Final = 64
_STALLED_S: Final = 10

_COUNTED: Final = re.compile(r"(\d+) requests in ([0-9.]+)(ms|s|m),")
_FAILED: Final = re.compile(r"Non-2xx or 3xx responses: \d+|Socket errors: .+")
_STATUS: Final = re.compile(rb"HTTP/1\.1 ([23])\d\d ")
_EMPTY: Final = b"HTTP/1.1 204 "
_LENGTH: Final = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)


class LoadError(Exception):
    """The server did not answer as a bench can count it; the text says what came."""


class Burst(NamedTuple):
    """Requests that were answered in a while."""

    requests: int
    seconds: float

    @property
    def per_s(self) -> float:
        return self.requests / self.seconds


def tool() -> str:
    """What makes the load on this machine."""
    return "wrk" if shutil.which("wrk") else "own loop"


def burst(url: str, seconds: int) -> Burst:
    """Ask for `url` over 64 connections for some seconds. Raises: LoadError for any failure."""
    return by_wrk(url, seconds) if tool() == "wrk" else by_own_loop(url, seconds)


def by_wrk(url: str, seconds: int) -> Burst:
    """By the program `wrk`, in one thread."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", url]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    counted, failed = _COUNTED.search(told.stdout), _FAILED.search(told.stdout)
    if told.returncode or failed or not counted:
        raise LoadError(failed[0] if failed else told.stdout + told.stderr)
    unit_s = {"ms": 0.001, "s": 1, "m": 60}[counted[3]]
    return Burst(int(counted[1]), float(counted[2]) * unit_s)


def by_own_loop(url: str, seconds: float) -> Burst:
    """By this process, which is busier with it than `wrk` would be."""
    parts = urlsplit(url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    request = f"GET {target} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()
    answered = 0
    with selectors.DefaultSelector() as ready, ExitStack() as opened:
        for _ in range(CONNECTIONS):
            connection = socket.create_connection((parts.hostname or "", parts.port or 80))
            opened.enter_context(connection).sendall(request)
            ready.register(connection, selectors.EVENT_READ, bytearray())
        begun_s = time.monotonic()
        while (taken_s := time.monotonic() - begun_s) < seconds:
            for key, _ in _some(ready):
                came: bytearray = key.data
                came += _received(key)
                if _is_whole(came):
                    answered += 1
                    came.clear()
                    _socket_of(key).sendall(request)
    return Burst(answered, taken_s)


def each_once(url: str, requests: Sequence[bytes]) -> None:
    """Send each request once over kept connections; returns when all are answered."""
    parts = urlsplit(url)
    waiting, left = iter(requests), len(requests)
    with selectors.DefaultSelector() as ready, ExitStack() as opened:
        for request in islice(waiting, CONNECTIONS):
            connection = socket.create_connection((parts.hostname or "", parts.port or 80))
            opened.enter_context(connection).sendall(request)
            ready.register(connection, selectors.EVENT_READ, bytearray())
        while left:
            for key, _ in _some(ready):
                came: bytearray = key.data
                came += _received(key)
                if _is_whole(came):
                    left -= 1
                    came.clear()
                    _socket_of(key).sendall(next(waiting, b""))


def _some(ready: selectors.BaseSelector) -> list[tuple[selectors.SelectorKey, int]]:
    keys = ready.select(_STALLED_S)
    if not keys:
        raise LoadError(f"no answer within {_STALLED_S} s")
    return keys


def _socket_of(key: selectors.SelectorKey) -> socket.socket:
    assert isinstance(key.fileobj, socket.socket)
    return key.fileobj


def _received(key: selectors.SelectorKey) -> bytes:
    data = _socket_of(key).recv(65_536)
    if not data:
        raise LoadError("the server closed the connection")
    return data


def _is_whole(came: bytearray) -> bool:
    """Whether head and body are there. Raises: LoadError for a status that is no success."""
    head_ends = came.find(b"\r\n\r\n")
    if head_ends < 0:
        return False
    length = _LENGTH.search(came, 0, head_ends + 2)
    is_empty = came.startswith(_EMPTY)
    if not _STATUS.match(came) or not (length or is_empty):
        raise LoadError(came.decode(errors="replace"))
    return is_empty or len(came) >= head_ends + 4 + int(length[1] if length else 0)
