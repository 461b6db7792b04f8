"""Requests byte by byte, as no client would send them, and their answers taken apart."""

import json
import socket
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from api.dialects.tencent_smh.errors import CODES

TIMEOUT_S = 5


class Answer(NamedTuple):
    """One answer as it came."""

    status: int
    headers: dict[str, str]
    body: bytes

    def code(self) -> str:
        """The vendor's code, of an answer that has the vendor's form."""
        told: dict[str, Any] = json.loads(self.body)
        assert set(told) == {"code", "message", "requestId"}
        assert self.headers["content-type"] == "application/json"
        assert told["requestId"] == self.headers["x-request-id"]
        assert CODES[told["code"]].status == self.status
        return str(told["code"])


def ask(url: str, request: bytes) -> Answer:
    """The first answer to `request`, read until the server closes; it is told to."""
    target = urlsplit(url)
    assert target.port is not None
    with socket.create_connection(("127.0.0.1", target.port), timeout=TIMEOUT_S) as connection:
        connection.sendall(request)
        told = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = told.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
    }
    return Answer(int(first.split(" ", 2)[1]), headers, body)


def request_of(
    target: bytes, *headers: bytes, method: bytes = b"GET", body: bytes = b"", host: bytes = b"x"
) -> bytes:
    """A request whose connection ends with its answer."""
    lines = [method + b" " + target + b" HTTP/1.1", b"Host: " + host, b"Connection: close"]
    return b"\r\n".join([*lines, *headers, b"", body])
