"""Bodies that begin and do not end."""

import json
import socket
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.api.conftest import Served
from worker import wiring
from worker.settings import Settings

LENGTHS = {
    "announced": (b"Content-Length: 2000\r\n\r\n", b"{" * 100),
    "chunked": (b"Transfer-Encoding: chunked\r\n\r\n", b"5\r\n{{{{{\r\n"),
}


@pytest.mark.parametrize("sent", LENGTHS.values(), ids=LENGTHS)
@pytest.mark.parametrize("path", ["/v1/uploads", "/v1/covers"])
def test_a_body_that_stands_still_is_given_up(
    settings: Settings, serve: Callable[[Settings], Served], path: str, sent: tuple[bytes, bytes]
) -> None:
    api = settings.api.model_copy(update={"stall_timeout_s": 0.3})
    target = urlsplit(serve(settings.model_copy(update={"api": api})).url)
    assert target.hostname
    assert target.port
    with socket.create_connection((target.hostname, target.port), timeout=4) as connection:
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        connection.sendall(head.encode() + b"".join(sent))

        answer = _until_closed(connection)

    head_back, _, body = answer.partition(b"\r\n\r\n")
    problem = json.loads(body)
    assert head_back.startswith(b"HTTP/1.1 408")
    assert b"connection: close" in head_back.lower()
    assert (problem["code"], problem["retryable"]) == ("request.timeout", True)
    assert list(wiring.store(settings).list("uploads/")) == []
    assert _files(settings.api.spool_folder) == []


def _until_closed(connection: socket.socket) -> bytes:
    answer = b""
    while data := connection.recv(10_000):
        answer += data
    return answer


def _files(folder: Path | None) -> list[Path]:
    assert folder is not None
    return list(folder.glob("*"))
