"""The story of snapshots as a whole: its order, its end, what it tells on the way."""

import re
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.worker.jobs.counting import Counting, is_black, number_in, tiles_of
from tests.worker.jobs.snapshot_bench import VERSIONS, Album, Log, opener, story, told
from worker.contracts.names import FRAMES_MISSING
from worker.contracts.snapshots import SnapshotRecipe
from worker.errors import CoverError, MediaError, RequestError, StorageError
from worker.jobs.snapshot import failed

CountClip = Callable[[Counting], Path]
EVERYTHING: dict[str, Any] = {
    "count": 4,
    "sprite": {"columns": 4, "rows": 2, "interval_s": 1},
    "storyboard": True,
    "preview": {"duration_s": 1.0},
    "candidates": 2,
}


def holed(path: Path, folder: Path, first: float, last: float) -> Path:
    """A copy of a clip whose bytes from one share of the file to the other are zeros."""
    data = bytearray(path.read_bytes())
    begin, end = int(len(data) * first), int(len(data) * last)
    data[begin:end] = bytes(end - begin)
    copy = folder / path.name
    copy.write_bytes(data)
    return copy


def test_all_that_is_asked_for_is_made_in_one_go(count_clip: CountClip) -> None:
    result, album = told(count_clip(Counting(scenes=5)), **EVERYTHING)

    assert (result.status, result.pick, result.flags) == ("succeeded", "exact", ())
    assert result.versions == VERSIONS
    assert [number_in(album.picture(still)) for still in result.snapshots] == [13, 38, 63, 88]
    assert [len(sheet.offsets_ms) for sheet in result.sheets] == [8, 2]
    assert len(result.candidates) == 2
    assert result.preview is not None
    assert result.storyboard is not None
    assert sorted(album.files) == sorted(str(file.path) for file in result.files())
    assert result.medium is not None
    assert (result.medium.kind, result.medium.duration_ms) == ("video", 10_000)
    assert result.medium.bytes_read > 0


def test_a_storyboard_refers_to_its_sheets_in_three_forms(count_clip: CountClip) -> None:
    result, album = told(count_clip(Counting()), **EVERYTHING, format="jpeg")

    assert result.storyboard is not None
    assert result.storyboard.path == "storyboard.vtt"
    assert result.storyboard.dash is not None
    cues = album.files["storyboard.vtt"].decode()
    assert cues.count("-->") == 10
    assert "beside/sheet-02.jpg#xywh=160,0,160,90" in cues
    for name in ("storyboard.m3u8", "storyboard.mpd"):
        assert album.files[name].count(b"beside/sheet-0") == 2


def test_a_storyboard_of_webp_sheets_has_no_dash_index(count_clip: CountClip) -> None:
    result, album = told(count_clip(Counting()), storyboard=True, format="webp")

    assert result.storyboard is not None
    assert result.storyboard.dash is None
    assert sorted(album.files) == ["sheet-01.webp", "storyboard.m3u8", "storyboard.vtt"]


