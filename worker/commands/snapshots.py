"""`firstframe snapshots`: stills, sheets, storyboards and previews, in this process group alone."""

from collections.abc import Sequence
from pathlib import Path

import typer

from worker.commands import snapshot_options as option
from worker.commands.orders import check_stdin, make_folder, orders
from worker.commands.snapshot_lines import plan_line, snapshot_line
from worker.commands.snapshot_recipe import recipe_of
from worker.commands.telling import tell_all
from worker.commands.works import Work
from worker.contracts.plans import PlanResult
from worker.contracts.snapshot_results import SnapshotResult
from worker.contracts.snapshots import SnapshotRecipe
from worker.rules.labels import is_label
from worker.settings import Settings


def snapshots(
    context: typer.Context,
    sources: option.Sources,
    at: option.At = None,
    every: option.Every = None,
    count: option.Count = None,
    max: option.Max = None,
    pick: option.Pick = "exact",
    size: option.Size = None,
    width: option.Width = None,
    height: option.Height = None,
    fit: option.Fit = None,
    format: option.Format = "jpeg",
    quality: option.Quality = 85,
    sprite: option.Sprite = None,
    sprite_every: option.SpriteEvery = None,
    tile_width: option.TileWidth = None,
    tiles: option.Tiles = False,
    storyboard: option.Storyboard = False,
    preview: option.Preview = None,
    preview_duration: option.PreviewDuration = None,
    preview_width: option.PreviewWidth = None,
    candidates: option.Candidates = None,
    out_dir: option.OutDir = Path(),
    plan: option.Plan = False,
    json: option.Json = False,
) -> None:
    """Make stills, sheets of tiles, storyboards and previews of videos here, without a server.

    Files are DIR/NAME-snapshot-001.EXT, -candidate-01, -sheet-01, -tile-0001, -storyboard and
    -preview; older ones are replaced. When nothing is asked for: 5 stills, evenly spread,
    or the photo itself.
    Exit status: 0 all done, 1 some failed (the others are done), 2 wrong call or settings.
    """
    # The options are named after what they set: nothing is gained by writing them once more.
    recipe = recipe_of(context.params)
    Settings.read()
    check_stdin(sources)
    run = _forecast if plan else _make
    failures = run(sources, recipe, out_dir, json)
    raise typer.Exit(1 if failures else 0)


def _make(sources: Sequence[str], recipe: SnapshotRecipe, out_dir: Path, as_json: bool) -> int:
    make_folder(out_dir)
    asked = orders(sources, out_dir, is_label=is_label, nameless="video")
    work: Work[SnapshotResult] = Work("snapshot", recipe, out_dir)
    return tell_all(asked, work, snapshot_line, title="snapshots", as_json=as_json)


def _forecast(sources: Sequence[str], recipe: SnapshotRecipe, out_dir: Path, as_json: bool) -> int:
    asked = orders(sources, out_dir, is_label=is_label, nameless="video")
    work: Work[PlanResult | SnapshotResult] = Work("plan", recipe, out_dir)
    return tell_all(asked, work, plan_line, title="forecasts", as_json=as_json)
