"""What names a medium's bytes for good: the same fingerprint, the same bytes."""

from hashlib import sha256

from worker.contracts.libraries import Place


def entry_fingerprint(place: Place, entry_id: str, version_id: str, size_bytes: int) -> str:
    """A version of a library's file; versions never change."""
    return f"entry {place.library_id}/{place.space_id}/{entry_id} {version_id} {size_bytes}"


def version_of(fingerprint: str | None) -> str | None:
    """A fingerprint as it may be told, in hex: it names servers, and this does not."""
    return sha256(fingerprint.encode()).hexdigest()[:32] if fingerprint is not None else None
