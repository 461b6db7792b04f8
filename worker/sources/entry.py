"""Media that libraries served here have: versions of their files."""

from dataclasses import dataclass

from worker.contracts.libraries import Place
from worker.contracts.requests import EntryReference
from worker.errors import SourceError
from worker.ports import Library
from worker.rules.fingerprints import entry_fingerprint
from worker.sources.stored import StoredReader


@dataclass(frozen=True, slots=True, kw_only=True)
class EntrySource:
    """Opens versions of files by their ids; whoever made the reference has checked who may."""

    library: Library
    max_bytes: int
    keep_read_bytes: int | None = None

    def open(self, reference: EntryReference) -> StoredReader:
        """Find the version. Raises: SourceError; StorageError when the library fails."""
        place = Place(reference.library_id, reference.space_id)
        entry_id, version_id = reference.entry_id, reference.version_id
        found = self.library.version(place, entry_id, version_id)
        if found is None:
            raise SourceError("source.not_found")
        if found.size_bytes == 0:
            raise SourceError("source.empty")

        def read_range(offset: int, length: int) -> bytes:
            return self.library.read(place, entry_id, version_id, offset=offset, length=length)

        return StoredReader(
            read_range,
            found.size_bytes,
            max_bytes=self.max_bytes,
            keep_bytes=self.keep_read_bytes,
            label=f"{place.library_id}/{place.space_id}/{entry_id}",
            fingerprint=entry_fingerprint(place, entry_id, version_id, found.size_bytes),
        )
