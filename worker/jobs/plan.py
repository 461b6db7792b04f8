"""The story of a plan: a medium is opened and probed, and what a job would take is told."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Final, NamedTuple

from worker.contracts.names import SIZES_CLAIMED
from worker.contracts.passes import Forecast, Timeline, Wanted
from worker.contracts.plans import PlannedOutput, PlanRequest, PlanResult
from worker.contracts.requests import Recipe
from worker.contracts.snapshots import SnapshotRecipe
from worker.errors import MediaError
from worker.geometry.shapes import Size
from worker.jobs.finishing import claimed_size, upright_size
from worker.jobs.timing import Stopwatch
from worker.ports import Attempt, Decoder, Encoder, OpenMedium, Reader, StoryboardIndex
from worker.rules.offsets import offsets_of
from worker.rules.outputs import cover_outputs, snapshot_outputs
from worker.rules.pieces import moving

NOTHING: Final = Forecast(bytes=0, frames=0, seeks=0)


class Expected(NamedTuple):
    """What a job would do."""

    forecast: Forecast
    outputs: tuple[PlannedOutput, ...]
    offsets_ms: tuple[int, ...] = ()
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class PlanStory:
    """Forecasts jobs; makes and stores nothing.

    Of a video whose size counts the first frame is decoded: before, nobody knows its rotation. One
    that gives snapshots, if not from its damaged beginning, is forecast with the size it claims.
    """

    decoder: Decoder
    encoders: Mapping[str, Encoder]
    indexes: Mapping[str, StoryboardIndex]
    max_bytes: int

    def run(
        self,
        request: PlanRequest,
        *,
        open_source: Callable[[], Reader],
        attempt: Attempt,
        cached: Callable[[str], bool],
    ) -> PlanResult:
        """What the request would take; `cached` tells of a fingerprint whether all is made already.

        Raises: as `forecast`.
        """
        wanted = request.wanted
        return self.forecast(wanted, open_source=open_source, attempt=attempt, cached=cached)

    def forecast(
        self,
        wanted: Recipe | SnapshotRecipe,
        *,
        open_source: Callable[[], Reader],
        attempt: Attempt,
        cached: Callable[[str], bool],
    ) -> PlanResult:
        """What the recipe would take of that source, wherever it was named.

        Raises: CoverError, also those that the job itself would end with before it decodes.
        """
        watch = Stopwatch()
        attempt.enter("source")
        with ExitStack() as held:
            with watch.stage("open"):
                reader = held.enter_context(closing(open_source()))
            attempt.enter("decode")
            with watch.stage("open"):
                max_bytes = self.max_bytes if isinstance(wanted, SnapshotRecipe) else None
                medium = self.decoder.open(reader, needed_px=1, max_bytes=max_bytes)
                held.enter_context(closing(medium))
                timeline = medium.timeline()
            with watch.stage("decode"):
                expected = self._expected(wanted, medium, timeline)
            made = reader.fingerprint is not None and cached(reader.fingerprint)
            return PlanResult(
                source=reader.label,
                medium=medium.info,
                timeline=timeline,
                cached=made,
                forecast=NOTHING if made else expected.forecast,
                outputs=expected.outputs,
                offsets_ms=expected.offsets_ms,
                flags=expected.flags,
                timings_ms=watch.timings(),
            )

    def _expected(
        self, wanted: Recipe | SnapshotRecipe, medium: OpenMedium, timeline: Timeline
    ) -> Expected:
        if isinstance(wanted, Recipe):
            frame = claimed_size(medium) if wanted.sizes else upright_size(medium)
            return Expected(medium.forecast([Wanted(0)]), cover_outputs(wanted, frame))
        offsets = offsets_of(wanted, timeline)
        frame, flags = _likely_size(medium)
        indexes = [
            index.extension
            for index in self.indexes.values()
            if index.takes(self.encoders[wanted.format].content_type)
        ]
        outputs = snapshot_outputs(wanted, offsets, frame, indexes=indexes)
        passes = [offsets.wanted(wanted.pick)]
        if wanted.preview:
            passes.append(moving(wanted.preview, timeline, ()).wanted)
        forecasts = [medium.forecast(frames) for frames in passes if frames]
        return Expected(_sum(forecasts), outputs, offsets.asked_ms, flags)


def _likely_size(medium: OpenMedium) -> tuple[Size, tuple[str, ...]]:
    """The size of the upright frame, or the claimed one and a flag that says so.

    Raises: MediaError where nothing can come of the video, or it claims no size.
    """
    try:
        return upright_size(medium), ()
    except MediaError as error:
        claimed = claimed_size(medium)
        if error.code != "media.corrupt" or not all(claimed):
            raise
        return claimed, (SIZES_CLAIMED,)


def _sum(forecasts: list[Forecast]) -> Forecast:
    known = [forecast.bytes for forecast in forecasts if forecast.bytes is not None]
    return Forecast(
        bytes=sum(known) if len(known) == len(forecasts) else None,
        frames=sum(forecast.frames for forecast in forecasts),
        seeks=sum(forecast.seeks for forecast in forecasts),
    )
