"""`firstframe smh token`: access tokens of the served API."""

import json as json_module
import sys
from collections.abc import Sequence
from typing import Annotated, Final

import typer

from worker.commands.lists import AsJson, tell, tell_table
from worker.commands.smh_parts import LibraryId, fail, known_library, known_space, opened, refuse
from worker.contracts.libraries import (
    DEFAULT_PERIOD_S,
    GRANTS,
    MAX_PERIOD_S,
    MIN_PERIOD_S,
    Grant,
)

HEAD: Final = ("LEFT", "PERIOD", "SPACES", "USER", "CLIENT", "GRANTS")

token = typer.Typer(
    help="Make, list and show access tokens.", no_args_is_help=True, rich_markup_mode=None
)


@token.command("create", short_help="Make an access token; tells it once.")
def create(
    library_id: LibraryId,
    space: Annotated[
        list[str] | None, typer.Option(help="A space it is for, may repeat; absent: all.")
    ] = None,
    user: Annotated[str | None, typer.Option(help="Who acts with it; told of uploads.")] = None,
    grant: Annotated[
        list[str] | None,
        typer.Option(help="What it allows beside reading, may repeat: admin, upload_file, …"),
    ] = None,
    period: Annotated[
        int,
        typer.Option(min=MIN_PERIOD_S, max=MAX_PERIOD_S, help="Seconds it lives without a use."),
    ] = DEFAULT_PERIOD_S,
    json: AsJson = False,
) -> None:
    """Make an access token, which allows reading, and what it is granted. It is told once.

    Each use lets a full period begin again.
    """
    unknown = sorted(set(grant or ()) - GRANTS)
    if unknown:
        refuse(f"--grant {unknown[0]!r}: known are {', '.join(sorted(GRANTS))}")
    with opened() as records:
        library = known_library(records, library_id)
        for space_id in space or ():
            known_space(records, library, space_id)
        wanted = Grant(
            library_id=library_id,
            space_ids=tuple(space or ()),
            user_id=user,
            grants=tuple(grant or ()),
            period_s=period,
        )
        text = records.access_tokens.create(wanted)
    tell(json_module.dumps({"access_token": text, "expires_in": period}) if json else text)


@token.command("list", short_help="List what tokens there are.")
def list_all(library_id: LibraryId, json: AsJson = False) -> None:
    """List what the tokens of a library allow and how long they live, the first to end first.

    The tokens themselves are not kept, only digests of them.
    """
    with opened() as records:
        tokens = records.access_tokens.list(known_library(records, library_id).id)
    _tell(tokens, as_json=json)


@token.command("show", short_help="Show what one token allows.")
def show(
    library_id: LibraryId,
    text: Annotated[
        str, typer.Argument(metavar="TOKEN", help="The token; - reads it from standard input.")
    ],
    json: AsJson = False,
) -> None:
    """Show what a token allows and how long it lives if it is not used; this is no use of it.

    What stands on a command line others may see in the list of processes: prefer -.
    """
    told = sys.stdin.readline().strip() if text == "-" else text
    with opened() as records:
        library = known_library(records, library_id)
        found = records.access_tokens.read(library.id, told)
    if found is None:
        fail(f"library {library.id!r} has no such token, or its time is over")
    _tell([found], as_json=json)


def _tell(tokens: Sequence[tuple[Grant, float]], *, as_json: bool) -> None:
    if as_json:
        for granted, left_s in tokens:
            tell(json_module.dumps({**granted.model_dump(mode="json"), "expires_in": int(left_s)}))
        return
    tell_table(HEAD, [_row(granted, left_s) for granted, left_s in tokens])


def _row(granted: Grant, left_s: float) -> tuple[str, ...]:
    return (
        f"{left_s:.0f} s",
        f"{granted.period_s} s",
        ",".join(granted.space_ids) or "all",
        granted.user_id or "-",
        granted.client_id or "-",
        ",".join(granted.grants) or "read only",
    )
