"""Stills of a video: at their times, in the shape that is asked for."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.media import Clip
from tests.missing import missing
from tests.worker.jobs.counting import Counting, number_in
from tests.worker.jobs.snapshot_bench import Album, Log, opener, story, told
from worker.contracts.names import FACE_UNAVAILABLE
from worker.contracts.snapshots import SnapshotRecipe
from worker.decoders.still import StillDecoder
from worker.detectors.mediapipe import MediapipeDetector
from worker.errors import CoverError
from worker.geometry.shapes import Box
from worker.rules.models import DEFAULT_MODEL, FETCH_COMMAND, MODELS, default_path

CountClip = Callable[[Counting], Path]


@pytest.fixture(scope="module")
def mediapipe() -> MediapipeDetector:
    if not default_path().is_file():
        missing("the face model", FETCH_COMMAND)
    return MediapipeDetector(
        model_path=default_path(), model_sha256=MODELS[DEFAULT_MODEL].sha256, timeout_s=30
    )


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        pytest.param({"times": [0, 3.21, "50%"]}, [0, 33, 50], id="exact-is-the-first-from-then"),
        pytest.param({"times": [3.2]}, [32], id="a-frame's-own-time"),
        pytest.param({"times": [10, "100%"]}, [99], id="the-end-gives-the-last"),
        pytest.param({"count": 5}, [10, 30, 50, 70, 90], id="count"),
        pytest.param({"interval_s": 2.5}, [0, 25, 50, 75], id="interval"),
        pytest.param({"interval_s": 0.1, "max": 12}, list(range(12)), id="max"),
        pytest.param({"times": [3.21, 5.8], "pick": "nearest_key"}, [30, 60], id="nearest-key"),
    ],
)
def test_stills_show_the_frames_of_their_times(
    count_clip: CountClip, wanted: dict[str, Any], numbers: list[int]
) -> None:
    result, album = told(count_clip(Counting()), **wanted)

    assert [number_in(album.picture(still)) for still in result.snapshots] == numbers
    assert [still.pts_ms for still in result.snapshots] == [number * 100 for number in numbers]
    assert result.pick == wanted.get("pick", "exact")


def test_a_told_time_asked_for_again_gives_the_same_picture(count_clip: CountClip) -> None:
    clip = count_clip(Counting(times_ms=[n * 133 + n % 3 for n in range(60)], frames=60))
    first, _ = told(clip, count=7)

    again, _ = told(clip, times=[still.pts_ms / 1000 for still in first.snapshots if still.pts_ms])

    assert [still.sha256 for still in again.snapshots] == [s.sha256 for s in first.snapshots]


def test_frames_of_a_variable_rate_are_found_by_time(count_clip: CountClip) -> None:
    times_ms = [0, 40, 80, 1000, 1040, 5000, 5040, 9000]
    clip = count_clip(Counting(frames=8, times_ms=times_ms))

    result, album = told(clip, times=[0.05, 0.5, 1.01, 4.9, 5.03])

    assert [number_in(album.picture(still)) for still in result.snapshots] == [2, 3, 4, 5, 6]


def test_stills_are_told_with_their_files(count_clip: CountClip) -> None:
    result, album = told(count_clip(Counting()), count=2, format="jpeg")

    assert [still.path for still in result.snapshots] == ["snapshot-001.jpg", "snapshot-002.jpg"]
    for still in result.snapshots:
        assert still.bytes == len(album.files[still.path or ""])
        assert (still.content_type, still.width, still.height) == ("image/jpeg", 320, 180)
        assert (still.faces, still.score, still.flags) == (None, None, ())


@pytest.mark.parametrize(
    ("shape", "size", "crop_box"),
    [
        pytest.param({}, (640, 360), (0, 0, 640, 360), id="whole"),
        pytest.param({"width": 320}, (320, 180), (0, 0, 640, 360), id="width"),
        pytest.param({"height": 90}, (160, 90), (0, 0, 640, 360), id="height"),
        pytest.param(
            {"width": 200, "height": 200, "fit": "fit"}, (200, 113), (0, 0, 640, 360), id="fit"
        ),
        pytest.param({"width": 2000}, (640, 360), (0, 0, 640, 360), id="never-enlarged"),
        pytest.param(
            {"width": 400, "height": 400, "fit": "fill"},
            (400, 400),
            (140, 0, 360, 360),
            id="fill-enlarges",
        ),
        pytest.param({"size": 64}, (64, 64), (140, 0, 360, 360), id="size-without-faces"),
    ],
)
def test_stills_have_the_shape_that_is_asked_for(
    clip: Path, shape: dict[str, Any], size: tuple[int, int], crop_box: tuple[int, ...]
) -> None:
    result, album = told(clip, times=[0], **shape)

    (still,) = result.snapshots
    assert (still.width, still.height) == size
    assert album.picture(still).size == size
    assert still.crop_box == crop_box


@pytest.mark.parametrize(
    "shape",
    [
        pytest.param({"size": 128}, id="size"),
        pytest.param({"width": 90, "height": 160, "fit": "crop"}, id="crop"),
    ],
)
def test_a_crop_follows_the_face_in_each_frame(
    make_clip: Callable[[Clip], Path], mediapipe: MediapipeDetector, shape: dict[str, Any]
) -> None:
    clip = make_clip(Clip(frames=21))

    result, _ = told(clip, by=story(detector=mediapipe), times=[0, 2], **shape)

    first, last = (Box(*still.crop_box) for still in result.snapshots)
    assert [still.faces for still in result.snapshots] == [1, 1]
    # The scene moves 60 px to the left meanwhile.
    assert first.left - last.left == pytest.approx(60, abs=12)


def test_a_detector_is_asked_only_where_faces_decide(
    clip: Path, broken_detector: MediapipeDetector, caplog: pytest.LogCaptureFixture
) -> None:
    result, _ = told(clip, by=story(detector=broken_detector), times=[0], storyboard=True)

    assert result.snapshots[0].flags == ()
    assert not caplog.records


def test_a_detector_that_fails_is_asked_once_and_told(
    clip: Path, broken_detector: MediapipeDetector, caplog: pytest.LogCaptureFixture
) -> None:
    result, _ = told(clip, by=story(detector=broken_detector), count=3, size=64)

    assert [still.flags for still in result.snapshots] == [(FACE_UNAVAILABLE,)] * 3
    assert [still.faces for still in result.snapshots] == [None] * 3
    assert caplog.text.count("face.detector_failed") == 1


def test_an_attempt_without_faces_says_so(clip: Path, mediapipe: MediapipeDetector) -> None:
    result, _ = told(clip, by=story(detector=mediapipe), without_faces=True, count=1, size=64)

    assert result.snapshots[0].flags == (FACE_UNAVAILABLE,)


def test_the_stage_tells_when_the_detector_works(clip: Path, mediapipe: MediapipeDetector) -> None:
    log = Log()

    story(detector=mediapipe).run(
        SnapshotRecipe(count=2, size=64),
        open_source=opener(clip),
        destination=Album(),
        attempt=log,
    )

    looked = ["detect", "decode"]
    assert log.stages == ["source", "decode", *looked, *looked, "encode", "store"]


@pytest.mark.parametrize(
    ("clip", "size"),
    [
        pytest.param(Counting(width=180, height=320, rotation_cw=90), (180, 320), id="rotated"),
        pytest.param(Counting(pixel_aspect=Fraction(4, 3)), (427, 180), id="anamorphic"),
        pytest.param(Counting(container="mkv"), (320, 180), id="mkv"),
        pytest.param(Counting(container="ts"), (320, 180), id="ts"),
    ],
)
def test_frames_are_upright_and_square(
    count_clip: CountClip, clip: Counting, size: tuple[int, int]
) -> None:
    result, album = told(count_clip(clip), times=[1.2, 7.7])

    assert [album.picture(still).size for still in result.snapshots] == [size, size]
    assert [number_in(album.picture(still)) for still in result.snapshots] == [12, 77]
    assert {still.crop_box for still in result.snapshots} == {(0, 0, *size)}


def test_a_video_of_one_frame_gives_it_as_often_as_asked(count_clip: CountClip) -> None:
    result, _ = told(count_clip(Counting(frames=1)), count=3)

    assert [still.pts_ms for still in result.snapshots] == [0, 0, 0]
    assert len({still.sha256 for still in result.snapshots}) == 1


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param({"times": [0, "50%"]}, id="times"),
        pytest.param({"count": 5}, id="count"),
        pytest.param({"interval_s": 5.0}, id="interval"),
    ],
)
def test_a_picture_gives_itself(photo: Path, wanted: dict[str, Any]) -> None:
    result, album = told(photo, by=story(decoder=StillDecoder()), **wanted)

    (still,) = result.snapshots
    assert (still.offset_ms, still.pts_ms) == (0, None)
    assert album.picture(still).size == (512, 600)
    assert result.medium is not None
    assert result.medium.kind == "image"


def test_what_needs_a_video_is_refused_for_a_picture(photo: Path) -> None:
    with pytest.raises(CoverError) as caught:
        told(photo, by=story(decoder=StillDecoder()), storyboard=True)

    assert caught.value.code == "media.not_video"
