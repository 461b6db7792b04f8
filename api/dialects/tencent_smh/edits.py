"""Changes of what a space has: directories made, entries moved and removed.

A move changes the index first, in one step that nobody sees half of; then the library's documents,
which the index can be made from anew. Where these fail, the index goes back.
"""

import time
from typing import Final

from api.dialects.tencent_smh import grants
from api.dialects.tencent_smh.access import Call, Seen
from api.dialects.tencent_smh.errors import RefusalError, overloaded
from api.dialects.tencent_smh.forms import text_of
from api.dialects.tencent_smh.parts import Parts
from api.dialects.tencent_smh.paths import names
from api.dialects.tencent_smh.places import (
    check_directory,
    directory_of,
    file_kind,
    path_of,
)
from api.dialects.tencent_smh.removal import Remover
from api.dialects.tencent_smh.uploads import conflict_of
from worker.contracts.libraries import ROOT, Conflict, Entry
from worker.errors import CoverError
from worker.state.directories import Directories

# Clients repeat a call after 30 s without an answer; a repeated removal goes on where it was.
REMOVAL_S: Final = 20.0


def make_directory(parts: Parts, call: Call, seen: Seen) -> list[str]:
    """Make a directory and those above it that are missing; where it is. Raises: RefusalError."""
    grants.require(seen.grant, *grants.CREATE_DIRECTORY)
    check_directory(seen.library, call.path)
    conflict = conflict_of(call.queries, "ask", of_file=False)
    made = _directories(parts).make(seen.place, call.path, conflict=conflict)
    return [*call.path[:-1], made.name]


def move_file(parts: Parts, call: Call, seen: Seen, source: object) -> list[str] | None:
    """Give a file the call's path; where it is now. `seen` is the directory it comes to.

    Raises: RefusalError.
    """
    grants.require(seen.grant, *grants.MOVE_FILE)
    conflict = conflict_of(call.queries, "rename")
    grants.require(seen.grant, *grants.move_file(conflict))
    kind, parent = file_kind(seen.library, call.path), directory_of(seen)
    found = parts.state.entries.resolve(seen.place, _source(source, "InvalidSourceFile"))
    if found is None or found.kind == "dir":
        raise RefusalError("SourceFileNotFound")
    if found.kind != kind:
        raise RefusalError("FileTypeNotMatched")
    return _path(parts, _moved(parts, found, parent.id, call.path[-1], conflict))


def move_directory(parts: Parts, call: Call, seen: Seen, source: object) -> list[str] | None:
    """Give a directory the call's path, with those above it that are missing; where it is now.

    Raises: RefusalError.
    """
    grants.require(seen.grant, *grants.MOVE_DIRECTORY)
    check_directory(seen.library, call.path)
    conflict = conflict_of(call.queries, "ask", of_file=False)
    old = _source(source, "InvalidSourceDirectory")
    found = parts.state.entries.resolve(seen.place, old)
    if found is None or found.kind != "dir":
        raise RefusalError("SourceDirectoryNotFound")
    if len(call.path) > len(old) and call.path[: len(old)] == old:
        raise RefusalError("SourceDirectoryIsParentOfDestination")
    parent_id = _directories(parts).reach(seen.place, call.path[:-1])
    return _path(parts, _moved(parts, found, parent_id, call.path[-1], conflict))


def delete_file(parts: Parts, call: Call, seen: Seen) -> None:
    """Remove a file with all its versions. Raises: RefusalError `FileNotFound`."""
    if not call.path:
        raise RefusalError("EmptyPath")
    if seen.entry is None or seen.entry.kind == "dir":
        raise RefusalError("FileNotFound")
    _remover(parts).file(seen.entry)


def delete_directory(parts: Parts, call: Call, seen: Seen) -> None:
    """Remove a directory and all below it.

    Raises: RefusalError, `ServerOverloaded` where it takes longer than one call may.
    """
    if not call.path:
        raise RefusalError("RootDirectoryNotAllowed")
    ends_at_s = time.monotonic() + REMOVAL_S
    if not _remover(parts).directory(directory_of(seen), ends_at_s=ends_at_s):
        raise overloaded("The directory is not empty yet; delete it again to go on.")


def delete_space(parts: Parts, call: Call, seen: Seen) -> None:
    """Remove a space of a library for many tenants, with all that is in it.

    Raises: RefusalError, `SpaceNotEmpty` where `force=0` says that nothing may be lost.
    """
    if not seen.library.multi_tenant:
        raise RefusalError("NotMultiSpaceLibrary")
    careful = call.queries.one("force") == "0"
    if careful and parts.state.entries.children(seen.place, ROOT, limit=1):
        raise RefusalError("SpaceNotEmpty")
    if not _remover(parts).space(seen.place, ends_at_s=time.monotonic() + REMOVAL_S):
        raise overloaded("The space is not empty yet; delete it again to go on.")
    # What nobody sees must not turn up in a new space of the same id, nor what comes meanwhile.
    parts.library.clear(seen.place)
    parts.state.libraries.delete_space(*seen.place)
    parts.library.clear(seen.place)


def _directories(parts: Parts) -> Directories:
    return Directories(parts.state.entries, parts.library)


def _remover(parts: Parts) -> Remover:
    return Remover(parts.state.entries, parts.library)


def _source(told: object, code: str) -> tuple[str, ...]:
    """The path that a body names as `from`.

    Raises: RefusalError with `code`, `ParamInvalid` for what is no text.
    """
    text = text_of(told, "from")
    try:
        path = names(text)
    except RefusalError as wrong:
        raise RefusalError(code, wrong.message) from wrong
    if not path:
        raise RefusalError(code)
    return path


def _moved(parts: Parts, entry: Entry, parent_id: str, name: str, conflict: Conflict) -> Entry:
    entries, place = parts.state.entries, entry.place
    moved, replaced = entries.move(
        place, entry.id, parent_id=parent_id, name=name, conflict=conflict
    )
    try:
        parts.library.note(moved)
    except CoverError:
        entries.move(place, entry.id, parent_id=entry.parent_id, name=entry.name)
        if replaced is not None:
            entries.put(replaced)
        raise
    if replaced is not None:
        parts.library.delete(place, replaced.id)
    return moved


def _path(parts: Parts, entry: Entry) -> list[str] | None:
    return path_of(parts.state.entries, entry.place, parent_id=entry.parent_id, name=entry.name)
