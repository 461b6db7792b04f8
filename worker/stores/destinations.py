"""Where finished covers go: the store for jobs, a folder for commands."""

import hashlib
from pathlib import Path

from worker.contracts.names import Visibility
from worker.errors import StorageError
from worker.ports import Encoder, Placed, Store
from worker.rules.keys import cover_key, cover_stem, private_key


class StoreDestination:
    """Covers under keys made of their own bytes.

    Public ones are told by their plain URL; private ones, apart for each tenant, by their key only.
    """

    def __init__(self, store: Store, *, tenant: str, visibility: Visibility) -> None:
        self._store, self._tenant, self._visibility = store, tenant, visibility

    def put(self, data: bytes, *, encoder: Encoder, size: int | None) -> Placed:
        digest, ending = hashlib.sha256(data).hexdigest(), encoder.extension
        is_private = self._visibility == "private"
        key = private_key(self._tenant, digest, ending) if is_private else cover_key(digest, ending)
        self._store.put(key, data, content_type=encoder.content_type)
        return Placed(key=key, url=None if is_private else self._store.public_url(key))


class FolderDestination:
    """Covers as files named after their source's stem; whole or not there."""

    def __init__(self, *, folder: Path, stem: str) -> None:
        self._folder = folder
        self._stem = stem

    def put(self, data: bytes, *, encoder: Encoder, size: int | None) -> Placed:
        path = self._folder / f"{cover_stem(self._stem, size)}.{encoder.extension}"
        unfinished = path.with_name(f".{path.name}.part")
        try:
            unfinished.write_bytes(data)
            unfinished.replace(path)
        except OSError as error:
            unfinished.unlink(missing_ok=True)
            raise StorageError("storage.unavailable", f"{path}: {error.strerror}") from error
        return Placed(path=str(path))
