"""Brings the index of a space in line with what its library keeps, while the space is in use."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import NamedTuple

from worker.contracts.libraries import ROOT, Entry, Place
from worker.errors import RequestError
from worker.state.directories import Documents
from worker.state.entries import EntryIndex
from worker.state.entry_pages import MAX_PAGE, Wanted


class Reindexed(NamedTuple):
    """How many entries the library has, and what had to be put right in the index.

    `noted` are directories that only the index knew, which the library knows now.
    """

    entries: int
    added: int
    moved: int
    removed: int
    noted: int


class _Known(NamedTuple):
    """What the index had of an entry at the begin, and no more: there may be very many."""

    parent_id: str
    name: str
    is_dir: bool
    version_id: str


def reindex(
    index: EntryIndex, place: Place, entries: Iterable[Entry], documents: Documents
) -> Reindexed:
    """Let the index have every one of `entries`, where each says it stands, and no other files.

    Directories have documents only, so one without is noted: what is in it needs it. What was
    uploaded, moved or deleted since the begin is left as it is; `entries` are listed by the
    library meanwhile, and may be many. Repeated after a failure it goes on.
    Raises: RequestError `library.not_found` for an unknown space, `queue.unavailable`; what
    `entries` and `documents` raise.
    """
    before = {entry.id: _known(entry) for entry in _indexed(index, place, ROOT)}
    strays: list[Entry] = []
    seen: set[str] = set()

    def news() -> Iterator[Entry]:
        """What is known already is not told again: it may be deleted by now."""
        for entry in entries:
            seen.add(entry.id)
            known = before.get(entry.id)
            if known is None or known.version_id != _version_id(entry):
                yield entry
            if known and (known.parent_id, known.name) != (entry.parent_id, entry.name):
                strays.append(entry)

    index.load(place, news(), before={each: known.version_id for each, known in before.items()})
    moved = sum(_move(index, before[entry.id], entry) for entry in strays)
    gone = [entry_id for entry_id in before if entry_id not in seen]
    files = (each for each in gone if not before[each].is_dir)
    removed = sum(_done(partial(index.remove, place, entry_id)) for entry_id in files)
    directories = (each for each in gone if before[each].is_dir)
    noted = sum(_note(index, place, entry_id, documents) for entry_id in directories)
    return Reindexed(len(seen), len(seen - before.keys()), moved, removed, noted)


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


def _known(entry: Entry) -> _Known:
    return _Known(entry.parent_id, entry.name, entry.kind == "dir", _version_id(entry))


def _version_id(entry: Entry) -> str:
    return entry.version.id if entry.version else ""


def _move(index: EntryIndex, before: _Known, entry: Entry) -> bool:
    place, parent_id, name = entry.place, entry.parent_id, entry.name
    now = index.read(place, entry.id)
    if now is None or (now.parent_id, now.name) != (before.parent_id, before.name):
        return False  # somebody else moved it meanwhile
    return _done(partial(index.move, place, entry.id, parent_id=parent_id, name=name))


def _note(index: EntryIndex, place: Place, directory_id: str, documents: Documents) -> bool:
    directory = index.read(place, directory_id)
    if directory is None:
        return False
    documents.note(directory)
    if index.read(place, directory_id) is None:  # removed meanwhile, and its document before
        documents.delete(place, directory_id)
        return False
    return True


def _done(act: Callable[[], object]) -> bool:
    """Whether the index let it happen: a name may be taken, a directory be in use meanwhile."""
    try:
        return bool(act())
    except RequestError as error:
        if error.code not in {"library.conflict", "library.not_found"}:
            raise
        return False
