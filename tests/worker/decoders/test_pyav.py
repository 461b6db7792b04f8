from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest

from tests.media import ENCRYPTED, FRAGMENTED, Clip, made
from tests.readers import BytesReader
from worker.decoders.pyav import PyavDecoder, PyavMedium
from worker.errors import MediaError, RequestError, SourceError
from worker.geometry.shapes import Box
from worker.ports import Frame
from worker.rules.spans import HEAD_BYTES, Spans

PLAIN = Clip()
CLIPS = {
    "h264": PLAIN,
    "hevc": Clip("libx265"),
    "vp9": Clip("libvpx-vp9", "webm"),
    "av1": Clip("libsvtav1"),
    "mpeg4-in-avi": Clip("mpeg4", "avi"),
    "motion-jpeg": Clip("mjpeg", "mov", pixel_format="yuvj420p"),
    "mkv": Clip(container="mkv"),
    "transport-stream": Clip(container="ts"),
    "flv": Clip(container="flv"),
    "fragmented": Clip(muxer_options=FRAGMENTED),
    "moov-first": Clip(muxer_options={"movflags": "faststart"}),
    "odd-size": Clip("libvpx-vp9", "webm", width=161, height=121),
    "10-bit": Clip("libx265", pixel_format="yuv420p10le"),
    "cut-by-an-edit-list": Clip(cut_frames=5),
    "rotated": Clip(rotation_cw=90),
    "anamorphic": Clip(pixel_aspect=Fraction(4, 3)),
}


@pytest.fixture
def opened() -> Iterator[list[PyavMedium]]:
    media: list[PyavMedium] = []
    yield media
    for medium in media:
        medium.close()


def first(data: bytes, opened: list[PyavMedium], max_mpx: float = 100) -> tuple[PyavMedium, Frame]:
    return first_of(BytesReader(data), opened, max_mpx)


def first_of(
    reader: BytesReader, opened: list[PyavMedium], max_mpx: float = 100
) -> tuple[PyavMedium, Frame]:
    medium = PyavDecoder(max_mpx=max_mpx).open(reader, needed_px=None)
    opened.append(medium)
    return medium, medium.frame("first")


def rgb(medium: PyavMedium, frame: Frame) -> np.ndarray:
    size = medium.info.width, medium.info.height
    view = medium.view(frame, Box(0, 0, *size), *size)
    return np.frombuffer(view.pixels, np.uint8).reshape(size[1], size[0], 3)


@pytest.mark.parametrize("name", sorted(CLIPS))
def test_the_frame_is_that_of_ordinary_decoding(name: str, opened: list[PyavMedium]) -> None:
    clip = replace(CLIPS[name], rotation_cw=0, pixel_aspect=Fraction(1))
    with av.open(str(made(clip))) as container:
        ordinary = next(container.decode(video=0))

    medium, frame = first(made(clip).read_bytes(), opened)

    expected = ordinary.reformat(
        format="rgb24", interpolation="BICUBIC", src_colorspace="ITU601", dst_color_range="JPEG"
    ).to_ndarray()
    difference = np.abs(rgb(medium, frame).astype(int) - expected.astype(int))
    assert difference.mean() < 2
    assert (frame.pts_ms, frame.index, frame.flags) == (0, 0, ())


@pytest.mark.parametrize("name", sorted(CLIPS))
def test_info_tells_the_medium(name: str, opened: list[PyavMedium]) -> None:
    clip = CLIPS[name]
    medium, _ = first(made(clip).read_bytes(), opened)

    info = medium.info

    width = round(clip.width * clip.pixel_aspect)
    size = (clip.height, width) if clip.rotation_cw == 90 else (width, clip.height)
    assert (info.kind, info.width, info.height) == ("video", *size)
    assert info.duration_ms == pytest.approx(1200 - 100 * clip.cut_frames, abs=250)
    assert info.bytes_total == made(clip).stat().st_size
    assert info.bytes_read > 0


