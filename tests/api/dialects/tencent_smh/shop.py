"""Libraries with real bytes in them, filled past the API, and the calls that read them."""

import itertools
from pathlib import Path
from typing import Any

import anycrc
from ulid import ULID

from worker import wiring
from worker.contracts.libraries import (
    ROOT,
    SINGLE_SPACE,
    Entry,
    EntryKind,
    Grant,
    LibraryInfo,
    Place,
    SpaceInfo,
    Version,
    VersionDraft,
)
from worker.rules.library_kinds import content_type_of_name, kind_of
from worker.settings import Settings

SECRET = "a secret of a library"
STARTED_MS = 1_700_000_000_000


class Shop:
    """Makes libraries, spaces, tokens, albums and files where a server of `settings` finds them."""

    def __init__(self, settings: Settings) -> None:
        settings.libraries.folder.mkdir(parents=True, exist_ok=True)
        self.settings = settings
        self.state = wiring.state(settings, timeout_s=5)
        self.bytes = wiring.library(settings)
        self._times = itertools.count(STARTED_MS, 1000)

    def library(self, library_id: str = "smh1", **facts: Any) -> Place:
        """A media library without albums for one tenant, unless `facts` say otherwise."""
        given = {"kind": "media", "tenant": "default", "created_ms": STARTED_MS, **facts}
        info = LibraryInfo.model_validate({"id": library_id, **given})
        self.state.libraries.create(info, secret=SECRET)
        return Place(library_id, SINGLE_SPACE)

    def pieces(self) -> dict[Path, int]:
        """The sizes of the pieces of uploads that the store has, of earlier tests too."""
        found = (self.settings.store.folder / "uploads").rglob("upl_*")
        return {path: path.stat().st_size for path in found if path.is_file()}

    def space(self, space_id: str, library_id: str = "smh1", *, public_read: bool = False) -> Place:
        info = SpaceInfo(
            library_id=library_id, id=space_id, public_read=public_read, created_ms=STARTED_MS
        )
        self.state.libraries.create_space(info)
        return Place(library_id, space_id)

    def token(self, library_id: str = "smh1", *grants: str, **facts: Any) -> str:
        """A token that only reads, in all spaces, unless told otherwise."""
        given = {"library_id": library_id, "grants": grants, "period_s": 3600, **facts}
        return self.state.access_tokens.create(Grant.model_validate(given))

    def directory(self, place: Place, name: str, *, parent_id: str = ROOT) -> str:
        """A new directory's id."""
        at_ms = next(self._times)
        made = Entry(
            id=_new_id(),
            place=place,
            parent_id=parent_id,
            name=name,
            kind="dir",
            created_ms=at_ms,
            modified_ms=at_ms,
        )
        self.bytes.note(made)
        return self.state.entries.make_directory(made).id

    def put(
        self,
        place: Place,
        name: str,
        file: Path,
        *,
        parent_id: str = ROOT,
        at_ms: int | None = None,
        meta: dict[str, str] | None = None,
    ) -> Entry:
        """A file with its first version."""
        at_ms = at_ms or next(self._times)
        library = self.state.libraries.read(place.library_id)
        assert library is not None
        kind: EntryKind = kind_of(name, library.kind) or "file"
        entry = Entry(
            id=_new_id(),
            place=place,
            parent_id=parent_id,
            name=name,
            kind=kind,
            created_ms=at_ms,
            modified_ms=at_ms,
        )
        return self.replace(entry, file, at_ms=at_ms, meta=meta)

    def replace(
        self,
        entry: Entry,
        file: Path,
        *,
        at_ms: int | None = None,
        meta: dict[str, str] | None = None,
    ) -> Entry:
        """The file with a new version."""
        draft = VersionDraft(
            transfer=f"trn_{ULID()}",
            size_bytes=file.stat().st_size,
            crc64=str(anycrc.Model("CRC64-XZ").calc(file.read_bytes())),
            content_type=content_type_of_name(entry.name),
            at_ms=at_ms or next(self._times),
            way="updated" if entry.version else "created",
            created_by="ann",
            meta=meta or {},
        )
        version: Version = self.bytes.put(entry.place, entry.id, file, draft)
        changes = {"version": version, "modified_ms": version.at_ms}
        newer = entry.model_copy(update=changes)
        self.bytes.note(newer)
        self.state.entries.put(newer, instead_of=entry if entry.version else None)
        return newer


def _new_id() -> str:
    return f"ent_{ULID()}"
