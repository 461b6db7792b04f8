"""What the commands about records and notices share: the state, and how they end."""

import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, NoReturn, TypeVar

import typer

from worker import wiring
from worker.contracts.names import DEFAULT_TENANT
from worker.contracts.results import ErrorInfo
from worker.errors import CoverError, RequestError
from worker.rules.urls import shown
from worker.settings import Settings
from worker.wiring import State

# So many are read at a time; a list of any length is made of such pages.
PAGE_ROWS = 200

Tenant = Annotated[str, typer.Option(help="Whose.")]
Limit = Annotated[int, typer.Option(min=1, help="How many, the newest first.")]
OWN_TENANT = DEFAULT_TENANT

Row = TypeVar("Row")


@contextmanager
def opened(command: str, settings: Settings | None = None) -> Iterator[State]:
    """The state; ends the program with 1 and a line when what is asked for cannot be done."""
    settings = settings or Settings.read()
    try:
        yield wiring.state(settings, timeout_s=settings.redis.timeout_s)
    except CoverError as error:
        if error.code != "queue.unavailable":
            fail(command, str(error))
        where = shown(settings.redis.url.get_secret_value())
        fail(command, f"{error.code}: Redis does not answer at {where}")


def all_rows(
    page: Callable[[str | None, int], tuple[Sequence[Row], str | None]], limit: int
) -> Iterator[Row]:
    """The first `limit` of a list, page by page; a page may be empty and have a next one."""
    cursor: str | None = None
    while limit:
        rows, cursor = page(cursor, min(limit, PAGE_ROWS))
        yield from rows
        limit -= len(rows)
        if cursor is None:
            return


def done_to_each(command: str, ids: Sequence[str], do: Callable[[str], None]) -> bool:
    """Do it to each; those that refuse are told, and the others go on. Whether all went well.

    Raises: RequestError `queue.unavailable`.
    """
    failed = 0
    for each in ids:
        try:
            do(each)
        except RequestError as error:
            if error.code == "queue.unavailable":
                raise
            failed += 1
            sys.stderr.write(f"firstframe {command}: {each}: {error}\n")
    return not failed


def check_word(command: str, option: str, given: str | None, words: Collection[str]) -> None:
    """Ends the program with 2 where an option has a value that it cannot have."""
    if given is not None and given not in words:
        sys.stderr.write(f"firstframe {command}: {option} {given!r}: expected {', '.join(words)}\n")
        raise typer.Exit(2)


def moment(at: datetime | None) -> str:
    """A time as lists tell it, in UTC."""
    return at.strftime("%Y-%m-%d %H:%M:%SZ") if at else ""


def error_code(error: ErrorInfo | None) -> str:
    """What went wrong, as lists tell it."""
    return error.code if error else ""


def fail(command: str, text: str) -> NoReturn:
    """End the program: what was asked cannot be done."""
    sys.stderr.write(f"firstframe {command}: {text}\n")
    raise typer.Exit(1)
