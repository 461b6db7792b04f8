"""`firstframe images`: what an operator does with the catalogue of pictures."""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from worker import wiring
from worker.chores.pictures import Gone, KeepRules, swept
from worker.chores.recatalogue import recatalogue, unknown_objects
from worker.commands.lists import AsJson, tell
from worker.contracts.catalogue import ImageType
from worker.errors import CoverError
from worker.settings import Settings
from worker.state.catalogue import Catalogue

images = typer.Typer(
    help="The catalogue of pictures: remove what is kept no longer, make its records anew.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@images.command(short_help="Remove what is kept no longer.")
def sweep(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would go.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Tell each of them.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove pictures and media by age, as the settings say, and objects that nobody needs.

    The chores do the same by the clock. Objects that only a removed picture needed stay for
    `catalogue.grace_s`.
    """
    settings = Settings.read()
    totals = {"pictures": Counter[str](), "bytes": Counter[str]()}
    with _opened(settings) as catalogue:
        for gone in swept(catalogue, keep_rules(settings), dry_run=dry_run):
            totals["pictures"][gone.kind] += 1
            totals["bytes"][gone.kind] += gone.bytes
            _tell(gone, verbose, as_json)
    if not as_json:
        _sum_up(totals["pictures"], totals["bytes"], "would be removed" if dry_run else "removed")


@images.command(short_help="Make the records anew from the store.")
def rebuild(
    unknown: Annotated[
        bool,
        typer.Option("--unknown", help="Let the sweep take pictures that nobody ever recorded."),
    ] = False,
) -> None:
    """Make the records of media and pictures in Redis anew from their documents in the store.

    What is known stays, so the system may run meanwhile. Repeat it as often as you like.
    Objects without any record are counted; they may be of a time before the catalogue, so they are
    left alone unless you say `--unknown`.
    """
    settings = Settings.read()
    counts = Counter[str]()
    with _opened(settings) as catalogue, _progress() as progress:
        documents = progress.add_task("documents", total=None)
        for outcome in recatalogue(catalogue):
            counts[outcome] += 1
            progress.advance(documents)
        objects = progress.add_task("objects", total=None)
        found = unknown_objects(
            catalogue, release=unknown, looked_at=lambda some: progress.advance(objects, some)
        )
    tell(
        f"{counts['image']} pictures and {counts['medium']} media added,"
        f" {counts['known']} were known"
    )
    for outcome, what in (("gone", "without their picture"), ("damaged", "damaged")):
        if counts[outcome]:
            tell(f"{counts[outcome]} documents left alone: {what}")
    if found.objects:
        told = "left to the sweep" if unknown else "left alone; --unknown leaves them to the sweep"
        tell(f"{found.objects} objects ({found.bytes} bytes) of nobody: {told}")


def keep_rules(settings: Settings) -> KeepRules:
    """How long pictures, media and objects are kept."""
    section = settings.catalogue
    keep_s: dict[ImageType, float | None] = {
        "CoverSnapshot": section.keep_cover_s,
        "NormalSnapshot": section.keep_normal_s,
        "SpriteSnapshot": section.keep_sprite_s,
        "SpriteOriginSnapshot": section.keep_sprite_origin_s,
    }
    return KeepRules(keep_s, section.grace_s, section.keep_medium_s)


@contextmanager
def _opened(settings: Settings) -> Iterator[Catalogue]:
    """The catalogue; ends the program with 1 and a line when Redis or the store fail."""
    try:
        state = wiring.state(settings, timeout_s=settings.redis.timeout_s)
        yield wiring.catalogue(state, wiring.store(settings))
    except CoverError as error:
        sys.stderr.write(f"firstframe images: {error}\n")
        raise typer.Exit(1) from error


def _progress() -> Progress:
    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.completed:.0f}"),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=console, disable=not console.is_terminal)


def _tell(gone: Gone, verbose: bool, as_json: bool) -> None:
    if as_json:
        tell(json.dumps(gone._asdict()))
    elif verbose:
        tell(f"{gone.kind} {gone.name} {gone.bytes}")


def _sum_up(counts: Counter[str], sizes: Counter[str], what: str) -> None:
    for kind in sorted(counts):
        tell(f"{kind}: {counts[kind]} {what}, {sizes[kind]} bytes")
    if not counts:
        tell(f"nothing {what}")
