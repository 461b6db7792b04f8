"""Pictures that were made here: objects of our own store, found by their records."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath

from worker.errors import SourceError
from worker.ports import Store
from worker.sources.stored import StoredReader


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSource:
    """Opens pictures of one tenant by the ids of their records; another tenant's are not found.

    `key_of` gives the key of a tenant's picture, where it has one.
    """

    store: Store
    tenant: str
    max_bytes: int
    key_of: Callable[[str, str], str | None]
    keep_read_bytes: int | None = None

    def open(self, reference: str) -> StoredReader:
        """Find the picture. Raises: SourceError; StorageError when the store fails."""
        key = self.key_of(self.tenant, reference)
        found = self.store.find(key) if key else None
        if found is None:
            raise SourceError("source.not_found")
        if found.size_bytes == 0:
            raise SourceError("source.empty")
        return StoredReader(
            partial(self.store.read, found.key),
            found.size_bytes,
            max_bytes=self.max_bytes,
            keep_bytes=self.keep_read_bytes,
            label=reference,
            # Pictures are named after the SHA-256 of their bytes.
            fingerprint=f"sha256:{PurePosixPath(found.key).stem}",
        )
