"""Brings the index of a space in line with what its library keeps, while the space is in use."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from worker.contracts.libraries import ROOT, Entry, Place
from worker.errors import RequestError
from worker.state.entries import EntryIndex
from worker.state.entry_pages import MAX_PAGE, Wanted

# A directory is in the index a moment before its document is written.
_YOUNG_MS: Final = 60_000


class Reindexed(NamedTuple):
    """How many entries the library has, and what had to be put right in the index."""

    entries: int
    added: int
    moved: int
    removed: int


def reindex(index: EntryIndex, place: Place, entries: Iterable[Entry]) -> Reindexed:
    """Let the index have every one of `entries`, where each says it stands, and no others.

    What was uploaded, moved or deleted since the begin is left as it is; `entries` are listed
    by the library meanwhile, and may be many. Repeated after a failure it goes on.
    Raises: RequestError `library.not_found` for an unknown space, `queue.unavailable`; what
    `entries` raises.
    """
    old_ms = time.time() * 1000 - _YOUNG_MS
    before = {entry.id: entry for entry in _indexed(index, place, ROOT)}
    strays: list[Entry] = []
    seen: set[str] = set()

    def news() -> Iterator[Entry]:
        """What is known already is not told again: it may be deleted by now."""
        for entry in entries:
            seen.add(entry.id)
            known = before.get(entry.id)
            if known is None or known.version != entry.version:
                yield entry
            if known and (known.parent_id, known.name) != (entry.parent_id, entry.name):
                strays.append(entry)

    index.load(place, news())
    moved = sum(_move(index, before[entry.id], entry) for entry in strays)
    # Children stand behind their directory, and a directory must be empty before it goes.
    gone = [before[entry_id] for entry_id in reversed(before) if entry_id not in seen]
    known_gone = (entry for entry in gone if entry.kind != "dir" or entry.created_ms < old_ms)
    removed = sum(_remove(index, entry) for entry in known_gone)
    return Reindexed(len(seen), len(seen - before.keys()), moved, removed)


def _indexed(index: EntryIndex, place: Place, directory_id: str) -> Iterator[Entry]:
    """Everything below a directory that the index knows, a directory before what is in it."""
    marker = None
    while True:
        page = index.after(place, directory_id, Wanted(), marker=marker, limit=MAX_PAGE)
        for entry in page.entries:
            yield entry
            if entry.kind == "dir":
                yield from _indexed(index, place, entry.id)
        marker = page.next_marker
        if marker is None:
            return


def _move(index: EntryIndex, before: Entry, entry: Entry) -> bool:
    place, parent_id, name = entry.place, entry.parent_id, entry.name
    now = index.read(place, entry.id)
    if now is None or (now.parent_id, now.name) != (before.parent_id, before.name):
        return False  # somebody else moved it meanwhile
    return _done(lambda: index.move(place, entry.id, parent_id=parent_id, name=name))


def _remove(index: EntryIndex, entry: Entry) -> bool:
    return _done(lambda: index.remove(entry.place, entry.id))


def _done(act: Callable[[], object]) -> bool:
    """Whether the index let it happen: a name may be taken, a directory be in use meanwhile."""
    try:
        return bool(act())
    except RequestError as error:
        if error.code not in {"library.conflict", "library.not_found"}:
            raise
        return False
