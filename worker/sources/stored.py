"""Media that we keep ourselves, whose bytes never change, read by ranges."""

from collections.abc import Callable, Sequence

from worker.errors import RequestError, SourceError
from worker.rules.spans import Spans


class StoredReader:
    """A medium behind `read_range(offset, length)`, which gives fewer bytes only at its end."""

    def __init__(
        self,
        read_range: Callable[[int, int], bytes],
        size_bytes: int,
        *,
        max_bytes: int,
        keep_bytes: int | None,
        label: str,
        fingerprint: str,
    ) -> None:
        self._read_range = read_range
        self._spans = Spans(size_bytes, max_bytes=max_bytes, keep_bytes=keep_bytes)
        self.label = label
        self.size_bytes: int | None = size_bytes
        self.fingerprint: str | None = fingerprint
        self.bytes_read = 0
        self.requests = 1

    def read(self, offset: int, length: int) -> bytes:
        return self._spans.read(offset, length, self._fetch)

    def soon(self, spans: Sequence[tuple[int, int]]) -> None:
        """Each range is fetched when it is read."""

    def descriptor(self) -> int | None:
        return None

    def close(self) -> None:
        """Nothing is held open between reads."""

    def _fetch(self, offset: int, length: int) -> bytes:
        try:
            data = self._read_range(offset, length)
        except RequestError as error:
            raise SourceError("source.not_found") from error
        self.requests += 1
        self.bytes_read += len(data)
        if len(data) < length:
            raise SourceError("source.truncated")
        return data
