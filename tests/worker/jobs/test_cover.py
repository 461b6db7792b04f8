"""The story of a cover, told with the real decoder, detector and encoders over real media."""

import hashlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from tests.media import Clip
from tests.missing import missing
from worker.contracts.names import FACE_UNAVAILABLE
from worker.contracts.requests import Recipe
from worker.contracts.results import CoverResult, Versions
from worker.decoders.pyav import PyavDecoder
from worker.decoders.still import StillDecoder
from worker.detectors.mediapipe import MediapipeDetector
from worker.detectors.none import NoDetector
from worker.encoders.jpeg import JpegEncoder
from worker.encoders.pillow import PngEncoder
from worker.errors import FaceError, MediaError, RequestError, SourceError, StorageError
from worker.geometry.shapes import Box, holds
from worker.jobs.cover import CoverStory, failed
from worker.ports import Decoder, FaceDetector, Output, Placed
from worker.rules.models import DEFAULT_MODEL, FETCH_COMMAND, MODELS, default_path
from worker.sources.local import LocalReader, LocalSource

VERSIONS = Versions(firstframe="1", av="2", mediapipe="3", model="4")
MIB = 1024 * 1024


class Drawer:
    """A destination in memory; a full one takes nothing."""

    def __init__(self, *, full: bool = False) -> None:
        self.full = full
        self.covers: dict[int | None, bytes] = {}

    def put(self, data: bytes, output: Output) -> Placed:
        if self.full:
            raise StorageError("storage.full")
        size = None if output.label == "cover" else int(output.label)
        self.covers[size] = data
        return Placed(path=f"drawer/{size}.{output.extension}", url=None)

    def reference(self, placed: Placed) -> str:
        return str(placed.path)


class Log:
    """An attempt that remembers its stages and is cancelled on entering `over_at`."""

    def __init__(self, over_at: str | None = None) -> None:
        self.over_at = over_at
        self.stages: list[str] = []

    def enter(self, stage: str) -> None:
        self.stages.append(stage)
        if stage == self.over_at:
            raise RequestError("job.cancelled")

    def progress(self, percent: float, at_ms: int | None = None) -> None:
        """Nobody asks how far it is."""