@pytest.mark.parametrize(
    ("wanted", "code", "named"),
    [
        pytest.param({"times": [1, 11]}, "media.time_beyond_end", "11 s", id="beyond-the-end"),
        pytest.param(
            {"sprite": {"interval_s": 0.04, "columns": 1, "rows": 100, "tile_width": 1024}},
            "request.invalid",
            "57600",
            id="sheet-too-high",
        ),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_decoded(
    count_clip: CountClip, wanted: dict[str, Any], code: str, named: str
) -> None:
    log, album = Log(), Album()

    with pytest.raises(CoverError) as caught:
        story().run(
            SnapshotRecipe(**wanted),
            open_source=opener(count_clip(Counting())),
            destination=album,
            attempt=log,
        )

    assert (caught.value.code, log.stages, album.files) == (code, ["source", "decode"], {})
    assert caught.value.stage == log.stages[-1]
    assert named in caught.value.message


def test_the_rest_of_a_damaged_clip_comes_with_a_list_of_what_is_missing(
    count_clip: CountClip, tmp_path: Path
) -> None:
    clip = holed(count_clip(Counting(frames=200, gop=10, scenes=10)), tmp_path, 0.45, 0.55)

    result, album = told(clip, interval_s=1.0, sprite={"columns": 5, "rows": 4})

    assert (result.status, result.flags) == ("succeeded", (FRAMES_MISSING,))
    assert result.missing_ms
    came = [still.offset_ms for still in result.snapshots]
    assert all(still.offset_ms == (still.number - 1) * 1000 for still in result.snapshots)
    assert all(f"-{still.number:03}." in str(still.path) for still in result.snapshots)
    assert sorted([*came, *result.missing_ms]) == list(range(0, 20_000, 1000))
    for still in result.snapshots:
        assert number_in(album.picture(still)) == still.offset_ms // 100
    (sheet,) = result.sheets
    tiles = tiles_of(album.picture(sheet), 5, (160, 90))
    for tile, offset_ms, pts_ms in zip(tiles, sheet.offsets_ms, sheet.pts_ms, strict=True):
        assert is_black(tile) is (pts_ms is None) is (offset_ms in result.missing_ms)


def test_a_label_tells_the_number_of_its_time_also_where_others_are_missing(
    count_clip: CountClip, tmp_path: Path
) -> None:
    clip = holed(count_clip(Counting(frames=200, gop=10, scenes=10)), tmp_path, 0.45, 0.55)

    result, _ = told(clip, interval_s=1.0)

    for still in result.snapshots:
        assert still.path == f"snapshot-{still.offset_ms // 1000 + 1:03}.png"


def test_too_few_frames_are_a_failure_that_counts_them(
    count_clip: CountClip, tmp_path: Path
) -> None:
    clip = holed(count_clip(Counting(frames=200, gop=10, scenes=10)), tmp_path, 0.3, 0.8)

    with pytest.raises(MediaError) as caught:
        told(clip, by=story(least_share=0.95), interval_s=1.0)

    assert caught.value.code == "media.frames_missing"
    assert re.search(r"Only \d+ of 20 frames", caught.value.message)


def test_a_clip_of_which_nothing_comes_is_corrupt(count_clip: CountClip, tmp_path: Path) -> None:
    data = bytearray(count_clip(Counting()).read_bytes())
    # Where the chunks of frames begin: ISO/IEC 14496-12, 8.7.5.
    offsets = data.index(b"stco") + 12
    number = int.from_bytes(data[offsets - 4 : offsets], "big")
    data[offsets : offsets + 4 * number] = bytes(4 * number)
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(data)

    with pytest.raises(MediaError) as caught:
        told(clip, count=4)

    assert (caught.value.code, caught.value.stage) == ("media.corrupt", "decode")


def test_progress_rises_with_the_time_in_the_medium(count_clip: CountClip) -> None:
    log = Log()

    story().run(
        SnapshotRecipe.model_validate(EVERYTHING),
        open_source=opener(count_clip(Counting())),
        destination=Album(),
        attempt=log,
    )

    percents = [percent for percent, _ in log.told]
    assert percents == sorted(percents)
    assert max(percent for percent in percents if percent <= 90) > 80
    assert 90 < percents[-1] <= 98
    scouted = [at_ms for percent, at_ms in log.told if percent < 90 and at_ms is not None]
    assert scouted == sorted(scouted)
    assert log.stages[:2] == ["source", "decode"]
    assert log.stages[-2:] == ["encode", "store"]


@pytest.mark.parametrize(
    "log",
    [
        pytest.param(Log(over_at="decode"), id="before-decoding"),
        pytest.param(Log(most_percent=40), id="while-decoding"),
        pytest.param(Log(most_percent=92), id="while-the-preview-is-made"),
        pytest.param(Log(over_at="store"), id="before-indexes"),
    ],
)
def test_a_cancelled_attempt_ends_there(count_clip: CountClip, log: Log) -> None:
    album = Album()

    with pytest.raises(RequestError) as caught:
        story().run(
            SnapshotRecipe.model_validate(EVERYTHING),
            open_source=opener(count_clip(Counting())),
            destination=album,
            attempt=log,
        )

    assert caught.value.code == "job.cancelled"
    assert "storyboard.vtt" not in album.files


def test_a_full_store_ends_the_attempt(count_clip: CountClip) -> None:
    with pytest.raises(StorageError) as caught:
        story().run(
            SnapshotRecipe(count=5),
            open_source=opener(count_clip(Counting())),
            destination=Album(room=3),
            attempt=Log(),
        )

    assert caught.value.code == "storage.full"


def test_only_one_sheet_is_in_memory_at_a_time(count_clip: CountClip) -> None:
    clip = count_clip(Counting(frames=160))
    sheet_bytes = 2 * 2 * 512 * 288 * 3
    sprite = {"columns": 2, "rows": 2, "tile_width": 512, "interval_s": 0.1}

    tracemalloc.start()
    told(clip, sprite=sprite, format="jpeg")
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    # Forty sheets are made.
    assert peak_bytes < 6 * sheet_bytes


def test_each_stage_is_timed_and_they_add_up(count_clip: CountClip) -> None:
    timings = told(count_clip(Counting()), **EVERYTHING)[0].timings_ms.model_dump()

    total = timings.pop("total")
    assert all(timings[stage] > 0 for stage in ("open", "decode", "crop", "encode", "store"))
    assert sum(timings.values()) <= total + 0.6


def test_a_failure_becomes_a_result() -> None:
    result = failed("shown", MediaError("media.not_video"))

    assert (result.source, result.status) == ("shown", "failed")
    assert result.error is not None
    assert result.error.code == "media.not_video"
