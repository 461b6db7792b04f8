"""Libraries, entries and uploads for tests of their state."""

from typing import Any

from worker.contracts.libraries import (
    ROOT,
    Conflict,
    Entry,
    LibraryInfo,
    Place,
    SpaceInfo,
    Transfer,
    Version,
)

PLACE = Place("lib1", "-")
CREATED_MS = 1_700_000_000_000


def library(library_id: str = "lib1", **facts: Any) -> LibraryInfo:
    """A library of pictures for a single tenant."""
    return LibraryInfo.model_validate(
        {"id": library_id, "tenant": "ann", "kind": "media", "created_ms": CREATED_MS, **facts}
    )


def space(space_id: str, library_id: str = "lib1", **facts: Any) -> SpaceInfo:
    return SpaceInfo.model_validate(
        {"library_id": library_id, "id": space_id, "created_ms": CREATED_MS + 1, **facts}
    )


def version(at_ms: int, *, upload: str = "1", size: int = 5) -> Version:
    """What the upload of that number became."""
    return Version(
        id=f"ver_{upload}",
        etag='"5d41402a"',
        transfer=f"trn_{upload}",
        size_bytes=size,
        crc64="11051210869376104954",
        content_type="image/jpeg",
        at_ms=at_ms,
        way="created",
        meta={"hue": "grün"},
    )


def picture(
    entry_id: str,
    name: str,
    *,
    at_ms: int = CREATED_MS + 10,
    parent: str = ROOT,
    size: int = 5,
    place: Place = PLACE,
) -> Entry:
    """A picture with its first version."""
    return Entry(
        id=entry_id,
        place=place,
        parent_id=parent,
        name=name,
        kind="image",
        created_ms=at_ms,
        modified_ms=at_ms,
        version=version(at_ms, upload=entry_id, size=size),
    )


def again(entry: Entry, *, at_ms: int, upload: str, size: int = 5) -> Entry:
    """The picture with another version."""
    newer = version(at_ms, upload=upload, size=size)
    return entry.model_copy(update={"modified_ms": at_ms, "version": newer})


def directory(entry_id: str, name: str, *, at_ms: int = CREATED_MS, parent: str = ROOT) -> Entry:
    return Entry(
        id=entry_id,
        place=PLACE,
        parent_id=parent,
        name=name,
        kind="dir",
        created_ms=at_ms,
        modified_ms=at_ms,
    )


def upload(
    number: int, name: str, *, conflict: Conflict = "ask", parent: str = ROOT, place: Place = PLACE
) -> Transfer:
    """An upload on its way."""
    return Transfer(
        id=f"trn_{number}",
        tenant="ann",
        place=place,
        parent_id=parent,
        name=name,
        kind="image",
        conflict=conflict,
        multipart=False,
        content_type="image/jpeg",
        created_ms=CREATED_MS,
    )
