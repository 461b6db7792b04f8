"""Sprite sheets: tiles in their order, sheets one after the other."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.media import Clip
from tests.worker.jobs.counting import Counting, is_black, number_in, tiles_of
from tests.worker.jobs.snapshot_bench import Album, told
from tests.worker.jobs.test_snapshot import holed
from worker.contracts.snapshot_results import SheetInfo

CountClip = Callable[[Counting], Path]


def tiles(album: Album, sheet: SheetInfo) -> list[Image.Image]:
    """The tiles that a sheet has a time for."""
    picture = album.picture(sheet)
    assert picture.size == (sheet.width, sheet.height)
    found = tiles_of(picture, sheet.columns, (sheet.tile_width, sheet.tile_height))
    return found[: len(sheet.offsets_ms)]


@pytest.mark.parametrize(
    ("sprite", "numbers"),
    [
        pytest.param(
            {"columns": 5, "rows": 2}, [[0, 10, 20, 30, 40, 50, 60, 70, 80, 90]], id="one-sheet"
        ),
        pytest.param(
            {"columns": 2, "rows": 2, "interval_s": 1.0},
            [[0, 10, 20, 30], [40, 50, 60, 70], [80, 90]],
            id="as-many-as-are-needed",
        ),
        pytest.param(
            {"columns": 3, "rows": 1, "interval_s": 4.04},
            [[0, 41, 81]],
            id="between-frames",
        ),
    ],
)
def test_tiles_show_the_frames_of_their_times_row_by_row(
    count_clip: CountClip, sprite: dict[str, Any], numbers: list[list[int]]
) -> None:
    result, album = told(count_clip(Counting()), sprite=sprite)

    found = [[number_in(tile) for tile in tiles(album, sheet)] for sheet in result.sheets]
    assert found == numbers
    assert [sheet.pts_ms for sheet in result.sheets] == [
        tuple(number * 100 for number in sheet) for sheet in numbers
    ]


def test_sheets_are_told_with_their_grid(count_clip: CountClip) -> None:
    sprite = {"columns": 4, "rows": 2, "interval_s": 1, "tile_width": 80}

    result, _ = told(count_clip(Counting()), sprite=sprite, format="jpeg")

    assert [sheet.path for sheet in result.sheets] == ["sheet-01.jpg", "sheet-02.jpg"]
    for sheet in result.sheets:
        assert (sheet.columns, sheet.rows) == (4, 2)
        assert (sheet.tile_width, sheet.tile_height) == (80, 46)
        assert (sheet.width, sheet.height) == (320, 92)
    assert [len(sheet.offsets_ms) for sheet in result.sheets] == [8, 2]


def test_a_sheet_has_no_more_rows_than_tiles_need(count_clip: CountClip) -> None:
    result, _ = told(count_clip(Counting(frames=30)), storyboard=True)

    (sheet,) = result.sheets
    assert (sheet.columns, sheet.rows, sheet.offsets_ms) == (10, 1, (0, 1000, 2000))


def test_tiles_are_kept_as_pictures_of_their_own_where_asked(count_clip: CountClip) -> None:
    sprite = {"columns": 2, "rows": 2, "tiles": True}

    result, album = told(count_clip(Counting()), sprite=sprite)

    (sheet,) = result.sheets
    assert [tile.path for tile in sheet.tiles] == [f"tile-000{n}.png" for n in (1, 2, 3, 4)]
    assert [number_in(album.picture(tile)) for tile in sheet.tiles] == [0, 25, 50, 75]
    assert [tile.offset_ms for tile in sheet.tiles] == [0, 2500, 5000, 7500]
    assert {(tile.width, tile.height) for tile in sheet.tiles} == {(160, 90)}


def test_a_rotated_clip_has_tall_tiles(count_clip: CountClip) -> None:
    clip = count_clip(Counting(width=180, height=320, rotation_cw=270))

    result, album = told(clip, sprite={"columns": 5, "rows": 1})

    (sheet,) = result.sheets
    assert (sheet.tile_width, sheet.tile_height) == (160, 284)
    assert [number_in(tile) for tile in tiles(album, sheet)] == [0, 20, 40, 60, 80]


@pytest.mark.parametrize(
    ("rows", "black"), [pytest.param(1, 3, id="sheets"), pytest.param(2, 1, id="rows-of-a-sheet")]
)
def test_a_rotated_clip_that_begins_damaged_has_tall_tiles_from_the_start(
    count_clip: CountClip, tmp_path: Path, rows: int, black: int
) -> None:
    whole = Counting(width=180, height=320, rotation_cw=90, frames=200, gop=10, scenes=10)
    clip = holed(count_clip(whole), tmp_path, 0.02, 0.3)

    result, album = told(clip, sprite={"columns": 2, "rows": rows, "interval_s": 1.0})

    assert [sheet.path for sheet in result.sheets] == [
        f"sheet-{number:02}.png" for number in range(1, 20 // (2 * rows) + 1)
    ]
    assert {(sheet.tile_width, sheet.tile_height) for sheet in result.sheets} == {(160, 284)}
    assert all(pts_ms is None for sheet in result.sheets[:black] for pts_ms in sheet.pts_ms)
    for sheet in result.sheets:
        told_ms = zip(tiles(album, sheet), sheet.pts_ms, strict=True)
        assert all(
            is_black(tile) if pts_ms is None else number_in(tile) == pts_ms // 100
            for tile, pts_ms in told_ms
        )


def test_a_sheet_that_only_seems_too_large_is_made(count_clip: CountClip) -> None:
    """As the clip is stored, before its rotation, sixty tiles would be too high."""
    clip = count_clip(Counting(rotation_cw=90))

    result, _ = told(clip, sprite={"columns": 2, "rows": 60}, format="jpeg")

    assert (result.sheets[0].width, result.sheets[0].height) == (320, 5400)


def test_a_clip_that_does_not_tell_its_size_has_tiles(make_clip: Callable[[Clip], Path]) -> None:
    clip = make_clip(Clip(codec="h263", container="3gp", width=176, height=144))

    result, album = told(clip, sprite={"columns": 2, "rows": 2})

    assert album.picture(result.sheets[0]).size == (320, 260)


def test_stills_and_tiles_of_one_time_share_a_frame(count_clip: CountClip) -> None:
    result, album = told(count_clip(Counting()), times=[0, 5], sprite={"columns": 2, "rows": 1})

    assert [number_in(album.picture(still)) for still in result.snapshots] == [0, 50]
    assert [number_in(tile) for tile in tiles(album, result.sheets[0])] == [0, 50]
