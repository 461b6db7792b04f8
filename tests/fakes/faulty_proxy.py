"""An HTTP proxy before a real server, which passes everything on until it is told to misbehave."""

import http.client
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import NamedTuple


class Answer(NamedTuple):
    """What goes back to the client."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


Fault = Callable[[str, str, Answer], Answer]
"""Gets method, path and the server's answer; returns the answer that the client gets."""


def honest(_method: str, _path: str, answer: Answer) -> Answer:
    return answer


class FaultyProxy(ThreadingHTTPServer):
    """Set `fault` to change what comes back; `seen` lists the requests as "METHOD /path"."""

    daemon_threads = True

    def __init__(self, upstream: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = upstream
        self.fault: Fault = honest
        self.seen: list[str] = []

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FaultyProxy

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append(f"{self.command} {self.path}")
        answer = self.server.fault(self.command, self.path, self._passed_on(body))
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _answer  # noqa: N815 (the base class asks)

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _passed_on(self, body: bytes) -> Answer:
        connection = http.client.HTTPConnection(self.server.upstream, timeout=30)
        try:
            # The Host header stays as the client signed it.
            connection.request(self.command, self.path, body, dict(self.headers.items()))
            response = connection.getresponse()
            content = response.read()
            dropped = {"transfer-encoding", "connection"}
            headers = [each for each in response.getheaders() if each[0].lower() not in dropped]
            if not any(name.lower() == "content-length" for name, _ in headers):
                headers.append(("Content-Length", str(len(content))))
            return Answer(response.status, headers, content)
        finally:
            connection.close()


@contextmanager
def faulty_proxy(upstream: str) -> Iterator[FaultyProxy]:
    """A proxy on a free loopback port before `upstream` (host:port)."""
    with FaultyProxy(upstream) as proxy:
        thread = Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()
