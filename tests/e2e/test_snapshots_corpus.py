"""`firstframe snapshots` over all videos of the corpus; what is right is read from the pictures."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
from PIL import Image

from tests.corpus import CorpusFile
from tests.frames_by_ffmpeg import check_ffmpeg, decoded, duration_ms, grey, psnr_db, sought
from tests.sheets import ShownTile, tiles_of

pytestmark = [pytest.mark.corpus, pytest.mark.ffmpeg, pytest.mark.timeout(400)]

COLUMNS = ROWS = 5
COUNT = 5
TILE_WIDTH: Final = 160
# A picture within a sound file is no video.
ERRORS: Final = {
    "videos/attached-picture-01.mp3": "media.no_video_stream",
    "videos/error-audio-only-01.mp4": "media.no_video_stream",
    "videos/error-empty-01.mp4": "source.empty",
    "videos/error-encrypted-01.mp4": "media.encrypted",
    "videos/error-header-only-01.mp4": "media.corrupt",
    "videos/error-no-frames-01.mp4": "media.no_frames",
    "videos/error-not-media-01.mp4": "media.corrupt",
    "videos/error-truncated-01.mkv": "media.corrupt",
}
FINE: Final = tuple(
    f"videos/{name}"
    for name in (
        *("av1-hdr-01.mp4", "black-first-01.avi", "black-first-02.webm", "dark-01.ogv"),
        *("face-av1-01.mp4", "face-flv-01.flv", "face-grayscale-02.mp4", "face-h264-01.mp4"),
        *("face-h264-02.mp4", "face-hevc-01.mp4", "face-mjpeg-01.mov", "face-ts-01.ts"),
        *("interlaced-01.mts", "mkv-01.mkv", "rotated-01.mov", "rotated-hevc-hdr-01.mov"),
        *("rotated-reflected-01.mp4", "vp8-01.webm", "vp9-10bit-01.webm"),
        *("vp9-odd-size-01.webm", "white-first-01.3gp"),
    )
)
LEAST_DB: Final = 30.0
SAME_DB: Final = 0.3
# Frames that are more alike than this differ by less than what JPEG takes from a tile.
TOLD_APART_DB: Final = 38.0
DURATION_APART_MS: Final = 100
# Here ffmpeg's own seeks are not to the frame: for want of an index, or because a tick of the time
# base is as long as a frame.
SOUGHT_OTHERWISE: Final = (".avi", ".flv", ".mts", ".ogv", ".ts", "face-mjpeg-01.mov")


class Run(NamedTuple):
    """What the command told, by the names of the files, and where it put its own."""

    lines: dict[str, dict[str, Any]]
    folder: Path


@pytest.fixture(scope="module")
def run(corpus: dict[str, CorpusFile], tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One run over all videos."""
    check_ffmpeg()
    names = [name for name, file in corpus.items() if file.facts["kind"] == "video"]
    folder = tmp_path_factory.mktemp("snapshots")
    paths = [str(corpus[name].path) for name in names]
    wanted = ["--count", str(COUNT), "--sprite", f"{COLUMNS}x{ROWS}", "--storyboard", "--json"]
    command = [sys.executable, "-m", "worker.commands", "snapshots", *wanted]
    done = subprocess.run(
        [*command, "--out-dir", str(folder), *paths], capture_output=True, timeout=300, check=False
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["source"] for line in lines] == paths, "one line a file, in order"
    assert done.returncode == 1, "some fail"
    assert done.stderr == b""
    return Run(dict(zip(names, lines, strict=True)), folder)


def tiles(run: Run, name: str) -> list[ShownTile]:
    """The tiles of a file as its WebVTT index shows them."""
    return tiles_of(Path(run.lines[name]["storyboard"]["path"]))


def test_every_video_gives_all_or_its_error(corpus: dict[str, CorpusFile], run: Run) -> None:
    for name, line in run.lines.items():
        expected = ERRORS.get(name)
        assert (line["error"] or {}).get("code") == expected, name
        if expected is None:
            assert corpus[name].facts["expect"] == "ok"
            assert len(line["snapshots"]) == COUNT, name
            (sheet,) = line["sheets"]
            assert (sheet["columns"], sheet["rows"]) == (COLUMNS, ROWS), name
            assert len(tiles(run, name)) == COLUMNS * ROWS, name
            assert line["missing_ms"] == [], name
    told = {file for line in run.lines.values() for file in _paths(line)}
    assert told == {str(path) for path in run.folder.iterdir()}, "no other file is left"


def test_tiles_lie_row_by_row_and_stand_for_equal_parts_of_the_video(run: Run) -> None:
    for name in FINE:
        shown = tiles(run, name)
        long_ms = duration_ms(Path(run.lines[name]["source"]))
        sheet_path = run.lines[name]["sheets"][0]["path"]
        with Image.open(sheet_path) as sheet:
            width, height = sheet.width // COLUMNS, sheet.height // ROWS
            assert sheet.size == (COLUMNS * TILE_WIDTH, ROWS * height), name
        for number, tile in enumerate(shown):
            row, column = divmod(number, COLUMNS)
            assert tile.box == (column * width, row * height, width, height), name
            share_ms = long_ms * number / len(shown)
            assert tile.start_ms == pytest.approx(share_ms, abs=DURATION_APART_MS + 0.5), name
            following = [*shown, None][number + 1]
            assert tile.end_ms == (following.start_ms if following else shown[-1].end_ms), name
        assert shown[-1].end_ms == pytest.approx(long_ms, abs=DURATION_APART_MS), name


@pytest.mark.parametrize("name", FINE)
def test_every_tile_shows_the_frame_of_its_time(run: Run, name: str) -> None:
    shown = tiles(run, name)
    every = decoded(Path(run.lines[name]["source"]), *shown[0].picture.size)

    for tile in shown:
        expected = every.at(tile.start_ms)
        picture = grey(tile.picture)
        alike = [psnr_db(picture, frame) for frame in every.pictures]
        assert alike[expected] >= LEAST_DB, (tile.start_ms, alike[expected])
        best = every.pictures[alike.index(max(alike))]
        cannot_be_told = psnr_db(best, every.pictures[expected]) >= TOLD_APART_DB
        assert alike[expected] >= max(alike) - SAME_DB or cannot_be_told, tile.start_ms
    if not name.endswith(SOUGHT_OTHERWISE):
        for tile in (shown[0], shown[len(shown) // 2], shown[-2]):
            frame = sought(Path(run.lines[name]["source"]), tile.start_ms, *tile.picture.size)
            assert (frame is None) == (tile.start_ms > every.times_ms[-1] + 0.5)
            if frame is not None:
                assert psnr_db(grey(tile.picture), frame) >= LEAST_DB, tile.start_ms


def _paths(value: Any) -> set[str]:
    """Every `path` in a line."""
    if isinstance(value, list):
        return {path for item in value for path in _paths(item)}
    if not isinstance(value, dict):
        return set()
    here = {value["path"]} if value.get("path") else set()
    return here.union(*map(_paths, value.values()))
