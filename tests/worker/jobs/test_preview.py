"""Moving previews: pieces in their order, as wide and as long as asked."""

from collections.abc import Callable
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image, ImageSequence

from tests.media import Clip
from tests.worker.jobs.counting import Counting, number_in
from tests.worker.jobs.snapshot_bench import Album, Log, opener, story, told
from tests.worker.jobs.test_snapshot import holed
from worker.contracts.names import FRAMES_MISSING
from worker.contracts.snapshot_results import PreviewInfo
from worker.contracts.snapshots import SnapshotRecipe
from worker.errors import RequestError

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


def with_sound(clip: Path, path: Path, sound_s: int) -> Path:
    """A copy of a clip with silence that is longer than it."""
    with av.open(str(clip)) as source, av.open(str(path), "w") as copy:
        video = copy.add_stream_from_template(source.streams.video[0])
        sound = copy.add_stream("aac", rate=8000, layout="mono")
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = video
                copy.mux(packet)
        silence = av.AudioFrame.from_ndarray(
            np.zeros((1, 8000 * sound_s), np.float32), format="fltp", layout="mono"
        )
        silence.sample_rate = 8000
        copy.mux([*sound.encode(silence), *sound.encode(None)])
    return path


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


def test_a_preview_that_lacks_frames_tells_so(count_clip: CountClip, tmp_path: Path) -> None:
    clip = holed(count_clip(Counting(frames=200, gop=10, scenes=10)), tmp_path, 0.45, 0.55)

    result, album = told(clip, preview={"duration_s": 15.0, "format": "gif"})

    preview = result.preview
    assert preview is not None
    assert (preview.flags, result.flags, result.missing_ms) == ((FRAMES_MISSING,), (), ())
    assert 75 <= preview.frames < 150
    assert preview.duration_ms == 100 * preview.frames
    assert len(numbers(album, preview)) == preview.frames


def test_a_preview_of_a_clip_that_is_cut_off_is_of_what_is_there(
    count_clip: CountClip, tmp_path: Path
) -> None:
    whole = count_clip(LONG)
    index_share = whole.read_bytes().index(b"moov") / whole.stat().st_size
    clip = holed(whole, tmp_path, 0.6, index_share - 0.01)

    result, album = told(clip, preview={"format": "gif"})

    preview = result.preview
    assert preview is not None
    assert (preview.frames, preview.flags) == (30, ())
    assert max(preview.pieces_ms) > 15_000
    assert len(set(numbers(album, preview))) == 30


@pytest.mark.parametrize(
    ("sound_s", "duration_s", "least_frames"), [(60, 3.0, 30), (60, 15.0, 100), (14, 15.0, 120)]
)
def test_a_preview_does_not_stand_still_where_only_the_sound_goes_on(
    count_clip: CountClip, tmp_path: Path, sound_s: int, duration_s: float, least_frames: int
) -> None:
    clip = with_sound(count_clip(Counting(frames=120, scenes=10)), tmp_path / "clip.mp4", sound_s)

    result, album = told(clip, preview={"format": "gif", "duration_s": duration_s})

    preview = result.preview
    assert preview is not None
    assert least_frames <= preview.frames <= 120
    shown = numbers(album, preview)
    assert sorted(set(shown)) == shown
    assert (len(shown), preview.duration_ms) == (preview.frames, 100 * preview.frames)


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


def test_a_short_rotated_clip_is_shown_upright(count_clip: CountClip) -> None:
    clip = count_clip(Counting(frames=12, rotation_cw=90))

    result, album = told(clip, preview={"format": "gif"})

    preview = result.preview
    assert preview is not None
    assert (preview.width, preview.height) == (320, 180)
    assert numbers(album, preview) == list(range(12))


def test_a_short_clip_that_does_not_tell_its_size_is_shown(
    make_clip: Callable[[Clip], Path],
) -> None:
    clip = make_clip(Clip(codec="h263", container="3gp", width=176, height=144))

    result, _ = told(clip, preview={"duration_s": 15})

    assert result.preview is not None
    assert (result.preview.width, result.preview.height) == (320, 262)


@pytest.mark.parametrize("rest", [{}, {"count": 1}], ids=["alone", "beside-a-still"])
def test_a_preview_that_would_be_too_high_is_refused_before_decoding(
    count_clip: CountClip, rest: dict[str, int]
) -> None:
    clip = count_clip(Counting(width=16, height=512))
    log, album = Log(), Album()

    with pytest.raises(RequestError, match="640 by 20480 px") as caught:
        story().run(
            SnapshotRecipe.model_validate({"preview": {"width": 640}, **rest}),
            open_source=opener(clip),
            destination=album,
            attempt=log,
        )

    assert (caught.value.code, caught.value.stage) == ("request.invalid", "decode")
    assert (log.stages, album.files) == (["source", "decode"], {})
