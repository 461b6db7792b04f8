"""What the demo says of stories that are not right: its checks must be able to fail."""

from pathlib import Path

import pytest
from PIL import Image

from tests.e2e.conftest import Told
from worker.commands.demo_sheet import write_sheet
from worker.commands.demo_story import check_story


def test_a_right_story_has_no_mistakes(told: Told) -> None:
    assert check_story(told.story) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("00:00:03.000 --> 00:00:04.000", "00:00:03.000 --> 00:00:03.900", "leave gaps"),
        ("#xywh=320,90,", "#xywh=160,90,", "the tile of 6000 ms shows 5000 ms"),
        ("160,90\n\n00:00:02", "150,90\n\n00:00:02", "a tile is 150 x 90"),
        (".jpg#xywh=0,0", ".png#xywh=0,0", "which is not the sheet"),
        ("00:00:11.000 -->", "00:00:11.000 - >", "11 cues, not 12"),
    ],
    ids=["gap", "other tile", "cut tile", "other sheet", "no cue"],
)
def test_a_wrong_index_is_told(told: Told, old: str, new: str, said: str) -> None:
    text = told.story.vtt.read_text(encoding="utf-8")
    assert old in text
    told.story.vtt.with_name("wrong.vtt").write_text(text.replace(old, new, 1), encoding="utf-8")

    mistakes = check_story(told.story._replace(vtt=told.story.vtt.with_name("wrong.vtt")))

    assert any(said in mistake for mistake in mistakes), mistakes


def test_a_preview_that_stands_still_is_told(told: Told, tmp_path: Path) -> None:
    still = tmp_path / "still.webp"
    with Image.open(told.story.preview) as moving:
        moving.convert("RGB").save(still)

    mistakes = check_story(told.story._replace(preview=still))

    assert any("1 different frames in 1" in mistake for mistake in mistakes), mistakes


def test_candidates_of_other_times_than_told_are_told(told: Told) -> None:
    turned = told.story.candidates[::-1]

    (mistake,) = check_story(told.story._replace(candidates=turned))

    assert mistake.startswith("candidates: they show")


def test_a_failed_story_leaves_a_sheet_without_it(tmp_path: Path) -> None:
    page, picture = write_sheet([], None, tmp_path)

    assert "player" not in page.read_text().partition("</style>")[2]
    assert picture.stat().st_size > 0
