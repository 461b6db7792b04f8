"""What names a medium's bytes for good: the same fingerprint, the same bytes."""

from worker.contracts.libraries import Place


def entry_fingerprint(place: Place, entry_id: str, version_id: str, size_bytes: int) -> str:
    """A version of a library's file; versions never change."""
    return f"entry {place.library_id}/{place.space_id}/{entry_id} {version_id} {size_bytes}"
