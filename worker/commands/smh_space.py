"""`firstframe smh space`: the spaces of libraries for many tenants."""

from typing import Annotated

import typer

from worker.commands.lists import AsJson, tell, tell_table, yes
from worker.commands.smh_parts import (
    LibraryId,
    SpaceId,
    checked,
    day_of,
    fail,
    known_library,
    known_space,
    now_ms,
    opened,
)
from worker.contracts.libraries import SINGLE_SPACE, SpaceInfo
from worker.errors import RequestError
from worker.rules.library_paths import check_space_id

HEAD = ("SPACE", "PUBLIC READ", "CREATED")

space = typer.Typer(help="Make and list spaces.", no_args_is_help=True, rich_markup_mode=None)


@space.command("create", short_help="Make a space.")
def create(
    library_id: LibraryId,
    space_id: SpaceId,
    public_read: Annotated[
        bool, typer.Option("--public-read", help="Anyone may read without an access token.")
    ] = False,
) -> None:
    """Make a space in a library that was made with --multi-tenant; others have the one '-'."""
    checked(check_space_id, "SPACE", space_id)
    with opened() as records:
        if not known_library(records, library_id).multi_tenant:
            fail(f"library {library_id!r} is for one tenant: its only space is {SINGLE_SPACE!r}")
        info = SpaceInfo(
            library_id=library_id, id=space_id, public_read=public_read, created_ms=now_ms()
        )
        try:
            records.libraries.create_space(info)
        except RequestError as error:
            if error.code != "library.conflict":
                raise
            fail(f"library.conflict: library {library_id!r} has a space {space_id!r} already")


@space.command("list", short_help="List the spaces of a library.")
def list_all(library_id: LibraryId, json: AsJson = False) -> None:
    """List the spaces of a library, by their ids."""
    with opened() as records:
        _tell(records.libraries.spaces(known_library(records, library_id).id), as_json=json)


@space.command("show", short_help="Show one space.")
def show(library_id: LibraryId, space_id: SpaceId, json: AsJson = False) -> None:
    """Show one space."""
    with opened() as records:
        _tell([known_space(records, known_library(records, library_id), space_id)], as_json=json)


@space.command("set", short_help="Change who may read.")
def change(
    library_id: LibraryId,
    space_id: SpaceId,
    public_read: Annotated[
        bool,
        typer.Option("--public-read/--no-public-read", help="Whether anyone may read."),
    ],
) -> None:
    """Change who may read a space; it counts from the next request on."""
    with opened() as records:
        known_space(records, known_library(records, library_id), space_id)
        records.libraries.set_space_public_read(library_id, space_id, public_read)


def _tell(spaces: list[SpaceInfo], *, as_json: bool) -> None:
    if as_json:
        for info in spaces:
            tell(info.model_dump_json())
        return
    rows = [(info.id, yes(info.public_read), day_of(info.created_ms)) for info in spaces]
    tell_table(HEAD, rows)
