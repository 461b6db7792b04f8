"""Directories as they are made: kept by the library first, then seen, so a crash hides no files."""

import time
from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from ulid import ULID

from worker.contracts.libraries import ROOT, Conflict, Entry, Place
from worker.errors import RequestError
from worker.state.entries import EntryIndex

_REFUSED: Final = frozenset({"library.conflict", "library.not_found"})


class Documents(Protocol):
    """What a library does with documents of entries."""

    def note(self, entry: Entry) -> None: ...
    def delete(self, place: Place, entry_id: str) -> None: ...


class Directories(NamedTuple):
    """Makes directories; every method raises what `documents` raise, and `queue.unavailable`.

    A crash between leaves a document that the index knows nothing of, which a rebuilt index shows.
    """

    entries: EntryIndex
    documents: Documents

    def make(self, place: Place, path: Sequence[str], *, conflict: Conflict = "ask") -> Entry:
        """Make the directory at `path`, which is not empty, and those above it that are missing.

        Raises: RequestError `library.conflict` when its name is taken and not to be changed, or a
        file is in the way, `library.not_found`.
        """
        parent_id = self.reach(place, path[:-1])
        if conflict == "ask" and self.entries.resolve(place, path):
            raise RequestError("library.conflict")
        return self._new(place, parent_id, path[-1], conflict)

    def reach(self, place: Place, path: Sequence[str]) -> str:
        """The id of the directory at `path`; what is missing on the way is made.

        Raises: RequestError `library.conflict` when a file is in the way, `library.not_found`.
        """
        parent_id = ROOT
        for depth in range(1, len(path) + 1):
            above = path[:depth]
            found = self.entries.resolve(place, above) or self._made(place, parent_id, above)
            if found.kind != "dir":
                shown = "/".join(above)
                raise RequestError("library.conflict", f"{shown!r} is a file, not a directory")
            parent_id = found.id
        return parent_id

    def _made(self, place: Place, parent_id: str, path: Sequence[str]) -> Entry:
        try:
            return self._new(place, parent_id, path[-1], "ask")
        except RequestError as refused:
            # Somebody else may have made it in this moment.
            found = self.entries.resolve(place, path)
            if refused.code != "library.conflict" or found is None:
                raise
            return found

    def _new(self, place: Place, parent_id: str, name: str, conflict: Conflict) -> Entry:
        now_ms = int(time.time() * 1000)
        wanted = Entry(
            id=f"ent_{ULID()}",
            place=place,
            parent_id=parent_id,
            name=name,
            kind="dir",
            created_ms=now_ms,
            modified_ms=now_ms,
        )
        self.documents.note(wanted)
        try:
            made = self.entries.make_directory(wanted, conflict=conflict)
        except RequestError as refused:
            if refused.code in _REFUSED:
                # An index that was rebuilt just now has it, by its document.
                self.entries.remove(place, wanted.id)
                self.documents.delete(place, wanted.id)
            raise
        if made.name != name:
            self.documents.note(made)
        return made
