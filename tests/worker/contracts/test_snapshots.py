"""What is refused of a request for snapshots before any medium is looked at."""

from typing import Any

import pytest
from pydantic import ValidationError

from worker.contracts.snapshots import SnapshotRecipe


@pytest.mark.parametrize(
    ("wanted", "kind", "numbers"),
    [
        pytest.param(
            {"sprite": {"columns": 100, "rows": 100, "tile_width": 16}},
            "too_many_tiles",
            ["10000", "5000"],
            id="one-sheet-of-too-many-tiles",
        ),
        pytest.param(
            {"sprite": {"columns": 17, "tile_width": 1024}},
            "sheet_too_wide",
            ["17", "16384"],
            id="too-wide",
        ),
        pytest.param(
            {"sprite": {"columns": 16, "tile_width": 1024}, "format": "webp"},
            "wider_than_webp",
            ["16384", "16383"],
            id="too-wide-for-webp",
        ),
    ],
)
def test_a_sheet_that_can_never_be_is_refused_by_numbers(
    wanted: dict[str, Any], kind: str, numbers: list[str]
) -> None:
    with pytest.raises(ValidationError) as refused:
        SnapshotRecipe.model_validate(wanted)

    (error,) = refused.value.errors()
    assert error["type"] == kind
    assert all(number in error["msg"] for number in numbers)


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param({"sprite": {"columns": 50, "rows": 100, "tile_width": 16}}, id="tiles"),
        pytest.param(
            {"sprite": {"columns": 100, "rows": 100, "tile_width": 16, "interval_s": 60.0}},
            id="room-for-more-than-there-will-be",
        ),
        pytest.param({"sprite": {"columns": 16, "tile_width": 1024}}, id="width"),
    ],
)
def test_what_just_fits_is_taken(wanted: dict[str, Any]) -> None:
    assert SnapshotRecipe.model_validate(wanted).sprite
