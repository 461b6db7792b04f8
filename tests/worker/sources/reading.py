"""Opening and reading URLs of the test server."""

from contextlib import ExitStack, closing
from random import Random

import pytest

from tests.http_server import Behaviour, MediaServer
from worker.errors import SourceError
from worker.ports import Reader
from worker.sources.http import HttpSource

KIB = 1024
BODY = Random(1).randbytes(3 * 1024 * KIB + 17)


def source(
    *,
    max_bytes: int = 8 * 1024 * KIB,
    stall_timeout_s: float = 1,
    total_timeout_s: float = 5,
    allow_private_addresses: bool = True,
) -> HttpSource:
    return HttpSource(
        connect_timeout_s=1,
        stall_timeout_s=stall_timeout_s,
        total_timeout_s=total_timeout_s,
        max_bytes=max_bytes,
        allow_private_addresses=allow_private_addresses,
    )


class Opener:
    """Opens URLs, and closes them all when the test is over."""

    def __init__(self, closing: ExitStack) -> None:
        self._closing = closing

    def __call__(self, url: str, opens: HttpSource | None = None) -> Reader:
        reader = (opens or source()).open(url)
        self._closing.callback(reader.close)
        return reader


def read_all(reader: Reader, length: int = 32 * KIB) -> bytes:
    data = b""
    while piece := reader.read(len(data), length):
        data += piece
    return data


def failure(server: MediaServer, behaviour: Behaviour, opens: HttpSource | None = None) -> str:
    url = server.serve("/clip.mp4", behaviour)
    with pytest.raises(SourceError) as caught, closing((opens or source()).open(url)) as reader:
        read_all(reader)
    return caught.value.code
