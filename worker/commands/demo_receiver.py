"""The demo's receiver of callbacks: it believes only what is signed with its secret."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final, NamedTuple

from worker.commands.instance import LOOPBACK
from worker.signing.standard_webhooks import Verifier, WebhookRefused, new_secret

_POLL_S: Final = 0.02


class Message(NamedTuple):
    """A genuine message: its id, its type, and who it is about."""

    id: str
    type: str
    data: dict[str, Any]


class Receiver:
    """Where messages are told, the secret they must be signed with, and those that came."""

    def __init__(self, url: str, secret: str) -> None:
        self.url = url
        self.secret = secret
        self._verifier = Verifier([secret])
        self._came: list[Message] = []

    def take(self, headers: dict[str, str], body: bytes) -> None:
        """Keep a message. Raises: WebhookRefused for one that is not genuine."""
        message_id = self._verifier.verify(headers, body)
        told = json.loads(body)
        self._came.append(Message(message_id, told["type"], told["data"]))

    def message(self, kind: str, about: str, *, within_s: float) -> Message | None:
        """The message of that type about a job or record; None when it does not come in time."""
        subject = kind.partition(".")[0]
        deadline = time.monotonic() + within_s
        while True:
            for message in self._came:
                if message.type == kind and message.data.get(subject) == about:
                    return message
            if time.monotonic() >= deadline:
                return None
            time.sleep(_POLL_S)


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                receiver.take(dict(self.headers.items()), body)
                self.send_response(204)
            except WebhookRefused:
                self.send_response(401)
            self.end_headers()

        def log_message(self, format: str, *values: object) -> None:
            """Say nothing: the demo shows what came."""

    with ThreadingHTTPServer((LOOPBACK, 0), Handler) as server:
        receiver = Receiver(f"http://{LOOPBACK}:{server.server_port}/told", new_secret())
        thread = Thread(target=server.serve_forever, args=(_POLL_S,))
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
