"""The story of a cover: a medium in, one frame of it, the faces in that, a square around them."""

import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final, NamedTuple

from worker.contracts.requests import Recipe
from worker.contracts.results import (
    CoverInfo,
    CoverResult,
    CropInfo,
    ErrorInfo,
    FaceInfo,
    FrameInfo,
    Versions,
)
from worker.errors import CoverError, FaceError
from worker.geometry.crop import Face, square_crop
from worker.geometry.shapes import Box, Size, fit_short_side, to_pixels
from worker.jobs.timing import Stopwatch
from worker.ports import (
    Attempt,
    Decoder,
    Destination,
    Encoder,
    FaceDetector,
    Frame,
    OpenMedium,
    Reader,
)

log = logging.getLogger(__name__)

FACE_UNAVAILABLE: Final = "face.unavailable"


class Picture(NamedTuple):
    """The frame of a medium that its covers show."""

    medium: OpenMedium
    frame: Frame
    size: Size

    @property
    def whole(self) -> Box:
        return Box(0, 0, *self.size)


class Look(NamedTuple):
    """What looking for faces gave; a flag says when nobody could look."""

    faces: tuple[Face, ...]
    flags: tuple[str, ...]


class Encoded(NamedTuple):
    """A finished cover that is not stored yet; without a size it is the whole frame."""

    size_px: int | None
    pixels: Size
    data: bytes


@dataclass(frozen=True)
class CoverStory:
    """Makes covers with the adapters it was given; keeps nothing between two runs."""

    decoder: Decoder
    detector: FaceDetector
    encoders: Mapping[str, Encoder]
    detect_short_px: int
    versions: Versions

    def run(
        self,
        recipe: Recipe,
        *,
        open_source: Callable[[], Reader],
        destination: Destination,
        attempt: Attempt,
        without_faces: bool = False,
    ) -> CoverResult:
        """Make all covers of `recipe`; none is stored before all are encoded.

        Raises: CoverError, which `failed` turns into a result.
        """
        watch, encoder = Stopwatch(), self.encoders[recipe.format]
        sizes_px = tuple(dict.fromkeys(recipe.sizes or ()))
        with ExitStack() as opened:
            attempt.enter("source")
            with watch.stage("open"):
                reader = opened.enter_context(closing(open_source()))
            attempt.enter("decode")
            picture = opened.enter_context(self._picture(reader, recipe, sizes_px, watch))
            attempt.enter("detect")
            with watch.stage("detect"):
                look = self._look(picture, without_faces) if sizes_px else Look((), ())
            with watch.stage("crop"):
                crop = _crop(picture.size, look) if sizes_px else _uncut(picture.size)
            attempt.enter("encode")
            encode = partial(_encoded, picture, crop, encoder, quality=recipe.quality, watch=watch)
            encoded = [encode(size_px) for size_px in sizes_px or (None,)]
            medium, source = picture.medium.info, reader.label
        attempt.enter("store")
        with watch.stage("store"):
            covers = tuple(_stored(cover, crop, encoder, destination) for cover in encoded)
        return CoverResult(
            source=source,
            status="succeeded",
            medium=medium,
            frame=_frame_info(picture.frame, recipe),
            faces=tuple(FaceInfo(box=f.box, score=round(f.score, 3)) for f in look.faces),
            crop=crop,
            covers=covers,
            timings_ms=watch.timings(),
            versions=self.versions,
        )

    @contextmanager
    def _picture(
        self, reader: Reader, recipe: Recipe, sizes_px: Sequence[int], watch: Stopwatch
    ) -> Iterator[Picture]:
        """The frame that the recipe's policy names, held until the block ends."""
        needed_px = max(*sizes_px, self.detect_short_px) if sizes_px else None
        with watch.stage("open"):
            medium = self.decoder.open(reader, needed_px=needed_px)
        with closing(medium):
            with watch.stage("decode"):
                frame = medium.frame(recipe.frame.policy)
            yield Picture(medium, frame, Size(medium.info.width, medium.info.height))

    def _look(self, picture: Picture, without_faces: bool) -> Look:
        """Look for faces; a detector that fails costs the cover its faces, not its existence."""
        if without_faces:
            return Look((), (FACE_UNAVAILABLE,))
        small = fit_short_side(picture.size, self.detect_short_px)
        view = picture.medium.view(picture.frame, picture.whole, *small)
        try:
            found = self.detector.detect(view)
        except FaceError as error:
            if error.code != "face.detector_failed":
                raise
            log.warning("nobody could look for faces: %s", error)
            return Look((), (FACE_UNAVAILABLE,))
        faces = (Face(to_pixels(face.box, picture.size), face.score) for face in found)
        return Look(tuple(faces), ())


def failed(source: str, error: CoverError) -> CoverResult:
    """The result of an attempt that ended with `error`; `source` as it may be shown."""
    return CoverResult(source=source, status="failed", error=ErrorInfo(**error.facts()))


def _crop(size: Size, look: Look) -> CropInfo:
    crop = square_crop(size, look.faces)
    return CropInfo(**crop._asdict(), flags=look.flags)


def _uncut(size: Size) -> CropInfo:
    whole = Box(0, 0, *size)
    return CropInfo(box=whole, rule="none", faces_kept=0, faces_cut=0, score=100)


def _encoded(
    picture: Picture,
    crop: CropInfo,
    encoder: Encoder,
    size_px: int | None,
    *,
    quality: int,
    watch: Stopwatch,
) -> Encoded:
    """The crop box scaled to a square of `size_px`, or as it is without a size."""
    box = Box(*crop.box)
    pixels = Size(size_px, size_px) if size_px else Size(box.width, box.height)
    with watch.stage("crop"):
        view = picture.medium.view(picture.frame, box, *pixels)
    with watch.stage("encode"):
        return Encoded(size_px, pixels, encoder.encode(view, quality=quality))


def _stored(
    cover: Encoded, crop: CropInfo, encoder: Encoder, destination: Destination
) -> CoverInfo:
    placed = destination.put(cover.data, encoder=encoder, size=cover.size_px)
    return CoverInfo(
        size=cover.size_px,
        ratio="1:1" if cover.size_px else None,
        crop_box=crop.box,
        width=cover.pixels.width,
        height=cover.pixels.height,
        path=placed.path,
        url=placed.url,
        content_type=encoder.content_type,
        bytes=len(cover.data),
        sha256=hashlib.sha256(cover.data).hexdigest(),
        upscaled=cover.pixels.width > crop.box[2],
    )


def _frame_info(frame: Frame, recipe: Recipe) -> FrameInfo:
    policy = recipe.frame.policy
    return FrameInfo(
        policy=policy, rule=policy, pts_ms=frame.pts_ms, index=frame.index, flags=frame.flags
    )
