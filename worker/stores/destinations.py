"""Where finished files go: the store for jobs, a folder for commands."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from worker.contracts.names import Visibility
from worker.errors import StorageError
from worker.ports import Piece, Placed, Store
from worker.rules.keys import file_stem, private_key, public_key, unfinished_name


class StoreDestination:
    """Files under keys made of their own bytes.

    Public ones are told by their plain URL; private ones, apart for each tenant, by their key only.
    `refer` is told of each key before it is put, so that nobody deletes it meanwhile.
    """

    def __init__(
        self,
        store: Store,
        *,
        tenant: str,
        visibility: Visibility,
        refer: Callable[[str], None],
    ) -> None:
        self._store, self._tenant, self._visibility = store, tenant, visibility
        self._refer = refer

    def put(self, data: bytes, piece: Piece) -> Placed:
        digest, ending = hashlib.sha256(data).hexdigest(), piece.extension
        is_private = self._visibility == "private"
        key = (
            private_key(self._tenant, digest, ending)
            if is_private
            else public_key(piece.folder, digest, ending)
        )
        self._refer(key)
        self._store.put(key, data, content_type=piece.content_type)
        return Placed(key=key, url=None if is_private else self._store.public_url(key))

    def reference(self, placed: Placed) -> str:
        """A relative one: keys of a folder are `{folder}/{two hex}/{name}`."""
        assert placed.key is not None
        return "../" + "/".join(placed.key.split("/")[-2:])


class FolderDestination:
    """Files named after their source's stem; whole or not there."""

    def __init__(self, *, folder: Path, stem: str) -> None:
        self._folder = folder
        self._stem = stem

    def put(self, data: bytes, piece: Piece) -> Placed:
        path = self._folder / f"{file_stem(self._stem, piece.label)}.{piece.extension}"
        unfinished = path.with_name(unfinished_name(path.name))
        try:
            unfinished.write_bytes(data)
            unfinished.replace(path)
        except OSError as error:
            unfinished.unlink(missing_ok=True)
            raise StorageError("storage.unavailable", f"{path}: {error.strerror}") from error
        return Placed(path=str(path))

    def reference(self, placed: Placed) -> str:
        """The name of the file: siblings lie beside each other."""
        assert placed.path is not None
        return quote(Path(placed.path).name)
