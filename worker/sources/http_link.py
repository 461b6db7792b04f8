"""The requests for one medium at a URL: one connection, one budget of time, errors translated."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import httpx2

from worker.errors import SourceError
from worker.net.client import get
from worker.net.failures import source_errors, translated
from worker.net.patience import patiently
from worker.net.stopwatch import Stopwatch
from worker.rules.responses import XML_PREFIX_BYTES, status_error, strong_etag_of, xml_code_of
from worker.rules.urls import identity

_MAY_PASS: Final = frozenset(
    {
        "source.throttled",
        "source.server_error",
        "source.unreachable",
        "source.dns_failed",
        "source.timeout",
        "source.truncated",
    }
)


@dataclass(slots=True)
class Link:
    """What all requests for one medium share: connection, time, counts.

    `renewed` gives another URL of the same bytes, where one that has expired can be replaced.
    `is_storage`: it leads to object storage, which is asked again where a moment later that may go
    well, and whose word for a refusal is told.
    """

    url: str = field(repr=False)  # a signed one is a secret
    client: httpx2.Client
    stopwatch: Stopwatch
    max_redirects: int
    renewed: Callable[[], str] | None = None
    is_storage: bool = False
    requests: int = 0
    bytes_read: int = 0

    def get(self, url: str | httpx2.URL, headers: dict[str, str]) -> httpx2.Response:
        """The answer, its body unread. Raises: SourceError."""
        response = self._patient(url, headers)
        if response.status_code == 403 and self.renewed is not None:
            response.close()
            response = self._patient(self.renewed(), headers)
        return response

    def _patient(self, url: str | httpx2.URL, headers: dict[str, str]) -> httpx2.Response:
        if not self.is_storage:
            return self._answer(url, headers)

        def ask() -> httpx2.Response:
            response = self._answer(url, headers)
            if response.status_code == 429 or response.is_server_error:
                raise self.refusal(response)
            return response

        return patiently(self.stopwatch, lambda error: error.code in _MAY_PASS, ask)

    def _answer(self, url: str | httpx2.URL, headers: dict[str, str]) -> httpx2.Response:
        try:
            return self._get(url, headers)
        except SourceError as error:
            if self.requests == 0 or error.code != "source.unreachable":
                raise
            # A kept connection may have died, and that shows only when it is used.
            return self._get(url, headers)

    def _get(self, url: str | httpx2.URL, headers: dict[str, str]) -> httpx2.Response:
        with source_errors(), self.stopwatch:
            answer = get(self.client, url, headers=headers, max_redirects=self.max_redirects)
        self.requests += answer.requests
        response = answer.response
        encoding = response.headers.get("Content-Encoding", "identity").lower()
        if encoding != "identity" and response.is_success:
            raise SourceError("source.rejected", "The source sends its bytes compressed.")
        return response

    def next_chunk(self, body: Iterator[bytes]) -> bytes:
        """The next piece of a body, empty at its end. Raises: SourceError."""
        with source_errors(), translated(in_body=True), self.stopwatch:
            chunk = next(body, b"")
        self.bytes_read += len(chunk)
        return chunk

    def fingerprint(self, response: httpx2.Response, size_bytes: int | None) -> str | None:
        etag = strong_etag_of(response.headers.get("ETag"))
        if etag is None or size_bytes is None:
            return None
        return f"{identity(self.url)} {etag} {size_bytes}"

    def refusal(self, response: httpx2.Response) -> SourceError:
        """The error of an answer that carries no part of the medium."""
        told = self._storages_word(response) if self.is_storage and response.is_error else ""
        response.close()
        empty = response.headers.get("Content-Range", "").strip() == "bytes */0"
        if response.status_code == 204 or (response.status_code == 416 and empty):
            return SourceError("source.empty")
        retry_after, now = response.headers.get("Retry-After"), datetime.now(UTC)
        return status_error(response.status_code, retry_after, now, told=told)

    def _storages_word(self, response: httpx2.Response) -> str:
        """The code in a refusal's XML, empty where it has none or does not come."""
        data, body = b"", response.iter_raw()
        with suppress(SourceError):
            while len(data) < XML_PREFIX_BYTES and (chunk := self.next_chunk(body)):
                data += chunk
        return xml_code_of(data)
