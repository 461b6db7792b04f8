"""The MediaPipe detector: what it finds, what it refuses, how it ends its process."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import FrameType

import pytest
from PIL import Image

from tests.missing import missing
from worker.detectors.mediapipe import HUNG_EXIT_STATUS, MediapipeDetector
from worker.errors import FaceError
from worker.geometry.shapes import RelativeBox
from worker.ports import View
from worker.rules.models import DEFAULT_MODEL, FETCH_COMMAND, MODELS, default_path

SHA256 = MODELS[DEFAULT_MODEL].sha256
PRELUDE = """
import os, sys
from PIL import Image
from worker.detectors.mediapipe import MediapipeDetector
from worker.ports import View
from worker.rules.models import DEFAULT_MODEL, MODELS, default_path
picture = Image.open(sys.argv[1]).convert("RGB").resize((256, 300))
view = View(256, 300, memoryview(picture.tobytes()))
sha256 = MODELS[DEFAULT_MODEL].sha256
"""


@pytest.fixture(scope="module")
def model_path() -> Path:
    if not default_path().is_file():
        missing("the face model", FETCH_COMMAND)
    return default_path()


@pytest.fixture(scope="module")
def detector(model_path: Path) -> MediapipeDetector:
    return MediapipeDetector(model_path=model_path, model_sha256=SHA256, timeout_s=30)


def run(code: str, photo: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PRELUDE + code, str(photo)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **environment},
    )


@pytest.mark.parametrize("width_px", [256, 437, 455, 910])
def test_the_face_is_found_at_any_width(
    detector: MediapipeDetector, photo: Path, width_px: int
) -> None:
    """Widths that are no multiple of a row's alignment are the trap: padded rows hide the face."""
    with Image.open(photo) as portrait:
        height_px = round(portrait.height * width_px / portrait.width)
        picture = portrait.convert("RGB").resize((width_px, height_px))

    (face,) = detector.detect(View(width_px, height_px, memoryview(picture.tobytes())))

    assert face.box == pytest.approx(RelativeBox(0.32, 0.22, 0.39, 0.33), abs=0.03)
    assert face.score > 0.8


def test_the_model_is_named_by_kind_and_digest(detector: MediapipeDetector) -> None:
    assert detector.model == "full_range_sparse:2c3728e6"


def test_one_flipped_byte_in_the_model_is_refused(model_path: Path, tmp_path: Path) -> None:
    broken = bytearray(model_path.read_bytes())
    broken[len(broken) // 2] ^= 1
    path = tmp_path / "model.tflite"
    path.write_bytes(broken)

    with pytest.raises(FaceError, match="make setup") as caught:
        MediapipeDetector(model_path=path, model_sha256=SHA256).detect(grey())

    assert caught.value.code == "face.model_invalid"


def test_a_missing_model_is_named_with_the_command_that_brings_it(tmp_path: Path) -> None:
    detector = MediapipeDetector(model_path=tmp_path / "model.tflite", model_sha256=SHA256)

    with pytest.raises(FaceError, match=r"model\.tflite: No such file.*make setup") as caught:
        detector.check()

    assert caught.value.code == "face.model_invalid"


def test_a_missing_system_library_is_named_with_the_command_that_brings_it(
    photo: Path, tmp_path: Path
) -> None:
    """A file that is no library stands in front of the system's, as after a broken install."""
    (tmp_path / "libEGL.so.1").write_bytes(b"")

    done = run(
        """
from worker.errors import FaceError
try:
    MediapipeDetector(model_path=default_path(), model_sha256=sha256).check()
except FaceError as error:
    print(error)
""",
        photo,
        LD_LIBRARY_PATH=str(tmp_path),
    )

    assert done.stdout.startswith("face.detector_failed: ")
    assert "libEGL.so.1" in done.stdout
    assert "make setup" in done.stdout


def test_a_check_builds_nothing_and_starts_no_thread(photo: Path) -> None:
    done = run(
        """
detector = MediapipeDetector(model_path=default_path(), model_sha256=sha256)
before = len(os.listdir("/proc/self/task"))
detector.check()
print(len(os.listdir("/proc/self/task")) - before, flush=True)
if os.fork() == 0:
    os._exit(len(detector.detect(view)))
os._exit(os.waitstatus_to_exitcode(os.wait()[1]))
""",
        photo,
    )

    assert (done.stdout.strip(), done.returncode) == ("0", 1)


def test_a_picture_that_mediapipe_refuses_does_not_spoil_the_next(
    detector: MediapipeDetector,
) -> None:
    with pytest.raises(FaceError) as caught:
        detector.detect(View(0, 0, memoryview(b"")))

    assert caught.value.code == "face.detector_failed"
    assert detector.detect(grey()) == ()


def test_a_process_forked_after_the_build_gets_an_error_not_a_hang(photo: Path) -> None:
    done = run(
        """
from worker.errors import FaceError
detector = MediapipeDetector(model_path=default_path(), model_sha256=sha256)
detector.detect(view)
if os.fork() == 0:
    try:
        detector.detect(view)
    except FaceError as error:
        os._exit(7 if error.code == "face.detector_failed" else 1)
os._exit(os.waitstatus_to_exitcode(os.wait()[1]))
""",
        photo,
    )

    assert done.returncode == 7


def test_a_process_forked_before_the_build_detects(photo: Path) -> None:
    done = run(
        """
detector = MediapipeDetector(model_path=default_path(), model_sha256=sha256)
if os.fork() == 0:
    os._exit(len(detector.detect(view)))
os._exit(os.waitstatus_to_exitcode(os.wait()[1]))
""",
        photo,
    )

    assert done.returncode == 1


def test_a_detection_over_its_time_ends_the_process_after_the_notice(photo: Path) -> None:
    done = run(
        """
def notice():
    os.write(1, b"noticed")
detector = MediapipeDetector(
    model_path=default_path(), model_sha256=sha256, timeout_s=0.0001, on_hang=notice
)
for _ in range(1000):
    detector.detect(view)
""",
        photo,
    )

    assert done.returncode == HUNG_EXIT_STATUS
    assert done.stdout.startswith("noticed")


def test_a_detection_that_is_interrupted_as_it_begins_leaves_no_watchdog(model_path: Path) -> None:
    class Interrupted(BaseException):
        pass

    def as_it_waits_for_its_thread(frame: FrameType, event: str, _: object) -> None:
        called = event == "call" and frame.f_code.co_filename == threading.__file__
        if called and frame.f_code.co_name == "wait":
            sys.setprofile(None)
            raise Interrupted

    detector = MediapipeDetector(model_path=model_path, model_sha256=SHA256)
    sys.setprofile(as_it_waits_for_its_thread)
    with pytest.raises(Interrupted):
        detector.detect(grey())

    deadline_s = time.monotonic() + 5
    while any(isinstance(each, threading.Timer) for each in threading.enumerate()):
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def test_a_process_that_detected_ends_by_itself_at_once_and_in_silence(photo: Path) -> None:
    started_s = time.monotonic()

    done = run(
        """
detector = MediapipeDetector(model_path=default_path(), model_sha256=sha256)
print(len(detector.detect(view)))
""",
        photo,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")
    assert time.monotonic() - started_s < 20


def grey() -> View:
    return View(8, 8, memoryview(bytes([128]) * 192))
