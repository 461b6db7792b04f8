"""When the frames of a snapshot job are."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.contracts.passes import Timeline, Wanted
from worker.contracts.snapshots import MAX_SNAPSHOTS, MAX_TILES, SnapshotRecipe
from worker.errors import CoverError
from worker.geometry.grid import Grid
from worker.geometry.shapes import Size
from worker.rules.offsets import Offsets, grid_of, offsets_of

TEN_S = Timeline(duration_ms=10_000, frames=250, keys=40)
HOUR = Timeline(duration_ms=3_600_000, keys=1800)
STILL = Timeline(duration_ms=None, frames=1)


def told(timeline: Timeline = TEN_S, **wanted: Any) -> Offsets:
    return offsets_of(SnapshotRecipe(**wanted), timeline)


def refused(timeline: Timeline, **wanted: Any) -> CoverError:
    with pytest.raises(CoverError) as caught:
        told(timeline, **wanted)
    return caught.value


@pytest.mark.parametrize(
    ("wanted", "stills_ms"),
    [
        pytest.param({"count": 1}, [5000], id="one-in-the-middle"),
        pytest.param({"count": 4}, [1250, 3750, 6250, 8750], id="four"),
        pytest.param({"count": 3}, [1667, 5000, 8333], id="rounded"),
        pytest.param({"interval_s": 4.0}, [0, 4000, 8000], id="interval"),
        pytest.param({"interval_s": 5.0}, [0, 5000], id="the-end-is-no-frame"),
        pytest.param({"interval_s": 20.0}, [0], id="interval-over-the-end"),
        pytest.param({"interval_s": 1.0, "max": 3}, [0, 1000, 2000], id="max"),
        pytest.param({"times": [3, 1.5, 3.0]}, [1500, 3000], id="times-once-in-order"),
        pytest.param({"times": ["50%", 5, "0%"]}, [0, 5000], id="shares"),
        pytest.param({"times": [10, "100%"]}, [10_000], id="the-end-itself"),
    ],
)
def test_stills_of_ten_seconds(wanted: dict[str, Any], stills_ms: list[int]) -> None:
    assert told(**wanted).stills_ms == tuple(stills_ms)


def test_a_share_of_hours_is_right_to_the_millisecond() -> None:
    assert told(HOUR, times=["33.3333333%"]).stills_ms == (1_200_000,)


@pytest.mark.parametrize("duration_ms", [1, 0])
def test_a_storyboard_of_the_shortest_video_lasts(duration_ms: int) -> None:
    assert told(Timeline(duration_ms=duration_ms), storyboard=True).duration_ms == 1


@pytest.mark.parametrize("duration_ms", [40, 1, 0])
def test_the_shortest_video_has_as_many_stills_as_are_counted(duration_ms: int) -> None:
    stills_ms = told(Timeline(duration_ms=duration_ms, frames=1), count=5).stills_ms

    assert len(stills_ms) == 5
    assert max(stills_ms) <= max(1, duration_ms)


def test_an_interval_of_more_stills_than_there_may_be_is_told_by_numbers() -> None:
    error = refused(HOUR, interval_s=1.0)

    assert (error.code, error.stage) == ("request.invalid", "decode")
    assert error.message.startswith("A still every 1 s of 3600 s makes 3600 stills; there are at")
    assert str(MAX_SNAPSHOTS) in error.message
    assert "'max'" in error.message


@pytest.mark.parametrize(
    ("wanted", "stills"),
    [
        pytest.param({"interval_s": 3.6}, MAX_SNAPSHOTS, id="just-as-many-as-there-may-be"),
        pytest.param({"interval_s": 1.0, "max": MAX_SNAPSHOTS}, MAX_SNAPSHOTS, id="with-a-max"),
        pytest.param({"interval_s": 0.04, "max": 7}, 7, id="with-a-small-max"),
    ],
)
def test_an_interval_makes_as_many_stills_as_may_be(wanted: dict[str, Any], stills: int) -> None:
    assert len(told(HOUR, **wanted).stills_ms) == stills


def test_a_time_beyond_the_end_is_named_with_the_end() -> None:
    error = refused(TEN_S, times=[1, 10.5])

    assert (error.code, error.stage) == ("media.time_beyond_end", "decode")
    assert error.message == ("The time 10.5 s is beyond the end of the video, which is 10 s long.")


@pytest.mark.parametrize(
    ("timeline", "wanted", "tiles_ms", "step_ms"),
    [
        pytest.param(
            TEN_S,
            {"sprite": {"columns": 2, "rows": 2}},
            [0, 2500, 5000, 7500],
            2500,
            id="as-many-as-fill-a-sheet",
        ),
        pytest.param(
            TEN_S, {"sprite": {"interval_s": 4.0}}, [0, 4000, 8000], 4000, id="by-interval"
        ),
        pytest.param(TEN_S, {"storyboard": True}, range(0, 10_000, 1000), 1000, id="one-a-second"),
        pytest.param(
            Timeline(duration_ms=2500), {"storyboard": True}, [0, 833, 1667], 2500 / 3, id="short"
        ),
        pytest.param(Timeline(duration_ms=40), {"storyboard": True}, [0], 40, id="one-frame"),
        pytest.param(
            HOUR, {"storyboard": True}, range(0, 3_600_000, 36_000), 36_000, id="a-hundred"
        ),
        pytest.param(TEN_S, {"count": 1}, [], 0, id="none"),
    ],
)
def test_tiles(
    timeline: Timeline, wanted: dict[str, Any], tiles_ms: list[int], step_ms: float
) -> None:
    offsets = told(timeline, **wanted)

    assert offsets.tiles_ms == tuple(tiles_ms)
    assert offsets.step_ms == step_ms


def test_too_many_tiles_are_told_by_number() -> None:
    error = refused(HOUR, sprite={"tile_width": 16, "interval_s": 0.5})

    assert (error.code, error.stage) == ("request.invalid", "decode")
    assert error.message.startswith("A ")
    assert "7200" in error.message
    assert str(MAX_TILES) in error.message


@pytest.mark.parametrize(
    ("wanted", "samples"),
    [
        pytest.param({"candidates": 3}, 10, id="candidates"),
        pytest.param({"preview": {"duration_s": 3.0}}, 14, id="preview-of-five-pieces"),
        pytest.param({"candidates": 10, "preview": {}}, 24, id="both-share-them"),
        pytest.param({"preview": {"duration_s": 10.0}}, 0, id="a-preview-of-all-needs-none"),
        pytest.param({"count": 3}, 0, id="none"),
    ],
)
def test_samples_are_more_than_are_chosen(wanted: dict[str, Any], samples: int) -> None:
    offsets = told(TEN_S, **wanted)

    assert len(offsets.samples_ms) == samples
    assert offsets.sample_pick == "nearest_key"


def test_samples_lie_between_the_start_and_the_end() -> None:
    samples_ms = told(Timeline(duration_ms=100_000, keys=500), candidates=3).samples_ms

    assert (samples_ms[0], samples_ms[-1]) == (2000, 98_000)


@pytest.mark.parametrize(
    ("timeline", "samples", "pick"),
    [
        pytest.param(Timeline(duration_ms=3_600_000, keys=6), 6, "nearest_key", id="long"),
        pytest.param(Timeline(duration_ms=30_000, keys=2), 10, "exact", id="short"),
        pytest.param(Timeline(duration_ms=30_000), 10, "exact", id="short-without-index"),
        pytest.param(Timeline(duration_ms=3_600_000), 10, "nearest_key", id="without-index"),
        pytest.param(Timeline(duration_ms=400, frames=3, keys=1), 3, "exact", id="three-frames"),
        pytest.param(Timeline(duration_ms=40, frames=1, keys=1), 1, "exact", id="one-frame"),
    ],
)
def test_where_key_frames_are_few_a_short_video_is_decoded_through(
    timeline: Timeline, samples: int, pick: str
) -> None:
    offsets = told(timeline, candidates=3)

    assert (len(offsets.samples_ms), offsets.sample_pick) == (samples, pick)


def test_the_pass_wants_every_frame_once_by_time() -> None:
    offsets = Offsets((500, 0), (0, 250), (250,))

    assert offsets.wanted("exact") == [
        Wanted(0),
        Wanted(250),
        Wanted(250, "nearest_key"),
        Wanted(500),
    ]


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param({"times": [0, "0%"]}, id="times"),
        pytest.param({"times": [-0.0]}, id="times-less-than-nothing"),
        pytest.param({"times": ["50%", "100%"]}, id="shares"),
        pytest.param({"count": 1}, id="count"),
        pytest.param({"count": 5}, id="count-of-several"),
        pytest.param({"interval_s": 3.0}, id="interval"),
        pytest.param({"interval_s": 3.0, "max": 2}, id="interval-and-max"),
    ],
)
def test_a_picture_gives_itself_once(wanted: dict[str, Any]) -> None:
    assert told(STILL, **wanted) == Offsets(stills_ms=(0,))


@pytest.mark.parametrize(
    ("wanted", "named"),
    [
        pytest.param({"times": [0, 1.5]}, "the time 1.5 s", id="a-later-time"),
        pytest.param({"sprite": {}}, "sprite", id="sprite"),
        pytest.param({"storyboard": True}, "storyboard", id="storyboard"),
        pytest.param({"preview": {}}, "preview", id="preview"),
        pytest.param({"candidates": 1}, "candidates", id="candidates"),
    ],
)
def test_what_needs_time_is_refused_for_a_picture(wanted: dict[str, Any], named: str) -> None:
    error = refused(STILL, **wanted)

    assert (error.code, error.stage) == ("media.not_video", "decode")
    assert named in error.message


def test_a_video_without_an_end_is_refused() -> None:
    assert refused(Timeline(duration_ms=None), count=1).code == "media.no_duration"


@pytest.mark.parametrize(
    ("sprite", "tiles", "grid"),
    [
        pytest.param({}, 100, Grid(10, 10, Size(160, 90)), id="whole"),
        pytest.param({}, 12, Grid(10, 2, Size(160, 90)), id="no-more-rows-than-tiles"),
        pytest.param({"columns": 4, "rows": 3}, 100, Grid(4, 3, Size(160, 90)), id="many-sheets"),
    ],
)
def test_the_grid(sprite: dict[str, Any], tiles: int, grid: Grid) -> None:
    assert grid_of(SnapshotRecipe(sprite=sprite), tiles, Size(1920, 1080)) == grid


@pytest.mark.parametrize(
    ("wanted", "frame", "numbers"),
    [
        pytest.param(
            {"sprite": {"rows": 60}}, Size(1080, 1920), ["284", "17040", "16384"], id="too-high"
        ),
        pytest.param(
            {"sprite": {"columns": 1, "tile_width": 1024, "rows": 16}, "format": "webp"},
            Size(1024, 1024),
            ["16384", "16383"],
            id="too-high-for-webp",
        ),
        pytest.param(
            {"sprite": {"columns": 10, "rows": 12, "tile_width": 1000}},
            Size(1920, 1080),
            ["10000 by 6744", "64000000"],
            id="too-many-pixels",
        ),
    ],
)
def test_a_sheet_that_is_too_large_is_told_by_numbers(
    wanted: dict[str, Any], frame: Size, numbers: list[str]
) -> None:
    with pytest.raises(CoverError) as caught:
        grid_of(SnapshotRecipe(**wanted), 600, frame)

    assert (caught.value.code, caught.value.stage) == ("request.invalid", "decode")
    assert caught.value.message.startswith("A sheet of ")
    assert all(number in caught.value.message for number in numbers)


@given(
    duration_ms=st.integers(1, 86_400_000),
    count=st.integers(1, 1000),
    interval_s=st.floats(0.04, 10_000),
    columns=st.integers(1, 50),
    rows=st.integers(1, 50),
)
def test_offsets_rise_and_lie_in_the_video(
    duration_ms: int, count: int, interval_s: float, columns: int, rows: int
) -> None:
    timeline = Timeline(duration_ms=duration_ms)
    counted = told(timeline, count=count, sprite={"columns": columns, "rows": rows})
    apart = told(timeline, interval_s=interval_s, max=MAX_SNAPSHOTS, candidates=20)

    assert len(counted.stills_ms) == count
    assert len(counted.tiles_ms) == columns * rows
    for offsets_ms in (counted.stills_ms, counted.tiles_ms, apart.stills_ms, apart.samples_ms):
        assert list(offsets_ms) == sorted(offsets_ms)
        assert offsets_ms[0] >= 0
        assert offsets_ms[-1] <= duration_ms
