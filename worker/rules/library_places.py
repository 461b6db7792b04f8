"""Where a library takes files and directories."""

from collections.abc import Sequence
from enum import Enum, auto

from worker.contracts.libraries import EntryKind, LibraryInfo
from worker.rules.library_kinds import kind_of


class Misplaced(Enum):
    """Why nothing can be at a path."""

    UNNAMED = auto()
    NO_MEDIUM = auto()
    BESIDE_ALBUMS = auto()
    NO_ALBUMS = auto()
    IN_ALBUM = auto()


def file_at(library: LibraryInfo, path: Sequence[str]) -> EntryKind | Misplaced:
    """What a file at `path` is, or why such a library has none there.

    Media stand in albums where the library has them, else in the top directory.
    """
    if not path:
        return Misplaced.UNNAMED
    kind = kind_of(path[-1], library.kind)
    if kind is None:
        return Misplaced.NO_MEDIUM
    if library.kind == "media" and library.multi_album and len(path) == 1:
        return Misplaced.BESIDE_ALBUMS
    above = path[:-1]
    return (misplaced_directory(library, above) if above else None) or kind


def misplaced_directory(library: LibraryInfo, path: Sequence[str]) -> Misplaced | None:
    """Why such a library has no directory at `path`; None where it may have one."""
    if not path:
        return Misplaced.UNNAMED
    if library.kind == "media" and not library.multi_album:
        return Misplaced.NO_ALBUMS
    if library.kind == "media" and len(path) > 1:
        return Misplaced.IN_ALBUM
    return None
