"""The `firstframe` program: all commands under one name."""

import sys

import typer

from worker.commands.accounts import accounts
from worker.commands.api import api
from worker.commands.bench import bench
from worker.commands.chores import chores
from worker.commands.cover import cover
from worker.commands.demo import demo
from worker.commands.images import images
from worker.commands.notices import notices
from worker.commands.records import records
from worker.commands.smh import smh
from worker.commands.snapshots import snapshots
from worker.commands.up import up
from worker.commands.watches import watches
from worker.commands.worker import worker
from worker.settings import SettingsError

app = typer.Typer(
    name="firstframe",
    help="Face-aware covers of videos and photos; snapshots and storyboards of videos.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
UNBUILT = ("keys", "doctor", "jobs", "load")

for command, short_help in (
    (cover, "Make covers of files and URLs here, without a server."),
    (snapshots, "Make stills, sheets, storyboards and previews of videos here."),
    (up, "Run everything on this machine, in one folder."),
    (demo, "Cover a few media through a whole instance, and show them."),
    (worker, "Run jobs, one at a time."),
    (api, "Serve the HTTP API."),
    (chores, "Do what happens by the clock."),
    (bench, "Measure covers, serving, storyboards and memory."),
):
    app.command(short_help=short_help)(command)

app.add_typer(smh, name="smh", short_help="Make and fill libraries served as Tencent SMH.")
app.add_typer(accounts, name="accounts", short_help="Make callers of the vendor APIs served here.")
app.add_typer(watches, name="watches", short_help="List and stop watches over albums.")
app.add_typer(records, name="records", short_help="Tend the ledger of covers at providers.")
app.add_typer(notices, name="notices", short_help="List and replay messages to callback URLs.")
app.add_typer(images, name="images", short_help="Sweep and rebuild the catalogue of pictures.")


def not_built(context: typer.Context) -> None:
    """A command that this build does not have."""
    sys.stderr.write(f"request.not_available: this build has no command {context.info_name!r}\n")
    raise typer.Exit(2)


for name in UNBUILT:
    anything = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
    app.command(name, hidden=True, context_settings=anything)(not_built)


def main() -> None:
    """Run the program; mistakes in the settings end it with 2 and a line for each."""
    try:
        app()
    except SettingsError as mistakes:
        sys.stderr.write(f"firstframe: {mistakes}\n")
        sys.exit(2)
