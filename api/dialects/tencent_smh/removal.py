"""Removing: first documents, then from the index, then bytes, so that no crash brings back a file.

The index may be made from the documents anew at any time.
"""

import time
from typing import Final, NamedTuple

from worker.contracts.libraries import ROOT, Entry, Place
from worker.errors import CoverError, RequestError
from worker.ports import Library
from worker.state.entries import EntryIndex

BATCH: Final = 100


class Remover(NamedTuple):
    """What removing needs; every method raises CoverError where Redis or the store fails."""

    entries: EntryIndex
    library: Library

    def file(self, entry: Entry) -> None:
        """Remove a file with all its versions; one that is gone from the index too.

        It was there a moment ago: an earlier call went halfway, or the index's answer was lost.
        """
        self.library.forget(entry.place, entry.id)
        self.entries.remove(entry.place, entry.id)
        self._bytes(entry)

    def _bytes(self, entry: Entry) -> None:
        try:
            self.library.delete(entry.place, entry.id)
        except CoverError:
            # Seen again, it can be removed again; unseen, its bytes would stay for good.
            self.entries.put(entry)
            raise

    def directory(self, entry: Entry, *, ends_at_s: float) -> bool:
        """Remove a directory and all below it until `ends_at_s` (monotonic); whether it is done.

        What comes in meanwhile is removed too.
        """
        above = [entry]
        while above and time.monotonic() < ends_at_s:
            children = self.entries.children(entry.place, above[-1].id, limit=BATCH)
            if not children:
                if self._empty(above[-1]):
                    above.pop()
                continue
            for child in children:
                if child.kind != "dir":
                    self.file(child)
            above += [child for child in children if child.kind == "dir"]
        return not above

    def _empty(self, directory: Entry) -> bool:
        """Remove a directory that has nothing in it; False where something came just now."""
        try:
            self.file(directory)
        except RequestError as refused:
            if refused.code != "library.conflict":
                raise
            self.library.note(directory)
            return False
        return True

    def space(self, place: Place, *, ends_at_s: float) -> bool:
        """Remove all entries of a space; whether it is done by `ends_at_s`."""
        while time.monotonic() < ends_at_s:
            children = self.entries.children(place, ROOT, limit=BATCH)
            if not children:
                self.entries.clear(place)
                return True
            for child in children:
                if child.kind != "dir":
                    self.file(child)
                elif not self.directory(child, ends_at_s=ends_at_s):
                    return False
        return False
