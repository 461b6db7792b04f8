"""Media in files of this machine: for commands, never for requests from outside."""

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from worker.errors import SourceError

_KINDS: Final = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
_CODES: Final[tuple[tuple[type[Exception], str], ...]] = (
    (FileNotFoundError, "source.not_found"),
    (NotADirectoryError, "source.not_found"),
    (PermissionError, "source.forbidden"),
    (OSError, "source.unreadable"),
    (ValueError, "source.not_found"),  # a path with a zero byte names no file
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSource:
    """Opens regular files."""

    max_bytes: int

    def open(self, reference: Path) -> "LocalReader":
        """Open a file without waiting for a writer, should it be a pipe. Raises: SourceError."""
        with _file_errors():
            descriptor = os.open(reference, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
            try:
                return LocalReader(reference, descriptor, max_bytes=self.max_bytes)
            except BaseException:
                os.close(descriptor)
                raise


class LocalReader:
    """An open file; `bytes_read` counts what was read through it, not through its descriptor."""

    def __init__(self, path: Path, descriptor: int, *, max_bytes: int) -> None:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            kind = next((name for check, name in _KINDS if check(status.st_mode)), "no file")
            raise SourceError("source.unreadable", f"The source is {kind}, not a regular file.")
        if status.st_size == 0:
            raise SourceError("source.empty")
        self._descriptor: int | None = descriptor
        self._max_bytes = max_bytes
        self._length = status.st_size
        self.label = str(path)
        self.size_bytes: int | None = status.st_size
        self.fingerprint: str | None = f"{path.absolute()} {status.st_size} {status.st_mtime_ns}"
        self.bytes_read = 0
        self.requests = 0

    def read(self, offset: int, length: int) -> bytes:
        if self._descriptor is None:
            raise SourceError("source.unreadable", "The source is closed.")
        length = min(length, max(self._length - offset, 0))
        if length > self._max_bytes - self.bytes_read:
            raise SourceError("source.too_large")
        data = bytearray()
        while len(data) < length:
            with _file_errors():
                piece = os.pread(self._descriptor, length - len(data), offset + len(data))
            if not piece:
                raise SourceError("source.changed")
            data += piece
        self.bytes_read += length
        return bytes(data)

    def soon(self, spans: Sequence[tuple[int, int]]) -> None:
        """A file is there already."""

    def descriptor(self) -> int | None:
        return self._descriptor

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


@contextmanager
def _file_errors() -> Iterator[None]:
    """Raises: SourceError for what the system says about a file."""
    try:
        yield
    except (OSError, ValueError) as error:
        code = next(code for kind, code in _CODES if isinstance(error, kind))
        raise SourceError(code) from error
