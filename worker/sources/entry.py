"""Media that libraries served here have: versions of their files."""

from dataclasses import dataclass

from worker.contracts.libraries import Place
from worker.contracts.requests import EntryReference
from worker.errors import RequestError, SourceError
from worker.ports import Library
from worker.rules.fingerprints import entry_fingerprint
from worker.rules.spans import Spans


@dataclass(frozen=True, slots=True, kw_only=True)
class EntrySource:
    """Opens versions of files by their ids; whoever made the reference has checked who may."""

    library: Library
    max_bytes: int

    def open(self, reference: EntryReference) -> "EntryReader":
        """Find the version. Raises: SourceError; StorageError when the library fails."""
        place = Place(reference.library_id, reference.space_id)
        found = self.library.version(place, reference.entry_id, reference.version_id)
        if found is None:
            raise SourceError("source.not_found")
        if found.size_bytes == 0:
            raise SourceError("source.empty")
        return EntryReader(self.library, reference, found.size_bytes, self.max_bytes)


class EntryReader:
    """A version read by ranges; its bytes never change."""

    def __init__(
        self, library: Library, reference: EntryReference, size_bytes: int, max_bytes: int
    ) -> None:
        place = Place(reference.library_id, reference.space_id)
        entry_id, version_id = reference.entry_id, reference.version_id
        self._library = library
        self._place = place
        self._reference = reference
        self._spans = Spans(size_bytes, max_bytes=max_bytes)
        self.label = f"{place.library_id}/{place.space_id}/{entry_id}"
        self.size_bytes: int | None = size_bytes
        self.fingerprint: str | None = entry_fingerprint(place, entry_id, version_id, size_bytes)
        self.bytes_read = 0
        self.requests = 1

    def read(self, offset: int, length: int) -> bytes:
        return self._spans.read(offset, length, self._fetch)

    def descriptor(self) -> int | None:
        return None

    def close(self) -> None:
        """Nothing is held open between reads."""

    def _fetch(self, offset: int, length: int) -> bytes:
        entry_id, version_id = self._reference.entry_id, self._reference.version_id
        try:
            data = self._library.read(
                self._place, entry_id, version_id, offset=offset, length=length
            )
        except RequestError as error:
            raise SourceError("source.not_found") from error
        self.requests += 1
        self.bytes_read += len(data)
        if len(data) < length:
            raise SourceError("source.truncated")
        return data
