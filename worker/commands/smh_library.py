"""`firstframe smh library`: the libraries of the served API."""

import json as json_module
import secrets
from typing import Annotated, Literal

import typer

from worker.commands.lists import AsJson, tell, tell_table, yes
from worker.commands.smh_parts import (
    LibraryId,
    checked,
    day_of,
    fail,
    known_library,
    now_ms,
    opened,
    refuse,
)
from worker.contracts.libraries import LibraryInfo
from worker.contracts.names import DEFAULT_TENANT
from worker.errors import RequestError
from worker.rules.keys import is_tenant
from worker.rules.library_paths import check_library_id

SECRET_BYTES = 32
HEAD = ("LIBRARY", "KIND", "SPACES", "ALBUMS", "PUBLIC READ", "TENANT", "CREATED")

library = typer.Typer(help="Make and list libraries.", no_args_is_help=True, rich_markup_mode=None)


@library.command("create", short_help="Make a library; tells its secret once.")
def create(
    library_id: LibraryId,
    kind: Annotated[
        Literal["media", "file"],
        typer.Option(help="media: pictures and videos, with covers; file: files of any kind."),
    ],
    multi_tenant: Annotated[
        bool, typer.Option("--multi-tenant", help="With spaces of their own, not the one '-'.")
    ] = False,
    multi_album: Annotated[
        bool, typer.Option("--multi-album", help="Media stand in albums, not in the space itself.")
    ] = False,
    public_read: Annotated[
        bool, typer.Option("--public-read", help="Anyone may read without an access token.")
    ] = False,
    tenant: Annotated[str, typer.Option(help="Whose jobs make its covers.")] = DEFAULT_TENANT,
    json: AsJson = False,
) -> None:
    """Make a library. Its secret, with which access tokens are made, is told here and never again.

    Kind, tenancy and albums cannot be changed later; who may read can.
    """
    checked(check_library_id, "LIB", library_id)
    if multi_album and kind == "file":
        refuse("--multi-album is for libraries of media: files stand in directories anyway")
    if not is_tenant(tenant):
        refuse(f"--tenant {tenant!r}: expected small letters, digits, '_' and '-'")
    info = LibraryInfo(
        id=library_id,
        tenant=tenant,
        kind=kind,
        multi_tenant=multi_tenant,
        multi_album=multi_album,
        public_read=public_read,
        created_ms=now_ms(),
    )
    secret = _record(info)
    if json:
        tell(json_module.dumps({"library_id": library_id, "secret": secret}))
        return
    tell(f"library {library_id}\nsecret  {secret}")
    tell("The secret is not shown again: keep it where your backend finds it.")


def _record(info: LibraryInfo) -> str:
    """Make the library; answers its secret."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    with opened() as records:
        try:
            records.libraries.create(info, secret=secret)
        except RequestError as error:
            if error.code != "library.conflict":
                raise
            fail(f"library.conflict: there is a library {info.id!r} already")
    return secret


@library.command("list", short_help="List all libraries.")
def list_all(json: AsJson = False) -> None:
    """List all libraries, by their ids."""
    with opened() as records:
        _tell(records.libraries.list(), as_json=json)


@library.command("show", short_help="Show one library.")
def show(library_id: LibraryId, json: AsJson = False) -> None:
    """Show one library; never its secret, of which only a digest is kept."""
    with opened() as records:
        _tell([known_library(records, library_id)], as_json=json)


@library.command("set", short_help="Change who may read.")
def change(
    library_id: LibraryId,
    public_read: Annotated[
        bool,
        typer.Option("--public-read/--no-public-read", help="Whether anyone may read."),
    ],
) -> None:
    """Change who may read a library; it counts from the next request on.

    Spaces of a library for many tenants have settings of their own: `smh space set`.
    """
    with opened() as records:
        if not records.libraries.set_public_read(library_id, public_read):
            fail(f"there is no library {library_id!r}")


def _tell(libraries: list[LibraryInfo], *, as_json: bool) -> None:
    if as_json:
        for info in libraries:
            tell(info.model_dump_json())
        return
    tell_table(HEAD, [_row(info) for info in libraries])


def _row(info: LibraryInfo) -> tuple[str, ...]:
    return (
        info.id,
        info.kind,
        "many" if info.multi_tenant else "one",
        yes(info.multi_album),
        yes(info.public_read),
        info.tenant,
        day_of(info.created_ms),
    )
