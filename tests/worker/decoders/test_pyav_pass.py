"""Every answer of a pass against decoding the whole clip in order."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from io import BytesIO
from typing import NamedTuple

import av
import numpy as np
import pytest

from tests.barred_video import Numbered, video
from tests.readers import BytesReader
from worker.contracts.passes import Pick, Wanted
from worker.decoders.pyav import PyavDecoder, PyavMedium
from worker.errors import CoverError, MediaError, RequestError
from worker.geometry.shapes import Box

REORDERED = (("bf", "3"),)
OPEN = (("bf", "3"), ("x264-params", "open-gop=1"))
FRAGMENTS = (("movflags", "frag_keyframe+empty_moov+default_base_moof"),)
INDEXED_FRAGMENTS = (("movflags", "frag_keyframe+dash+global_sidx"),)
UNEVEN_MS = tuple(sorted({number * number * 7 // 3 for number in range(100)}))
LIVE = Numbered("libvpx", "webm", muxing=(("live", "1"),), seekable=False)
CLIPS = {
    "h264": Numbered(options=REORDERED),
    "open-groups": Numbered(options=OPEN),
    "fragmented": Numbered(options=REORDERED, muxing=FRAGMENTS),
    "indexed-fragments": Numbered(options=REORDERED, muxing=INDEXED_FRAGMENTS),
    "no-edit-list": Numbered(options=REORDERED, muxing=(("use_editlist", "0"),)),
    "matroska": Numbered(container="mkv", options=REORDERED),
    "live-webm": LIVE,
    "hidden-frames": Numbered("libvpx", "webm", options=(("lag-in-frames", "10"),)),
    "vp9": Numbered("libvpx-vp9", "webm", options=(("lag-in-frames", "10"),)),
    "transport-stream": Numbered(container="ts", options=REORDERED),
    "open-transport-stream": Numbered(container="ts", options=OPEN),
    "mpeg2": Numbered("mpeg2video", "ts", options=(("bf", "2"),)),
    "program-stream": Numbered("mpeg2video", "mpg", options=(("bf", "2"),)),
    "tiny-program-stream": Numbered("mpeg1video", "mpg", frames=400),
    "avi": Numbered("mpeg4", "avi"),
    "flv": Numbered(container="flv", options=REORDERED),
    "hevc": Numbered("libx265"),
    "hevc-transport-stream": Numbered("libx265", "ts"),
    "motion-jpeg": Numbered("mjpeg", "mov", gop=1),
    "asf": Numbered("mpeg4", "asf"),
    "uneven": Numbered(times_ms=UNEVEN_MS, options=(("bf", "2"),)),
    "uneven-matroska": Numbered(container="mkv", times_ms=UNEVEN_MS),
    "one-group": Numbered(container="ts", frames=300, gop=300, options=REORDERED),
    "late-start": Numbered(container="mkv", shift_ms=((0, 3333),)),
    "jump": Numbered(container="ts", shift_ms=((50, 100_000),), options=(("bf", "0"),)),
    "one-frame": Numbered(frames=1),
}


class Reference(NamedTuple):
    at_ms: int
    is_key: bool
    pixels: np.ndarray


@pytest.fixture
def opened() -> Iterator[list[PyavMedium]]:
    media: list[PyavMedium] = []
    yield media
    for medium in media:
        medium.close()


def open_clip(data: bytes, opened: list[PyavMedium]) -> PyavMedium:
    medium = PyavDecoder().open(BytesReader(data), needed_px=None)
    opened.append(medium)
    return medium


def in_order(data: bytes) -> list[Reference]:
    """All frames, by a decoder that has seen everything before each."""
    with av.open(BytesIO(data), "r") as container:
        start_ms = Fraction(container.start_time or 0, av.time_base) * 1000
        return [
            Reference(
                max(0, round((frame.pts or 0) * (frame.time_base or 0) * 1000 - start_ms)),
                bool(frame.key_frame),
                frame.to_ndarray(format="gray"),
            )
            for frame in container.decode(video=0)
        ]


def answers(
    medium: PyavMedium, wanted: Sequence[Wanted]
) -> list[tuple[int | None, np.ndarray] | None]:
    """Time and brightness of each answer."""
    told: list[tuple[int | None, np.ndarray] | None] = []
    for frame in medium.frames(wanted, on_pass=lambda _: None):
        if frame is None:
            told.append(None)
            continue
        told.append((frame.pts_ms, medium._pictures[frame.handle].frame.to_ndarray(format="gray")))
        medium.release(frame)
    return told


def times(reference: Sequence[Reference]) -> list[int]:
    last_ms = reference[-1].at_ms
    spread = {round(last_ms * share / 17) for share in range(18)}
    return sorted(spread | {ref.at_ms for ref in reference[::13]} | {last_ms + 5, last_ms + 9000})


def check(told: tuple[int | None, np.ndarray] | None, reference: Reference, wanted: Wanted) -> None:
    assert told is not None, wanted
    assert (told[0], wanted) == (reference.at_ms, wanted)
    assert np.array_equal(told[1], reference.pixels), wanted


@pytest.mark.parametrize("alone", [False, True], ids=["one-pass", "a-pass-each"])
@pytest.mark.parametrize("name", sorted(CLIPS))
def test_an_exact_frame_is_the_first_one_no_earlier(
    name: str, alone: bool, opened: list[PyavMedium]
) -> None:
    data = video(CLIPS[name])
    reference = in_order(data)
    wanted = [Wanted(at_ms) for at_ms in times(reference)]
    medium = open_clip(data, opened)

    told = (
        [a for one in wanted for a in answers(medium, [one])] if alone else answers(medium, wanted)
    )

    for one, answer in zip(wanted, told, strict=True):
        meant = next((r for r in reference if r.at_ms >= one.offset_ms), reference[-1])
        check(answer, meant, one)


@pytest.mark.parametrize("alone", [False, True], ids=["one-pass", "a-pass-each"])
@pytest.mark.parametrize("name", sorted(CLIPS))
def test_a_key_frame_is_the_nearest_one(name: str, alone: bool, opened: list[PyavMedium]) -> None:
    data = video(CLIPS[name])
    reference = in_order(data)
    keys = [r for r in reference if r.is_key]
    wanted = [Wanted(at_ms, "nearest_key") for at_ms in times(reference)]
    medium = open_clip(data, opened)

    told = (
        [a for one in wanted for a in answers(medium, [one])] if alone else answers(medium, wanted)
    )

    for one, answer in zip(wanted, told, strict=True):
        meant = min(keys, key=lambda r: (abs(r.at_ms - one.offset_ms), r.at_ms))
        check(answer, meant, one)


@pytest.mark.parametrize("name", ["live-webm", "h264"])
def test_the_length_is_known_even_where_the_file_does_not_tell_it(
    name: str, opened: list[PyavMedium]
) -> None:
    timeline = open_clip(video(CLIPS[name]), opened).timeline()

    assert timeline.duration_ms == pytest.approx(4000, abs=50)
    assert timeline.frames == 100


@pytest.mark.parametrize("pick", ["exact", "nearest_key"])
def test_time_that_begins_anew_ends_no_pass(pick: Pick, opened: list[PyavMedium]) -> None:
    data = video(CLIPS["transport-stream"]) * 2
    shown_ms = {ref.at_ms for ref in in_order(data)}
    wanted = [Wanted(at_ms, pick) for at_ms in range(0, 4000, 300)]

    told = answers(open_clip(data, opened), wanted)

    assert [answer is None for answer in told] == [False] * len(wanted)
    assert {answer[0] for answer in told if answer} <= shown_ms
    if pick == "exact":
        late = zip(told, wanted, strict=True)
        assert all(a and 0 <= (a[0] or 0) - one.offset_ms <= 40 for a, one in late)


def damaged(made: Numbered, number: int) -> bytes:
    """The clip with the packet of that number zeroed, but for its first bytes."""
    data = video(made)
    with av.open(BytesIO(data), "r") as container:
        packets = [p for p in container.demux(video=0) if p.size]
        at, size = packets[number].pos or 0, packets[number].size
    return data[: at + 24] + bytes(size - 24) + data[at + size :]


@pytest.mark.parametrize("container", ["mp4", "mkv"])
@pytest.mark.parametrize("picks", ["exact", "nearest_key"])
def test_a_pass_goes_on_behind_damage(
    container: str, picks: Pick, opened: list[PyavMedium]
) -> None:
    made = Numbered(container=container, options=(("bf", "0"),))
    reference = in_order(video(made))
    wanted = [Wanted(at_ms, picks) for at_ms in range(0, 4000, 400)]

    told = answers(open_clip(damaged(made, 40), opened), wanted)

    lost = [one.offset_ms for one, answer in zip(wanted, told, strict=True) if answer is None]
    assert lost
    assert all(1200 <= at_ms < 2400 for at_ms in lost)
    for one, answer in zip(wanted, told, strict=True):
        if answer is not None:
            same = next(r for r in reference if r.at_ms == answer[0])
            assert np.array_equal(answer[1], same.pixels), one


def test_a_clip_cut_short_lacks_its_later_frames(opened: list[PyavMedium]) -> None:
    made = Numbered(options=REORDERED, muxing=(("movflags", "faststart"),))
    data = video(made)

    told = answers(
        open_clip(data[: len(data) // 2], opened), [Wanted(400), Wanted(3600), Wanted(3900)]
    )

    assert [answer is None for answer in told] == [False, True, True]


CUES_AHEAD = (("reserve_index_space", "4000"),)


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(Numbered(container="mkv", options=REORDERED), id="matroska"),
        pytest.param(Numbered("libvpx", "webm"), id="webm"),
        pytest.param(Numbered(container="mkv", muxing=CUES_AHEAD), id="index-ahead"),
    ],
)
def test_a_matroska_file_cut_short_lacks_its_later_frames(
    made: Numbered, opened: list[PyavMedium]
) -> None:
    data = video(made)
    wanted = [Wanted(at_ms) for at_ms in (400, 3000, 3600, 3990)]

    cut = answers(open_clip(data[: len(data) // 2], opened), wanted)
    whole = answers(open_clip(data, opened), wanted)

    assert [answer and answer[0] for answer in cut] == [400, None, None, None]
    assert [answer and answer[0] for answer in whole] == [400, 3000, 3600, 3960]


@pytest.mark.parametrize("lost_bytes", [1, 20, 29, 60])
def test_what_is_left_of_an_index_hides_no_key_frame(
    lost_bytes: int, opened: list[PyavMedium]
) -> None:
    data = video(CLIPS["matroska"])

    told = answers(open_clip(data[:-lost_bytes], opened), [Wanted(3900, "nearest_key")])

    assert [answer and answer[0] for answer in told] == [3200]


def test_a_picture_that_ends_before_the_sound_stays(opened: list[PyavMedium]) -> None:
    data = with_sound(seconds=8)

    told = answers(open_clip(data, opened), [Wanted(400), Wanted(5000), Wanted(7000)])

    assert [answer and answer[0] for answer in told] == [400, 3960, 3960]


def with_sound(*, seconds: int) -> bytes:
    """A Matroska file with four seconds of picture, and that much sound."""
    target = BytesIO()
    with (
        av.open(BytesIO(video(CLIPS["h264"])), "r") as source,
        av.open(target, "w", format="matroska") as container,
    ):
        picture = container.add_stream_from_template(source.streams.video[0])
        sound = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = picture
                container.mux(packet)
        for second in range(seconds):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), layout="mono")
            frame.rate, frame.pts = 8000, 8000 * second
            container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    return target.getvalue()


def test_a_cancelled_pass_ends_at_once(opened: list[PyavMedium]) -> None:
    heard: list[int] = []

    def on_pass(at_ms: int) -> None:
        heard.append(at_ms)
        if len(heard) == 3:
            raise RequestError("job.cancelled")

    medium = open_clip(video(CLIPS["one-group"]), opened)

    with pytest.raises(CoverError) as caught:
        list(medium.frames([Wanted(11_900)], on_pass=on_pass))

    assert caught.value.code == "job.cancelled"
    assert heard == sorted(heard)


def test_key_frames_cost_their_own_bytes(opened: list[PyavMedium]) -> None:
    data = video(Numbered(frames=400, size=(640, 360)))
    reader = BytesReader(data)
    medium = PyavDecoder().open(reader, needed_px=None)
    opened.append(medium)
    wanted = [Wanted(at_ms, "nearest_key") for at_ms in range(0, 16_000, 1600)]
    forecast = medium.forecast(wanted)
    before = reader.bytes_read

    answers(medium, wanted)

    assert forecast.bytes is not None
    assert forecast.frames == len(wanted)
    assert reader.bytes_read - before <= 1.1 * forecast.bytes + 8192


def test_a_clip_without_frames_says_so(opened: list[PyavMedium]) -> None:
    data = video(Numbered(muxing=FRAGMENTS))
    medium = open_clip(data[: data.index(b"moof") - 4], opened)

    with pytest.raises(MediaError) as caught:
        medium.timeline()

    assert caught.value.code in {"media.no_frames", "media.corrupt"}


def test_a_told_time_gives_the_same_frame_again(opened: list[PyavMedium]) -> None:
    medium = open_clip(video(CLIPS["uneven"]), opened)
    told = [
        t for a in answers(medium, [Wanted(t) for t in range(0, 9000, 700)]) if a for t in [a[0]]
    ]

    again = answers(medium, [Wanted(at_ms or 0) for at_ms in told])

    assert [answer and answer[0] for answer in again] == told


def test_views_and_size_are_those_of_a_first_frame(opened: list[PyavMedium]) -> None:
    medium = open_clip(video(CLIPS["h264"]), opened)
    frame = next(medium.frames([Wanted(2000)], on_pass=lambda _: None))

    assert frame is not None
    assert (medium.info.width, medium.info.height) == (320, 64)
    assert medium.view(frame, Box(0, 0, 320, 64), 160, 32).pixels.nbytes == 160 * 32 * 3
