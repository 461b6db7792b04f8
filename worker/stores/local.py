"""The store that needs no server: objects as files of one folder, whole or not there."""

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from worker.disk import Disk, chunks_of, digest_of, sync_folder, translated
from worker.errors import RequestError, StorageError
from worker.ports import StoredObject
from worker.rules.keys import content_type_of, is_key, is_prefix
from worker.rules.objects import check_link, check_public, check_put
from worker.signing import links


class LocalStore:
    """Files under `folder`, which must exist; served by the API below `public_base_url`."""

    served_here = True

    def __init__(self, *, folder: Path, public_base_url: str, link_secret: str | None) -> None:
        self._disk = Disk(folder)
        self._public_base_url = public_base_url.rstrip("/")
        self._link_secret = link_secret or ""

    def put(self, key: str, data: bytes, *, content_type: str) -> None:
        check_put(key, content_type)
        with translated():
            if self._digest_at(key) != hashlib.sha256(data).hexdigest():
                self._disk.write(self._disk.folder / key, (data,))

    def put_file(self, key: str, path: Path, *, content_type: str) -> None:
        check_put(key, content_type)
        with path.open("rb") as given, translated():
            present = self._digest_at(key)
            if present is None or present != digest_of(given):
                given.seek(0)
                self._disk.write(self._disk.folder / key, chunks_of(given))

    def find(self, key: str) -> StoredObject | None:
        with translated(), suppress(FileNotFoundError):
            path = self._existing(key)
            return _described(key, path.stat()) if path else None
        return None

    def read(self, key: str, offset: int, length: int) -> bytes:
        path = self.path_of(key)
        with translated():
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
        with translated():
            path = self._existing(key)
        if path is None:
            raise RequestError("request.not_found")
        return path

    def delete(self, key: str) -> None:
        with translated():
            path = self._existing(key)
            if path:
                path.unlink(missing_ok=True)
                sync_folder(path.parent)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        if not is_prefix(prefix):
            return
        above = prefix.rpartition("/")[0]
        with translated():
            self._disk.check_there()
            for key, facts in _walk(self._disk.folder / above, above):
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
        with translated():
            self._disk.check_writable()

    def _existing(self, key: str) -> Path | None:
        """The file under `key` if it is a plain file there, reached without a symbolic link."""
        self._disk.check_there()
        if not is_key(key):
            return None
        path = self._disk.folder / key
        return path if path.resolve() == path and path.is_file() else None

    def _digest_at(self, key: str) -> str | None:
        path = self._existing(key)
        if path is None:
            return None
        with path.open("rb") as file:
            return digest_of(file)


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
