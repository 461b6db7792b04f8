from collections.abc import Iterator
from contextlib import ExitStack
from io import BytesIO
from typing import Any

import pytest
from minio import Minio as Client
from minio.commonconfig import ENABLED
from minio.versioningconfig import VersioningConfig

from tests.http_server import Behaviour, MediaServer, dripping, redirect, saying, silent, status
from tests.minio_server import Minio, MinioServer
from worker.contracts.requests import ObjectReference
from worker.errors import SourceError
from worker.ports import Reader
from worker.sources.object import ObjectSource

BODY = bytes(range(256)) * 2000
LIMITS: dict[str, Any] = {
    "connect_timeout_s": 1,
    "stall_timeout_s": 1,
    "total_timeout_s": 3,
    "max_bytes": 1_000_000,
}


class Bucket:
    """A bucket with one object that tests may replace."""

    def __init__(self, minio: Minio, name: str, closing: ExitStack) -> None:
        self.minio, self.name, self._closing = minio, name, closing
        self.client = Client(minio.endpoint, minio.access_key, minio.secret_key, secure=False)
        self.client.make_bucket(name)
        self.put(BODY)

    def put(self, body: bytes) -> None:
        self.client.put_object(self.name, "clip.mp4", BytesIO(body), len(body))

    def open(self, key: str = "clip.mp4", **other: Any) -> Reader:
        values = {**self.minio._asdict(), "allowed": frozenset({self.name}), "secure": False}
        source = ObjectSource(**{**values, **LIMITS, **other})
        reader = source.open(ObjectReference(bucket=self.name, key=key))
        self._closing.callback(reader.close)
        return reader

    def failure(self, key: str = "clip.mp4", **other: Any) -> SourceError:
        with pytest.raises(SourceError) as caught:
            self.open(key, **other)
        return caught.value


@pytest.fixture
def a_bucket(minio: Minio, bucket: str) -> Iterator[Bucket]:
    with ExitStack() as closing:
        yield Bucket(minio, bucket, closing)


def test_one_range_opens_an_object_and_one_connection_reads_it(a_bucket: Bucket) -> None:
    reader = a_bucket.open()
    assert (reader.requests, reader.bytes_read, reader.size_bytes) == (1, 65536, len(BODY))

    assert reader.read(400_000, 9) == BODY[400_000:400_009]

    assert reader.requests == 2
    assert reader.label == f"{a_bucket.name}/clip.mp4"


@pytest.mark.parametrize("allowed", [frozenset(), frozenset({"other-bucket"})], ids=["none", "x"])
def test_a_bucket_that_is_not_listed_is_closed(a_bucket: Bucket, allowed: frozenset[str]) -> None:
    assert a_bucket.failure(allowed=allowed).code == "source.not_allowed"


def test_our_own_bucket_is_closed_even_when_listed(a_bucket: Bucket) -> None:
    assert a_bucket.failure(own_bucket=a_bucket.name).code == "source.not_allowed"


@pytest.mark.parametrize("key", ["missing.mp4", "../clip.mp4", "a/./b"])
def test_an_object_that_is_not_there_is_not_found(a_bucket: Bucket, key: str) -> None:
    assert a_bucket.failure(key).code == "source.not_found"


def test_a_wrong_key_is_forbidden_and_not_told(a_bucket: Bucket) -> None:
    error = a_bucket.failure(secret_key="canary-secret")

    assert error.code == "source.forbidden"
    assert "canary-secret" not in f"{error}{error.__cause__}"


def test_an_object_that_is_replaced_while_it_is_read_has_changed(a_bucket: Bucket) -> None:
    reader = a_bucket.open()
    a_bucket.put(BODY[::-1])

    with pytest.raises(SourceError) as caught:
        reader.read(200_000, 10)

    assert caught.value.code == "source.changed"


def test_an_object_with_versions_is_read_in_the_version_it_had(a_bucket: Bucket) -> None:
    a_bucket.client.set_bucket_versioning(a_bucket.name, VersioningConfig(ENABLED))
    a_bucket.put(BODY)
    reader = a_bucket.open()
    a_bucket.put(BODY[::-1])

    assert reader.read(200_000, 10) == BODY[200_000:200_010]

    newest = a_bucket.open()
    assert newest.fingerprint != reader.fingerprint
    versions = a_bucket.client.list_objects(a_bucket.name, include_version=True)
    for found in list(versions):
        a_bucket.client.remove_object(a_bucket.name, "clip.mp4", found.version_id)


def test_a_source_does_not_show_its_secret_key() -> None:
    source = ObjectSource(
        endpoint="127.0.0.1:1", access_key="name", secret_key="canary-secret", **LIMITS
    )

    assert "canary-secret" not in repr(source)


XML = b"<Error><Code>%s</Code><Message>m</Message></Error>"


def _xml(code: int, name: bytes) -> Behaviour:
    body = XML % name
    return lambda it: it.answer(code, body, Content_Type="application/xml")


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        pytest.param(silent(), "source.timeout", id="silence"),
        pytest.param(
            dripping(
                b"HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-999/1000\r\n"
                b"Content-Length: 1000\r\n\r\n",
                b".",
            ),
            "source.timeout",
            id="body drips",
        ),
        pytest.param(
            saying(
                b"HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-9/10\r\n"
                b"Content-Length: 10\r\n\r\nshort"
            ),
            "source.truncated",
            id="short body",
        ),
        pytest.param(
            saying(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nxx"),
            "source.rejected",
            id="no range",
        ),
        pytest.param(_xml(503, b"SlowDown"), "source.throttled", id="slow down"),
        pytest.param(_xml(500, b"InternalError"), "source.server_error", id="internal error"),
        pytest.param(_xml(416, b"InvalidRange"), "source.empty", id="empty"),
        pytest.param(_xml(400, b"Strange"), "source.rejected", id="strange"),
        pytest.param(status(502), "source.server_error", id="bad gateway"),
        pytest.param(redirect("http://127.0.0.1:1/"), "source.server_error", id="redirect"),
        pytest.param(saying(b"220 smtp\r\n"), "source.unreachable", id="not HTTP"),
    ],
)
def test_a_bad_service_is_told(media_server: MediaServer, behaviour: Behaviour, code: str) -> None:
    media_server.serve("/bucket/clip.mp4", behaviour)
    source = ObjectSource(
        endpoint=f"127.0.0.1:{media_server.port}",
        access_key="a",
        secret_key="b",
        secure=False,
        allowed=frozenset({"bucket"}),
        **{**LIMITS, "total_timeout_s": 0.5},
    )

    with pytest.raises(SourceError) as caught:
        source.open(ObjectReference(bucket="bucket", key="clip.mp4"))

    assert caught.value.code == code


def test_a_service_that_is_down_is_unreachable_and_back_again(own_minio: MinioServer) -> None:
    with ExitStack() as closing:
        bucket = Bucket(own_minio.where, "bucket", closing)
        own_minio.stop()

        assert bucket.failure().code == "source.unreachable"

        own_minio.start()
        assert bucket.open().read(0, 5) == BODY[:5]
