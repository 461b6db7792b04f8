"""Which part of a frame a snapshot shows."""

from typing import Any

import pytest

from worker.contracts.snapshots import SnapshotRecipe
from worker.geometry.crop import Face
from worker.geometry.shapes import Box, Size
from worker.rules.framing import Framing, follows_faces, framing, needed_px

WIDE = Size(1600, 900)
RIGHT = (Face(Box(1300, 300, 200, 200), 0.9),)


def recipe(**shape: Any) -> SnapshotRecipe:
    return SnapshotRecipe(count=1, **shape)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        pytest.param({}, Framing(Box(0, 0, 1600, 900), WIDE), id="whole"),
        pytest.param({"width": 400}, Framing(Box(0, 0, 1600, 900), Size(400, 225)), id="width"),
        pytest.param({"width": 3200}, Framing(Box(0, 0, 1600, 900), WIDE), id="fit-never-enlarges"),
        pytest.param(
            {"width": 90, "height": 90, "fit": "fit"},
            Framing(Box(0, 0, 1600, 900), Size(90, 51)),
            id="fit",
        ),
        pytest.param(
            {"width": 300, "height": 300, "fit": "fill"},
            Framing(Box(350, 0, 900, 900), Size(300, 300)),
            id="fill-is-centred",
        ),
        pytest.param(
            {"width": 300, "height": 300, "fit": "crop"},
            Framing(Box(700, 0, 900, 900), Size(300, 300)),
            id="crop-follows-the-face",
        ),
        pytest.param(
            {"size": 128}, Framing(Box(700, 0, 900, 900), Size(128, 128)), id="size-does-too"
        ),
        pytest.param(
            {"width": 1600, "height": 400, "fit": "crop"},
            Framing(Box(0, 190, 1600, 400), Size(1600, 400)),
            id="crop-up-and-down",
        ),
    ],
)
def test_a_frame_with_a_face_at_the_right_is_framed(
    shape: dict[str, Any], expected: Framing
) -> None:
    assert framing(recipe(**shape), WIDE, RIGHT) == expected


@pytest.mark.parametrize(
    ("shape", "looks"),
    [
        pytest.param({}, False, id="whole"),
        pytest.param({"width": 10, "height": 10, "fit": "fill"}, False, id="fill"),
        pytest.param({"width": 10, "height": 10, "fit": "crop"}, True, id="crop"),
        pytest.param({"size": 10}, True, id="size"),
    ],
)
def test_faces_are_looked_for_only_where_they_decide(shape: dict[str, Any], looks: bool) -> None:
    assert follows_faces(recipe(**shape)) is looks


@pytest.mark.parametrize(
    ("wanted", "px"),
    [
        pytest.param({"count": 1}, None, id="whole-frames-need-all"),
        pytest.param({"candidates": 2}, None, id="candidates-too"),
        pytest.param({"count": 1, "width": 1280}, 1280, id="a-side"),
        pytest.param({"count": 1, "size": 64}, 256, id="no-less-than-is-looked-at"),
        pytest.param({"storyboard": True}, 256, id="storyboard"),
        pytest.param({"sprite": {"tile_width": 640}}, 640, id="large-tiles"),
        pytest.param({"preview": {"width": 512}}, 512, id="preview"),
    ],
)
def test_no_more_is_decoded_than_is_needed(wanted: dict[str, Any], px: int | None) -> None:
    assert needed_px(SnapshotRecipe(**wanted), 256) == px
