"""What a request would make, told before anything is made."""

from collections.abc import Iterator, Sequence

from worker.contracts.plans import PlannedOutput
from worker.contracts.requests import Recipe
from worker.contracts.snapshots import SnapshotRecipe
from worker.geometry.shapes import Size
from worker.rules.framing import framing
from worker.rules.offsets import Offsets, grid_of
from worker.rules.pieces import preview_size


def cover_outputs(recipe: Recipe, frame: Size) -> tuple[PlannedOutput, ...]:
    """A cover for each size, or one of the whole frame."""
    sizes = [Size(px, px) for px in dict.fromkeys(recipe.sizes or ())] or [frame]
    return tuple(
        PlannedOutput(kind="cover", count=1, **size._asdict(), format=recipe.format)
        for size in sizes
    )


def snapshot_outputs(
    recipe: SnapshotRecipe, offsets: Offsets, frame: Size, *, indexes: Sequence[str]
) -> tuple[PlannedOutput, ...]:
    """Everything a snapshot job makes of an upright frame of that size; `indexes` are endings.

    Of candidates there may be fewer, where frames look alike.
    Raises: RequestError `request.invalid` for a sheet with too many pixels a side.
    """
    return tuple(output for output in _outputs(recipe, offsets, frame, indexes) if output.count)


def _outputs(
    recipe: SnapshotRecipe, offsets: Offsets, frame: Size, indexes: Sequence[str]
) -> Iterator[PlannedOutput]:
    shape, form = framing(recipe, frame, ()).pixels._asdict(), recipe.format
    candidates = min(recipe.candidates or 0, len(offsets.samples_ms))
    yield PlannedOutput(kind="snapshot", count=len(offsets.stills_ms), **shape, format=form)
    yield PlannedOutput(kind="candidate", count=candidates, **shape, format=form)
    tiles = len(offsets.tiles_ms)
    if tiles:
        grid = grid_of(recipe, tiles, frame)
        sheets = -(-tiles // grid.capacity)
        apart = tiles if recipe.sprite and recipe.sprite.tiles else 0
        yield PlannedOutput(kind="sheet", count=sheets, **grid.size._asdict(), format=form)
        yield PlannedOutput(kind="tile", count=apart, **grid.tile._asdict(), format=form)
    for ending in indexes if recipe.storyboard else ():
        yield PlannedOutput(kind="storyboard", count=1, format=ending)
    if recipe.preview:
        size = preview_size(recipe.preview, frame)
        yield PlannedOutput(kind="preview", count=1, **size._asdict(), format=recipe.preview.format)
