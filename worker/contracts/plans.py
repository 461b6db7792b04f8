"""A forecast of a job: asked for with `plan=true`, probed by a worker, nothing is made."""

from typing import Literal

from pydantic import model_validator

from worker.contracts.names import Lane
from worker.contracts.passes import Forecast, Timeline
from worker.contracts.requests import CoverRequest, Request
from worker.contracts.results import Frozen, MediumInfo, Timings
from worker.contracts.snapshots import SnapshotRequest


class PlanRequest(Request):
    """The request that is forecast; exactly one of the two."""

    cover: CoverRequest | None = None
    snapshots: SnapshotRequest | None = None
    lane: Lane = "live"

    @model_validator(mode="after")
    def _exactly_one(self) -> "PlanRequest":
        if (self.cover is None) == (self.snapshots is None):
            raise ValueError("expected exactly one of 'cover', 'snapshots'")
        return self

    @property
    def wanted(self) -> CoverRequest | SnapshotRequest:
        """The request that is forecast."""
        wanted = self.cover or self.snapshots
        assert wanted is not None
        return wanted


class PlannedOutput(Frozen):
    """Files of one kind that would be made, all of one size; sizes of indexes are not known."""

    kind: Literal["cover", "snapshot", "candidate", "sheet", "tile", "storyboard", "preview"]
    count: int
    width: int | None = None
    height: int | None = None
    format: str


class PlanResult(Frozen):
    """What the job would read, decode and make. `cached`: it was made before, at no cost.

    The flag `sizes.claimed`: the frames at the beginning of the video are damaged, so that whether
    it is rotated is not known. Sizes are then those that the file claims.
    """

    status: Literal["succeeded"] = "succeeded"
    source: str
    medium: MediumInfo
    timeline: Timeline
    cached: bool
    forecast: Forecast
    outputs: tuple[PlannedOutput, ...]
    offsets_ms: tuple[int, ...] = ()
    flags: tuple[str, ...] = ()
    timings_ms: Timings = Timings()
