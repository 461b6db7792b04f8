"""Looking for faces: a detector that fails costs a picture its faces, not its existence."""

import logging
from typing import Final, NamedTuple

from worker.contracts.names import FACE_UNAVAILABLE
from worker.errors import FaceError
from worker.geometry.crop import Face
from worker.geometry.shapes import Size, fit_short_side, to_pixels
from worker.jobs.finishing import Picture
from worker.jobs.timing import Stopwatch
from worker.ports import Attempt, FaceDetector, View

log = logging.getLogger(__name__)


class Looked(NamedTuple):
    """What looking for faces gave; a flag says when nobody could look."""

    faces: tuple[Face, ...]
    flags: tuple[str, ...]


NOBODY_LOOKED: Final = Looked((), (FACE_UNAVAILABLE,))


def small_view(picture: Picture, short_px: int) -> View:
    """The whole picture with a short side of `short_px`, or as it is where that is less."""
    return picture.medium.view(
        picture.frame, picture.whole, *fit_short_side(picture.size, short_px)
    )


def faces_in(view: View, size: Size, detector: FaceDetector) -> Looked:
    """The faces in a small view, as boxes in the picture of `size`.

    Raises: FaceError `face.model_invalid`, which no picture should be made without.
    """
    try:
        found = detector.detect(view)
    except FaceError as error:
        if error.code != "face.detector_failed":
            raise
        log.warning("nobody could look for faces: %s", error)
        return NOBODY_LOOKED
    return Looked(tuple(Face(to_pixels(face.box, size), face.score) for face in found), ())


class Eyes:
    """Looks for faces in many pictures of one attempt; once it failed nobody looks again.

    The attempt is in stage `detect` while the detector works, so that one that hangs is known.
    `missed` tells whether faces were asked for while nobody could look.
    """

    def __init__(
        self,
        detector: FaceDetector,
        *,
        short_px: int,
        without_faces: bool,
        attempt: Attempt,
        watch: Stopwatch,
    ) -> None:
        self.short_px = short_px
        self._detector = detector
        self._blind = without_faces
        self.missed = False
        self._attempt = attempt
        self._watch = watch

    def look(self, picture: Picture, view: View | None = None) -> Looked:
        """The faces in a picture; `view` is its small view where there is one already."""
        if self._blind:
            self.missed = True
            return NOBODY_LOOKED
        self._attempt.enter("detect")
        with self._watch.stage("detect"):
            small = view or small_view(picture, self.short_px)
            looked = faces_in(small, picture.size, self._detector)
        self._attempt.enter("decode")
        self._blind = self.missed = bool(looked.flags)
        return looked
