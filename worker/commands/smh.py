"""`firstframe smh`: what an operator does with the libraries of the served API."""

import typer

from worker.commands.smh_library import library
from worker.commands.smh_put import put
from worker.commands.smh_rebuild import rebuild
from worker.commands.smh_space import space
from worker.commands.smh_token import token

smh = typer.Typer(
    help="Libraries of the API that is served as Tencent SMH: make, list and fill them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
smh.add_typer(library, name="library", short_help="Make and list libraries.")
smh.add_typer(space, name="space", short_help="Make and list spaces.")
smh.add_typer(token, name="token", short_help="Make, list and show access tokens.")
smh.command(short_help="Store a file.")(put)
smh.command(short_help="Make the index anew from what is kept.")(rebuild)
