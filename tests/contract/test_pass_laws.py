"""The laws of passes over a medium's time: for both decoders, and for the child that runs them."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.barred_video import Numbered, number_of, video
from tests.media import photo_path
from tests.readers import BytesReader
from worker.contracts.passes import Wanted
from worker.decoders.pyav import PyavDecoder
from worker.decoders.still import StillDecoder
from worker.errors import CoverError, RequestError
from worker.geometry.shapes import Box
from worker.ports import Decoder, OpenMedium
from worker.sandbox.decoder import SandboxedDecoder

CLIP = Numbered(options=(("bf", "3"),))
MIB = 1 << 20


class Subject(NamedTuple):
    """A decoder and a medium for it."""

    decoder: Decoder
    data: bytes
    moves: bool

    def open(self) -> OpenMedium:
        return self.decoder.open(BytesReader(self.data), needed_px=None)


@pytest.fixture(scope="module")
def sandboxed() -> Iterator[SandboxedDecoder]:
    decoder = SandboxedDecoder(max_bytes=64 * MIB)
    yield decoder
    decoder.close()


@pytest.fixture(params=["pyav", "still", "sandboxed-video", "sandboxed-still"])
def subject(request: pytest.FixtureRequest, sandboxed: SandboxedDecoder) -> Subject:
    moves = "still" not in request.param
    data = video(CLIP) if moves else photo_path().read_bytes()
    inner: Decoder = PyavDecoder() if moves else StillDecoder()
    return Subject(sandboxed if "sandboxed" in request.param else inner, data, moves)


def silent(at_ms: int) -> None:
    """Hears and says nothing."""


def shown(medium: OpenMedium, wanted: list[Wanted]) -> list[int | None]:
    """The number that each answer shows."""
    numbers: list[int | None] = []
    for frame in medium.frames(wanted, on_pass=silent):
        if frame is None:
            numbers.append(None)
            continue
        size = medium.info.width, medium.info.height
        numbers.append(number_of(medium.view(frame, Box(0, 0, *size), 320, 64)))
        medium.release(frame)
    return numbers


def test_a_timeline_tells_how_long_it_is(subject: Subject) -> None:
    medium = subject.open()

    timeline = medium.timeline()

    assert timeline.duration_ms == (4000 if subject.moves else None)
    assert timeline.frames == (100 if subject.moves else 1)
    assert (timeline.keys, timeline.key_gap_ms) == ((5, 800) if subject.moves else (None, None))
    medium.close()


def test_each_wanted_frame_has_an_answer_and_a_handle_of_its_own(subject: Subject) -> None:
    medium = subject.open()
    wanted = [Wanted(0), Wanted(0), Wanted(1), Wanted(1, "nearest_key"), Wanted(9000)]

    frames = [frame for frame in medium.frames(wanted, on_pass=silent) if frame is not None]

    assert len(frames) == len(wanted)
    assert len({frame.handle for frame in frames}) == len(wanted)
    medium.release(frames[0])
    size = medium.info.width, medium.info.height
    assert medium.view(frames[1], Box(0, 0, *size), 8, 8).pixels.nbytes == 192
    medium.close()


def test_times_are_told_where_there_are_any(subject: Subject) -> None:
    medium = subject.open()
    wanted = [Wanted(0), Wanted(41), Wanted(1300, "nearest_key"), Wanted(5000)]

    told = [frame and frame.pts_ms for frame in medium.frames(wanted, on_pass=silent)]

    assert told == ([0, 80, 1600, 3960] if subject.moves else [None] * 4)
    medium.close()


def test_the_frames_are_those_wanted(subject: Subject) -> None:
    if not subject.moves:
        return
    medium = subject.open()
    wanted = [Wanted(0), Wanted(1), Wanted(40), Wanted(1999), Wanted(2000), Wanted(9000)]

    assert shown(medium, wanted) == [0, 1, 1, 50, 50, 99]
    medium.close()


def test_a_second_pass_may_go_back(subject: Subject) -> None:
    medium = subject.open()
    for _ in range(2):
        frames = list(medium.frames([Wanted(100), Wanted(2500)], on_pass=silent))

        assert [frame and frame.pts_ms for frame in frames] == (
            [120, 2520] if subject.moves else [None, None]
        )
    medium.close()


def test_a_forecast_decodes_nothing_and_costs_something(subject: Subject) -> None:
    medium = subject.open()

    few = medium.forecast([Wanted(0)])
    many = medium.forecast([Wanted(at_ms) for at_ms in range(0, 4000, 500)])

    assert 1 <= few.frames <= many.frames
    assert (few.bytes or 0) <= (many.bytes or 0)
    medium.close()


def test_a_pass_is_heard_with_every_answer(subject: Subject) -> None:
    medium = subject.open()
    heard: list[int] = []

    for number, _ in enumerate(medium.frames([Wanted(0), Wanted(3000)], on_pass=heard.append)):
        assert len(heard) > number

    assert heard == sorted(heard)
    assert heard[-1] >= 3000
    medium.close()


def test_what_is_raised_while_listening_ends_the_pass(subject: Subject) -> None:
    def cancelled(at_ms: int) -> None:
        raise RequestError("job.cancelled")

    medium = subject.open()

    with pytest.raises(CoverError) as caught:
        list(medium.frames([Wanted(0), Wanted(100)], on_pass=cancelled))

    assert caught.value.code == "job.cancelled"
    medium.close()


def test_nothing_wanted_is_nothing_given(subject: Subject) -> None:
    medium = subject.open()

    assert list(medium.frames([], on_pass=silent)) == []
    medium.close()
