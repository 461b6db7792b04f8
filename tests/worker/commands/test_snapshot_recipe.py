"""What the options of `firstframe snapshots` ask for, and how mistakes are told."""

from typing import Any

import pytest
import typer

from worker.commands.snapshot_recipe import recipe_of
from worker.contracts.snapshots import SnapshotRecipe


@pytest.mark.parametrize(
    ("options", "recipe"),
    [
        pytest.param({}, {"count": 5}, id="nothing-asked-for"),
        pytest.param({"at": (), "every": None, "size": 64}, {"count": 5, "size": 64}, id="a-look"),
        pytest.param({"count": 1}, {"count": 1}, id="count"),
        pytest.param({"every": 2.5, "max": 7}, {"interval_s": 2.5, "max": 7}, id="interval"),
        pytest.param({"sprite": "5x4"}, {"sprite": {"columns": 5, "rows": 4}}, id="sheet-only"),
        pytest.param(
            {"sprite": "2X3", "sprite_every": 1.0, "tile_width": 64, "tiles": True},
            {
                "sprite": {
                    "columns": 2,
                    "rows": 3,
                    "interval_s": 1.0,
                    "tile_width": 64,
                    "tiles": True,
                }
            },
            id="sheets",
        ),
        pytest.param({"storyboard": True}, {"storyboard": True}, id="storyboard-only"),
        pytest.param(
            {"storyboard": True, "sprite_every": 5.0},
            {"storyboard": True, "sprite": {"interval_s": 5.0}},
            id="storyboard-every",
        ),
        pytest.param(
            {"preview": "mp4", "preview_duration": 5.0, "preview_width": 480},
            {"preview": {"format": "mp4", "duration_s": 5.0, "width": 480}},
            id="preview",
        ),
        pytest.param(
            {"candidates": 3, "format": "webp", "quality": 70, "pick": "nearest_key"},
            {"candidates": 3, "format": "webp", "quality": 70, "pick": "nearest_key"},
            id="candidates",
        ),
        pytest.param(
            {"count": 2, "width": 320, "height": 180, "fit": "crop"},
            {"count": 2, "width": 320, "height": 180, "fit": "crop"},
            id="shape",
        ),
    ],
)
def test_options_become_a_recipe(options: dict[str, Any], recipe: dict[str, Any]) -> None:
    assert recipe_of(options) == SnapshotRecipe.model_validate(recipe)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("0", 0.0),
        ("12.5", 12.5),
        (".5", 0.5),
        ("90", 90.0),
        ("1:30", 90.0),
        ("01:02.250", 62.25),
        ("0:01:30.500", 90.5),
        ("26:00:00", 93_600.0),
        ("50%", "50%"),
        ("33.30%", "33.3%"),
    ],
)
def test_times_are_written_as_people_write_them(text: str, time: float | str) -> None:
    assert recipe_of({"at": ["1", text]}).times == [1.0, time]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        pytest.param({"at": ["1:75"]}, "--at", id="seconds-of-a-minute"),
        pytest.param({"at": ["75:00"]}, "--at", id="minutes-of-an-hour"),
        pytest.param({"at": ["-1"]}, "--at", id="negative"),
        pytest.param({"at": ["nan"]}, "--at", id="nan"),
        pytest.param({"at": ["inf"]}, "--at", id="infinite"),
        pytest.param({"at": [""]}, "--at", id="empty"),
        pytest.param({"at": ["1:2:3:4"]}, "--at", id="four-parts"),
        pytest.param({"at": ["101%"]}, "--at", id="percent-over"),
        pytest.param({"at": ["-1%"]}, "--at", id="percent-under"),
        pytest.param({"at": ["x%"]}, "--at", id="percent-word"),
        pytest.param({"at": ["1000000"]}, "--at", id="eleven-days"),
        pytest.param({"at": [str(n) for n in range(1001)]}, "--at", id="too-many"),
        pytest.param({"at": ["1"], "count": 2}, "--at, --every, --count", id="two-ways"),
        pytest.param({"every": 0.0}, "--every", id="interval-0"),
        pytest.param({"every": -1.0}, "--every", id="interval-negative"),
        pytest.param({"every": float("nan")}, "--every", id="interval-nan"),
        pytest.param({"every": float("inf")}, "--every", id="interval-infinite"),
        pytest.param({"count": 0}, "--count", id="count-0"),
        pytest.param({"count": 10_000}, "--count", id="count-large"),
        pytest.param({"count": 5, "max": 5}, "--max", id="max-alone"),
        pytest.param({"every": 1.0, "max": 0}, "--max", id="max-0"),
        pytest.param({"size": 0}, "--size", id="size-0"),
        pytest.param({"width": 5000}, "--width", id="width"),
        pytest.param({"height": -1}, "--height", id="height"),
        pytest.param({"size": 64, "width": 64}, "--size", id="size-and-width"),
        pytest.param({"fit": "fill", "width": 64}, "--fit", id="fill-of-one-side"),
        pytest.param({"fit": "stretch"}, "--fit", id="fit-unknown"),
        pytest.param({"format": "bmp"}, "--format", id="format"),
        pytest.param({"quality": 101}, "--quality", id="quality"),
        pytest.param({"pick": "best"}, "--pick", id="pick"),
        pytest.param({"sprite": "5"}, "--sprite", id="grid-of-one-number"),
        pytest.param({"sprite": "5x5x5"}, "--sprite", id="grid-of-three"),
        pytest.param({"sprite": "0x5"}, "--sprite", id="grid-without-columns"),
        pytest.param({"sprite": "5x101"}, "--sprite", id="grid-rows"),
        pytest.param({"sprite": "100x1", "tile_width": 1024}, "--sprite", id="sheet-too-wide"),
        pytest.param({"sprite": "100x100", "tile_width": 16}, "--sprite", id="too-many-tiles"),
        pytest.param(
            {"sprite": "16x1", "tile_width": 1024, "format": "webp"}, "--sprite", id="wide-webp"
        ),
        pytest.param({"sprite": "5x5", "sprite_every": 0.0}, "--sprite-every", id="tile-interval"),
        pytest.param({"sprite": "5x5", "tile_width": 8}, "--tile-width", id="tile-width"),
        pytest.param({"tile_width": 64}, "--sprite or --storyboard", id="tile-width-alone"),
        pytest.param({"tiles": True}, "--sprite or --storyboard", id="tiles-alone"),
        pytest.param({"sprite_every": 1.0}, "--sprite or --storyboard", id="tile-interval-alone"),
        pytest.param({"preview": "webm"}, "--preview", id="preview-format"),
        pytest.param(
            {"preview": "gif", "preview_duration": 16.0}, "--preview-duration", id="preview-long"
        ),
        pytest.param(
            {"preview": "gif", "preview_width": 641}, "--preview-width", id="preview-width"
        ),
        pytest.param({"preview_width": 64}, "--preview", id="preview-width-alone"),
        pytest.param({"candidates": 21}, "--candidates", id="candidates"),
        pytest.param({"candidates": 0}, "--candidates", id="candidates-0"),
    ],
)
def test_a_mistake_names_the_option(options: dict[str, Any], told: str) -> None:
    with pytest.raises(typer.BadParameter) as refused:
        recipe_of(options)

    assert told in refused.value.format_message()
    assert "interval_s" not in refused.value.format_message()
