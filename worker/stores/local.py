"""The store that needs no server: objects as files of one folder, whole or not there."""

import errno
import hashlib
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from typing import Final
from uuid import uuid4

from worker.errors import RequestError, StorageError
from worker.ports import StoredObject
from worker.rules.keys import content_type_of, is_key, is_prefix
from worker.rules.objects import check_link, check_public, check_put
from worker.signing import links

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


class LocalStore:
    """Files under `folder`, which must exist; served by the API below `public_base_url`."""

    served_here = True

    def __init__(self, *, folder: Path, public_base_url: str, link_secret: str | None) -> None:
        self._folder = folder.resolve()
        self._public_base_url = public_base_url.rstrip("/")
        self._link_secret = link_secret or ""
        self._tidied = False

    def put(self, key: str, data: bytes, *, content_type: str) -> None:
        check_put(key, content_type)
        with _translated():
            if self._digest_at(key) != hashlib.sha256(data).hexdigest():
                self._write(key, (data,))

    def put_file(self, key: str, path: Path, *, content_type: str) -> None:
        check_put(key, content_type)
        with path.open("rb") as given, _translated():
            present = self._digest_at(key)
            if present is None or present != _digest(given):
                given.seek(0)
                self._write(key, _chunks(given))

    def find(self, key: str) -> StoredObject | None:
        with _translated(), suppress(FileNotFoundError):
            path = self._existing(key)
            return _described(key, path.stat()) if path else None
        return None

    def read(self, key: str, offset: int, length: int) -> bytes:
        path = self.path_of(key)
        with _translated():
            try:
                with path.open("rb") as file:
                    file.seek(offset)
                    return file.read(max(length, 0))
            except FileNotFoundError as gone:
                raise RequestError("request.not_found") from gone

    def path_of(self, key: str) -> Path:
        """The object's file, to be served or read in place.

        Raises: StorageError, RequestError `request.not_found`.
        """
        with _translated():
            path = self._existing(key)
        if path is None:
            raise RequestError("request.not_found")
        return path

    def delete(self, key: str) -> None:
        with _translated():
            path = self._existing(key)
            if path:
                path.unlink(missing_ok=True)
                _sync_folder(path.parent)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        if not is_prefix(prefix):
            return
        above = prefix.rpartition("/")[0]
        with _translated():
            self._check_folder()
            for key, facts in _walk(self._folder / above, above):
                if key.startswith(prefix):
                    yield _described(key, facts)

    def public_url(self, key: str) -> str:
        check_public(key)
        return f"{self._public_base_url}/{key}"

    def signed_url(self, key: str, *, expires_s: int) -> str:
        check_link(key, expires_s)
        if not self._link_secret:
            raise StorageError("storage.misconfigured", "the store has no secret for links")
        until_s = int(time.time()) + expires_s
        query = links.sign(method="GET", key=key, expires_s=until_s, secret=self._link_secret)
        return f"{self._public_base_url}/{key}?{query}"

    def check(self) -> None:
        with _translated():
            self._check_folder()
            if not os.access(self._folder, os.R_OK | os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, "not writable")

    def _check_folder(self) -> None:
        """A folder that is gone is a mount that is gone: never made anew, or objects would hide."""
        if not self._folder.is_dir():
            raise StorageError("storage.misconfigured", "the store's folder does not exist")

    def _existing(self, key: str) -> Path | None:
        """The file under `key` if it is a plain file there, reached without a symbolic link."""
        self._check_folder()
        if not is_key(key):
            return None
        path = self._folder / key
        return path if path.resolve() == path and path.is_file() else None

    def _digest_at(self, key: str) -> str | None:
        path = self._existing(key)
        if path is None:
            return None
        with path.open("rb") as file:
            return _digest(file)

    def _write(self, key: str, chunks: Iterable[bytes]) -> None:
        """Write beside, verify what the disk has, then make it visible under its key."""
        path = self._folder / key
        if path.parent.resolve() != path.parent:
            raise StorageError("storage.misconfigured", "a link leads out of the store's folder")
        unfinished = self._incoming() / uuid4().hex
        try:
            digest = _write_through(unfinished, chunks)
            with unfinished.open("rb") as file:
                if _digest(file) != digest:
                    raise StorageError("storage.integrity")
            _make_folders(path.parent, self._folder)
            unfinished.replace(path)
            _sync_folder(path.parent)
        finally:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)

    def _incoming(self) -> Path:
        folder = self._folder / _INCOMING
        folder.mkdir(exist_ok=True)
        if not self._tidied:
            self._tidied = True
            for leftover in folder.iterdir():
                with suppress(OSError):
                    if leftover.stat().st_mtime < time.time() - _LEFTOVER_AFTER_S:
                        leftover.unlink()
        return folder


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        code = CODE_OF_ERRNO.get(error.errno or 0, "storage.unavailable")
        raise StorageError(code) from error


def _write_through(path: Path, chunks: Iterable[bytes]) -> str:
    """Write to the disk itself, not only to the page cache; returns the SHA-256 of what came."""
    digest = hashlib.sha256()
    with path.open("xb") as file:
        for chunk in chunks:
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return digest.hexdigest()


def _digest(file: BufferedReader) -> str:
    return hashlib.file_digest(file, "sha256").hexdigest()


def _chunks(file: BufferedReader) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK_BYTES):
        yield chunk


def _make_folders(folder: Path, root: Path) -> None:
    """Make `folder` and what is missing above it, below `root`; their names reach the disk too."""
    missing = []
    while folder != root and not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for made in reversed(missing):
        made.mkdir(exist_ok=True)
        _sync_folder(made.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _walk(folder: Path, above: str) -> Iterator[tuple[str, os.stat_result]]:
    """The plain files below `folder`, in the order of their keys."""
    try:
        with os.scandir(folder) as found:
            entries = [entry for entry in found if is_key(entry.name)]
    except (FileNotFoundError, NotADirectoryError):
        return
    folders = {entry.name for entry in entries if entry.is_dir(follow_symlinks=False)}
    # As with keys, "a-b/c" comes before "a/c".
    for entry in sorted(entries, key=lambda e: f"{e.name}/" if e.name in folders else e.name):
        key = f"{above}/{entry.name}" if above else entry.name
        if entry.name in folders:
            yield from _walk(folder / entry.name, key)
        elif entry.is_file(follow_symlinks=False):
            with suppress(FileNotFoundError):
                yield key, entry.stat(follow_symlinks=False)


def _described(key: str, facts: os.stat_result) -> StoredObject:
    return StoredObject(key, facts.st_size, content_type_of(key), facts.st_mtime)
