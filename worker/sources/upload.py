"""Media that a tenant has uploaded: private objects of our own store."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from worker.errors import SourceError
from worker.ports import Store
from worker.rules.keys import upload_key
from worker.sources.stored import StoredReader


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadSource:
    """Opens uploads of one tenant by their ids; another tenant's are not found.

    `digest_of` gives the SHA-256 of a tenant's upload, in hex, where it is known.
    """

    store: Store
    tenant: str
    max_bytes: int
    digest_of: Callable[[str, str], str | None]
    keep_read_bytes: int | None = None

    def open(self, reference: str) -> StoredReader:
        """Find the upload. Raises: SourceError; StorageError when the store fails."""
        try:
            key = upload_key(self.tenant, reference)
        except ValueError as error:
            raise SourceError("source.not_found") from error
        found = self.store.find(key)
        if found is None:
            raise SourceError("source.not_found")
        if found.size_bytes == 0:
            raise SourceError("source.empty")
        digest = self.digest_of(self.tenant, reference)
        return StoredReader(
            partial(self.store.read, key),
            found.size_bytes,
            max_bytes=self.max_bytes,
            keep_bytes=self.keep_read_bytes,
            label=reference,
            # An upload's bytes never change, so its id can tell them too.
            fingerprint=f"sha256:{digest}" if digest is not None else f"upload:{reference}",
        )
