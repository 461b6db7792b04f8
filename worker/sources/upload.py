"""Media that a tenant has uploaded: private objects of our own store."""

from collections.abc import Callable
from dataclasses import dataclass

from worker.errors import RequestError, SourceError
from worker.ports import Store
from worker.rules.keys import upload_key
from worker.rules.spans import Spans


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadSource:
    """Opens uploads of one tenant by their ids; another tenant's are not found.

    `digest_of` gives the SHA-256 of a tenant's upload, in hex, where it is known.
    """

    store: Store
    tenant: str
    max_bytes: int
    digest_of: Callable[[str, str], str | None]

    def open(self, reference: str) -> "UploadReader":
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
        reader = UploadReader(self.store, key, found.size_bytes, self.max_bytes, upload=reference)
        digest = self.digest_of(self.tenant, reference)
        if digest is not None:
            reader.fingerprint = f"sha256:{digest}"
        return reader


class UploadReader:
    """An upload read by ranges; its bytes never change, so its id can be its fingerprint."""

    def __init__(
        self, store: Store, key: str, size_bytes: int, max_bytes: int, *, upload: str
    ) -> None:
        self._store = store
        self._key = key
        self._spans = Spans(size_bytes, max_bytes=max_bytes)
        self.label = upload
        self.size_bytes: int | None = size_bytes
        self.fingerprint: str | None = f"upload:{upload}"
        self.bytes_read = 0
        self.requests = 1

    def read(self, offset: int, length: int) -> bytes:
        return self._spans.read(offset, length, self._fetch)

    def descriptor(self) -> int | None:
        return None

    def close(self) -> None:
        """Nothing is held open between reads."""

    def _fetch(self, offset: int, length: int) -> bytes:
        try:
            data = self._store.read(self._key, offset, length)
        except RequestError as error:
            raise SourceError("source.not_found") from error
        self.requests += 1
        self.bytes_read += len(data)
        if len(data) < length:
            raise SourceError("source.truncated")
        return data
