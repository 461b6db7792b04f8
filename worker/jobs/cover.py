"""The story of a cover: a medium in, one frame of it, the faces in that, a square around them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from worker.contracts.names import FACE_UNAVAILABLE
from worker.contracts.requests import Recipe
from worker.contracts.results import (
    CoverResult,
    CropInfo,
    ErrorInfo,
    FaceInfo,
    FrameInfo,
    MediumInfo,
    Versions,
)
from worker.errors import CoverError
from worker.geometry.crop import square_crop
from worker.geometry.shapes import Box, Size
from worker.jobs import earlier
from worker.jobs.finishing import Encoded, Picture, claimed_size, encoded, stored
from worker.jobs.looking import NOBODY_LOOKED, Looked, faces_in, small_view
from worker.jobs.timing import Stopwatch
from worker.ports import (
    Attempt,
    Decoder,
    Destination,
    Encoder,
    FaceDetector,
    Frame,
    Reader,
    Results,
)


class Drawn(NamedTuple):
    """The covers of a medium before they are stored, and how they came about."""

    medium: MediumInfo
    frame: FrameInfo
    faces: tuple[FaceInfo, ...]
    crop: CropInfo
    covers: tuple[Encoded, ...]


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
        results: Results[Recipe, CoverResult] | None = None,
    ) -> CoverResult:
        """Make all covers of `recipe`; none is stored before all are encoded.

        `results` knows what was made before: the same bytes are then not decoded again. What was
        made while nobody could look for faces is not kept there.
        Raises: CoverError, which `failed` turns into a result.
        """
        watch = Stopwatch()
        attempt.enter("source")
        with watch.stage("open"):
            reader = open_source()
        with closing(reader):
            if made := earlier.found(results, reader, recipe):
                return earlier.retold(made, reader, watch.timings())
            drawn = self._drawn(reader, recipe, attempt, watch, without_faces=without_faces)
        attempt.enter("store")
        with watch.stage("store"):
            put = partial(stored, crop=drawn.crop, destination=destination)
            covers = tuple(put(cover, self.encoders[recipe.format]) for cover in drawn.covers)
        result = CoverResult(
            source=reader.label,
            status="succeeded",
            medium=drawn.medium,
            frame=drawn.frame,
            faces=drawn.faces,
            crop=drawn.crop,
            covers=covers,
            timings_ms=watch.timings(),
            versions=self.versions,
        )
        if FACE_UNAVAILABLE not in drawn.crop.flags:
            earlier.keep(results, reader, recipe, result)
        return result

    def _drawn(
        self,
        reader: Reader,
        recipe: Recipe,
        attempt: Attempt,
        watch: Stopwatch,
        *,
        without_faces: bool,
    ) -> Drawn:
        """Decode, look for faces, cut and encode: all that is done before anything is stored."""
        sizes_px = tuple(dict.fromkeys(recipe.sizes or ()))
        attempt.enter("decode")
        with self._picture(reader, recipe, sizes_px, watch) as picture:
            attempt.enter("detect")
            with watch.stage("detect"):
                look = self._look(picture, without_faces) if sizes_px else Looked((), ())
            with watch.stage("crop"):
                crop = _crop(picture.size, look) if sizes_px else _uncut(picture.size)
            attempt.enter("encode")
            encode = partial(encoded, picture, crop, self.encoders[recipe.format], watch=watch)
            sizes = sizes_px or (None,)
            covers = tuple(encode(size_px, quality=recipe.quality) for size_px in sizes)
            faces = tuple(FaceInfo(box=f.box, score=round(f.score, 3)) for f in look.faces)
            frame = _frame_info(picture.frame, recipe)
            return Drawn(picture.medium.info, frame, faces, crop, covers)

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
            yield Picture(medium, frame, claimed_size(medium))

    def _look(self, picture: Picture, without_faces: bool) -> Looked:
        if without_faces:
            return NOBODY_LOOKED
        view = small_view(picture, self.detect_short_px)
        return faces_in(view, picture.size, self.detector)


def failed(source: str, error: CoverError) -> CoverResult:
    """The result of an attempt that ended with `error`; `source` as it may be shown."""
    return CoverResult(source=source, status="failed", error=ErrorInfo(**error.facts()))


def _crop(size: Size, look: Looked) -> CropInfo:
    crop = square_crop(size, look.faces)
    return CropInfo(**crop._asdict(), flags=look.flags)


def _uncut(size: Size) -> CropInfo:
    whole = Box(0, 0, *size)
    return CropInfo(box=whole, rule="none", faces_kept=0, faces_cut=0, score=100)


def _frame_info(frame: Frame, recipe: Recipe) -> FrameInfo:
    policy = recipe.frame.policy
    return FrameInfo(
        policy=policy, rule=policy, pts_ms=frame.pts_ms, index=frame.index, flags=frame.flags
    )
