"""Where a library takes files and directories, and what refuses them elsewhere."""

from collections.abc import Mapping, Sequence
from typing import Final

from api.dialects.tencent_smh.access import Seen
from api.dialects.tencent_smh.errors import RefusalError
from worker.contracts.libraries import (
    ROOT,
    Entry,
    EntryKind,
    LibraryInfo,
    Place,
)
from worker.rules.library_paths import MAX_DEPTH, MAX_NAME_BYTES
from worker.rules.library_places import Misplaced, file_at, misplaced_directory
from worker.state.entries import EntryIndex

_OF_FILES: Final[Mapping[Misplaced, str]] = {
    Misplaced.UNNAMED: "EmptyFileName",
    Misplaced.NO_MEDIUM: "ExtnameNotAllowed",
    Misplaced.BESIDE_ALBUMS: "UploadToRootDirectoryNotAllowed",
    # What the file would be in can never have been made.
    Misplaced.NO_ALBUMS: "DirectoryNotFound",
    Misplaced.IN_ALBUM: "DirectoryNotFound",
}
_OF_DIRECTORIES: Final[Mapping[Misplaced, str]] = {
    Misplaced.UNNAMED: "EmptyPath",
    Misplaced.NO_ALBUMS: "DirectoryNotAllowed",
    Misplaced.IN_ALBUM: "DirectoryLevelExceed",
}


def check_lengths(text: str, *, of_file: bool) -> None:
    """Raises RefusalError for a name that is too long, by what it would be the name of."""
    *above, last = [name for name in text.split("/") if name] or [""]
    if any(len(name.encode()) > MAX_NAME_BYTES for name in above):
        raise RefusalError("DirectoryNameLengthExceed")
    if len(last.encode()) > MAX_NAME_BYTES:
        raise RefusalError("FileNameLengthExceed" if of_file else "DirectoryNameLengthExceed")


def file_kind(library: LibraryInfo, path: Sequence[str]) -> EntryKind:
    """What a file at `path` would be. Raises: RefusalError where the library takes none there."""
    found = file_at(library, path)
    if isinstance(found, Misplaced):
        raise RefusalError(_OF_FILES[found])
    return found


def check_directory(library: LibraryInfo, path: Sequence[str]) -> None:
    """Raises RefusalError where the library has no directories, or none so deep."""
    reason = misplaced_directory(library, path)
    if reason is not None:
        raise RefusalError(_OF_DIRECTORIES[reason])


def directory_of(seen: Seen) -> Entry:
    """What the call looked at, as a directory. Raises: RefusalError `DirectoryNotFound`."""
    if seen.entry is None or seen.entry.kind != "dir":
        raise RefusalError("DirectoryNotFound")
    return seen.entry


def path_of(entries: EntryIndex, place: Place, *, parent_id: str, name: str) -> list[str] | None:
    """The names that lead to an entry now; None where a directory above it is gone."""
    names = [name]
    while parent_id != ROOT:
        above = entries.read(place, parent_id)
        if above is None or len(names) > MAX_DEPTH:
            return None
        names.append(above.name)
        parent_id = above.parent_id
    return names[::-1]
