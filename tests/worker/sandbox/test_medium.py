import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from tests.http_server import MediaServer, ranges
from tests.media import Clip, made
from tests.readers import BytesReader
from worker.contracts.passes import Wanted
from worker.errors import MediaError, SourceError
from worker.geometry.shapes import Box
from worker.ports import Frame, OpenMedium
from worker.sandbox.decoder import SandboxedDecoder
from worker.sources.http import HttpSource
from worker.sources.local import LocalSource

MIB = 1 << 20
# Ten frames and 200 KB a second, one key frame a second.
FILM = Clip(
    frames=80,
    red_then_blue=True,
    codec_options={
        "g": "10",
        "bf": "0",
        "b": "1.6M",
        "maxrate": "1.6M",
        "bufsize": "1.6M",
        "nal-hrd": "cbr",
    },
)
# No key frame for a long time: everything before the last frame has to be decoded.
LONG_WAY = Clip(frames=1200, red_then_blue=True, codec_options={"g": "1200", "bf": "0"})
END_MS = 119_900


@pytest.fixture(scope="module")
def film() -> bytes:
    return made(FILM).read_bytes()


@pytest.fixture
def decoder() -> Iterator[SandboxedDecoder]:
    decoder = SandboxedDecoder(frame_timeout_s=20)
    yield decoder
    decoder.close()


def nobody(at_ms: int) -> None:
    """For passes whose way is of no interest."""


def times(*offsets_ms: int) -> list[Wanted]:
    return [Wanted(offset_ms) for offset_ms in offsets_ms]


def shown(answers: Sequence[Frame | None]) -> list[int | None]:
    return [None if frame is None else frame.pts_ms for frame in answers]


def view(medium: OpenMedium, frame: Frame | None) -> tuple[int, ...]:
    """The colour in the middle of a frame."""
    assert frame is not None
    return tuple(medium.view(frame, Box(300, 160, 20, 20), 1, 1).pixels)


def still_works(decoder: SandboxedDecoder, film: bytes) -> bool:
    medium = decoder.open(BytesReader(film), needed_px=None)
    frames = list(medium.frames(times(500), on_pass=nobody))
    medium.close()
    return shown(frames) == [500]


def test_frames_are_viewed_and_released_while_the_pass_goes_on(
    decoder: SandboxedDecoder, film: bytes
) -> None:
    medium = decoder.open(BytesReader(film), needed_px=None)
    colours, passed = [], list[int]()

    for frame in medium.frames(times(0, 950, 3000, 7900, 9999), on_pass=passed.append):
        assert frame is not None
        colours.append((frame.pts_ms, view(medium, frame).index(max(view(medium, frame)))))
        medium.release(frame)

    assert colours == [(0, 0), (1000, 2), (3000, 2), (7900, 2), (7900, 2)]
    assert len(passed) >= 5
    medium.close()


def test_the_timeline_and_the_forecast_come_from_the_child(
    decoder: SandboxedDecoder, film: bytes
) -> None:
    medium = decoder.open(BytesReader(film), needed_px=None)

    assert medium.timeline().duration_ms == 8000
    assert medium.forecast(times(0, 4000)).frames >= 2
    medium.close()


def test_a_still_has_neither_duration_nor_a_second_frame(
    decoder: SandboxedDecoder, photo: Path
) -> None:
    medium = decoder.open(BytesReader(photo.read_bytes()), needed_px=None)

    assert medium.timeline().duration_ms is None
    assert shown(list(medium.frames(times(0), on_pass=nobody))) == [None]
    medium.close()


