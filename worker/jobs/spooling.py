"""Bytes on their way to a library: kept in a file without a name, counted and summed up."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, NamedTuple

from worker.disk import spool_errors_as_ours
from worker.rules.crc64 import Crc64

_NOT_KEPT: Final = "The upload could not be kept on this machine."


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
            with spool_errors_as_ours(_NOT_KEPT):
                file.write(chunk)
        with spool_errors_as_ours(_NOT_KEPT):
            file.flush()
        yield Spooled(Path(f"/proc/self/fd/{file.fileno()}"), size_bytes, str(checksum))


def _create(folder: Path | None) -> IO[bytes]:
    """A file that never has a name, so that nothing is left of a process that was killed."""
    with spool_errors_as_ours(_NOT_KEPT):
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryFile(dir=folder)
