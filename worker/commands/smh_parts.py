"""What the commands about libraries share: their records, their refusals, their times."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, NamedTuple, NoReturn

import typer
from redis import Redis

from worker import wiring
from worker.contracts.libraries import SINGLE_SPACE, LibraryInfo, SpaceInfo
from worker.errors import CoverError
from worker.rules.urls import shown
from worker.settings import Settings
from worker.state.access_tokens import AccessTokens
from worker.state.entries import EntryIndex
from worker.state.libraries import LibraryRecords
from worker.state.transfers import TransferRecords

LibraryId = Annotated[str, typer.Argument(metavar="LIB", help="The library's id.")]
SpaceId = Annotated[str, typer.Argument(metavar="SPACE", help="The space's id.")]


class Records(NamedTuple):
    """What Redis knows of libraries."""

    libraries: LibraryRecords
    access_tokens: AccessTokens
    entries: EntryIndex
    transfers: TransferRecords


def records_of(client: Redis) -> Records:
    """The records that the client reaches."""
    return Records(
        LibraryRecords(client), AccessTokens(client), EntryIndex(client), TransferRecords(client)
    )


@contextmanager
def opened(settings: Settings | None = None) -> Iterator[Records]:
    """The records that the settings lead to, for a while.

    Ends the program with 1 and a line when what is asked for meanwhile cannot be done.
    """
    settings = settings or Settings.read()
    try:
        with wiring.redis_client(settings, timeout_s=settings.redis.timeout_s) as client:
            yield records_of(client)
    except CoverError as error:
        if error.code != "queue.unavailable":
            fail(str(error))
        where = shown(settings.redis.url.get_secret_value())
        fail(f"{error.code}: Redis does not answer at {where}")


def fail(text: str) -> NoReturn:
    """End the program: what was asked cannot be done."""
    sys.stderr.write(f"firstframe smh: {text}\n")
    raise typer.Exit(1)


def refuse(text: str) -> NoReturn:
    """End the program: what was asked makes no sense."""
    sys.stderr.write(f"firstframe smh: {text}\n")
    raise typer.Exit(2)


def checked(check: Callable[[str], None], what: str, text: str) -> str:
    """The text if it is what it must be; ends the program with 2 and the reason otherwise."""
    try:
        check(text)
    except ValueError as error:
        refuse(f"{what} {text!r}: {error}")
    return text


def known_library(records: Records, library_id: str) -> LibraryInfo:
    """The library; ends the program with 1 where there is none."""
    library = records.libraries.read(library_id)
    if library is None:
        fail(f"there is no library {library_id!r}")
    return library


def known_space(records: Records, library: LibraryInfo, space_id: str) -> SpaceInfo:
    """The space; ends the program with 1 where there is none."""
    space = records.libraries.read_space(library.id, space_id)
    if space is None:
        hint = "" if library.multi_tenant else f"; its only space is {SINGLE_SPACE!r}"
        fail(f"library {library.id!r} has no space {space_id!r}{hint}")
    return space


def now_ms() -> int:
    """This moment, in milliseconds since 1970."""
    return int(time.time() * 1000)


def day_of(at_ms: int) -> str:
    """A time as lists tell it, in UTC."""
    return time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(at_ms / 1000))
