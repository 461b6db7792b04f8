"""The laws of the FaceDetector port, for every detector."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.missing import missing
from worker.detectors.mediapipe import MediapipeDetector
from worker.detectors.none import NoDetector
from worker.ports import FaceDetector, View
from worker.rules.models import DEFAULT_MODEL, FETCH_COMMAND, MODELS, default_path


@pytest.fixture(scope="module", params=["mediapipe", "none"])
def detector(request: pytest.FixtureRequest) -> FaceDetector:
    if request.param == "none":
        return NoDetector()
    if not default_path().is_file():
        missing("the face model", FETCH_COMMAND)
    return MediapipeDetector(
        model_path=default_path(), model_sha256=MODELS[DEFAULT_MODEL].sha256, timeout_s=30
    )


def view_of(picture: Image.Image) -> View:
    return View(picture.width, picture.height, memoryview(picture.convert("RGB").tobytes()))


@pytest.mark.parametrize(
    "size",
    [
        pytest.param((1, 1), id="one-pixel"),
        pytest.param((1, 4000), id="a-tall-line"),
        pytest.param((4000, 1), id="a-wide-line"),
        pytest.param((455, 256), id="a-usual-view"),
    ],
)
def test_no_face_is_a_normal_answer(detector: FaceDetector, size: tuple[int, int]) -> None:
    assert detector.detect(view_of(Image.new("RGB", size, (90, 120, 150)))) == ()


def test_noise_has_no_face(detector: FaceDetector) -> None:
    noise = np.random.default_rng(7).integers(0, 256, (256, 384, 3), np.uint8)

    assert detector.detect(view_of(Image.fromarray(noise))) == ()


@pytest.mark.parametrize("shift", [-200, -120, 0, 120, 200])
def test_boxes_lie_inside_the_picture(detector: FaceDetector, photo: Path, shift: int) -> None:
    """The photo is moved sideways until its face is cut by the picture's edge."""
    with Image.open(photo) as portrait:
        moved = Image.new("RGB", (512, 512))
        moved.paste(portrait, (shift, 0))

    for box, score in detector.detect(view_of(moved)):
        assert min(box) >= 0
        assert box.left + box.width <= 1 + 1e-9
        assert box.top + box.height <= 1 + 1e-9
        assert box.width > 0
        assert box.height > 0
        assert 0 <= score <= 1


def test_the_same_picture_gives_the_same_faces_surest_first(
    detector: FaceDetector, photo: Path
) -> None:
    with Image.open(photo) as portrait:
        pair = Image.new("RGB", (900, 512))
        pair.paste(portrait, (0, 0))
        pair.paste(portrait.resize((300, 352)), (550, 100))

    found = detector.detect(view_of(pair))

    assert found == detector.detect(view_of(pair))
    assert [face.score for face in found] == sorted((f.score for f in found), reverse=True)


def test_the_model_has_a_name(detector: FaceDetector) -> None:
    assert detector.model
