"""A server of one file by ranges that takes its time for each request, in a process of its own."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import IO, NamedTuple
from urllib.request import ProxyHandler, build_opener

from worker.commands.instance import LOOPBACK

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


class Served(NamedTuple):
    """What a server has sent since it was asked last: bytes of bodies, and answers."""

    sent_bytes: int
    requests: int


class FarFile(NamedTuple):
    """A file served at `url`; `count_url` tells what of it was sent."""

    url: str
    count_url: str

    def served(self) -> Served:
        """What was sent since this was asked last."""
        with build_opener(ProxyHandler({})).open(self.count_url, timeout=10) as answer:
            return Served(*json.load(answer))


@contextmanager
def far_file(path: Path, *, wait_s: float) -> Iterator[FarFile]:
    """Serve the file from another process for a while; each answer begins after `wait_s`."""
    command = [sys.executable, "-m", __name__, str(path), str(wait_s)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            base = process.stdout.readline().removeprefix("ready ").strip()
            yield FarFile(f"{base}/{path.name}", f"{base}/served")
        finally:
            process.terminate()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, path: Path, wait_s: float) -> None:
        super().__init__((LOOPBACK, 0), _Handler)
        self.path, self.wait_s = path, wait_s
        self._sent = Served(0, 0)
        self._counting = Lock()

    def count(self, sent_bytes: int, requests: int) -> None:
        with self._counting:
            told = self._sent
            self._sent = Served(told.sent_bytes + sent_bytes, told.requests + requests)

    def counted(self) -> Served:
        with self._counting:
            told, self._sent = self._sent, Served(0, 0)
        return told


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # A head that waits for the reader's acknowledgement would cost more than the wait itself.
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        if self.path == "/served":
            told = json.dumps(self.server.counted()).encode()
            self._head(200, len(told))
            self.wfile.write(told)
            return
        time.sleep(self.server.wait_s)
        self.server.count(0, 1)
        with self.server.path.open("rb") as file, suppress(ConnectionError):
            self._part(file, file.seek(0, os.SEEK_END))

    def _part(self, file: IO[bytes], size: int) -> None:
        asked = _RANGE.fullmatch(self.headers.get("Range", ""))
        first = int(asked[1]) if asked else 0
        last = min(int(asked[2]) if asked and asked[2] else size - 1, size - 1)
        if first > last:
            self._head(416, 0, **{"Content-Range": f"bytes */{size}"})
            return
        place = {"Content-Range": f"bytes {first}-{last}/{size}"} if asked else {}
        self._head(206 if asked else 200, last + 1 - first, **place)
        at = first
        while at <= last and (
            sent := os.sendfile(self.wfile.fileno(), file.fileno(), at, min(last + 1 - at, 65_536))
        ):
            at += sent
            self.server.count(sent, 0)

    def _head(self, status: int, length: int, **headers: str) -> None:
        self.send_response(status)
        told = {"Content-Type": "video/mp4", "Accept-Ranges": "bytes", "ETag": '"one"', **headers}
        for name, value in {**told, "Content-Length": str(length)}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """What is served is counted, not told."""


def main() -> None:
    """Print `ready URL` and serve until SIGTERM."""
    server = _Server(Path(sys.argv[1]), float(sys.argv[2]))
    sys.stdout.write(f"ready http://{LOOPBACK}:{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
