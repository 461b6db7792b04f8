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
from worker.contracts.requests import NOT_AVAILABLE, Recipe
from worker.contracts.results import CoverResult
from worker.rules.arguments import STDIN, kind_of
from worker.rules.keys import cover_label, file_stem
from worker.settings import Settings


def cover(
    sources: Annotated[
        list[str],
        typer.Argument(metavar="SOURCE", help="A path, an http(s) URL, or - for stdin."),
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
    """Make covers of files and URLs here, without a server.

    Covers are DIR/NAME-SIZE.EXT, the whole frame is DIR/NAME-cover.EXT; older ones are replaced.
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
        code = "request.not_available: " if first["type"] == NOT_AVAILABLE else ""
        hint = names[str(first["loc"][0])]
        raise typer.BadParameter(code + first["msg"], param_hint=hint) from invalid


def _run(sources: Sequence[str], recipe: Recipe, out_dir: Path, as_json: bool) -> int:
    failures = 0
    console = Console(stderr=True)
    columns = TextColumn("covers"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task("covers", total=len(sources))
        for result in cover_all(orders(sources, recipe.sizes or (), out_dir), recipe, out_dir):
            failures += result.status == "failed"
            progress.advance(bar)
            (sys.stdout if as_json or not result.error else sys.stderr).write(
                (result.model_dump_json() if as_json else _line(result)) + "\n"
            )
            sys.stdout.flush()
    return failures


def orders(sources: Sequence[str], sizes_px: Sequence[int], out_dir: Path) -> list[Order]:
    """An order a source. No two write the same files, and none writes over a source."""
    taken: set[str] = set()
    kept = {_place(Path(source)) for source in sources if kind_of(source) == "path"}
    made = []
    for source in sources:
        stem = plain = _stem(source)
        number = 2
        while stem in taken or any(
            _place(path) in kept for path in _files(stem, sizes_px, out_dir)
        ):
            stem, number = f"{plain}-{number}", number + 1
        taken.add(stem)
        made.append(Order(source, stem))
    return made


def _place(path: Path) -> Path:
    """Where a file lies, less its ending: a cover that differs in it alone is too close."""
    return path.resolve().with_suffix("")


def _files(stem: str, sizes_px: Sequence[int], out_dir: Path) -> list[Path]:
    labels = [cover_label(size_px) for size_px in sizes_px or (None,)]
    return [out_dir / f"{file_stem(stem, label)}.x" for label in labels]


def _stem(source: str) -> str:
    kind = kind_of(source)
    if kind == "stdin":
        return "stdin"
    path = unquote(urlsplit(source).path) if kind == "url" else source
    return Path(path).stem.replace("\0", "") or "cover"


def _line(result: CoverResult) -> str:
    if result.error:
        return f"{result.source}: {result.error.code}: {result.error.message}"
    paths = ", ".join(str(cover.path) for cover in result.covers)
    rule = result.crop.rule if result.crop else "none"
    return f"{result.source} -> {paths} ({rule}, {result.timings_ms.total:.0f} ms)"
