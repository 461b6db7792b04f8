"""`firstframe cover`: covers of files, URLs and standard input in this process group alone."""

from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from worker.commands.orders import check_stdin, make_folder, orders
from worker.commands.telling import error_line, tell_all
from worker.commands.works import Work
from worker.contracts.names import MAX_SIZE_PX, MAX_SIZES
from worker.contracts.requests import NOT_AVAILABLE, Recipe
from worker.contracts.results import CoverResult
from worker.rules.keys import cover_label
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
    Settings.read()
    check_stdin(sources)
    make_folder(out_dir)
    labels = {cover_label(size_px) for size_px in recipe.sizes or (None,)}
    asked = orders(sources, out_dir, is_label=labels.__contains__, nameless="cover")
    work: Work[CoverResult] = Work("cover", recipe, out_dir)
    failures = tell_all(asked, work, _line, title="covers", as_json=json)
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


def _line(result: CoverResult) -> str:
    paths = ", ".join(str(cover.path) for cover in result.covers)
    rule = result.crop.rule if result.crop else "none"
    done = f"{result.source} -> {paths} ({rule}, {result.timings_ms.total:.0f} ms)"
    return error_line(result) or done