@pytest.mark.parametrize(
    ("rotation_cw", "mirrored"),
    [
        pytest.param(0, True, id="mirrored"),
        pytest.param(90, False, id="clockwise"),
        pytest.param(180, False, id="half-turn"),
        pytest.param(270, False, id="counter-clockwise"),
        pytest.param(90, True, id="mirrored-clockwise"),
        pytest.param(180, True, id="upside-down-mirror"),
    ],
)
def test_the_view_stands_upright(
    rotation_cw: int, mirrored: bool, opened: list[PyavMedium]
) -> None:
    plain, frame = first(made(PLAIN).read_bytes(), opened)
    turned_clip = replace(PLAIN, rotation_cw=rotation_cw, mirrored=mirrored)

    medium, turned_frame = first(made(turned_clip).read_bytes(), opened)

    assert (medium.info.rotation_cw, medium.info.mirrored) == (rotation_cw, mirrored)
    stored = rgb(plain, frame)
    expected = np.rot90(stored[:, ::-1] if mirrored else stored, -rotation_cw // 90)
    assert np.abs(rgb(medium, turned_frame).astype(int) - expected.astype(int)).mean() < 2


def test_a_clip_without_a_whole_frame_is_corrupt(opened: list[PyavMedium]) -> None:
    clip = made(replace(PLAIN, muxer_options={"movflags": "faststart"})).read_bytes()
    damaged = clip[: clip.index(b"mdat") + 2000]

    with pytest.raises(MediaError) as caught:
        first(damaged, opened)

    assert caught.value.code == "media.corrupt"


@pytest.mark.parametrize(
    ("codec", "container"),
    [
        pytest.param("mpeg4", "avi", id="mpeg4"),
        pytest.param("libx264", "mkv", id="h264"),
    ],
)
def test_damaged_frames_are_passed_over(
    codec: str, container: str, opened: list[PyavMedium]
) -> None:
    clip = Clip(codec, container, codec_options={"g": "1"})
    data = made(clip).read_bytes()
    with av.open(BytesIO(data), "r") as whole:
        start = (next(whole.demux(video=0)).pos or 0) + 1500
    damaged = data[:start] + bytes(900) + data[start + 900 :]

    _, frame = first(damaged, opened)

    assert frame.index > 0
    assert frame.pts_ms is not None
    assert 0 < frame.pts_ms <= 200
    assert frame.flags == ("frame.fallback",)


@pytest.mark.parametrize(
    ("clip", "code"),
    [
        pytest.param(Clip(audio_only=True), "media.no_video_stream", id="audio-in-mp4"),
        pytest.param(
            Clip(audio_only=True, container="adts"), "media.no_video_stream", id="bare-aac"
        ),
        pytest.param(Clip(muxer_options=ENCRYPTED), "media.encrypted", id="encrypted"),
    ],
)
def test_clips_that_show_nothing_say_why(clip: Clip, code: str, opened: list[PyavMedium]) -> None:
    with pytest.raises(MediaError) as caught:
        first(made(clip).read_bytes(), opened)

    assert caught.value.code == code


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1/a.ts\n", "media.not_media", id="hls"),
        pytest.param(b"ffconcat version 1.0\nfile x.mp4\n", "media.not_media", id="concat"),
        pytest.param(b"v=0\r\nm=video 5004 RTP/AVP 96\r\n", "media.not_media", id="sdp"),
        pytest.param(b"\xff\xd8\xff\xe0 a picture", "media.not_media", id="picture"),
        pytest.param(b"\x00\x00\x00\x08moov", "media.no_video_stream", id="empty-movie"),
        pytest.param(b"\x1aE\xdf\xa3" + bytes(500), "media.corrupt", id="matroska-of-zeros"),
    ],
)
def test_other_bytes_are_refused(data: bytes, code: str, opened: list[PyavMedium]) -> None:
    with pytest.raises(MediaError) as caught:
        first(data, opened)

    assert caught.value.code == code


@pytest.mark.parametrize("name", ["h264", "transport-stream", "vp9", "av1"])
def test_more_pixels_than_allowed_are_refused(name: str, opened: list[PyavMedium]) -> None:
    data = made(CLIPS[name]).read_bytes()

    with pytest.raises(MediaError) as caught:
        first(data, opened, max_mpx=0.2)

    assert caught.value.code == "media.too_many_pixels"


@pytest.mark.parametrize("name", ["h264", "moov-first", "mkv", "transport-stream", "flv"])
@pytest.mark.parametrize("share", [0, 0.02, 0.3, 0.6])
def test_a_failing_source_is_told_as_itself(
    name: str, share: float, opened: list[PyavMedium]
) -> None:
    """FFmpeg takes a failed read for the end of the file and may go on with what it has."""
    data = made(CLIPS[name]).read_bytes()
    fault = SourceError("source.throttled", delay_s=7)
    reader = BytesReader(data, fails_at=int(len(data) * share), error=fault)

    with pytest.raises(SourceError) as caught:
        first_of(reader, opened)

    assert caught.value is fault


class RangedReader(BytesReader):
    """Fetches as sources do that are asked for ranges, the head when opened."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._spans = Spans(len(data), max_bytes=len(data))
        self._spans.add(0, super().read(0, HEAD_BYTES))

    def read(self, offset: int, length: int) -> bytes:
        return self._spans.read(offset, length, super().read)


@pytest.mark.parametrize(
    ("flags", "requests"),
    [pytest.param("faststart", 2, id="index-first"), pytest.param("", 3, id="index-last")],
)
def test_a_first_frame_costs_its_index_its_picture_and_little_more(
    flags: str, requests: int, opened: list[PyavMedium]
) -> None:
    options = {"movflags": flags} if flags else {}
    fine = {"crf": "6", "g": "1"}
    clip = Clip(width=1280, height=720, muxer_options=options, codec_options=fine)
    data = made(clip).read_bytes()
    at = data.index(b"moov") - 4
    index_bytes = int.from_bytes(data[at : at + 4], "big")
    with av.open(BytesIO(data), "r") as container:
        picture_bytes = next(container.demux(video=0)).size
    reader = RangedReader(data)

    first_of(reader, opened)

    assert picture_bytes > 4 * HEAD_BYTES
    assert len(data) > 2 * picture_bytes
    assert reader.bytes_read <= index_bytes + picture_bytes + 36 * 1024
    assert reader.requests <= requests


def test_a_frame_can_be_had_again_after_its_release(opened: list[PyavMedium]) -> None:
    medium, frame = first(made(PLAIN).read_bytes(), opened)
    before = rgb(medium, frame)
    medium.release(frame)

    again = medium.frame("first")

    assert again.handle != frame.handle
    assert np.array_equal(rgb(medium, again), before)


def test_another_policy_is_refused_by_name(clip: Path, opened: list[PyavMedium]) -> None:
    medium = PyavDecoder().open(BytesReader(clip.read_bytes()), needed_px=None)
    opened.append(medium)

    with pytest.raises(RequestError, match="best"):
        medium.frame("best")
