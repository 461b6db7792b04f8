"""Media at http and https URLs: bounded ranges on one connection, through the guard."""

import ssl
from collections.abc import Collection
from contextlib import closing
from dataclasses import dataclass

import httpx2

from worker.errors import SourceError
from worker.net.client import guarded_client
from worker.net.guard import Access, Dial, Resolve, dial_address, resolve_name
from worker.net.stopwatch import Stopwatch
from worker.ports import Reader
from worker.rules.responses import ContentRange, content_range_of, strong_etag_of
from worker.rules.spans import HEAD_BYTES, Spans
from worker.rules.urls import shown
from worker.sources.http_link import Link, refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSource:
    """Opens URLs. `resolve` and `dial` say how names are looked up and addresses reached."""

    connect_timeout_s: float
    stall_timeout_s: float
    total_timeout_s: float
    max_bytes: int
    max_redirects: int = 3
    allow_private_addresses: bool = False
    allowed_ports: Collection[int] = (80, 443)
    resolve: Resolve = resolve_name
    dial: Dial = dial_address
    ssl_context: ssl.SSLContext | None = None

    def open(self, reference: str) -> Reader:
        """Fetch the head of the medium; `reference` is its URL. Raises: SourceError."""
        link = self._link(reference)
        try:
            wanted_bytes = min(HEAD_BYTES, self.max_bytes)
            response = link.get(reference, {"Range": f"bytes=0-{wanted_bytes - 1}"})
            if response.status_code == 206:
                return _RangedReader(link, response, wanted_bytes, self.max_bytes)
            if response.status_code == 200:
                return _StreamedReader(link, response, self.max_bytes)
            raise refusal(response)
        except BaseException:
            link.client.close()
            raise

    def _link(self, url: str) -> Link:
        access = Access(
            allow_private_addresses=self.allow_private_addresses,
            allowed_ports=frozenset(self.allowed_ports),
            resolve=self.resolve,
            dial=self.dial,
        )
        stopwatch = Stopwatch(self.total_timeout_s)
        client = guarded_client(
            access,
            stopwatch,
            connect_timeout_s=self.connect_timeout_s,
            stall_timeout_s=self.stall_timeout_s,
            ssl_context=self.ssl_context,
        )
        return Link(url, client, stopwatch, self.max_redirects)


class _RangedReader:
    """A medium whose server answers ranges."""

    def __init__(
        self, link: Link, response: httpx2.Response, wanted_bytes: int, max_bytes: int
    ) -> None:
        with closing(response):
            found = _checked_range(response, 0, wanted_bytes)
            self._link = link
            self._url = response.url
            self._etag = response.headers.get("ETag")
            self._modified = response.headers.get("Last-Modified")
            self.label = shown(link.url)
            self.size_bytes: int | None = found.total
            self.fingerprint = link.fingerprint(response, found.total)
            self._spans = Spans(found.total, max_bytes=max_bytes)
            self._spans.add(0, self._body(response, found))

    @property
    def bytes_read(self) -> int:
        return self._link.bytes_read

    @property
    def requests(self) -> int:
        return self._link.requests

    def read(self, offset: int, length: int) -> bytes:
        return self._spans.read(offset, length, self._fetch)

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
                raise refusal(response)
            found = _checked_range(response, offset, length)
            now = (response.headers.get("ETag"), response.headers.get("Last-Modified"))
            if found.total != self.size_bytes or now != (self._etag, self._modified):
                raise SourceError("source.changed")
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


class _StreamedReader:
    """A medium whose server sends it from the beginning only: read forward, kept, capped."""

    def __init__(self, link: Link, response: httpx2.Response, max_bytes: int) -> None:
        announced = response.headers.get("Content-Length", "")
        self._link = link
        self._response = response
        self._body = response.iter_raw()
        self._max_bytes = max_bytes
        self._kept = bytearray()
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
        while not self._ended and len(self._kept) < offset + length:
            if len(self._kept) > self._max_bytes:
                raise SourceError("source.too_large")
            chunk = self._link.next_chunk(self._body)
            self._kept += chunk
            if not chunk:
                self._ended = True
                self.size_bytes = len(self._kept)
        return bytes(self._kept[offset : offset + length])

    def descriptor(self) -> int | None:
        return None

    def close(self) -> None:
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
