"""HTTP/1.1 as a fake hears and speaks it: raw targets, headers in their order, kept connections."""

import asyncio
import socket
import struct
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, NamedTuple

LIMIT_BYTES: Final = 1 << 20


class Request(NamedTuple):
    """A request as it came; header names in lower case, header values one character a byte."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def path(self) -> str:
        """Without the query, not decoded."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """As sent, not decoded."""
        return self.target.partition("?")[2]

    def header(self, name: str) -> str:
        """The first header of a name, empty if there is none."""
        return next((value for each, value in self.headers if each == name), "")

    def all_of(self, name: str) -> list[str]:
        return [value for each, value in self.headers if each == name]


class Answer(NamedTuple):
    """What goes back; `RESET` is none at all."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = {}


RESET: Final = Answer(0)


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """The next request of a connection, None when the client has gone."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        line, *lines = head[:-4].decode("latin-1").split("\r\n")
        method, target, _ = line.split(" ", 2)
        pairs = (each.partition(":") for each in lines)
        headers = tuple((name.lower(), value.strip(" \t")) for name, _, value in pairs)
        named = dict(headers)
        if "chunked" in named.get("transfer-encoding", "").lower():
            body = await _chunks(reader)
        else:
            body = await reader.readexactly(int(named.get("content-length", 0)))
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError, ValueError):
        return None
    return Request(method, target, headers, body)


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    parts: list[bytes] = []
    while size := int((await reader.readuntil(b"\r\n")).partition(b";")[0], 16):
        parts.append((await reader.readexactly(size + 2))[:-2])
    await reader.readuntil(b"\r\n")
    return b"".join(parts)


def written(answer: Answer, method: str) -> bytes:
    """The bytes of an answer."""
    bodiless = answer.status in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
    length = {} if bodiless else {"Content-Length": str(len(answer.body))}
    lines = [f"{name}: {value}\r\n" for name, value in {**length, **answer.headers}.items()]
    reason = HTTPStatus(answer.status).phrase
    head = f"HTTP/1.1 {answer.status} {reason}\r\n{''.join(lines)}\r\n".encode("latin-1")
    return head if bodiless or method == "HEAD" else head + answer.body


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection so that the client reads a reset, not an end."""
    held: socket.socket | None = writer.get_extra_info("socket")
    if held is not None and held.fileno() != -1:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
