"""What a medium that comes from its beginning only has given so far."""

import os
import tempfile
from collections.abc import Iterator
from typing import IO, Final

from worker.disk import spool_errors_as_ours

_PIECE_BYTES: Final = 1024 * 1024
_NOT_KEPT: Final = "The source could not be kept on this machine while it was read."


class Kept:
    """Bytes that grow at their end: the first `in_memory_bytes` in memory, None for all of them,
    those behind in a file that never has a name.
    """

    def __init__(self, in_memory_bytes: int | None) -> None:
        self._in_memory_bytes = in_memory_bytes
        self._memory = bytearray()
        self._file: IO[bytes] | None = None
        self.size_bytes = 0

    def add(self, data: bytes) -> None:
        """Raises: StorageError when the disk does not take them."""
        self.size_bytes += len(data)
        if self._in_memory_bytes is None:
            self._memory += data
            return
        room_bytes = self._in_memory_bytes - len(self._memory)
        self._memory += data[:room_bytes]
        if len(data) > room_bytes:
            with spool_errors_as_ours(_NOT_KEPT):
                self._file = self._file or _nameless()
                self._file.write(data[room_bytes:])
                self._file.flush()

    def read(self, offset: int, length: int) -> bytes:
        """The bytes [offset, offset + length); fewer only at their end. Raises: StorageError."""
        data = bytes(self._memory[offset : offset + length])
        if len(data) == length or self._file is None:
            return data
        behind = offset + len(data) - len(self._memory)
        with spool_errors_as_ours(_NOT_KEPT):
            return data + os.pread(self._file.fileno(), length - len(data), behind)

    def pieces(self) -> Iterator[bytes]:
        """All that came, from first to last, a mebibyte at a time."""
        for offset in range(0, self.size_bytes, _PIECE_BYTES):
            yield self.read(offset, _PIECE_BYTES)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def _nameless() -> IO[bytes]:
    return tempfile.TemporaryFile()
