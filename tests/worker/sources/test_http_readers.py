import re

import psutil

from tests.http_server import Behaviour, Handler, MediaServer, whole
from tests.worker.sources.reading import Opener
from worker.sources.http import HttpSource

MIB = 1024 * 1024


def long_medium(size_bytes: int) -> Behaviour:
    """Ranges of a medium that no one holds in memory: each mebibyte begins with its number."""

    def answer(handler: Handler) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", handler.headers["Range"])
        assert asked is not None
        first, last = int(asked[1]), min(int(asked[2]), size_bytes - 1)
        body = bytearray(last - first + 1)
        for at in range(-first % MIB, len(body) - 3, MIB):
            body[at : at + 4] = ((first + at) // MIB).to_bytes(4, "big")
        handler.answer(
            206, bytes(body), Content_Range=f"bytes {first}-{last}/{size_bytes}", ETag='"long"'
        )

    return answer


def source(*, keep_read_bytes: int) -> HttpSource:
    return HttpSource(
        connect_timeout_s=2,
        stall_timeout_s=5,
        total_timeout_s=60,
        allow_private_addresses=True,
        max_bytes=300 * MIB,
        keep_read_bytes=keep_read_bytes,
    )


def grown_mib(since_bytes: int) -> float:
    return (psutil.Process().memory_info().rss - since_bytes) / MIB


def test_a_long_medium_takes_no_more_memory_than_is_kept(
    media_server: MediaServer, opened: Opener
) -> None:
    url = media_server.serve("/long.mp4", long_medium(200 * MIB))
    reader = opened(url, source(keep_read_bytes=32 * MIB))
    before = psutil.Process().memory_info().rss

    numbers = [int.from_bytes(reader.read(at * MIB, MIB)[:4], "big") for at in range(200)]

    assert numbers == list(range(200))
    assert reader.bytes_read == 200 * MIB
    assert grown_mib(before) < 64
    assert reader.read(5 * MIB, 4) == (5).to_bytes(4, "big")
    assert reader.bytes_read > 200 * MIB


def test_a_long_medium_without_ranges_is_kept_on_the_disk(
    media_server: MediaServer, opened: Opener
) -> None:
    body = b"".join(number.to_bytes(4, "big") + bytes(MIB - 4) for number in range(100))
    url = media_server.serve("/long.mp4", whole(body))
    reader = opened(url, source(keep_read_bytes=8 * MIB))
    before = psutil.Process().memory_info().rss

    numbers = [int.from_bytes(reader.read(at * MIB, MIB)[:4], "big") for at in reversed(range(100))]

    assert numbers == list(reversed(range(100)))
    assert reader.bytes_read == len(body)
    assert grown_mib(before) < 40
