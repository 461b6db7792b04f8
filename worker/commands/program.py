"""The `firstframe` program: all commands under one name."""

import sys

import typer

from worker.commands.api import api
from worker.commands.bench import bench
from worker.commands.chores import chores
from worker.commands.cover import cover
from worker.commands.demo import demo
from worker.commands.up import up
from worker.commands.worker import worker
from worker.settings import SettingsError

app = typer.Typer(
    name="firstframe",
    help="Face-aware cover images from videos and photos.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for command in (cover, up, demo, worker, api, chores, bench):
    app.command()(command)


def main() -> None:
    """Run the program; mistakes in the settings end it with 2 and a line for each."""
    try:
        app()
    except SettingsError as mistakes:
        sys.stderr.write(f"firstframe: {mistakes}\n")
        sys.exit(2)
