"""What every source promises: the medium's bytes by range, counted, capped, and no secrets."""

import os
import threading
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from functools import partial
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.contract.alibaba_places import alibaba_place
from tests.contract.smh_places import smh_place
from tests.contract.source_places import (
    CAP,
    Place,
    entry_place,
    image_place,
    local_place,
    upload_place,
)
from tests.http_server import MediaServer, dripping, ranges, whole
from tests.minio_server import Minio
from worker.contracts.requests import ObjectReference
from worker.errors import SourceError
from worker.ports import Reader, Source
from worker.sources.http import HttpSource
from worker.sources.object import ObjectSource
from worker.sources.stdin import StdinSource

KIB = 1024
MEDIUM = Random(3).randbytes(900 * KIB + 11)


LIMITS: Any = {"connect_timeout_s": 2, "stall_timeout_s": 5, "max_bytes": CAP}
DRIPS = {
    "headers": dripping(b"HTTP/1.1 206 Partial Content\r\nX-Slow: ", b"."),
    "many-headers": dripping(b"HTTP/1.1 206 Partial Content\r\n", b"X-Slow: 1\r\n"),
    "body": dripping(
        b'HTTP/1.1 206 Partial Content\r\nETag: "x"\r\nContent-Length: 65536\r\n'
        b"Content-Range: bytes 0-65535/900000\r\n\r\n",
        b".",
    ),
}


def _dripping_url(server: MediaServer, drip: str) -> Reader:
    source = HttpSource(**LIMITS, total_timeout_s=0.4, allow_private_addresses=True)
    return source.open(server.serve("/clip.mp4", DRIPS[drip]))


def _dripping_object(server: MediaServer, drip: str) -> Reader:
    server.serve("/clips/a/clip.mp4", DRIPS[drip])
    source = ObjectSource(
        **LIMITS,
        total_timeout_s=0.4,
        endpoint=f"127.0.0.1:{server.port}",
        access_key="key",
        secret_key="secret",
        secure=False,
        allowed=frozenset({"clips"}),
    )
    return source.open(ObjectReference(bucket="clips", key="a/clip.mp4"))


def _dripping_pipe(closing: ExitStack) -> Reader:
    reading, writing = os.pipe()
    closing.callback(os.close, reading)

    def drip() -> None:
        with suppress(BrokenPipeError), os.fdopen(writing, "wb", buffering=0) as pipe:
            while True:
                pipe.write(b".")
                time.sleep(0.05)

    threading.Thread(target=drip, daemon=True).start()
    source = StdinSource(max_bytes=CAP, stall_timeout_s=5, total_timeout_s=0.4, descriptor=reading)
    return source.open()


def _url_place(server: MediaServer, closing: ExitStack, *, ranged: bool) -> Place:
    def make(max_bytes: int) -> Source[str]:
        return HttpSource(
            connect_timeout_s=2,
            stall_timeout_s=5,
            total_timeout_s=10,
            max_bytes=max_bytes,
            allow_private_addresses=True,
        )

    def put(body: bytes) -> str:
        etag = f'"{len(body)}"'
        return server.serve(
            "/clip.mp4", ranges(body, etag=etag) if ranged else whole(body, ETag=etag)
        )

    missing = f"http://127.0.0.1:{server.port}/missing"
    return Place(make, put, missing, closing, partial(_dripping_url, server))


def _object_place(minio: Minio, bucket: str, server: MediaServer, closing: ExitStack) -> Place:
    from minio import Minio as Client

    client = Client(minio.endpoint, minio.access_key, minio.secret_key, secure=False)
    if not client.bucket_exists(bucket):
        client.make_bucket(bucket)

    def make(max_bytes: int) -> Source[ObjectReference]:
        return ObjectSource(
            **minio._asdict(),
            secure=False,
            allowed=frozenset({bucket}),
            connect_timeout_s=2,
            stall_timeout_s=5,
            total_timeout_s=10,
            max_bytes=max_bytes,
        )

    def put(body: bytes) -> ObjectReference:
        client.put_object(bucket, "a/clip.mp4", BytesIO(body), len(body))
        return ObjectReference(bucket=bucket, key="a/clip.mp4")

    missing = ObjectReference(bucket=bucket, key="missing.mp4")
    return Place(make, put, missing, closing, partial(_dripping_object, server))


def _stdin_place(closing: ExitStack) -> Place:
    pipes: list[int] = []

    def write(body: bytes, writing: int) -> None:
        with suppress(BrokenPipeError), open(writing, "wb") as pipe:
            pipe.write(body)

    def put(body: bytes) -> str:
        reading, writing = os.pipe()
        closing.callback(os.close, reading)
        pipes.append(reading)
        threading.Thread(target=write, args=(body, writing), daemon=True).start()
        return "-"

    def make(cap: int) -> Source[str]:
        return StdinSource(
            max_bytes=cap, stall_timeout_s=5, total_timeout_s=10, descriptor=pipes[-1]
        )

    return Place(make, put, None, closing, lambda _: _dripping_pipe(closing))


HTTP = ["url", "url-without-ranges", "smh-album", "smh-file", "alibaba-image"]
OWN = {"upload": upload_place, "image": image_place, "entry": entry_place, "local": local_place}


