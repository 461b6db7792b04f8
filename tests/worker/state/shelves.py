"""Libraries, entries and uploads for tests of their state."""

from typing import Any, Final

import redis

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
from worker.state.access_tokens import AccessTokens
from worker.state.connection import connect
from worker.state.entries import EntryIndex
from worker.state.entry_pages import Wanted
from worker.state.libraries import LibraryRecords
from worker.state.sights import Sights
from worker.state.transfers import TransferRecords

BY_NAME: Final = Wanted()
CLAIM_HELD_S: Final = 60
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


class Shelf:
    """The state of libraries over one database, with the library `lib1` in it."""

    def __init__(self, url: str) -> None:
        self.redis: redis.Redis = connect(url, timeout_s=30, connect_timeout_s=5)
        self.libraries = LibraryRecords(self.redis)
        self.tokens = AccessTokens(self.redis)
        self.index = EntryIndex(self.redis, claim_held_s=CLAIM_HELD_S)
        self.sights = Sights(self.redis)
        self.transfers = TransferRecords(self.redis)
        self.libraries.create(library(), secret="open sesame")

    def add(self, entry_id: str, name: str, **facts: Any) -> Entry:
        """Put a picture."""
        entry = picture(entry_id, name, **facts)
        self.index.put(entry)
        return entry

    def make(self, entry_id: str, name: str, *, parent: str = ROOT) -> Entry:
        """Make a directory."""
        return self.index.make_directory(directory(entry_id, name, parent=parent))

    def now(self, entry_id: str) -> Entry:
        """The entry as the index has it."""
        read = self.index.read(PLACE, entry_id)
        assert read is not None
        return read

    def listed(self, directory_id: str = ROOT, wanted: Wanted = BY_NAME) -> list[str]:
        """The names of all that a directory shows."""
        page = self.index.page(PLACE, directory_id, wanted, offset=0, limit=1000)
        return [entry.name for entry in page.entries]

    def revision(self, directory_id: str = ROOT) -> int:
        return self.index.page(PLACE, directory_id, BY_NAME, offset=0, limit=1).revision

    def let_claims_run_out(self) -> None:
        """As if `CLAIM_HELD_S` had passed since they were made."""
        for key in self.redis.scan_iter("ff:claimed:*"):
            for name in self.redis.zrange(str(key), 0, -1):
                self.redis.zadd(str(key), {str(name): 1})
