"""What a request would make."""

from worker.contracts.passes import Timeline
from worker.contracts.plans import PlannedOutput
from worker.contracts.requests import Recipe
from worker.contracts.snapshots import SnapshotRecipe
from worker.geometry.shapes import Size
from worker.rules.offsets import offsets_of
from worker.rules.outputs import cover_outputs, snapshot_outputs

WIDE = Size(1920, 1080)
MINUTE = Timeline(duration_ms=60_000, keys=60)


def planned(kind: str, count: int, size: Size | None, format: str) -> PlannedOutput:
    sides = size._asdict() if size else {}
    return PlannedOutput.model_validate({"kind": kind, "count": count, "format": format, **sides})


def test_covers_of_each_size_once() -> None:
    assert cover_outputs(Recipe(sizes=[256, 64, 256]), WIDE) == (
        planned("cover", 1, Size(256, 256), "jpeg"),
        planned("cover", 1, Size(64, 64), "jpeg"),
    )


def test_a_cover_without_a_size_is_the_whole_frame() -> None:
    assert cover_outputs(Recipe(), WIDE) == (planned("cover", 1, WIDE, "jpeg"),)


def test_everything_that_snapshots_make_is_counted() -> None:
    recipe = SnapshotRecipe.model_validate(
        {
            "count": 3,
            "width": 640,
            "candidates": 5,
            "sprite": {"columns": 4, "rows": 4, "interval_s": 2, "tiles": True},
            "storyboard": True,
            "preview": {"format": "gif", "width": 200},
            "format": "png",
        }
    )

    outputs = snapshot_outputs(
        recipe, offsets_of(recipe, MINUTE), WIDE, indexes=["vtt", "m3u8", "mpd"]
    )

    assert outputs == (
        planned("snapshot", 3, Size(640, 360), "png"),
        planned("candidate", 5, Size(640, 360), "png"),
        planned("sheet", 2, Size(640, 360), "png"),
        planned("tile", 30, Size(160, 90), "png"),
        planned("storyboard", 1, None, "vtt"),
        planned("storyboard", 1, None, "m3u8"),
        planned("storyboard", 1, None, "mpd"),
        planned("preview", 1, Size(200, 112), "gif"),
    )


def test_what_is_not_made_is_not_told() -> None:
    recipe = SnapshotRecipe(count=1, size=64)

    (output,) = snapshot_outputs(recipe, offsets_of(recipe, MINUTE), WIDE, indexes=["vtt"])

    assert output == planned("snapshot", 1, Size(64, 64), "jpeg")
