"""Rows against another program: ratios of the same round, and nothing missed without it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.frames_by_ffmpeg import check_ffmpeg
from worker.commands.bench_ffmpeg import SHEET, Ffmpeg, Spent
from worker.commands.bench_films import TEN_MINUTES_GROUPS, repeat, write_part
from worker.commands.bench_snapshots import ROWS, Against, Measured, measured
from worker.commands.bench_storyboard import check_sheet
from worker.contracts.snapshot_results import SheetInfo, SnapshotResult
from worker.geometry.shapes import Size

ROW = Against("ours", "ours", "theirs", "cpu_s", asked=0.5)
PROGRAM = """
import json, os, sys
from pathlib import Path
from rich.console import Console
from worker.commands.bench_snapshots import snapshot_rows

rows = snapshot_rows(Path(sys.argv[1]), Path(sys.argv[2]), 1, Console(stderr=True))
sys.stdout.write(json.dumps(rows))
sys.stdout.flush()
os._exit(0)
"""


def spent(*cpu_s: float) -> list[Spent]:
    return [Spent(each, 1) for each in cpu_s]


def test_a_ratio_is_the_median_of_those_within_a_round() -> None:
    row = measured(ROW, {"ours": spent(1, 2, 9), "theirs": spent(4, 4, 10)})

    assert (row.ours_took, row.theirs_took, row.ratio) == (2, 4, 0.5)
    assert row.reached


def test_a_row_without_the_other_program_is_neither_measured_nor_missed() -> None:
    row = measured(ROW, {"ours": spent(1, 2)})

    assert (row.ours_took, row.theirs_took, row.ratio) == (1.5, None, None)
    assert row.reached


@pytest.mark.parametrize(
    ("ratio", "asked", "reached"),
    [(0.1004, 0.1, True), (0.101, 0.1, False), (9, None, True), (None, 0.1, True)],
)
def test_a_row_is_reached_to_a_thousandth(
    ratio: float | None, asked: float | None, reached: bool
) -> None:
    assert Measured("a row", "theirs", "cpu_s", 1, 1, ratio, asked).reached is reached


@pytest.fixture(scope="module")
def small_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As long as the bench's, but small."""
    folder = tmp_path_factory.mktemp("films")
    write_part(folder / "part.mp4", Size(160, 90), 200_000)
    repeat(folder / "part.mp4", folder / "film.mp4", TEN_MINUTES_GROUPS)
    return folder / "film.mp4"


def rows_of(film: Path, folder: Path, path: str) -> list[Measured]:
    """The rows, where programs are found on that path."""
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(film), str(folder)],
        env={**os.environ, "FIRSTFRAME_DETECT__KIND": "none", "PATH": path},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return [Measured(*each) for each in json.loads(ended.stdout)]


def test_right_tiles_are_made_here_and_far_away_without_the_other_program(
    small_film: Path, tmp_path: Path
) -> None:
    rows = {(row.name, row.theirs): row for row in rows_of(small_film, tmp_path, path="/nowhere")}

    assert len(rows) < len(ROWS), "rows of bytes and of wall time have the same names"
    compared = [row for row in rows.values() if row.ratio is not None]
    assert [row.theirs for row in compared] == ["one cover"]
    assert all(row.ours_took > 0 for row in rows.values())


@pytest.mark.ffmpeg
def test_the_other_program_makes_sheets_of_the_same_kind(small_film: Path, tmp_path: Path) -> None:
    check_ffmpeg()
    spent = Ffmpeg(str(small_film), tmp_path).key_frames()

    assert spent.cpu_s > 0
    check_sheet(told(tmp_path), "nearest_key")


@pytest.mark.ffmpeg
@pytest.mark.parametrize(
    ("told_ms", "right_ms"),
    [
        pytest.param(2000, 0, id="time"),
        pytest.param(2000, 2000, id="picture"),
    ],
)
def test_a_sheet_with_a_wrong_tile_ends_the_bench(
    small_film: Path, tmp_path: Path, told_ms: int, right_ms: int
) -> None:
    check_ffmpeg()
    Ffmpeg(str(small_film), tmp_path).key_frames()

    with pytest.raises(SystemExit, match="times" if told_ms != right_ms else "frames"):
        check_sheet(told(tmp_path, first_ms=told_ms, first_offset_ms=right_ms), "nearest_key")


@pytest.mark.ffmpeg
def test_a_medium_that_the_other_program_cannot_read_ends_the_bench(tmp_path: Path) -> None:
    check_ffmpeg()

    with pytest.raises(SystemExit, match="ffmpeg ended with"):
        Ffmpeg(str(tmp_path / "none.mp4"), tmp_path).everything()


def told(folder: Path, *, first_ms: int = 0, first_offset_ms: int = 0) -> SnapshotResult:
    """The other program's sheet, a tile every six seconds, as a result of ours."""
    path, times = folder / SHEET, range(6000, 600_000, 6000)
    sheet = SheetInfo(
        path=str(path),
        url=None,
        content_type="image/jpeg",
        bytes=path.stat().st_size,
        sha256="",
        width=1600,
        height=900,
        columns=10,
        rows=10,
        tile_width=160,
        tile_height=90,
        offsets_ms=(first_offset_ms, *times),
        pts_ms=(first_ms, *times),
    )
    return SnapshotResult(source="film", status="succeeded", sheets=(sheet,))
