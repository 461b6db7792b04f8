"""Connections that bring no whole request head."""

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

import pytest

from tests.api.conftest import Served
from worker.settings import Settings

TIMEOUT_S = 0.5
WHOLE = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
def connection(settings: Settings, serve: Callable[[Settings], Served]) -> socket.socket:
    api = settings.api.model_copy(update={"stall_timeout_s": TIMEOUT_S})
    target = urlsplit(serve(settings.model_copy(update={"api": api})).url)
    assert target.hostname
    assert target.port
    return socket.create_connection((target.hostname, target.port), timeout=4)


@pytest.mark.parametrize(
    "begun", [b"", b"GET", b"GET /healthz HTTP/1.1\r\nHost: local"], ids=["none", "word", "half"]
)
def test_a_head_that_does_not_end_closes_the_connection(
    connection: socket.socket, begun: bytes
) -> None:
    with connection:
        connection.sendall(begun)

        began_s = time.monotonic()
        assert connection.recv(100) == b""
        assert TIMEOUT_S * 0.5 < time.monotonic() - began_s < TIMEOUT_S + 2


def test_a_head_that_drips_is_not_waited_for_longer(connection: socket.socket) -> None:
    began_s = time.monotonic()
    with connection:
        connection.sendall(b"GET /")
        with suppress(ConnectionError):
            while time.monotonic() - began_s < 8 * TIMEOUT_S:
                connection.sendall(b"x")
                time.sleep(TIMEOUT_S / 5)
        assert _is_closed(connection)
        assert time.monotonic() - began_s < 6 * TIMEOUT_S


def _ask(connection: socket.socket) -> None:
    """One whole request, and all of its answer."""
    connection.sendall(WHOLE)
    answer = b""
    while not answer.endswith(b'{"alive":true}'):
        more = connection.recv(10_000)
        assert more, answer
        answer += more


def _is_closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(100) == b""
    except ConnectionError:
        return True


@pytest.mark.parametrize("begun", [b"GET /", b"\r\n"], ids=["a-head", "an-empty-line"])
def test_the_second_head_has_its_deadline_too(connection: socket.socket, begun: bytes) -> None:
    with connection:
        _ask(connection)
        connection.sendall(begun)

        assert connection.recv(100) == b""


def test_a_connection_between_requests_is_kept(connection: socket.socket) -> None:
    with connection:
        for _ in range(3):
            _ask(connection)
            time.sleep(TIMEOUT_S * 1.5)


def test_a_request_that_takes_longer_than_its_head_may_is_answered(
    connection: socket.socket,
) -> None:
    body = b'{"source": {"url": "https://example.com/clip.mp4"}}'
    head = (
        "POST /v1/covers HTTP/1.1\r\nHost: localhost\r\nPrefer: wait=1\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with connection:
        connection.sendall(head.encode() + body)

        assert connection.recv(10_000).startswith(b"HTTP/1.1 202")
