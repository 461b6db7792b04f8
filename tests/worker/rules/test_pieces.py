"""Which pieces of a video are in its preview."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.contracts.passes import Timeline
from worker.contracts.snapshots import PreviewRequest
from worker.errors import RequestError
from worker.geometry.shapes import Size
from worker.rules.candidates import Sample
from worker.rules.pieces import (
    Piece,
    frame_times_ms,
    most_pieces,
    moving,
    pieces_of,
    preview_size,
)


@pytest.mark.parametrize(
    ("duration_s", "pieces"),
    [(0.5, 1), (1.2, 2), (1.79, 2), (1.8, 3), (3.0, 5), (15.0, 5)],
)
def test_no_piece_is_too_short_to_be_seen(duration_s: float, pieces: int) -> None:
    assert most_pieces(duration_s) == pieces


def test_the_best_sample_of_each_part_begins_a_piece() -> None:
    samples = [Sample(at_s * 1000, 50 + at_s % 7, 0) for at_s in range(0, 100, 3)]

    pieces = pieces_of(samples, duration_s=3, video_ms=100_000)

    assert [piece.start_ms for piece in pieces] == [6000, 27_000, 48_000, 69_000, 90_000]
    assert {piece.length_ms for piece in pieces} == {600}


def test_a_part_knows_nothing_of_better_samples_in_the_next() -> None:
    samples = [Sample(at_s * 1000, at_s, 0) for at_s in range(0, 100, 3)]

    pieces = pieces_of(samples, duration_s=3, video_ms=100_000)

    assert [piece.start_ms for piece in pieces] == [18_000, 39_000, 57_000, 78_000, 96_000]


def test_pieces_near_the_end_leave_room_for_themselves_and_those_after() -> None:
    samples = [Sample(at_ms, 50, 0) for at_ms in (100, 1900, 2000, 3100)]

    pieces = pieces_of(samples, duration_s=2, video_ms=4000)

    assert pieces == [Piece(100, 1000), Piece(1900, 1000)]


@pytest.mark.parametrize(
    ("times_s", "pieces"),
    [
        pytest.param(
            [1, 5, 10, 12], [Piece(1000, 1000), Piece(5000, 1000), Piece(10_000, 1000)], id="begun"
        ),
        pytest.param(
            [1, 2, 58, 59], [Piece(1000, 1500), Piece(57_500, 1500)], id="a-hole-in-the-middle"
        ),
        pytest.param([0, 50], [Piece(0, 3000)], id="nothing-known-behind-the-last"),
        pytest.param([20], [Piece(20_000, 3000)], id="one"),
        pytest.param([59], [Piece(57_000, 3000)], id="one-at-the-end"),
        pytest.param([40, 41], [Piece(40_000, 3000)], id="less-than-is-asked-for"),
    ],
)
def test_pieces_are_where_samples_came(times_s: list[int], pieces: list[Piece]) -> None:
    samples = [Sample(at_s * 1000, 50, 0) for at_s in times_s]

    assert pieces_of(samples, duration_s=3, video_ms=60_000) == pieces


def test_before_samples_are_taken_parts_give_their_beginning() -> None:
    pieces = pieces_of([], duration_s=3, video_ms=100_000)

    assert [piece.start_ms for piece in pieces] == [0, 20_000, 40_000, 60_000, 80_000]


def test_a_video_no_longer_than_the_preview_is_shown_whole() -> None:
    assert pieces_of([], duration_s=3, video_ms=3000) == [Piece(0, 3000)]


@given(
    duration_s=st.floats(0.5, 15),
    video_ms=st.integers(1, 60_000),
    times=st.lists(st.integers(0, 60_000), max_size=20),
)
def test_pieces_follow_each_other_inside_the_video(
    duration_s: float, video_ms: int, times: list[int]
) -> None:
    samples = [Sample(at_ms, at_ms % 11, 0) for at_ms in times if at_ms < video_ms]

    pieces = pieces_of(samples, duration_s=duration_s, video_ms=video_ms)

    assert pieces[0].start_ms >= 0
    assert all(one.start_ms + one.length_ms <= other.start_ms for one, other in pairwise(pieces))
    assert pieces[-1].start_ms + pieces[-1].length_ms <= video_ms


def test_frames_of_pieces_are_evenly_apart() -> None:
    times = frame_times_ms([Piece(1000, 600), Piece(5000, 600)], 67)

    assert times == [1000 + n * 67 for n in range(9)] + [5000 + n * 67 for n in range(9)]


def test_frames_of_all_pieces_last_as_long_as_these() -> None:
    times = frame_times_ms([Piece(0, 666), Piece(2000, 666), Piece(4000, 666)], 100)

    assert [sum(at // 2000 == part for at in times) for part in range(3)] == [7, 6, 7]


def test_the_shortest_piece_has_a_frame() -> None:
    assert frame_times_ms([Piece(0, 1)], 100) == [0]


@pytest.mark.parametrize(("form", "frames"), [("webp", 30), ("gif", 30), ("mp4", 45)])
def test_a_preview_of_three_seconds_has_its_frames(form: str, frames: int) -> None:
    request = PreviewRequest.model_validate({"format": form})

    assert len(moving(request, Timeline(duration_ms=60_000), ()).wanted) == frames


def test_a_video_of_one_frame_moves_by_one_frame() -> None:
    shown = moving(PreviewRequest(), Timeline(duration_ms=9000, frames=1), ())

    assert [one.offset_ms for one in shown.wanted] == [0]


@pytest.mark.parametrize(
    ("form", "width", "size"),
    [
        ("webp", 321, Size(321, 180)),
        ("mp4", 321, Size(320, 180)),
        ("mp4", 320, Size(320, 180)),
    ],
)
def test_a_preview_is_as_wide_as_asked(form: str, width: int, size: Size) -> None:
    request = PreviewRequest.model_validate({"format": form, "width": width})

    assert preview_size(request, Size(1920, 1080)) == size


def test_a_preview_that_would_be_too_high_is_refused() -> None:
    request = PreviewRequest(width=640)

    assert preview_size(request, Size(100, 640)) == Size(640, 4096)
    with pytest.raises(RequestError, match=r"640 by 4102 px .* at most 4096 px") as caught:
        preview_size(request, Size(156, 1000))
    assert caught.value.code == "request.invalid"
