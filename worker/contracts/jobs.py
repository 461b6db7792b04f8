"""A job as it is recorded and told: frozen values with JSON in and out."""

from datetime import datetime
from typing import Final, NamedTuple, cast

from pydantic import Field

from worker.contracts.names import Kind, Lane, Status
from worker.contracts.plans import PlanRequest, PlanResult
from worker.contracts.records import (
    JobRecord,
    Notice,
    NoticeResult,
    RecordOrder,
    RecordResult,
)
from worker.contracts.requests import ChecksumRequest, CoverRequest, SourceReference
from worker.contracts.results import ChecksumResult, CoverResult, ErrorInfo, Frozen
from worker.contracts.snapshot_results import SnapshotResult
from worker.contracts.snapshots import SnapshotRequest

AnyRequest = CoverRequest | SnapshotRequest | ChecksumRequest | PlanRequest | RecordOrder | Notice
AnyResult = CoverResult | SnapshotResult | ChecksumResult | PlanResult | RecordResult | NoticeResult

REQUESTS: Final[dict[str, type[AnyRequest]]] = {
    "cover": CoverRequest,
    "snapshot": SnapshotRequest,
    "checksum": ChecksumRequest,
    "plan": PlanRequest,
    "record": RecordOrder,
    "notify": Notice,
}
RESULTS: Final[dict[str, type[AnyResult]]] = {
    "cover": CoverResult,
    "snapshot": SnapshotResult,
    "checksum": ChecksumResult,
    "plan": PlanResult,
    "record": RecordResult,
    "notify": NoticeResult,
}


def kind_of(request: AnyRequest) -> Kind:
    """The kind of the job that a request makes."""
    return cast(Kind, next(kind for kind, model in REQUESTS.items() if type(request) is model))


def source_of(request: AnyRequest) -> SourceReference | None:
    """The medium that a job reads; only work on media, not on parts of uploads, has one."""
    if isinstance(request, PlanRequest):
        return request.wanted.source
    if isinstance(request, ChecksumRequest | RecordOrder | Notice):
        return None
    return request.source


class Progress(Frozen):
    """How far a running attempt has come; `at_ms` is the time in the medium."""

    percent: float
    stage: str
    at_ms: int | None = None


class Item(NamedTuple):
    """A piece of work as a message carries it."""

    kind: str
    id: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"

    @classmethod
    def parse(cls, text: str) -> "Item":
        kind, _, item_id = text.partition(":")
        return cls(kind, item_id)


class Job(Frozen):
    """A job's record. Times are UTC; `finished_at` is set once, with the last status.

    `revision` counts the changes, as its events do. `watch` is the one that it was made for.
    """

    id: str
    tenant: str = Field(exclude=True)
    kind: Kind
    status: Status
    lane: Lane
    attempts: int
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    request: AnyRequest
    progress: Progress | None = None
    result: AnyResult | None = None
    error: ErrorInfo | None = None
    record: JobRecord | None = None
    watch: str | None = Field(default=None, exclude=True)
    revision: int = Field(default=1, exclude=True)


class AttemptedJob(NamedTuple):
    """What an attempt needs to know; `without_faces` after one died while detecting."""

    id: str
    tenant: str
    request: AnyRequest
    attempt: int
    without_faces: bool = False


class JobEvent(NamedTuple):
    """A change of a job's state or progress, as the event stream tells it."""

    tenant: str
    id: str
    kind: Kind
    status: Status
    revision: int
    progress: Progress | None = None
