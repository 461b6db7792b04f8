"""`firstframe smh put`: a file of this machine becomes a version of one in a library."""

import json as json_module
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, BinaryIO, Final, NamedTuple

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from ulid import ULID

from worker import wiring
from worker.commands.lists import tell
from worker.commands.smh_parts import Records, known_library, known_space, now_ms, opened, refuse
from worker.contracts.libraries import (
    Conflict,
    EntryKind,
    LibraryInfo,
    Place,
    Transfer,
)
from worker.contracts.results import ChecksumResult
from worker.jobs.checksum import CHUNK_BYTES, ChecksumStory
from worker.ports import Library
from worker.rules.library_kinds import content_type_of_name
from worker.rules.library_paths import segments
from worker.rules.library_places import Misplaced, file_at
from worker.settings import Settings
from worker.state.directories import Directories

# Below this nobody would see the bar.
SHOWN_BYTES: Final = 32 * 1024 * 1024
WHY: Final[Mapping[Misplaced, str]] = {
    Misplaced.UNNAMED: "a file has a name",
    Misplaced.NO_MEDIUM: "it is no picture or video by its ending, and the library is of media",
    Misplaced.BESIDE_ALBUMS: "media of this library stand in an album",
    Misplaced.NO_ALBUMS: "media of this library stand in the space itself",
    Misplaced.IN_ALBUM: "media of this library stand in an album, not below it",
}


class Target(NamedTuple):
    """What the command line says a file is to be."""

    place: Place
    path: tuple[str, ...]


class HereAttempt:
    """An attempt that nobody else can take over."""

    def enter(self, stage: str) -> None:
        """There is no record of it."""

    def progress(self, percent: float, at_ms: int | None = None) -> None:
        """There is no record of it."""


def put(
    target: Annotated[
        str,
        typer.Argument(
            metavar="LIB/SPACE/PATH", help="Where it goes; ends with / to keep FILE's name."
        ),
    ],
    file: Annotated[
        Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, readable=True)
    ],
    rename: Annotated[
        bool, typer.Option("--rename", help="Take the next free name where the name is taken.")
    ] = False,
    ask: Annotated[bool, typer.Option("--ask", help="Fail where the name is taken.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Store FILE in a library, as the newest version of what is there under that name.

    Directories that are missing are made, albums too. The library's space is '-' where it is for
    one tenant.
    """
    if rename and ask:
        refuse("--rename and --ask exclude each other")
    conflict: Conflict = "rename" if rename else "ask" if ask else "overwrite"
    wanted = _target(target, file)
    settings = Settings.read()
    with opened(settings) as records, file.open("rb") as given:
        parts = wiring.checksum_parts(settings, records.transfers, records.entries)
        story = ChecksumStory(*parts)
        transfer = _transfer(records, story.library, wanted, conflict)
        kept = story.keep(transfer, _chunks(given, file), attempt=HereAttempt())
    _tell(kept, transfer, "/".join((*wanted.path[:-1], kept.name)), as_json=json)


def _transfer(records: Records, library: Library, wanted: Target, conflict: Conflict) -> Transfer:
    """What the story is told of the upload; the directories it goes into are there."""
    info = known_library(records, wanted.place.library_id)
    known_space(records, info, wanted.place.space_id)
    kind = _kind(info, wanted.path)
    return Transfer(
        id=f"trn_{ULID()}",
        tenant=info.tenant,
        place=wanted.place,
        parent_id=Directories(records.entries, library).reach(wanted.place, wanted.path[:-1]),
        name=wanted.path[-1],
        kind=kind,
        conflict=conflict,
        multipart=False,
        content_type=content_type_of_name(wanted.path[-1]),
        created_ms=now_ms(),
    )


def _tell(kept: ChecksumResult, transfer: Transfer, path: str, *, as_json: bool) -> None:
    if as_json:
        facts = kept.model_dump(mode="json", exclude={"status", "timings_ms"})
        more = {"path": path, "kind": transfer.kind, "content_type": transfer.content_type}
        tell(json_module.dumps(facts | more))
        return
    tell(f"{kept.library_id}/{kept.space_id}/{path}")
    tell(f"entry {kept.entry_id}  version {kept.version_id}")
    tell(f"{transfer.content_type}  {kept.bytes} bytes  crc64 {kept.crc64}")


def _target(text: str, file: Path) -> Target:
    """Where the file goes; ends the program with 2 where nothing can be."""
    library_id, _, rest = text.partition("/")
    space_id, _, path = rest.partition("/")
    named = f"{path}{file.name}" if path.endswith("/") or not path else path
    try:
        names = segments(named)
    except ValueError as error:
        refuse(f"PATH {named!r}: {error}")
    if not (library_id and space_id and names):
        refuse(f"{text!r}: expected LIB/SPACE/PATH, as in holiday/-/beach.jpg")
    return Target(Place(library_id, space_id), names)


def _kind(library: LibraryInfo, path: Sequence[str]) -> EntryKind:
    """What the file is in its library; ends the program with 2 where it cannot be there."""
    found = file_at(library, path)
    if isinstance(found, Misplaced):
        refuse(f"{'/'.join(path)!r}: {WHY[found]}")
    return found


def _chunks(given: BinaryIO, file: Path) -> Iterator[bytes]:
    """The file's bytes, with a bar for large ones where somebody looks."""
    size_bytes = file.stat().st_size
    console = Console(stderr=True)
    hidden = size_bytes < SHOWN_BYTES or not console.is_terminal
    columns = TextColumn(file.name), BarColumn(), DownloadColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, disable=hidden) as progress:
        bar = progress.add_task(file.name, total=size_bytes)
        while chunk := given.read(CHUNK_BYTES):
            yield chunk
            progress.advance(bar, len(chunk))
