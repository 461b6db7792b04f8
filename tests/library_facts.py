"""A place, drafts and entries to fill libraries with, for tests."""

from typing import Any

from ulid import ULID

from worker.contracts.libraries import ROOT, SINGLE_SPACE, Entry, Place, VersionDraft

PLACE = Place("smh1albums", SINGLE_SPACE)
OTHER = Place("smh1albums", "space2")
ENTRY = "ent_01JC6Z5G0Q8V2N3M4P5R6S7T8W"
DATA = bytes(range(256)) * 80


def draft(data: bytes = DATA, **changes: Any) -> VersionDraft:
    """What is known of `data` before it is kept, from an upload of its own."""
    given: dict[str, Any] = {
        "transfer": f"trn_{ULID()}",
        "size_bytes": len(data),
        "crc64": "9306716434211326336",
        "content_type": "video/mp4",
        "at_ms": 1_765_000_000_000,
        "way": "created",
    }
    return VersionDraft(**{**given, **changes})


def entry(entry_id: str = ENTRY, **changes: Any) -> Entry:
    """A clip at the top of the place."""
    given: dict[str, Any] = {
        "id": entry_id,
        "place": PLACE,
        "parent_id": ROOT,
        "name": "clip.mp4",
        "kind": "video",
        "created_ms": 1_765_000_000_000,
        "modified_ms": 1_765_000_000_000,
    }
    return Entry(**{**given, **changes})
