"""The options of `firstframe snapshots`, each with what `--help` says of it."""

from pathlib import Path
from typing import Annotated

import typer

from worker.contracts.names import MAX_SIZE_PX
from worker.contracts.snapshots import MAX_CANDIDATES, MAX_SNAPSHOTS

Sources = Annotated[
    list[str], typer.Argument(metavar="SOURCE", help="A path, an http(s) URL, or - for stdin.")
]
OutDir = Annotated[Path, typer.Option(help="Where the files go; made if missing.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a source and line.")]
Plan = Annotated[
    bool,
    typer.Option("--plan", help="Tell what would be read, decoded and made; make nothing."),
]

At = Annotated[
    list[str] | None,
    typer.Option(
        metavar="TIME",
        help=f"A still at that time: 12.5 (seconds), 1:30, 0:01:30.500 or 50%; up to"
        f" {MAX_SNAPSHOTS} times.",
    ),
]
Every = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS",
        help=f"A still every so many seconds, from 0. More than {MAX_SNAPSHOTS} need --max.",
    ),
]
Count = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help=f"So many stills, evenly spread, up to {MAX_SNAPSHOTS}; of a photo one."
        " When nothing is asked for: 5.",
    ),
]
Max = Annotated[int | None, typer.Option(metavar="N", help="The first so many only, with --every.")]
Pick = Annotated[
    str,
    typer.Option(
        metavar="exact|nearest_key",
        help="The frame at the very time, or the key frame nearest to it, which is cheaper.",
    ),
]

Size = Annotated[
    int | None,
    typer.Option(
        metavar="PX",
        help=f"A square of so many pixels, cut around faces; 1 to {MAX_SIZE_PX}. Without a size:"
        " the whole frame.",
    ),
]
Width = Annotated[int | None, typer.Option(metavar="PX", help="Width in pixels.")]
Height = Annotated[int | None, typer.Option(metavar="PX", help="Height in pixels.")]
Fit = Annotated[
    str | None,
    typer.Option(
        metavar="fit|fill|crop",
        help="With --width and --height: fit lies within both and is never enlarged (without"
        " --fit, too); fill is exactly both, cut around the centre; crop, cut around faces.",
    ),
]
Format = Annotated[
    str,
    typer.Option(metavar="jpeg|webp|avif|png", help="Of stills, sheets and candidates."),
]
Quality = Annotated[int, typer.Option(metavar="1-100", help="Of lossy formats.")]

Sprite = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMNSxROWS",
        help="A sheet of tiles, like 5x5: evenly spread over the video, or see --sprite-every.",
    ),
]
SpriteEvery = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", help="A tile every so many seconds, on as many sheets."),
]
TileWidth = Annotated[
    int | None, typer.Option(metavar="PX", help="Width of a tile, 16 to 1024; without: 160.")
]
Tiles = Annotated[bool, typer.Option("--tiles", help="Keep every tile as a picture, too.")]
Storyboard = Annotated[
    bool,
    typer.Option(
        "--storyboard",
        help="Index the tiles by time for players (WebVTT, HLS, DASH); without --sprite: 10"
        " columns, up to 100 tiles, at most one a second.",
    ),
]

Preview = Annotated[
    str | None,
    typer.Option(metavar="webp|gif|mp4", help="A short moving preview of telling pieces."),
]
PreviewDuration = Annotated[
    float | None, typer.Option(metavar="SECONDS", help="Its length, 0.5 to 15; without: 3.")
]
PreviewWidth = Annotated[
    int | None, typer.Option(metavar="PX", help="Its width, 16 to 640; without: 320.")
]
Candidates = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help=f"So many good frames that differ, best first, to choose a cover from; up to"
        f" {MAX_CANDIDATES}.",
    ),
]
