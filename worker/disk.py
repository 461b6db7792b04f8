"""Files on this machine: whole or not there, and there still after the power was lost."""

import errno
import hashlib
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from typing import Final, NamedTuple
from uuid import uuid4

from worker.errors import StorageError

CODE_OF_ERRNO: Final = {
    errno.ENOSPC: "storage.full",
    errno.EDQUOT: "storage.full",
    errno.EFBIG: "storage.full",
    errno.EACCES: "storage.misconfigured",
    errno.EPERM: "storage.misconfigured",
    errno.EROFS: "storage.misconfigured",
    errno.ENOENT: "storage.misconfigured",
    errno.ENOTDIR: "storage.misconfigured",
    errno.EISDIR: "storage.misconfigured",
    errno.EEXIST: "storage.misconfigured",
    errno.ELOOP: "storage.misconfigured",
    errno.ENAMETOOLONG: "storage.misconfigured",
}

# Unfinished files lie in a folder whose name no key can have, on the same file system, so that
# one rename makes them visible. What a crash left there is removed when it is surely nobody's.
_INCOMING: Final = ".incoming"
_LEFTOVER_AFTER_S: Final = 3600
_CHUNK_BYTES: Final = 1024 * 1024


@contextmanager
def translated() -> Iterator[None]:
    """The system's exceptions as ours, by `CODE_OF_ERRNO`; texts tell no path."""
    try:
        yield
    except OSError as error:
        code = CODE_OF_ERRNO.get(error.errno or 0, "storage.unavailable")
        raise StorageError(code) from error


@contextmanager
def spool_errors_as_ours(told: str) -> Iterator[None]:
    """The system's exceptions about a file that is needed for a moment only; `told` is the text."""
    try:
        yield
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        raise StorageError("storage.full" if full else "storage.unavailable", told) from error


def digest_of(file: BufferedReader, algorithm: str = "sha256") -> str:
    """The digest of what follows in the file, in hex; it tells faults, not forgeries."""
    return hashlib.file_digest(
        file, lambda: hashlib.new(algorithm, usedforsecurity=False)
    ).hexdigest()


def chunks_of(file: BufferedReader) -> Iterator[bytes]:
    """What follows in the file, never all of it in memory."""
    while chunk := file.read(_CHUNK_BYTES):
        yield chunk


class Written(NamedTuple):
    """A whole file that is not visible yet; `digest` is that of its bytes, in hex."""

    path: Path
    digest: str

    def show(self, path: Path) -> None:
        """Make it visible as `path`, whose folder exists. Raises: OSError."""
        self.path.replace(path)
        sync_folder(path.parent)


class Disk:
    """A folder that must exist; files below it are written beside, verified, then renamed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._tidied = False

    def check_there(self) -> None:
        """A folder that is gone is a mount that is gone: never made anew, or files would hide."""
        if not self.folder.is_dir():
            raise StorageError("storage.misconfigured", "the store's folder does not exist")

    def check_writable(self) -> None:
        self.check_there()
        if not os.access(self.folder, os.R_OK | os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, "not writable")

    def write(self, path: Path, chunks: Iterable[bytes], *, algorithm: str = "sha256") -> str:
        """Write, verify what the disk has, then make it visible; the digest of what came, in hex.

        Raises: OSError, StorageError `storage.integrity`, and as `make_folders` does.
        """
        self.make_folders(path.parent)
        with self.written(chunks, algorithm=algorithm) as written:
            written.show(path)
        return written.digest

    @contextmanager
    def written(self, chunks: Iterable[bytes], *, algorithm: str = "sha256") -> Iterator["Written"]:
        """A file that the disk has, verified, and that nobody sees: gone at the end unless shown.

        Raises: OSError, StorageError `storage.integrity`.
        """
        unfinished = self._incoming() / uuid4().hex
        try:
            digest = _write_through(unfinished, chunks, algorithm)
            with unfinished.open("rb") as file:
                if digest_of(file, algorithm) != digest:
                    raise StorageError("storage.integrity")
            yield Written(unfinished, digest)
        finally:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)

    def make_folders(self, folder: Path) -> None:
        """Make `folder` and what is missing above it; their names reach the disk too.

        Raises: OSError, StorageError `storage.misconfigured` where a symbolic link leads out.
        """
        if folder.resolve() != folder:
            raise StorageError("storage.misconfigured", "a link leads out of the store's folder")
        missing = []
        while folder != self.folder and not folder.is_dir():
            missing.append(folder)
            folder = folder.parent
        for made in reversed(missing):
            made.mkdir(exist_ok=True)
            sync_folder(made.parent)

    def remove_tree(self, folder: Path) -> None:
        """Remove a folder at once for all who look, then what was in it."""
        removed = self._incoming() / uuid4().hex
        folder.rename(removed)
        sync_folder(folder.parent)
        shutil.rmtree(removed, ignore_errors=True)

    def _incoming(self) -> Path:
        folder = self.folder / _INCOMING
        folder.mkdir(exist_ok=True)
        if not self._tidied:
            self._tidied = True
            for leftover in folder.iterdir():
                with suppress(OSError):
                    if leftover.stat().st_mtime < time.time() - _LEFTOVER_AFTER_S:
                        _remove(leftover)
        return folder


def sync_folder(folder: Path) -> None:
    """Let the names in the folder reach the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(leftover: Path) -> None:
    if leftover.is_dir():
        shutil.rmtree(leftover)
    else:
        leftover.unlink()


def _write_through(path: Path, chunks: Iterable[bytes], algorithm: str) -> str:
    """Write to the disk itself, not only to the page cache; returns the digest of what came."""
    digest = hashlib.new(algorithm, usedforsecurity=False)
    with path.open("xb") as file:
        for chunk in chunks:
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return digest.hexdigest()
