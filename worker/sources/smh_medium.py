"""One file at Tencent SMH as it is read: links that expire, and bytes that must be those told."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import httpx2

from worker.errors import SourceError
from worker.net.smh import Download, SmhClient
from worker.rules.crc64 import Crc64
from worker.rules.responses import strong_etag_of
from worker.rules.smh_answers import FileFacts
from worker.sources.http_link import Link
from worker.sources.http_readers import Bounds, RangedReader, StreamedReader, open_link

_OTHER_CRC: Final = "The bytes have another CRC-64 than Tencent SMH tells."


@dataclass(frozen=True, slots=True)
class SmhFile:
    """A file in a space, in the version `history_id` or the newest."""

    client: SmhClient
    path: tuple[str, ...]
    history_id: str | None

    @property
    def label(self) -> str:
        client = self.client
        return f"tencent_smh:{client.library_id}/{client.space_id}/{'/'.join(self.path)}"

    def locate(self) -> Download:
        """Where its content is now: by its info, or by the download where that gives no link."""
        info = self.client.info(self.path, self.history_id)
        if info.link is not None or info.facts.size_bytes == 0:
            return info
        download = self.client.download(self.path, self.history_id)
        known = info.facts._asdict()
        told = {name: value for name, value in download.facts._asdict().items() if value}
        return download._replace(facts=FileFacts(**{**known, **told}))

    def facts(self) -> FileFacts:
        """What its content is now. Raises: SourceError."""
        return self._located().facts

    def _located(self) -> Download:
        """As `locate`, its bytes left alone where the API would give them itself."""
        now = self.locate()
        if now.response is not None:
            now.response.close()
        return now

    def link_again(self, facts: FileFacts) -> str:
        """A new link to the content that `facts` tell of. Raises: SourceError `source.changed`."""
        now = self._located()
        if now.facts != facts or now.link is None:
            raise SourceError("source.changed")
        return now.link

    def fingerprint(self, facts: FileFacts) -> str | None:
        """A name for the bytes, from what the vendor gives each content."""
        if facts.size_bytes is None or not (facts.version or facts.etag):
            return None
        return json.dumps([self.label, self.client.base_url, self.history_id, *facts])


def open_file(
    file: SmhFile, links: httpx2.Client, bounds: Bounds, max_redirects: int
) -> "SmhReader":
    """Fetch the head of the file over `links`, a client for its link's hosts only.

    Raises: SourceError. The reader closes `links` and the file's client.
    """
    found = file.locate()
    if found.facts.size_bytes == 0:
        raise SourceError("source.empty")
    link = Link(
        found.link or "",
        links,
        file.client.stopwatch,
        max_redirects,
        renewed=lambda: file.link_again(found.facts),
        is_storage=True,
    )
    if found.response is not None:
        inner: RangedReader | StreamedReader = StreamedReader(link, found.response, bounds)
    else:
        with _setting_named():
            inner = open_link(link, bounds)
    reader = SmhReader(file, found.facts, link, inner)
    reader.check()
    return reader


@contextmanager
def _setting_named() -> Iterator[None]:
    """Names the setting that closes a host, which the error tells, so that it can be listed."""
    try:
        yield
    except SourceError as error:
        if error.code != "source.url_not_allowed":
            raise
        text = "Tencent SMH's link leads where the profile's link_hosts do not allow."
        raise SourceError(error.code, f"{text} {error.message}") from error


class SmhReader:
    """Reads a file's content and holds it to what the vendor told: length, ETag, CRC-64.

    The CRC-64 is of the whole: it is looked at once all bytes are there at a time. A file that is
    read in parts, or is larger than what is kept of it, is held to its length and ETag only.
    """

    def __init__(
        self,
        file: SmhFile,
        facts: FileFacts,
        link: Link,
        inner: RangedReader | StreamedReader,
    ) -> None:
        self._file = file
        self._facts = facts
        self._link = link
        self._inner = inner
        self._verified = facts.crc64 is None
        self.label = file.label
        self.fingerprint = file.fingerprint(facts)

    @property
    def size_bytes(self) -> int | None:
        return self._inner.size_bytes

    @property
    def bytes_read(self) -> int:
        return self._link.bytes_read

    @property
    def requests(self) -> int:
        return self._file.client.requests + self._link.requests

    def read(self, offset: int, length: int) -> bytes:
        data = self._inner.read(offset, length)
        self.check()
        return data

    def soon(self, spans: Sequence[tuple[int, int]]) -> None:
        """Each range is fetched when it is read."""

    def descriptor(self) -> int | None:
        return None

    def close(self) -> None:
        self._inner.close()
        self._file.client.http.close()

    def check(self) -> None:
        """Raises: SourceError when the bytes that came are not those that were told."""
        told = self._facts
        size_bytes, tag = self._inner.size_bytes, strong_etag_of(self._inner.etag)
        if None not in {size_bytes, told.size_bytes} and size_bytes != told.size_bytes:
            raise SourceError("source.changed", "The length is not what Tencent SMH tells.")
        if told.etag and tag and tag != f'"{told.etag}"':
            raise SourceError("source.changed", "The ETag is not what Tencent SMH tells.")
        if not self._verified and (pieces := self._inner.whole()) is not None:
            checksum = Crc64()
            for piece in pieces:
                checksum.update(piece)
            if str(checksum) != told.crc64:
                raise SourceError("source.changed", _OTHER_CRC)
            self._verified = True
