"""The index of entries: their names, claims on names, and sorted listings."""

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

import redis

from worker.contracts.libraries import Claim, Conflict, Entry, Place, Transfer
from worker.errors import RequestError
from worker.state import claim_scripts, entry_scripts
from worker.state.entry_pages import EntryPages, Page, Wanted
from worker.state.entry_records import RESOLVE, ROW, entry_of, fields_of
from worker.state.scripts import Script

_BATCH: Final = 200


class Moved(NamedTuple):
    """An entry in its new place, and the file it took the place of, whose bytes nobody names."""

    entry: Entry
    replaced: Entry | None


class EntryIndex:
    """All entries of all spaces, by name in their directories.

    Every method raises RequestError `queue.unavailable` when Redis does not do its part. Names are
    kept as given; whether one may be used at all is the caller's to say.
    """

    def __init__(self, client: redis.Redis, *, claim_held_s: float = 60) -> None:
        self._held_ms = int(claim_held_s * 1000)
        self._pages = EntryPages(client)
        self._row = Script(client, ROW)
        self._resolve = Script(client, RESOLVE)
        self._claim = Script(client, claim_scripts.CLAIM)
        self._release = Script(client, claim_scripts.RELEASE)
        self._put = Script(client, entry_scripts.PUT)
        self._make_directory = Script(client, entry_scripts.MAKE_DIRECTORY)
        self._move = Script(client, entry_scripts.MOVE)
        self._remove = Script(client, entry_scripts.REMOVE)
        self._load = Script(client, entry_scripts.LOAD)
        self._clear = Script(client, entry_scripts.CLEAR)

    def claim(self, transfer: Transfer, *, entry_id: str) -> Claim:
        """Give the transfer its name, by its rule for conflicts; `entry_id` if the name is free.

        A claimed name is in no listing until `put`. The same transfer gets the same claim, but for
        a name that was lost, or a file that was removed, meanwhile. A name that is only claimed is
        held for `claim_held_s` after its transfer last asked, the time an attempt may take: until
        then an upload that overwrites gets a version of the same file, one that renames the next
        free name, one that asks a conflict. After that, or `release`, anybody may have the name,
        so an upload that died blocks nothing for long; it gets a new claim if it asks again.
        Raises: RequestError `library.conflict`, `library.not_found` when the directory is gone.
        """
        wanted = (transfer.parent_id, transfer.name, transfer.conflict, transfer.id)
        row = _done(self._claim(*transfer.place, *wanted, entry_id, self._held_ms))
        return Claim(row[0], row[1], row[2], int(row[3]) if row[3] else None, row[4] or None)

    def release(self, transfer: Transfer) -> None:
        """Let the transfer's name go at once, unless it is seen or another upload shares it.

        If the transfer asks again it gets the same claim, where nobody took the name meanwhile.
        """
        self._release(*transfer.place, transfer.parent_id, transfer.id)

    def put(self, entry: Entry, *, instead_of: Entry | None = None) -> Entry | None:
        """Make the entry seen, or its version instead of that of `instead_of`; as it is now.

        `instead_of` is the entry as it was read before the library was asked for its newest
        version; None, and nothing done, where that is no more so: read again, ask again. A file
        that is known keeps its name, its directory and when it was created.
        Raises: RequestError `library.not_found` when its space or directory is gone,
        `library.conflict` when its claim ran out and another has its name.
        """
        before = instead_of.version.id if instead_of and instead_of.version else ""
        row = _done(self._put(*entry.place, *fields_of(entry, instead_of=before)))
        return entry_of(entry.place, row)

    def read(self, place: Place, entry_id: str) -> Entry | None:
        return entry_of(place, self._row(*place, entry_id))

    def resolve(self, place: Place, path: Sequence[str]) -> Entry | None:
        """What a path of names leads to; none of them is the space's top directory."""
        return entry_of(place, self._resolve(*place, *path))

    def make_directory(self, directory: Entry, *, conflict: Conflict = "ask") -> Entry:
        """Make a new directory seen; asked again with the same id, it is the same one.

        To `rename` gives it the next free name. Raises: RequestError `library.conflict` when the
        name is taken, `library.not_found`.
        """
        row = self._make_directory(*directory.place, *fields_of(directory), conflict)
        return _entry(directory.place, _done(row))

    def page(
        self, place: Place, directory_id: str, wanted: Wanted, *, offset: int, limit: int
    ) -> Page:
        """Entries from `offset` on, at most 1,000. Raises: RequestError `library.not_found`."""
        return self._pages.page(place, directory_id, wanted, offset=offset, limit=limit)

    def after(
        self, place: Place, directory_id: str, wanted: Wanted, *, marker: str | None, limit: int
    ) -> Page:
        """Entries after the last one that the page with this `next_marker` told; None begins.

        An entry that stays, its name and what is sorted by unchanged, is told once, whatever is
        written between the pages. A marker is good for its own directory and order only.
        Raises: RequestError `library.not_found`, for a marker that no page gave too.
        """
        return self._pages.after(place, directory_id, wanted, marker=marker, limit=limit)

    def move(
        self, place: Place, entry_id: str, *, parent_id: str, name: str, conflict: Conflict = "ask"
    ) -> Moved:
        """Give the entry another name or directory; what is in a directory goes with it.

        Where the name is taken, to `rename` gives the next free one, to `overwrite` lets a file
        take the place of a file. Raises: RequestError `library.not_found`,
        `library.conflict` when the name is taken or the directory would be below itself.
        """
        call = secrets.token_hex(8)
        moved = _done(self._move(*place, entry_id, parent_id, name, conflict, call))
        return Moved(_entry(place, moved[0]), entry_of(place, moved[1]))

    def remove(self, place: Place, entry_id: str) -> bool:
        """Forget one entry; False for an unknown one.

        Raises: RequestError `library.conflict` for a directory with something in it, or the root.
        """
        return bool(_done(self._remove(*place, entry_id)))

    def children(self, place: Place, directory_id: str, *, limit: int) -> list[Entry]:
        """The first entries by name, directories first. Raises: RequestError `library.not_found`.

        They are at most 1,000.
        """
        return self._pages.page(place, directory_id, Wanted(), offset=0, limit=limit).entries

    def clear(self, place: Place) -> None:
        """Forget all entries of a space; repeated after a failure, it goes on."""
        while self._clear(*place):
            pass

    def load(
        self, place: Place, entries: Iterable[Entry], *, before: Mapping[str, str] | None = None
    ) -> int:
        """Take in what the library knows of a space, in any order, and count it.

        `before` tells the version that a file had here before the library was asked: another one
        that is here now stays, as with `put`, and so does the lack of the file, so uploads and
        removals may go on. Of two files with one name the later gets the next free name, so that
        none is hidden. A file that is new here may come back if it is deleted meanwhile.
        Raises: RequestError `library.not_found` for an unknown space.
        """
        loaded = 0
        for batch in _batches(entries):
            fields = [
                field
                for entry in batch
                for field in fields_of(entry, instead_of=(before or {}).get(entry.id, ""))
            ]
            _done(self._load(*place, *fields))
            loaded += len(batch)
        return loaded


def _done(answer: Any) -> Any:
    if isinstance(answer, str):
        raise RequestError(answer)
    return answer


def _entry(place: Place, row: Sequence[str]) -> Entry:
    entry = entry_of(place, row)
    assert entry is not None
    return entry


def _batches(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    rest = iter(entries)
    while batch := list(islice(rest, _BATCH)):
        yield batch
