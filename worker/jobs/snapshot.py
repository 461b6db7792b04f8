"""The story of snapshots: one pass over a medium gives stills, sheets, samples; then a preview."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, TypeVar

from worker.contracts.names import FRAMES_MISSING
from worker.contracts.passes import Pick, Timeline
from worker.contracts.results import ErrorInfo, MediumInfo, Versions
from worker.contracts.snapshot_results import PreviewInfo, SnapshotResult, StoryboardInfo
from worker.contracts.snapshots import SnapshotRecipe
from worker.errors import CoverError, RequestError
from worker.geometry.shapes import Size
from worker.jobs import earlier
from worker.jobs.files import Files
from worker.jobs.finishing import claimed_size, upright_size
from worker.jobs.looking import Eyes
from worker.jobs.passing import Demand, Missing, Tell, merged, run_pass
from worker.jobs.preview import Preview
from worker.jobs.sampling import Samples
from worker.jobs.stills import Easel, Stills
from worker.jobs.storyboard import put_storyboard
from worker.jobs.tiles import Sheets
from worker.jobs.timing import Stopwatch
from worker.ports import (
    Animator,
    Attempt,
    Decoder,
    Destination,
    Encoder,
    FaceDetector,
    OpenMedium,
    Reader,
    Results,
    Scorer,
    SheetMaker,
    StoryboardIndex,
)
from worker.rules.framing import needed_px
from worker.rules.offsets import Offsets, grid_of, offsets_of
from worker.rules.pieces import moving, preview_size

Shape = TypeVar("Shape")


class Opened(NamedTuple):
    """A medium that was opened, and when the frames of the recipe are in it."""

    reader: Reader
    medium: OpenMedium
    timeline: Timeline
    offsets: Offsets


class Makers(NamedTuple):
    """Those who take the frames of the pass."""

    stills: Stills
    sheets: Sheets | None
    samples: Samples

    def demands(self, pick: Pick, offsets: Offsets) -> list[Demand]:
        """All frames of the pass, by time."""
        tiles = self.sheets.demands(pick) if self.sheets else ()
        return merged([*self.stills.demands(pick), *tiles, *self.samples.demands(offsets)])


class Taken(NamedTuple):
    """What came of a medium, before the last of it is stored."""

    medium: MediumInfo
    makers: Makers
    missing: Missing
    preview: PreviewInfo | None

    @property
    def lacks(self) -> bool:
        """Whether frames did not come, be it samples that only serve a choice."""
        return bool(self.missing.wanted or (self.preview and self.preview.flags))


@dataclass(frozen=True)
class SnapshotStory:
    """Makes snapshots with the adapters it was given; keeps nothing between two runs."""

    decoder: Decoder
    detector: FaceDetector
    encoders: Mapping[str, Encoder]
    sheets: SheetMaker
    indexes: Mapping[str, StoryboardIndex]
    animators: Mapping[str, Animator]
    scorer: Scorer
    detect_short_px: int
    max_bytes: int
    least_share: float
    versions: Versions

    def run(
        self,
        recipe: SnapshotRecipe,
        *,
        open_source: Callable[[], Reader],
        destination: Destination,
        attempt: Attempt,
        without_faces: bool = False,
        results: Results[SnapshotRecipe, SnapshotResult] | None = None,
    ) -> SnapshotResult:
        """Make all that the recipe asks for; files are put as they come.

        `results` knows what was made before: the same bytes are then not decoded again. What lacks
        frames, if only some to choose from, or faces that nobody could look for, is not kept there.
        Raises: CoverError, which `failed` turns into a result.
        """
        easel = self._easel(recipe, destination, attempt, without_faces=without_faces)
        watch = easel.files.watch
        attempt.enter("source")
        with ExitStack() as held:
            with watch.stage("open"):
                reader = held.enter_context(closing(open_source()))
            if made := earlier.found(results, reader, recipe):
                return earlier.retold(made, reader, watch.timings())
            attempt.enter("decode")
            opened = self._opened(recipe, reader, held, watch)
            taken = self._taken(recipe, opened, easel, attempt)
        attempt.enter("store")
        result = self._stored(recipe, opened, taken, easel.files)
        if not (taken.lacks or easel.eyes.missed):
            earlier.keep(results, reader, recipe, result)
        return result

    def _taken(
        self, recipe: SnapshotRecipe, opened: Opened, easel: Easel, attempt: Attempt
    ) -> Taken:
        """Decode: stills and sheets are put as they come."""
        files, makers = easel.files, self._makers(recipe, opened, easel)
        demands = makers.demands(recipe.pick, opened.offsets)
        tell = _tell(attempt, 0, 90)
        missing = run_pass(opened.medium, demands, tell=tell, watch=files.watch)
        missing.check(self.least_share)
        attempt.enter("encode")
        preview = self._preview(recipe, opened, makers, attempt, files)
        return Taken(opened.medium.info, makers, missing, preview)

    def _stored(
        self, recipe: SnapshotRecipe, opened: Opened, taken: Taken, files: Files
    ) -> SnapshotResult:
        """Put what needs the whole: indexes and candidates."""
        medium, makers, missing, preview = taken
        missing_ms = _missing_ms(opened.offsets, missing, recipe.pick)
        return SnapshotResult(
            source=opened.reader.label,
            status="succeeded",
            medium=medium,
            pick=recipe.pick,
            snapshots=tuple(makers.stills.infos),
            sheets=tuple(makers.sheets.infos) if makers.sheets else (),
            storyboard=self._storyboard(recipe, opened, makers, files),
            preview=preview,
            candidates=makers.samples.put(),
            missing_ms=missing_ms,
            flags=(FRAMES_MISSING,) if missing_ms else (),
            timings_ms=files.watch.timings(),
            versions=self.versions,
        )

    def _easel(
        self,
        recipe: SnapshotRecipe,
        destination: Destination,
        attempt: Attempt,
        *,
        without_faces: bool,
    ) -> Easel:
        watch = Stopwatch()
        eyes = Eyes(
            self.detector,
            short_px=self.detect_short_px,
            without_faces=without_faces,
            attempt=attempt,
            watch=watch,
        )
        files = Files(destination, self.encoders[recipe.format], recipe.quality, watch)
        return Easel(recipe, eyes, files)

    def _opened(
        self,
        recipe: SnapshotRecipe,
        reader: Reader,
        held: ExitStack,
        watch: Stopwatch,
    ) -> Opened:
        """Open the medium until `held` ends, and find when everything is, before decoding."""
        with watch.stage("open"):
            needed = needed_px(recipe, self.detect_short_px)
            medium = self.decoder.open(reader, needed_px=needed, max_bytes=self.max_bytes)
            held.enter_context(closing(medium))
            timeline = medium.timeline()
        return Opened(reader, medium, timeline, offsets_of(recipe, timeline))

    def _makers(self, recipe: SnapshotRecipe, opened: Opened, easel: Easel) -> Makers:
        """Raises: RequestError for a sheet or a preview with too many pixels."""
        offsets = opened.offsets
        grid_for = partial(grid_of, recipe, len(offsets.tiles_ms))
        sheets = None
        if offsets.tiles_ms:
            grid = _shaped(grid_for, opened.medium)
            apart = recipe.sprite is not None and recipe.sprite.tiles
            sheets = Sheets(easel, self.sheets, offsets.tiles_ms, grid, grid_for, apart)
        if recipe.preview:
            _shaped(partial(preview_size, recipe.preview), opened.medium)
        return Makers(
            Stills(easel, offsets.stills_ms),
            sheets,
            Samples(easel, self.scorer, recipe.candidates or 0),
        )

    def _preview(
        self,
        recipe: SnapshotRecipe,
        opened: Opened,
        makers: Makers,
        attempt: Attempt,
        files: Files,
    ) -> PreviewInfo | None:
        request = recipe.preview
        if request is None:
            return None
        shown = moving(request, opened.timeline, makers.samples.judged)
        preview = Preview(request, self.animators[request.format], files, self.least_share)
        return preview.put(opened.medium, shown, tell=_tell(attempt, 90, 98))

    def _storyboard(
        self, recipe: SnapshotRecipe, opened: Opened, makers: Makers, files: Files
    ) -> StoryboardInfo | None:
        if not (recipe.storyboard and makers.sheets):
            return None
        return put_storyboard(
            self.indexes,
            makers.sheets.infos,
            step_ms=opened.offsets.step_ms,
            duration_ms=opened.offsets.duration_ms,
            files=files,
        )


def failed(source: str, error: CoverError) -> SnapshotResult:
    """The result of an attempt that ended with `error`; `source` as it may be shown."""
    return SnapshotResult(source=source, status="failed", error=ErrorInfo(**error.facts()))


def _shaped(shape_for: Callable[[Size], Shape], medium: OpenMedium) -> Shape:
    """The shape for the size that the medium claims; for the true one where that makes none."""
    claimed = claimed_size(medium)
    if not all(claimed):
        return shape_for(upright_size(medium))
    try:
        return shape_for(claimed)
    except RequestError:
        return shape_for(upright_size(medium))


def _tell(attempt: Attempt, first_percent: float, last_percent: float) -> Tell:
    """Tells the attempt of a pass that stands between those percentages of the whole."""

    def tell(share: float, at_ms: int | None) -> None:
        attempt.progress(round(first_percent + share * (last_percent - first_percent), 1), at_ms)

    return tell


def _missing_ms(offsets: Offsets, missing: Missing, pick: Pick) -> tuple[int, ...]:
    """Those of the missing frames that were asked for: others only serve a choice."""
    asked = set(offsets.asked_ms)
    return tuple(
        one.offset_ms for one in missing.wanted if one.pick == pick and one.offset_ms in asked
    )