class Opener:
    """Opens one file and remembers the reader."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.reader: LocalReader | None = None

    def __call__(self) -> LocalReader:
        self.reader = LocalSource(max_bytes=64 * MIB).open(self.path)
        return self.reader

    @property
    def is_closed(self) -> bool:
        return self.reader is not None and self.reader.descriptor() is None


def told(
    path: Path,
    recipe: Recipe,
    detector: FaceDetector,
    *,
    decoder: Decoder | None = None,
    without_faces: bool = False,
) -> tuple[CoverResult, Drawer]:
    drawer = Drawer()
    result = story(detector, decoder).run(
        recipe,
        open_source=Opener(path),
        destination=drawer,
        attempt=Log(),
        without_faces=without_faces,
    )
    return result, drawer


def story(detector: FaceDetector, decoder: Decoder | None = None) -> CoverStory:
    return CoverStory(
        decoder=decoder or PyavDecoder(),
        detector=detector,
        encoders={"jpeg": JpegEncoder(), "png": PngEncoder()},
        detect_short_px=256,
        versions=VERSIONS,
    )


@pytest.fixture(scope="module")
def mediapipe() -> MediapipeDetector:
    if not default_path().is_file():
        missing("the face model", FETCH_COMMAND)
    return MediapipeDetector(
        model_path=default_path(), model_sha256=MODELS[DEFAULT_MODEL].sha256, timeout_s=30
    )


def test_a_clip_becomes_a_square_around_the_face(clip: Path, mediapipe: MediapipeDetector) -> None:
    result, drawer = told(clip, Recipe(sizes=[128]), mediapipe)

    assert result.status == "succeeded"
    assert result.source == str(clip)
    assert result.medium is not None
    assert (result.medium.kind, result.medium.width, result.medium.height) == ("video", 640, 360)
    assert result.medium.bytes_read > 0
    assert result.frame is not None
    assert (result.frame.policy, result.frame.rule, result.frame.pts_ms) == ("first", "first", 0)
    (face,) = result.faces
    assert result.crop is not None
    assert (result.crop.rule, result.crop.faces_kept, result.crop.score) == ("faces", 1, 100)
    assert result.crop.box[2:] == (360, 360)
    assert holds(Box(*result.crop.box), Box(*face.box))
    (cover,) = result.covers
    assert (cover.size, cover.ratio, cover.width, cover.height) == (128, "1:1", 128, 128)
    assert (cover.crop_box, cover.upscaled) == (result.crop.box, False)
    assert (cover.content_type, cover.path) == ("image/jpeg", "drawer/128.jpg")
    assert cover.bytes == len(drawer.covers[128])
    assert cover.sha256 == hashlib.sha256(drawer.covers[128]).hexdigest()
    assert Image.open(BytesIO(drawer.covers[128])).size == (128, 128)
    assert result.versions == VERSIONS


def test_each_stage_is_timed_and_they_add_up(clip: Path, mediapipe: MediapipeDetector) -> None:
    timings = told(clip, Recipe(sizes=[128]), mediapipe)[0].timings_ms.model_dump()

    total = timings.pop("total")
    assert all(timings[stage] > 0 for stage in ("open", "decode", "detect"))
    assert sum(timings.values()) <= total + 0.5


def test_all_sizes_share_one_box_and_repeated_ones_are_made_once(clip: Path) -> None:
    result, drawer = told(clip, Recipe(sizes=[256, 64, 256]), NoDetector())

    assert [cover.size for cover in result.covers] == [256, 64]
    assert len({cover.crop_box for cover in result.covers}) == 1
    assert set(drawer.covers) == {256, 64}


def test_a_cover_larger_than_the_square_is_upscaled_and_says_so(clip: Path) -> None:
    result, drawer = told(clip, Recipe(sizes=[360, 361]), NoDetector())

    assert [cover.upscaled for cover in result.covers] == [False, True]
    assert Image.open(BytesIO(drawer.covers[361])).size == (361, 361)


def test_without_a_size_there_is_one_cover_of_the_whole_frame(
    clip: Path, broken_detector: MediapipeDetector
) -> None:
    """Nobody looks for faces then, so that a broken detector is not noticed."""
    result, drawer = told(clip, Recipe(format="png"), broken_detector)

    (cover,) = result.covers
    assert (cover.size, cover.ratio, cover.upscaled) == (None, None, False)
    assert cover.crop_box == (0, 0, 640, 360)
    assert result.crop is not None
    assert (result.crop.rule, result.crop.score, result.crop.flags) == ("none", 100, ())
    assert result.faces == ()
    picture = Image.open(BytesIO(drawer.covers[None]))
    assert (picture.format, picture.size) == ("PNG", (640, 360))


def test_a_rotated_clip_is_cut_upright(
    make_clip: Callable[[Clip], Path], mediapipe: MediapipeDetector
) -> None:
    result, _ = told(make_clip(Clip(rotation_cw=90)), Recipe(sizes=[64]), mediapipe)

    assert result.medium is not None
    assert (result.medium.width, result.medium.height) == (360, 640)
    assert result.crop is not None
    assert result.crop.box[0] == 0
    assert result.crop.box[2:] == (360, 360)


@pytest.mark.parametrize(
    "lefts", [pytest.param([1088], id="one-far-right"), pytest.param([0, 1088], id="both-ends")]
)
def test_a_photo_with_people_far_from_the_middle_keeps_someone_whole(
    photo: Path, tmp_path: Path, mediapipe: MediapipeDetector, lefts: list[int]
) -> None:
    path = tmp_path / "wide.jpg"
    with Image.open(photo) as portrait:
        wide = Image.new("RGB", (1600, 600), "grey")
        for left in lefts:
            wide.paste(portrait, (left, 0))
        wide.save(path)

    result, _ = told(path, Recipe(sizes=[64]), mediapipe, decoder=StillDecoder())

    assert result.medium is not None
    assert result.medium.kind == "image"
    assert len(result.faces) == len(lefts)
    assert result.crop is not None
    assert (result.crop.faces_kept, result.crop.faces_cut) == (1, len(lefts) - 1)


def test_a_failing_detector_costs_the_faces_but_not_the_cover(
    clip: Path, broken_detector: MediapipeDetector, caplog: pytest.LogCaptureFixture
) -> None:
    result, _ = told(clip, Recipe(sizes=[64]), broken_detector)

    assert result.crop is not None
    assert (result.crop.rule, result.crop.flags) == ("centre", (FACE_UNAVAILABLE,))
    assert len(result.covers) == 1
    assert "face.detector_failed" in caplog.text


def test_an_attempt_without_faces_says_so(clip: Path, mediapipe: MediapipeDetector) -> None:
    result, _ = told(clip, Recipe(sizes=[64]), mediapipe, without_faces=True)

    assert result.faces == ()
    assert result.crop is not None
    assert (result.crop.rule, result.crop.flags) == ("centre", (FACE_UNAVAILABLE,))


def test_a_missing_model_fails_the_cover(clip: Path, tmp_path: Path) -> None:
    detector = MediapipeDetector(model_path=tmp_path / "model.tflite", model_sha256="0" * 64)

    with pytest.raises(FaceError) as caught:
        told(clip, Recipe(sizes=[64]), detector)

    assert caught.value.code == "face.model_invalid"


def test_the_stages_are_told_in_order(clip: Path) -> None:
    log = Log()

    story(NoDetector()).run(
        Recipe(sizes=[64]), open_source=Opener(clip), destination=Drawer(), attempt=log
    )

    assert log.stages == ["source", "decode", "detect", "encode", "store"]


@pytest.mark.parametrize("stage", ["decode", "detect", "encode", "store"])
def test_a_cancelled_attempt_stops_there_closes_its_source_and_stores_nothing(
    clip: Path, stage: str
) -> None:
    opener, drawer = Opener(clip), Drawer()

    with pytest.raises(RequestError):
        story(NoDetector()).run(
            Recipe(sizes=[64]), open_source=opener, destination=drawer, attempt=Log(stage)
        )

    assert opener.is_closed
    assert not drawer.covers


def test_the_source_is_closed_when_the_store_refuses(clip: Path) -> None:
    opener = Opener(clip)

    with pytest.raises(StorageError):
        story(NoDetector()).run(
            Recipe(sizes=[64]), open_source=opener, destination=Drawer(full=True), attempt=Log()
        )

    assert opener.is_closed


def test_the_source_is_closed_when_nothing_can_be_decoded(tmp_path: Path) -> None:
    path = tmp_path / "text.mp4"
    path.write_text("no video")
    opener = Opener(path)

    with pytest.raises(MediaError):
        story(NoDetector()).run(
            Recipe(sizes=[64]), open_source=opener, destination=Drawer(), attempt=Log()
        )

    assert opener.is_closed


def test_a_failure_becomes_a_result_with_its_code() -> None:
    result = failed("clip.mp4", SourceError("source.timeout"))

    assert (result.source, result.status, result.covers) == ("clip.mp4", "failed", ())
    assert result.error is not None
    assert result.error.model_dump() == {
        "code": "source.timeout",
        "message": "The source is too slow.",
        "retryable": True,
        "stage": "source",
    }