@pytest.fixture(params=[*HTTP, "object", *OWN, "stdin"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A kind of source with nothing in it yet."""
    with ExitStack() as closing:
        if request.param.startswith("url"):
            server = request.getfixturevalue("media_server")
            yield _url_place(server, closing, ranged=request.param == "url")
        elif request.param.startswith("smh"):
            given = ("smh_vendor", "one_redis_url", "media_server")
            vendor, redis_url, server = map(request.getfixturevalue, given)
            kind = request.param.removeprefix("smh-")
            yield smh_place(kind, vendor, redis_url, (server, DRIPS), closing)
        elif request.param == "alibaba-image":
            vendor, server = map(request.getfixturevalue, ("alibaba", "media_server"))
            yield alibaba_place(vendor, (server, DRIPS), closing)
        elif request.param == "object":
            bucket = request.getfixturevalue("bucket")
            minio, server = map(request.getfixturevalue, ("minio", "media_server"))
            yield _object_place(minio, bucket, server, closing)
        elif request.param in OWN:
            yield OWN[request.param](tmp_path, closing)
        else:
            yield _stdin_place(closing)


def test_any_range_is_the_range_of_the_medium(place: Place) -> None:
    reader = place.open(MEDIUM)
    random = Random(4)

    for _ in range(20):
        offset, length = random.randrange(len(MEDIUM)), random.randrange(1, 40 * KIB)
        assert reader.read(offset, length) == MEDIUM[offset : offset + length]


def test_a_read_at_the_end_is_shorter_and_behind_it_empty(place: Place) -> None:
    reader = place.open(MEDIUM)

    assert reader.read(len(MEDIUM) - 5, 100) == MEDIUM[-5:]
    assert reader.read(len(MEDIUM), 100) == b""
    assert reader.read(len(MEDIUM) + 1000, 100) == b""
    assert reader.read(7, 0) == b""
    assert reader.size_bytes == len(MEDIUM)


def test_opening_does_not_take_the_whole_medium(place: Place) -> None:
    reader = place.open(MEDIUM)

    assert reader.bytes_read <= 128 * KIB


def test_what_was_read_is_counted(place: Place) -> None:
    reader = place.open(MEDIUM)

    reader.read(0, 200 * KIB)

    assert 200 * KIB <= reader.bytes_read <= len(MEDIUM)
    assert reader.requests >= 0


def test_a_bound_on_what_is_kept_bounds_memory_and_changes_no_byte(place: Place) -> None:
    reader = place.open(MEDIUM, max_bytes=2 * CAP, keep_read_bytes=100 * KIB)
    tracemalloc.start()
    try:
        pieces = [reader.read(at, 32 * KIB) for at in range(0, len(MEDIUM), 32 * KIB)]
        assert b"".join(pieces) == MEDIUM
        del pieces
        kept_bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert kept_bytes < 500 * KIB
    assert reader.read(500 * KIB, 40) == MEDIUM[500 * KIB :][:40]


def test_what_is_told_of_coming_reads_changes_no_byte(place: Place) -> None:
    reader = place.open(MEDIUM)

    reader.soon([(500 * KIB, 20 * KIB), (0, len(MEDIUM) + 5)])

    assert reader.read(300 * KIB, 40) == MEDIUM[300 * KIB :][:40]
    assert reader.read(0, len(MEDIUM) + 5) == MEDIUM


def test_a_medium_of_one_byte_is_read(place: Place) -> None:
    assert place.open(b"x").read(0, 10) == b"x"


def test_no_bytes_are_an_error(place: Place) -> None:
    with pytest.raises(SourceError) as caught:
        place.open(b"")

    assert caught.value.code == "source.empty"


def test_a_medium_that_is_not_there_is_an_error(place: Place) -> None:
    if place.missing is None:  # standard input is always there
        return
    with pytest.raises(SourceError) as caught:
        place.make(CAP).open(place.missing)

    assert caught.value.code == "source.not_found"


def test_reading_more_than_the_cap_is_an_error(place: Place) -> None:
    reader = place.open(MEDIUM, max_bytes=200 * KIB)

    assert reader.read(0, 100 * KIB) == MEDIUM[: 100 * KIB]
    with pytest.raises(SourceError) as caught:
        reader.read(100 * KIB, 400 * KIB)

    assert caught.value.code == "source.too_large"
    assert reader.bytes_read <= 200 * KIB + 64 * KIB


@pytest.mark.parametrize("drip", DRIPS)
def test_a_medium_that_drips_is_left_when_the_time_for_all_of_it_is_up(
    place: Place, drip: str
) -> None:
    """Each byte comes soon after the one before, so that no wait is a stall."""
    if place.dripping is None:  # nobody else's pace: a file, or an object of our own store
        return
    started_s = time.monotonic()

    with pytest.raises(SourceError) as caught, closing(place.dripping(drip)) as reader:
        reader.read(0, 100 * KIB)

    assert caught.value.code == "source.timeout"
    assert time.monotonic() - started_s < 1.5


def test_closing_twice_is_harmless(place: Place) -> None:
    reader = place.open(MEDIUM)

    reader.close()
    reader.close()


def test_only_a_local_file_may_be_read_elsewhere(place: Place) -> None:
    reader = place.open(MEDIUM)

    descriptor = reader.descriptor()

    if descriptor is not None:
        assert os.pread(descriptor, 10, 5) == MEDIUM[5:15]
        assert isinstance(place.missing, Path)


def test_the_same_bytes_in_the_same_place_have_the_same_fingerprint(place: Place) -> None:
    first = place.open(MEDIUM).fingerprint

    if first is not None:
        assert place.reopen().fingerprint == first


def test_other_bytes_have_another_fingerprint(place: Place) -> None:
    first = place.open(MEDIUM).fingerprint

    # Uploads never change under their id.
    if first is not None and not first.startswith("upload:"):
        assert place.open(MEDIUM[:-1]).fingerprint != first


def test_the_label_names_the_medium_and_no_secret(place: Place) -> None:
    reader = place.open(MEDIUM)

    assert reader.label
    assert "?" not in reader.label
