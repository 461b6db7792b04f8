"""A provider for the bench, in a process of its own: Alibaba MPS, as far as covers go, far away.

It answers `UpdateMediaCover` and `QueryMediaList` after a while, whoever asks, and tells at `/told`
when each write came. Signatures are not looked at: what is measured is who calls.
"""

import asyncio
import json
import sys
import time
from typing import Any, Final
from urllib.parse import parse_qsl

from worker.commands.instance import LOOPBACK

FAR_S: Final = 0.020
TOLD: Final = "/told"


class Shelf:
    """The covers that media have, and when each was written, by the monotonic clock."""

    def __init__(self) -> None:
        self.covers: dict[str, str] = {}
        self.written_s: list[float] = []

    def answer(self, action: str, given: dict[str, str]) -> dict[str, Any]:
        """What the vendor would answer."""
        if action == "UpdateMediaCover":
            self.written_s.append(time.monotonic())
            self.covers[given["MediaId"]] = given["CoverURL"]
            return {"RequestId": f"{len(self.written_s)}"}
        media_id = given["MediaIds"]
        medium = {"MediaId": media_id, "CoverURL": self.covers.get(media_id, "")}
        return {"RequestId": "0", "MediaList": {"Media": [medium]}}


class Line(asyncio.Protocol):
    """One kept connection; a request has no body."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._came = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Take a request when its head is whole."""
        self._came += data
        while b"\r\n\r\n" in self._came:
            head, _, self._came = self._came.partition(b"\r\n\r\n")
            self._take(head.decode("latin-1").split("\r\n"))

    def _take(self, lines: list[str]) -> None:
        path, _, query = lines[0].split(" ")[1].partition("?")
        if path == TOLD:
            self._send({"written_s": self._shelf.written_s})
            return
        headers = dict(line.lower().split(": ", 1) for line in lines[1:])
        action = "UpdateMediaCover" if "cover" in headers["x-acs-action"] else "QueryMediaList"
        answer = self._shelf.answer(action, dict(parse_qsl(query)))
        asyncio.get_running_loop().call_later(FAR_S, self._send, answer)

    def _send(self, answer: dict[str, Any]) -> None:
        body = json.dumps(answer)
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
        self._transport.write(f"{head}\r\n\r\n{body}".encode())


async def serve() -> None:
    """Print `ready URL` and serve until SIGTERM."""
    shelf = Shelf()
    server = await asyncio.get_running_loop().create_server(lambda: Line(shelf), LOOPBACK, 0)
    sys.stdout.write(f"ready http://{LOOPBACK}:{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
