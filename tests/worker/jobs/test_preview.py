"""Moving previews: pieces in their order, as wide and as long as asked."""

from collections.abc import Callable
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import av
import pytest
from PIL import Image, ImageSequence

from tests.worker.jobs.counting import Counting, number_in
from tests.worker.jobs.snapshot_bench import Album, told
from worker.contracts.snapshot_results import PreviewInfo

CountClip = Callable[[Counting], Path]
LONG = Counting(frames=400, gop=10, scenes=10)


def numbers(album: Album, preview: PreviewInfo) -> list[int]:
    """The numbers of the frames that a preview shows."""
    data = BytesIO(album.files[preview.path or ""])
    if preview.content_type == "video/mp4":
        with av.open(data, "r") as movie:
            return [
                number_in(Image.fromarray(frame.to_ndarray(format="rgb24")))
                for frame in movie.decode(video=0)
            ]
    return [number_in(frame) for frame in ImageSequence.Iterator(Image.open(data))]


@pytest.mark.parametrize("form", ["webp", "gif", "mp4"])
def test_a_preview_shows_pieces_in_their_order(count_clip: CountClip, form: str) -> None:
    result, album = told(count_clip(LONG), preview={"format": form, "duration_s": 2.0})

    preview = result.preview
    assert preview is not None
    assert (preview.path, preview.width, preview.height) == (f"preview.{form}", 320, 180)
    assert len(preview.pieces_ms) == 3
    assert all(one + 600 <= other for one, other in pairwise(preview.pieces_ms))
    assert preview.duration_ms == pytest.approx(2000, abs=70)
    shown = numbers(album, preview)
    assert shown == sorted(shown)
    assert set(preview.pieces_ms) <= {number * 100 for number in shown}
    assert list(album.files) == [f"preview.{form}"]


def test_a_preview_has_ten_frames_a_second(count_clip: CountClip) -> None:
    result, album = told(count_clip(LONG), preview={"duration_s": 3.0, "width": 200})

    preview = result.preview
    assert preview is not None
    assert (preview.frames, preview.duration_ms, preview.width) == (30, 3000, 200)
    firsts = [start // 100 for start in preview.pieces_ms]
    assert numbers(album, preview) == [first + n for first in firsts for n in range(6)]


def test_a_clip_shorter_than_its_preview_is_shown_whole(count_clip: CountClip) -> None:
    result, album = told(count_clip(Counting(frames=12)), preview={"format": "gif"})

    assert result.preview is not None
    assert result.preview.pieces_ms == (0,)
    assert numbers(album, result.preview) == list(range(12))


def test_a_clip_of_one_frame_gives_a_preview_of_one(count_clip: CountClip) -> None:
    result, album = told(count_clip(Counting(frames=1)), preview={})

    assert result.preview is not None
    assert result.preview.frames == 1
    assert numbers(album, result.preview) == [0]


def test_an_odd_width_is_told_as_it_was_made(count_clip: CountClip) -> None:
    result, album = told(count_clip(LONG), preview={"format": "mp4", "width": 161})

    assert result.preview is not None
    with av.open(BytesIO(album.files["preview.mp4"]), "r") as movie:
        stream = movie.streams.video[0]
        assert (stream.width, stream.height) == (result.preview.width, result.preview.height)
