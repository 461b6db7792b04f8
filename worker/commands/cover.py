"""`firstframe cover`: covers of files, URLs and standard input in this process group alone."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote, urlsplit

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from worker.commands.slots import Order, cover_all
from worker.contracts.names import MAX_SIZE_PX, MAX_SIZES
from worker.contracts.requests import Recipe
from worker.contracts.results import CoverResult
from worker.settings import Settings

STDIN = "-"


def cover(
    sources: Annotated[
        list[str],
        typer.Argument(metavar="SOURCE...", help="A path, an http(s) URL, or - for stdin."),
    ],
    size: Annotated[
        list[int] | None,
        typer.Option(
            min=1,
            max=MAX_SIZE_PX,
            help=f"Side of the square in pixels, up to {MAX_SIZES} times; absent: the whole frame.",
        ),
    ] = None,
    out_dir: Annotated[Path, typer.Option(help="Where the covers go; made if missing.")] = Path(),
    json: Annotated[
        bool, typer.Option("--json", help="One JSON object a source and line.")
    ] = False,
    frame: Annotated[str, typer.Option(help="Which frame: first.")] = "first",
    format: Annotated[str, typer.Option(help="jpeg, webp, avif or png.")] = "jpeg",
    quality: Annotated[int, typer.Option(min=1, max=100, help="Of lossy formats.")] = 85,
) -> None:
    """Make covers of SOURCEs here, without a server.

    Exit status: 0 all done, 1 some failed (the others are done), 2 wrong call or settings.
    """
    recipe = _recipe(
        {"sizes": size, "format": format, "quality": quality, "frame": {"policy": frame}}
    )
    if sources.count(STDIN) > 1:
        raise typer.BadParameter("standard input can be given once", param_hint="SOURCE")
    Settings.read()
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise typer.BadParameter(f"{out_dir}: {error.strerror}", param_hint="--out-dir") from error
    failures = _run(sources, recipe, out_dir, json)
    raise typer.Exit(1 if failures else 0)


def _recipe(values: dict[str, object]) -> Recipe:
    try:
        return Recipe.model_validate(values)
    except ValidationError as invalid:
        first = invalid.errors()[0]
        names = {
            "sizes": "--size",
            "format": "--format",
            "quality": "--quality",
            "frame": "--frame",
        }
        raise typer.BadParameter(first["msg"], param_hint=names[str(first["loc"][0])]) from invalid


def _run(sources: Sequence[str], recipe: Recipe, out_dir: Path, as_json: bool) -> int:
    failures = 0
    console = Console(stderr=True)
    columns = TextColumn("covers"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task("covers", total=len(sources))
        for result in cover_all(orders(sources), recipe, out_dir):
            failures += result.status == "failed"
            progress.advance(bar)
            (sys.stdout if as_json or not result.error else sys.stderr).write(
                (result.model_dump_json() if as_json else _line(result)) + "\n"
            )
            sys.stdout.flush()
    return failures


def orders(sources: Sequence[str]) -> list[Order]:
    """An order a source; sources of one name get stems of their own, in the order given."""
    taken: set[str] = set()
    made = []
    for source in sources:
        stem = plain = _stem(source)
        number = 2
        while stem in taken:
            stem, number = f"{plain}-{number}", number + 1
        taken.add(stem)
        made.append(Order(source, stem))
    return made


def _stem(source: str) -> str:
    if source == STDIN:
        return "stdin"
    path = unquote(urlsplit(source).path) if "://" in source else source
    return Path(path).stem.replace("\0", "") or "cover"


def _line(result: CoverResult) -> str:
    if result.error:
        return f"{result.source}: {result.error.code}: {result.error.message}"
    paths = ", ".join(str(cover.path) for cover in result.covers)
    rule = result.crop.rule if result.crop else "none"
    return f"{result.source} -> {paths} ({rule}, {result.timings_ms.total:.0f} ms)"
