"""A medium on standard input: read forward as far as needed, kept, capped."""

import os
import select
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from worker.errors import SourceError
from worker.net.stopwatch import Stopwatch
from worker.sources.kept import Kept

_CHUNK_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class StdinSource:
    """Opens standard input, or another descriptor of a pipe."""

    max_bytes: int
    stall_timeout_s: float
    total_timeout_s: float
    keep_read_bytes: int | None = None
    descriptor: int = 0

    def open(self, reference: str = "-") -> "StdinReader":
        """Wait for the first bytes. Raises: SourceError."""
        if os.isatty(self.descriptor):
            raise SourceError("source.unreadable", "Standard input is a terminal.")
        reader = StdinReader(
            self.descriptor,
            max_bytes=self.max_bytes,
            stall_timeout_s=self.stall_timeout_s,
            total_timeout_s=self.total_timeout_s,
            keep_bytes=self.keep_read_bytes,
        )
        if not reader.read(0, 1):
            raise SourceError("source.empty")
        return reader


class StdinReader:
    """What has come from the pipe so far; its length is known once it ended."""

    def __init__(
        self,
        descriptor: int,
        *,
        max_bytes: int,
        stall_timeout_s: float,
        total_timeout_s: float,
        keep_bytes: int | None,
    ) -> None:
        self._pipe = descriptor
        self._stopwatch = Stopwatch(total_timeout_s)
        self._max_bytes = max_bytes
        self._stall_timeout_s = stall_timeout_s
        self._kept = Kept(keep_bytes)
        self.label = "-"
        self.size_bytes: int | None = None
        self.fingerprint: str | None = None
        self.requests = 0

    @property
    def bytes_read(self) -> int:
        return self._kept.size_bytes

    def read(self, offset: int, length: int) -> bytes:
        while self.size_bytes is None and self._kept.size_bytes < offset + length:
            if self._kept.size_bytes > self._max_bytes:
                raise SourceError("source.too_large")
            chunk = self._next_chunk()
            self._kept.add(chunk)
            if not chunk:
                self.size_bytes = self._kept.size_bytes
        return self._kept.read(offset, length)

    def soon(self, spans: Sequence[tuple[int, int]]) -> None:
        """A pipe gives its bytes in its own order."""

    def descriptor(self) -> int | None:
        return None

    def close(self) -> None:
        """Standard input stays open: it is not ours."""
        self._kept.close()

    def _next_chunk(self) -> bytes:
        try:
            wait_s = min(self._stall_timeout_s, self._stopwatch.left_s)
            with self._stopwatch:
                ready, _, _ = select.select([self._pipe], [], [], max(wait_s, 0))
            if not ready or self._stopwatch.left_s <= 0:
                raise SourceError("source.timeout")
            # One byte over the cap tells a medium of exactly the cap from a larger one.
            return os.read(
                self._pipe, min(_CHUNK_BYTES, self._max_bytes + 1 - self._kept.size_bytes)
            )
        except (OSError, ValueError) as error:
            raise SourceError("source.unreadable") from error
