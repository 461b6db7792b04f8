"""Bytes on their way to a library: kept in a file without a name, counted and summed up."""

import errno
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from worker.errors import StorageError
from worker.rules.crc64 import Crc64


class Spooled(NamedTuple):
    """Bytes in a file that lives as long as its context; `path` opens it in this process only."""

    path: Path
    size_bytes: int
    crc64: str


@contextmanager
def spooled(chunks: Iterable[bytes], folder: Path | None) -> Iterator[Spooled]:
    """All of `chunks` in one file below `folder`, by default the system's for such files.

    Raises: StorageError when the disk does not take them; what `chunks` raises.
    """
    with _create(folder) as file:
        checksum, size_bytes = Crc64(), 0
        for chunk in chunks:
            checksum.update(chunk)
            size_bytes += len(chunk)
            with _disk():
                file.write(chunk)
        with _disk():
            file.flush()
        yield Spooled(Path(f"/proc/self/fd/{file.fileno()}"), size_bytes, str(checksum))


def _create(folder: Path | None) -> IO[bytes]:
    """A file that never has a name, so that nothing is left of a process that was killed."""
    with _disk():
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryFile(dir=folder)


@contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except OSError as failed:
        full = failed.errno in {errno.ENOSPC, errno.EDQUOT}
        code = "storage.full" if full else "storage.unavailable"
        raise StorageError(code, "The upload could not be kept on this machine.") from failed
