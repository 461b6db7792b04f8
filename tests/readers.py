"""Readers of bytes in memory: for media made in a test, and for sources that fail half-way."""

import time
from collections.abc import Sequence

from worker.errors import CoverError, SourceError


class BytesReader:
    """Gives `data`; from `fails_at` on it raises, and each read takes `delay_s`."""

    def __init__(
        self,
        data: bytes,
        *,
        fails_at: int | None = None,
        error: CoverError | None = None,
        delay_s: float = 0,
    ) -> None:
        self._data = data
        self._fails_at = fails_at
        self._error = error or SourceError("source.timeout")
        self._delay_s = delay_s
        self.label = "bytes"
        self.fingerprint: str | None = None
        self.size_bytes: int | None = len(data)
        self.bytes_read = 0
        self.requests = 0

    def read(self, offset: int, length: int) -> bytes:
        time.sleep(self._delay_s)
        if self._fails_at is not None and offset + length > self._fails_at:
            raise self._error
        part = self._data[offset : offset + length]
        self.requests += 1
        self.bytes_read += len(part)
        return part

    def soon(self, spans: Sequence[tuple[int, int]]) -> None:
        """They are there already."""

    def descriptor(self) -> int | None:
        return None

    def close(self) -> None:
        """Nothing is held."""
