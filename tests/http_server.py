"""A small HTTP server on loopback that serves media well, badly and not at all."""

import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

import pytest

Behaviour = Callable[["Handler"], None]


class Seen(NamedTuple):
    """One request as the server saw it; `connection` is the client's port."""

    path: str
    range: str | None
    connection: int
    headers: dict[str, str]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 20
    server: "MediaServer"

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        port = int(self.client_address[1])
        self.server.seen.append(Seen(self.path, headers.get("range"), port, headers))
        behaviour = self.server.behaviours.get(self.path.partition("?")[0], status(404))
        with suppress(OSError):
            behaviour(self)

    def answer(self, code: int, body: bytes = b"", **headers: str | int) -> None:
        """Send a whole answer; header names have `_` for `-`."""
        self.send_response(code)
        for name, value in {"Content_Length": len(body), **headers}.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(body)

    def raw(self, data: bytes) -> None:
        """Send bytes as they are; the connection ends with the answer."""
        self.close_connection = True
        self.wfile.write(data)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """Tests read `seen`."""


class MediaServer(ThreadingHTTPServer):
    """Paths and how each behaves."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behaviours: dict[str, Behaviour] = {}
        self.seen: list[Seen] = []
        self.scheme = "http"

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def serve(self, path: str, behaviour: Behaviour) -> str:
        """The URL at which `behaviour` answers from now on."""
        self.behaviours[path] = behaviour
        return f"{self.scheme}://127.0.0.1:{self.port}{path}"

    def encrypt(self, certificate: ssl.SSLContext) -> None:
        self.socket = certificate.wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )
        self.scheme = "https"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is part of the tests."""


def ranges(body: bytes, *, etag: str | None = '"one"') -> Behaviour:
    """A good server: 206 for a range, `If-Range` honoured."""

    def answer(handler: Handler) -> None:
        tags = {"ETag": etag} if etag else {}
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", handler.headers.get("Range", ""))
        condition = handler.headers.get("If-Range")
        if asked is None or (condition is not None and condition != etag):
            handler.answer(200, body, **tags)
            return
        first, last = int(asked[1]), min(int(asked[2] or len(body)), len(body) - 1)
        if first >= len(body):
            handler.answer(416, Content_Range=f"bytes */{len(body)}")
            return
        place = f"bytes {first}-{last}/{len(body)}"
        handler.answer(206, body[first : last + 1], Content_Range=place, **tags)

    return answer


def whole(body: bytes, **headers: str | int) -> Behaviour:
    """A server that knows no ranges."""
    return lambda handler: handler.answer(200, body, **headers)


def status(code: int, **headers: str | int) -> Behaviour:
    return lambda handler: handler.answer(code, b"no", **headers)


def redirect(target: str, code: int = 302) -> Behaviour:
    return lambda handler: handler.answer(code, Location=target)


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """One behaviour a request; the last one stays."""
    left = list(behaviours)

    def answer(handler: Handler) -> None:
        behaviour = left.pop(0) if len(left) > 1 else left[0]
        behaviour(handler)

    return answer


def dripping(head: bytes, piece: bytes, *, every_s: float = 0.05) -> Behaviour:
    """Sends `head`, then `piece` again and again, slowly."""

    def answer(handler: Handler) -> None:
        handler.raw(head)
        while True:
            time.sleep(every_s)
            handler.raw(piece)

    return answer


def endless() -> Behaviour:
    """A body without end, as fast as it goes."""

    def answer(handler: Handler) -> None:
        handler.raw(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            handler.raw(bytes(65536))

    return answer


def saying(data: bytes) -> Behaviour:
    """Exactly these bytes, then the end of the connection."""
    return lambda handler: handler.raw(data)


def silent() -> Behaviour:
    """Accepts the request and never answers."""
    return lambda handler: time.sleep(handler.timeout)


@pytest.fixture
def media_server() -> Iterator[MediaServer]:
    server = MediaServer()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port on loopback where nothing listens."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield int(holder.getsockname()[1])
