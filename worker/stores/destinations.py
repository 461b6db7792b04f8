"""Where finished files go: the store for jobs, a folder for commands."""

import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self
from urllib.parse import quote

from worker.contracts.names import Visibility
from worker.errors import StorageError
from worker.ports import Output, Placed, Store
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

    def put(self, data: bytes, output: Output) -> Placed:
        digest, ending = hashlib.sha256(data).hexdigest(), output.extension
        is_private = self._visibility == "private"
        key = (
            private_key(self._tenant, digest, ending)
            if is_private
            else public_key(output.folder, digest, ending)
        )
        self._refer(key)
        self._store.put(key, data, content_type=output.content_type)
        return Placed(key=key, url=None if is_private else self._store.public_url(key))

    def reference(self, placed: Placed) -> str:
        """A relative one: keys of a folder are `{folder}/{two hex}/{name}`."""
        assert placed.key is not None
        return "../" + "/".join(placed.key.split("/")[-2:])


class FolderDestination:
    """Files of one source in a folder, named after the source's stem: all of them, or none.

    Used in a `with` block, at whose end they come into the folder. Until then they are in a hidden
    one beside them, which an error removes; what the folder had before then stays as it was.
    """

    def __init__(self, *, folder: Path, stem: str) -> None:
        self._folder, self._stem = folder, stem
        self._unfinished = folder / unfinished_name(stem)
        self._names: dict[str, None] = {}

    def __enter__(self) -> Self:
        # A process that was killed may have left some.
        shutil.rmtree(self._unfinished, ignore_errors=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Raises: StorageError."""
        try:
            if kind is None:
                self._finish()
        finally:
            shutil.rmtree(self._unfinished, ignore_errors=True)

    def put(self, data: bytes, output: Output) -> Placed:
        path = self._folder / f"{file_stem(self._stem, output.label)}.{output.extension}"
        with _told_of(path):
            self._unfinished.mkdir(exist_ok=True)
            (self._unfinished / path.name).write_bytes(data)
        self._names[path.name] = None
        return Placed(path=str(path))

    def reference(self, placed: Placed) -> str:
        """The name of the file: siblings lie beside each other."""
        assert placed.path is not None
        return quote(Path(placed.path).name)

    def _finish(self) -> None:
        """Move the files into the folder. Where one cannot be there, none stays."""
        done: list[Path] = []
        try:
            for name in self._names:
                path = self._folder / name
                with _told_of(path):
                    (self._unfinished / name).replace(path)
                done.append(path)
        except StorageError:
            for path in done:
                path.unlink(missing_ok=True)
            raise


@contextmanager
def _told_of(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError("storage.unavailable", f"{path}: {error.strerror}") from error
