"""`firstframe watches`: which albums are watched, and no longer."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final, NoReturn

import typer

from worker import wiring
from worker.commands.lists import AsJson, tell, tell_table
from worker.contracts.names import DEFAULT_TENANT
from worker.contracts.watches import Watch
from worker.errors import CoverError
from worker.rules.keys import is_tenant
from worker.rules.urls import shown
from worker.settings import Settings
from worker.state.watches import WatchRecords

HEAD: Final = ("ID", "STATE", "ALBUM", "COVER OF", "JOB", "CHANGES", "LOOKED AT", "FAILURES")
_PAGE: Final = 200

Tenant = Annotated[str, typer.Option(help="Whose watches.")]
WatchIds = Annotated[list[str], typer.Argument(metavar="ID...", help="Watches.")]

watches = typer.Typer(
    help="Albums whose covers are made anew when their first medium is another: list, stop.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@watches.command("list", short_help="List all watches.")
def list_all(tenant: Tenant = DEFAULT_TENANT, json: AsJson = False) -> None:
    """List a tenant's watches, newest first; stopped ones too until `records.keep_s` is over."""
    with _opened(tenant) as records:
        found = list(_all(records, tenant))
    if json:
        for watch in found:
            tell(watch.model_dump_json(exclude={"request": {"callback_url"}}))
        return
    tell_table(HEAD, [_row(watch) for watch in found])


@watches.command("stop", short_help="Look at albums no more.")
def stop(ids: WatchIds, tenant: Tenant = DEFAULT_TENANT, json: AsJson = False) -> None:
    """Look at albums no more. Their covers stay, and jobs that are under way go on.

    The same request with `watch` begins a watch again.
    """
    with _opened(tenant) as records:
        stopped = [records.stop(tenant, each) for each in ids]
    for watch in stopped:
        told = watch.model_dump_json(exclude={"request": {"callback_url"}})
        tell(told if json else f"{watch.id}  {watch.state}")


@contextmanager
def _opened(tenant: str) -> Iterator[WatchRecords]:
    """Ends the program with a line where what is asked for meanwhile cannot be done."""
    if not is_tenant(tenant):
        _fail(f"--tenant {tenant!r}: expected small letters, digits, '_' and '-'", status=2)
    settings = Settings.read()
    try:
        yield wiring.state(settings, timeout_s=settings.redis.timeout_s).watches
    except CoverError as error:
        if error.code != "queue.unavailable":
            _fail(str(error))
        where = shown(settings.redis.url.get_secret_value())
        _fail(f"{error.code}: Redis does not answer at {where}")


def _all(records: WatchRecords, tenant: str) -> Iterator[Watch]:
    cursor = None
    while True:
        page = records.page(tenant, cursor=cursor, limit=_PAGE)
        yield from page.watches
        cursor = page.next_cursor
        if cursor is None:
            return


def _row(watch: Watch) -> tuple[str, ...]:
    album = watch.request.source.album
    assert album is not None
    place = f"{album.library_id}/{album.space_id}/{album.album or ''}"
    failures = f"{watch.failures} {watch.error.code}" if watch.error else "0"
    return (
        watch.id,
        watch.state,
        place,
        watch.medium.source.rpartition("/")[2] if watch.medium else "-",
        watch.job_status or "-",
        str(watch.jobs),
        watch.looked_at.strftime("%Y-%m-%d %H:%M:%SZ") if watch.looked_at else "-",
        failures,
    )


def _fail(text: str, *, status: int = 1) -> NoReturn:
    sys.stderr.write(f"firstframe watches: {text}\n")
    raise typer.Exit(status)
