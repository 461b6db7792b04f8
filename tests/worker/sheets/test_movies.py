"""WebpAnimator and Mp4Animator, read by the programs of libwebp and by ffprobe."""

from pathlib import Path

import pytest

from tests.moving import probed, scenes, view_of, webp_told
from worker.sheets.movies import Mp4Animator, WebpAnimator


def mp4_of(folder: Path, width: int, height: int, frames: int = 6) -> Path:
    path = folder / "preview.mp4"
    views = map(view_of, scenes(frames, width, height))
    path.write_bytes(Mp4Animator().animate(views, frame_ms=67, quality=85))
    return path


@pytest.mark.webp
def test_libwebp_reads_an_endless_animation_without_fault(tmp_path: Path) -> None:
    path = tmp_path / "preview.webp"
    views = map(view_of, scenes(9, 98, 54))
    path.write_bytes(WebpAnimator().animate(views, frame_ms=120, quality=85))

    told = webp_told(path)

    assert (told.width, told.height, told.loops) == (98, 54, 0)
    assert told.durations_ms == (120,) * 9


@pytest.mark.webp
def test_frames_alike_are_one_of_their_whole_time(tmp_path: Path) -> None:
    path = tmp_path / "preview.webp"
    one, other = scenes(2)
    views = map(view_of, (one, one, one, other))
    path.write_bytes(WebpAnimator().animate(views, frame_ms=100, quality=85))

    assert sum(webp_told(path).durations_ms) == 400


def test_more_effort_makes_a_smaller_webp() -> None:
    sizes = [
        len(WebpAnimator(webp_method=method).animate(map(view_of, scenes(6)), **how))
        for method in (0, 6)
        for how in [{"frame_ms": 100, "quality": 60}]
    ]

    assert sizes[1] < sizes[0]


@pytest.mark.ffmpeg
def test_an_mp4_is_h264_that_browsers_play_and_has_no_sound(tmp_path: Path) -> None:
    found = probed(mp4_of(tmp_path, 96, 64))

    (stream,) = found["streams"]
    assert (stream["codec_name"], stream["codec_tag_string"]) == ("h264", "avc1")
    assert (stream["pix_fmt"], stream["profile"]) == ("yuv420p", "High")
    assert stream["nb_read_frames"] == "6"
    assert float(found["format"]["duration"]) == pytest.approx(6 * 0.067)


@pytest.mark.ffmpeg
@pytest.mark.parametrize(
    ("width", "height", "matrix"),
    [
        pytest.param(320, 180, "smpte170m", id="small"),
        pytest.param(1280, 64, "bt709", id="as-wide-as-hd"),
        pytest.param(64, 640, "bt709", id="as-high-as-hd"),
    ],
)
def test_the_tags_say_how_the_colours_are_made(
    tmp_path: Path, width: int, height: int, matrix: str
) -> None:
    (stream,) = probed(mp4_of(tmp_path, width, height))["streams"]

    assert stream["color_space"] == matrix
    assert stream["color_range"] == "tv"
    assert (stream["color_primaries"], stream["color_transfer"]) == ("bt709", "bt709")


@pytest.mark.ffmpeg
def test_an_odd_last_row_or_column_is_left_out(tmp_path: Path) -> None:
    (stream,) = probed(mp4_of(tmp_path, 97, 65))["streams"]

    assert (stream["width"], stream["height"]) == (96, 64)


def test_the_index_is_at_the_front(tmp_path: Path) -> None:
    data = mp4_of(tmp_path, 96, 64).read_bytes()

    assert 0 < data.index(b"moov") < data.index(b"mdat")