def test_thousands_of_frames_can_be_wanted(decoder: SandboxedDecoder, film: bytes) -> None:
    medium = decoder.open(BytesReader(film), needed_px=None)
    wanted = times(*(number * 8000 // 5000 for number in range(5000)))
    answers = []

    for frame in medium.frames(wanted, on_pass=nobody):
        assert frame is not None
        answers.append(frame.pts_ms)
        medium.release(frame)

    assert answers == [min(-(-one.offset_ms // 100) * 100, 7900) for one in wanted]
    medium.close()


@pytest.mark.parametrize(
    ("number", "code"),
    [
        pytest.param(signal.SIGSTOP, "media.decode_timeout", id="hangs"),
        pytest.param(signal.SIGKILL, "media.decoder_crashed", id="dies"),
    ],
)
def test_a_child_that_goes_in_the_middle_of_a_pass_is_replaced(
    film: bytes, number: signal.Signals, code: str
) -> None:
    decoder = SandboxedDecoder(frame_timeout_s=1)
    medium = decoder.open(BytesReader(film), needed_px=None)
    answers = medium.frames(times(0, 3000, 6000), on_pass=nobody)
    next(answers)
    gone = decoder.pids[0]
    os.kill(gone, number)

    with pytest.raises(MediaError) as caught:
        next(answers)

    assert caught.value.code == code
    assert not psutil.pid_exists(gone)
    medium.close()
    assert still_works(decoder, film)
    decoder.close()


def test_a_child_that_passes_on_may_take_longer_than_one_frame_may() -> None:
    frame_timeout_s = 1.0
    decoder = SandboxedDecoder(frame_timeout_s=frame_timeout_s)
    medium = decoder.open(BytesReader(made(LONG_WAY).read_bytes()), needed_px=None)
    passed: list[int] = []

    def follow(at_ms: int) -> None:
        passed.append(at_ms)
        time.sleep(0.04)

    began_s = time.monotonic()
    answers = list(medium.frames(times(END_MS), on_pass=follow))

    assert shown(answers) == [END_MS]
    assert time.monotonic() - began_s > 1.5 * frame_timeout_s
    assert len(passed) > 10
    medium.close()
    decoder.close()


class StoppedError(Exception):
    """Somebody wants no more of it."""


def test_who_stops_a_pass_while_it_passes_ends_the_child(
    decoder: SandboxedDecoder, film: bytes
) -> None:
    medium = decoder.open(BytesReader(film), needed_px=None)
    child = decoder.pids[0]

    def stop(at_ms: int) -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        list(medium.frames(times(0, 1000), on_pass=stop))

    assert not psutil.pid_exists(child)
    medium.close()
    assert still_works(decoder, film)


def test_a_pass_that_nobody_follows_any_more_is_in_nobodys_way(
    decoder: SandboxedDecoder, film: bytes
) -> None:
    medium = decoder.open(BytesReader(film), needed_px=None)
    child = decoder.pids[0]
    answers = medium.frames(times(0, 1000, 2000, 3000), on_pass=nobody)
    red, blue = next(answers), next(answers)
    del answers

    assert view(medium, blue).index(max(view(medium, blue))) == 2
    assert view(medium, red).index(max(view(medium, red))) == 0
    assert medium.timeline().duration_ms == 8000
    again = list(medium.frames(times(500, 2000), on_pass=nobody))
    assert shown(again) == [500, 2000]
    medium.close()
    assert still_works(decoder, film)
    assert decoder.pids[0] == child


def test_passes_over_two_media_take_turns(decoder: SandboxedDecoder, film: bytes) -> None:
    media = [decoder.open(BytesReader(film), needed_px=None) for _ in range(2)]
    passes = [medium.frames(times(0, 2000, 4000), on_pass=nobody) for medium in media]

    together = [shown(pair) for pair in zip(*passes, strict=True)]

    assert together == [[0, 0], [2000, 2000], [4000, 4000]]
    for medium in media:
        medium.close()


def test_an_error_of_the_source_ends_the_pass_and_not_the_child(
    decoder: SandboxedDecoder, film: bytes
) -> None:
    """Half-way through the medium its source is too slow."""
    reader = BytesReader(film)
    medium = decoder.open(reader, needed_px=None)
    child = decoder.pids[0]
    medium.timeline()
    broken = BytesReader(b"", fails_at=0, error=SourceError("source.timeout"))
    reader.read = broken.read  # type: ignore[method-assign]

    with pytest.raises(SourceError) as caught:
        list(medium.frames(times(0, 7000), on_pass=nobody))

    assert caught.value.code == "source.timeout"
    medium.close()
    assert still_works(decoder, film)
    assert decoder.pids[0] == child


@pytest.mark.parametrize(
    ("own", "given", "fits"),
    [
        pytest.param(64 * MIB, 1000, False, id="less"),
        pytest.param(1000, 64 * MIB, True, id="more"),
        pytest.param(1000, None, False, id="its-own"),
    ],
)
def test_the_cap_of_a_local_file_is_that_of_its_opening(
    own: int, given: int | None, fits: bool
) -> None:
    decoder = SandboxedDecoder(max_bytes=own)
    reader = LocalSource(max_bytes=64 * MIB).open(made(FILM))

    with closing(decoder), closing(reader):
        if fits:
            medium = decoder.open(reader, needed_px=None, max_bytes=given)
            assert shown(list(medium.frames(times(7000), on_pass=nobody))) == [7000]
            medium.close()
        else:
            with pytest.raises(SourceError, match="too_large"):
                decoder.open(reader, needed_px=None, max_bytes=given)


def test_what_a_pass_will_read_is_fetched_while_its_frames_are_worked_on(
    decoder: SandboxedDecoder, film: bytes, media_server: MediaServer
) -> None:
    source = HttpSource(
        connect_timeout_s=2,
        stall_timeout_s=5,
        total_timeout_s=60,
        max_bytes=64 * MIB,
        allow_private_addresses=True,
    )
    url = media_server.serve("/clip.mp4", ranges(film))
    wanted = times(*range(0, 8000, 500))
    with closing(source.open(url)) as reader:
        medium = decoder.open(reader, needed_px=None)
        answers = medium.frames(wanted, on_pass=nobody)

        first = next(answers)
        until_s = time.monotonic() + 5
        while reader.bytes_read < 0.9 * len(film) and time.monotonic() < until_s:
            time.sleep(0.01)

        assert reader.bytes_read >= 0.9 * len(film)
        assert shown([first, *answers]) == [one.offset_ms for one in wanted]
        assert reader.bytes_read <= len(film)
        medium.close()
