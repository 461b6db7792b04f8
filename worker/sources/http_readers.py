"""Reading what is behind a link: by ranges, or forward where its server knows none."""

from collections.abc import Iterable, Sequence
from contextlib import closing
from typing import NamedTuple

import httpx2

from worker.errors import SourceError
from worker.rules.responses import ContentRange, content_range_of, strong_etag_of
from worker.rules.spans import HEAD_BYTES, Spans
from worker.rules.urls import shown
from worker.sources.http_link import Link
from worker.sources.kept import Kept


class Bounds(NamedTuple):
    """How much of a medium may be read in all, and be in memory at a time; None for all of it."""

    max_bytes: int
    keep_bytes: int | None = None


def open_link(link: Link, bounds: Bounds) -> "RangedReader | StreamedReader":
    """Fetch the head of the medium. Raises: SourceError."""
    wanted_bytes = min(HEAD_BYTES, bounds.max_bytes)
    response = link.get(link.url, {"Range": f"bytes=0-{wanted_bytes - 1}"})
    if response.status_code == 206:
        return RangedReader(link, response, wanted_bytes, bounds)
    if response.status_code == 200:
        return StreamedReader(link, response, bounds)
    raise link.refusal(response)


class RangedReader:
    """A medium whose server answers ranges."""

    def __init__(
        self, link: Link, response: httpx2.Response, wanted_bytes: int, bounds: Bounds
    ) -> None:
        with closing(response):
            found = _checked_range(response, 0, wanted_bytes)
            self._link = link
            self._url = response.url
            self._etag: str | None = response.headers.get("ETag")
            self._modified = response.headers.get("Last-Modified")
            self.label = shown(link.url)
            self.size_bytes: int | None = found.total
            self.fingerprint = link.fingerprint(response, found.total)
            self._spans = Spans(found.total, **bounds._asdict())
            self._spans.add(0, self._body(response, found))

    @property
    def bytes_read(self) -> int:
        return self._link.bytes_read

    @property
    def requests(self) -> int:
        return self._link.requests

    def read(self, offset: int, length: int) -> bytes:
        return self._spans.read(offset, length, self._fetch)

    @property
    def etag(self) -> str | None:
        return self._etag

    def whole(self) -> Iterable[bytes] | None:
        """The pieces of the medium from first to last, None while one lacks or was let go."""
        return self._spans.whole()

    def soon(self, spans: Sequence[tuple[int, int]]) -> None:
        """Each range is fetched when it is read."""

    def descriptor(self) -> int | None:
        return None

    def close(self) -> None:
        self._link.client.close()

    def _fetch(self, offset: int, length: int) -> bytes:
        headers = {"Range": f"bytes={offset}-{offset + length - 1}"}
        strong = strong_etag_of(self._etag)
        if strong is not None:
            headers["If-Range"] = strong
        response = self._link.get(self._url, headers)
        with closing(response):
            if response.status_code in {200, 412, 416}:
                raise SourceError("source.changed")
            if response.status_code != 206:
                raise self._link.refusal(response)
            found = _checked_range(response, offset, length)
            now = (response.headers.get("ETag"), response.headers.get("Last-Modified"))
            if found.total != self.size_bytes or now != (self._etag, self._modified):
                raise SourceError("source.changed")
            self._url = response.url
            return self._body(response, found)

    def _body(self, response: httpx2.Response, found: ContentRange) -> bytes:
        expected_bytes = found.last - found.first + 1
        body, data = response.iter_raw(), bytearray()
        while chunk := self._link.next_chunk(body):
            data += chunk
            if len(data) > expected_bytes:
                raise SourceError("source.rejected", "The source sent more bytes than announced.")
        if len(data) < expected_bytes:
            raise SourceError("source.truncated")
        return bytes(data)


class StreamedReader:
    """A medium whose server sends it from the beginning only: read forward, kept, capped."""

    def __init__(self, link: Link, response: httpx2.Response, bounds: Bounds) -> None:
        announced = response.headers.get("Content-Length", "")
        self._link = link
        self._response = response
        self._body = response.iter_raw()
        self._max_bytes = bounds.max_bytes
        self._kept = Kept(bounds.keep_bytes)
        self._ended = False
        self.label = shown(link.url)
        self.size_bytes: int | None = int(announced) if announced.isdigit() else None
        self.fingerprint = link.fingerprint(response, self.size_bytes)
        if not self.read(0, 1):
            raise SourceError("source.empty")

    @property
    def bytes_read(self) -> int:
        return self._link.bytes_read

    @property
    def requests(self) -> int:
        return self._link.requests

    def read(self, offset: int, length: int) -> bytes:
        while not self._ended and self._kept.size_bytes < offset + length:
            if self._kept.size_bytes > self._max_bytes:
                raise SourceError("source.too_large")
            chunk = self._link.next_chunk(self._body)
            self._kept.add(chunk)
            if not chunk:
                self._ended = True
                self.size_bytes = self._kept.size_bytes
        return self._kept.read(offset, length)

    @property
    def etag(self) -> str | None:
        return self._response.headers.get("ETag")

    def whole(self) -> Iterable[bytes] | None:
        """The pieces of the medium from first to last, None until its end was seen."""
        return self._kept.pieces() if self._ended else None

    def soon(self, spans: Sequence[tuple[int, int]]) -> None:
        """Each range is fetched when it is read."""

    def descriptor(self) -> int | None:
        return None

    def close(self) -> None:
        self._kept.close()
        self._response.close()
        self._link.client.close()


def _checked_range(response: httpx2.Response, offset: int, length: int) -> ContentRange:
    """The range of a 206 answer to a request for `length` bytes at `offset`.

    A server may send less than was asked, never something else (RFC 9110 §15.3.7).
    """
    found = content_range_of(response.headers.get("Content-Range"))
    if found is None or found.first != offset or found.last >= offset + length:
        raise SourceError("source.rejected", "The source's server answers with another range.")
    return found
