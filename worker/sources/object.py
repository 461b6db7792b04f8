"""Media in buckets of an S3 service that the settings open to a tenant."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPException
from typing import Any, Final

import certifi
import urllib3
from minio import Minio
from minio.error import InvalidResponseError, MinioException, S3Error, ServerError
from urllib3 import exceptions

from worker.contracts.requests import ObjectReference
from worker.errors import SourceError
from worker.net.stopwatch import Stopwatch
from worker.net.timed_pool import TimedPools
from worker.rules.responses import ContentRange, content_range_of, status_error, strong_etag_of
from worker.rules.spans import HEAD_BYTES, Spans

_S3_CODES: Final = {
    "NoSuchKey": "source.not_found",
    "NoSuchBucket": "source.not_found",
    "NoSuchVersion": "source.not_found",
    "AccessDenied": "source.forbidden",
    "InvalidAccessKeyId": "source.forbidden",
    "SignatureDoesNotMatch": "source.forbidden",
    "InvalidObjectState": "source.forbidden",  # archived
    "PreconditionFailed": "source.changed",
    "InvalidRange": "source.empty",
    "SlowDown": "source.throttled",
    "SlowDownRead": "source.throttled",
}
_FAILURES: Final[tuple[tuple[type[Exception], str], ...]] = (
    (exceptions.NameResolutionError, "source.dns_failed"),
    (exceptions.NewConnectionError, "source.unreachable"),
    (exceptions.TimeoutError, "source.timeout"),
    (exceptions.SSLError, "source.tls"),
    (exceptions.HTTPError, "source.unreachable"),
    (HTTPException, "source.unreachable"),
    (OSError, "source.unreachable"),
    (InvalidResponseError, "source.server_error"),  # not XML: something before the service
    (ValueError, "source.not_found"),  # a key that no object can have
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectSource:
    """Opens objects of the `allowed` buckets; `own_bucket`, where covers and other tenants'
    uploads are, stays closed even when listed.
    """

    endpoint: str
    access_key: str
    secret_key: str = field(repr=False)
    region: str = "us-east-1"
    secure: bool = True
    allowed: frozenset[str] = frozenset()
    own_bucket: str | None = None
    connect_timeout_s: float
    stall_timeout_s: float
    total_timeout_s: float
    max_bytes: int
    keep_read_bytes: int | None = None

    def open(self, reference: ObjectReference) -> "ObjectReader":
        """Fetch the head of the object. Raises: SourceError."""
        if reference.bucket not in self.allowed or reference.bucket == self.own_bucket:
            raise SourceError("source.not_allowed", "This bucket is not open to you.")
        stopwatch = Stopwatch(self.total_timeout_s)
        connections = TimedPools(
            stopwatch,
            timeout=urllib3.Timeout(connect=self.connect_timeout_s, read=self.stall_timeout_s),
            retries=False,
            cert_reqs="CERT_REQUIRED",
            ca_certs=os.environ.get("SSL_CERT_FILE") or certifi.where(),
        )
        client = Minio(
            self.endpoint,
            self.access_key,
            self.secret_key,
            secure=self.secure,
            region=self.region,
            http_client=connections,
        )
        opened = _Opened(connections, client, reference, stopwatch)
        try:
            name = f"{self.endpoint}/{reference.bucket}/{reference.key}"
            return ObjectReader(
                opened, name=name, max_bytes=self.max_bytes, keep_bytes=self.keep_read_bytes
            )
        except BaseException:
            connections.clear()
            raise


@dataclass(slots=True)
class _Opened:
    """One object: its client, its version, its time and counts."""

    connections: urllib3.PoolManager
    client: Minio
    reference: ObjectReference
    stopwatch: Stopwatch
    version: str | None = None
    etag: str | None = None
    requests: int = 0
    bytes_read: int = 0

    def fetch(self, offset: int, length: int) -> tuple[ContentRange, bytes]:
        """A range of the version that the first call found. Raises: SourceError."""
        with _s3_errors(), self.stopwatch:
            self.requests += 1
            response = self.client.get_object(
                self.reference.bucket,
                self.reference.key,
                offset=offset,
                length=length,
                version_id=self.version,
                request_headers={"If-Match": self.etag} if self.etag else None,
            )
            try:
                return self._taken(response, offset, length)
            finally:
                response.release_conn()

    def _taken(self, response: Any, offset: int, length: int) -> tuple[ContentRange, bytes]:
        found = content_range_of(response.headers.get("Content-Range"))
        if found is None or found.first != offset or found.last >= offset + length:
            raise SourceError("source.rejected", "The source's server answers with another range.")
        etag = strong_etag_of(response.headers.get("ETag"))
        if self.etag is not None and etag != self.etag:
            raise SourceError("source.changed")
        self.etag = etag
        self.version = response.headers.get("x-amz-version-id") or self.version
        data = self._body(response)
        self.bytes_read += len(data)
        if len(data) != found.last - found.first + 1:
            raise SourceError("source.truncated")
        return found, data

    def _body(self, response: Any) -> bytes:
        data = bytearray()
        try:
            while piece := response.read1(HEAD_BYTES):
                data += piece
                if self.stopwatch.left_s <= 0:
                    raise SourceError("source.timeout")
        except exceptions.ProtocolError as error:
            raise SourceError("source.truncated") from error
        return bytes(data)


class ObjectReader:
    """An object read by ranges of one version."""

    def __init__(
        self, opened: _Opened, *, name: str, max_bytes: int, keep_bytes: int | None
    ) -> None:
        found, head = opened.fetch(0, min(HEAD_BYTES, max_bytes))
        self._opened = opened
        self._spans = Spans(found.total, max_bytes=max_bytes, keep_bytes=keep_bytes)
        self._spans.add(0, head)
        self.label = f"{opened.reference.bucket}/{opened.reference.key}"
        self.size_bytes: int | None = found.total
        version = opened.version or opened.etag
        self.fingerprint = f"s3 {name} {version} {found.total}" if version else None

    @property
    def bytes_read(self) -> int:
        return self._opened.bytes_read

    @property
    def requests(self) -> int:
        return self._opened.requests

    def read(self, offset: int, length: int) -> bytes:
        return self._spans.read(offset, length, self._fetch)

    def soon(self, spans: Sequence[tuple[int, int]]) -> None:
        """Each range is fetched when it is read."""

    def descriptor(self) -> int | None:
        return None

    def close(self) -> None:
        self._opened.connections.clear()

    def _fetch(self, offset: int, length: int) -> bytes:
        found, data = self._opened.fetch(offset, length)
        if found.total != self.size_bytes:
            raise SourceError("source.changed")
        return data


@contextmanager
def _s3_errors() -> Iterator[None]:
    """Raises: SourceError for what the S3 client and its HTTP library raise."""
    try:
        yield
    except S3Error as error:
        raise _s3_error(error) from error
    except ServerError as error:
        raise status_error(error.status_code, None, datetime.now(UTC)) from error
    except (MinioException, exceptions.HTTPError, HTTPException, OSError, ValueError) as error:
        found = (code for kind, code in _FAILURES if isinstance(error, kind))
        raise SourceError(next(found, "source.rejected")) from error


def _s3_error(error: S3Error) -> SourceError:
    if error.code in _S3_CODES:
        return SourceError(_S3_CODES[error.code])
    return status_error(error.response.status, None, datetime.now(UTC))
