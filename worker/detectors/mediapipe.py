"""Faces by MediaPipe's full-range model: built late, kept for life, watched while it works."""

import ctypes
import hashlib
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock, Thread, Timer
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from worker.detectors import tasks_api
from worker.errors import FaceError
from worker.geometry.shapes import RelativeBox
from worker.ports import FoundFace, View
from worker.rules.models import FETCH_COMMAND

HUNG_EXIT_STATUS: Final = 70
BUILD_TIMEOUT_S: Final = 20.0
NOTICE_TIMEOUT_S: Final = 2.0
# The last chatter waits for a buffer at an odd address; of one picture it comes in most processes.
WARM_UP_SIDES_PX: Final = (8, 256, 64)

log = logging.getLogger(__name__)

# All that mediapipe's wrapper raises (`mediapipe_c_utils.convert_to_exception`); a shared library
# that cannot be loaded is an OSError too.
_NATIVE_ERRORS: Final = (RuntimeError, ValueError, LookupError, OSError)


class MediapipeDetector:
    """Faces of a view that was area-shrunk before: the net sees 192 x 192 pixels.

    The model is checked and loaded by the first detection, so that it never happens before a fork;
    a process forked later gets an error instead of the hang it would run into. A detection that
    lasts longer than `timeout_s` cannot be stopped, so it ends the process with status 70, after
    `on_hang` was given 2 s. The detection that loads the model may take 20 s more.
    """

    def __init__(
        self,
        *,
        model_path: Path,
        model_sha256: str,
        threshold: float = 0.5,
        timeout_s: float = 3,
        on_hang: Callable[[], None] | None = None,
    ) -> None:
        self._model_path = Path(model_path)
        self._model_sha256 = model_sha256
        self._threshold = threshold
        self._timeout_s = timeout_s
        self._on_hang = on_hang
        self._building = Lock()
        self._built: tasks_api.FaceDetector | None = None
        self._built_by_pid = 0

    @property
    def model(self) -> str:
        name = self._model_path.stem.removeprefix("face_detection_")
        return f"{name}:{self._model_sha256[:8]}"

    def check(self) -> None:
        """Read the model file and load the native library, which starts no thread.

        Raises: FaceError `face.model_invalid`, or `face.detector_failed` where the system lacks
            what the library needs; both name what mends it.
        """
        self._checked_model()
        try:
            tasks_api.load_raw_library()
        except OSError as error:
            reason = f"{error}; to install what is missing: {FETCH_COMMAND}"
            raise FaceError("face.detector_failed", reason) from error

    def detect(self, view: View) -> tuple[FoundFace, ...]:
        pixels = np.frombuffer(view.pixels, np.uint8).reshape(view.height_px, view.width_px, 3)
        with self._native_errors(), self._watched(0 if self._built else BUILD_TIMEOUT_S):
            found = self._detector().detect(_image(pixels)).detections
        faces = (_found_face(d, view.width_px, view.height_px) for d in found)
        return tuple(sorted((f for f in faces if f), key=lambda f: (-f.score, *f.box)))

    def _detector(self) -> tasks_api.FaceDetector:
        with self._building:
            if self._built is None:
                self._built = self._build(self._checked_model())
                self._built_by_pid = os.getpid()
        if self._built_by_pid != os.getpid():
            raise FaceError("face.detector_failed", "the detector was built before a fork")
        return self._built

    def _checked_model(self) -> bytes:
        try:
            model = self._model_path.read_bytes()
        except OSError as error:
            raise _model_invalid(f"{self._model_path}: {error.strerror}") from error
        if hashlib.sha256(model).hexdigest() != self._model_sha256:
            raise _model_invalid(f"{self._model_path} is not the pinned model")
        return model

    def _build(self, model: bytes) -> tasks_api.FaceDetector:
        """Build the detector and run it on black squares: its last chatter comes only then."""
        options = tasks_api.FaceDetectorOptions(
            base_options=tasks_api.BaseOptions(model_asset_buffer=model),
            min_detection_confidence=self._threshold,
        )
        with tasks_api.chatter_dropped():
            detector = tasks_api.FaceDetector.create_from_options(options)
            _keep_for_life(detector)
            for side_px in WARM_UP_SIDES_PX:
                detector.detect(_image(np.zeros((side_px, side_px, 3), np.uint8)))
        return detector

    @contextmanager
    def _native_errors(self) -> Iterator[None]:
        """A detector that failed once fails for every later picture, so it is given up."""
        try:
            yield
        except _NATIVE_ERRORS as error:
            self._built = None
            raise FaceError("face.detector_failed", f"the face detector failed: {error}") from error

    @contextmanager
    def _watched(self, extra_s: float) -> Iterator[None]:
        watchdog = Timer(self._timeout_s + extra_s, self._end_process)
        watchdog.daemon = True
        try:
            # Starting waits for the thread, and an attempt may be interrupted there: a watchdog
            # that nobody calls off would end the process under the next one.
            watchdog.start()
            yield
        finally:
            watchdog.cancel()

    def _end_process(self) -> None:
        log.critical("face detection hangs; the process ends", extra={"timeout_s": self._timeout_s})
        if self._on_hang is not None:
            notice = Thread(target=self._on_hang, daemon=True)
            notice.start()
            notice.join(NOTICE_TIMEOUT_S)
        os._exit(HUNG_EXIT_STATUS)


def _keep_for_life(detector: tasks_api.FaceDetector) -> None:
    """Take a reference that nobody gives back, so that the detector is never closed.

    Closing looks up a host name to report what was used, which can hang for 5 s, and happens
    whenever a detector is collected, at the end of the interpreter too.
    """
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(detector))


def _image(pixels: npt.NDArray[np.uint8]) -> tasks_api.Image:
    """A copy for MediaPipe, which passes over strides: padded rows would show it no face."""
    return tasks_api.Image(tasks_api.ImageFormat.SRGB, np.ascontiguousarray(pixels))


def _found_face(detection: Any, width_px: int, height_px: int) -> FoundFace | None:
    """A detection clipped to the picture; None when all of it lies outside."""
    box = detection.bounding_box
    left, top = max(0, box.origin_x), max(0, box.origin_y)
    right = min(box.origin_x + box.width, width_px)
    bottom = min(box.origin_y + box.height, height_px)
    if right <= left or bottom <= top:
        return None
    relative = RelativeBox(
        left / width_px, top / height_px, (right - left) / width_px, (bottom - top) / height_px
    )
    return FoundFace(relative, float(detection.categories[0].score))


def _model_invalid(reason: str) -> FaceError:
    return FaceError("face.model_invalid", f"{reason}; to fetch it: {FETCH_COMMAND}")
