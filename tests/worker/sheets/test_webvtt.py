"""WebvttIndex: its bytes, and what missing tiles leave."""

from itertools import pairwise

import webvtt

from tests.contract.storyboards import STORYBOARDS, Storyboard, storyboard
from worker.sheets.webvtt import WebvttIndex


def text(board: Storyboard) -> str:
    rendered = WebvttIndex().render(
        board.sheets, step_ms=board.step_ms, duration_ms=board.duration_ms
    )
    return rendered.decode()


def times(board: Storyboard) -> list[tuple[str, str]]:
    return [(cue.start, cue.end) for cue in webvtt.from_string(text(board)).captions]


def test_a_cue_is_a_time_and_a_part_of_a_picture() -> None:
    board = storyboard(2, step_ms=1500, duration_ms=3_723_004, columns=1, rows=2)

    assert text(board) == (
        "WEBVTT\n"
        "\n"
        "00:00:00.000 --> 00:00:01.500\n"
        "aa11.jpg#xywh=0,0,160,90\n"
        "\n"
        "00:00:01.500 --> 01:02:03.004\n"
        "aa11.jpg#xywh=0,90,160,90\n"
    )


def test_there_is_no_gap_between_cues() -> None:
    found = times(STORYBOARDS["some-missing"])

    assert len(found) == 10
    assert all(one[1] == after[0] for one, after in pairwise(found))


def test_a_missing_tile_lengthens_the_cue_before() -> None:
    assert times(STORYBOARDS["some-missing"])[2:5] == [
        ("00:00:04.000", "00:00:10.000"),
        ("00:00:10.000", "00:00:14.000"),
        ("00:00:14.000", "00:00:16.000"),
    ]


def test_before_the_first_tile_that_came_there_is_no_cue() -> None:
    assert times(STORYBOARDS["the-first-missing"])[0][0] == "00:00:02.000"


def test_without_any_tile_there_is_a_file_without_cues() -> None:
    assert text(STORYBOARDS["all-missing"]) == "WEBVTT\n"


def test_tiles_less_than_a_millisecond_apart_give_no_cue_without_a_length() -> None:
    found = times(storyboard(6, step_ms=0.5, duration_ms=3))

    assert len(found) == 3
    assert all(start < end for start, end in found)


def test_sheets_of_any_picture_format_may_be_in_it() -> None:
    assert WebvttIndex().takes("image/webp")
    assert WebvttIndex().takes("image/avif")
