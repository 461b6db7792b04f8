"""Films that the bench makes are what its rows say of them, and tell their frames apart."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import pytest

from worker.commands.bench_films import (
    GROUP_FRAMES,
    PART_FRAMES,
    frame_at,
    key_near,
    number_shown,
    repeat,
    time_ms,
    write_part,
)
from worker.geometry.shapes import Size

GROUPS = 2 * PART_FRAMES // GROUP_FRAMES + 1


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twice the part and one group of it, small."""
    folder = tmp_path_factory.mktemp("films")
    write_part(folder / "part.mp4", Size(160, 90), 200_000)
    repeat(folder / "part.mp4", folder / "film.mp4", GROUPS)
    return folder / "film.mp4"


def test_a_film_repeats_its_part_with_a_key_frame_every_two_seconds(film: Path) -> None:
    with av.open(str(film)) as container:
        stream = container.streams.video[0]
        assert stream.time_base is not None
        packets = [packet for packet in container.demux(stream) if packet.size]
        seconds = sorted(float((packet.pts or 0) * stream.time_base) for packet in packets)
        keys = [
            float((packet.pts or 0) * stream.time_base) for packet in packets if packet.is_keyframe
        ]

    assert seconds == pytest.approx([number / 30 for number in range(GROUPS * GROUP_FRAMES)])
    assert keys == pytest.approx([2.0 * number for number in range(GROUPS)])


def test_every_frame_of_a_film_shows_its_number(film: Path) -> None:
    with av.open(str(film)) as container:
        frames: Iterator[Any] = container.decode(video=0)
        shown = [number_shown(frame.to_image()) for frame in frames]

    assert shown == [number % PART_FRAMES for number in range(GROUPS * GROUP_FRAMES)]


def test_the_index_of_a_film_stands_before_its_frames(film: Path) -> None:
    data = film.read_bytes()

    assert 0 < data.index(b"moov") < data.index(b"mdat")


@pytest.mark.parametrize(
    ("offset_ms", "number"), [(0, 0), (1, 1), (33, 1), (34, 2), (66, 2), (67, 2), (6060, 182)]
)
def test_the_frame_at_a_time_is_the_first_that_is_no_earlier(offset_ms: int, number: int) -> None:
    assert frame_at(offset_ms) == number
    assert time_ms(number) >= offset_ms
    assert number == 0 or time_ms(number - 1) < offset_ms


@pytest.mark.parametrize(
    ("offset_ms", "number"), [(0, 0), (1000, 0), (1001, 60), (2000, 60), (2999, 60), (3001, 120)]
)
def test_the_key_frame_near_a_time_is_the_earlier_of_two_as_near(
    offset_ms: int, number: int
) -> None:
    assert key_near(offset_ms) == number
