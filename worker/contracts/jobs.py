"""A job as it is recorded and told: frozen values with JSON in and out."""

from datetime import datetime
from typing import Final, NamedTuple

from pydantic import Field

from worker.contracts.names import Kind, Lane, Status
from worker.contracts.requests import ChecksumRequest, CoverRequest
from worker.contracts.results import ChecksumResult, CoverResult, ErrorInfo, Frozen

AnyRequest = CoverRequest | ChecksumRequest
AnyResult = CoverResult | ChecksumResult

REQUESTS: Final[dict[str, type[CoverRequest] | type[ChecksumRequest]]] = {
    "cover": CoverRequest,
    "checksum": ChecksumRequest,
}
RESULTS: Final[dict[str, type[CoverResult] | type[ChecksumResult]]] = {
    "cover": CoverResult,
    "checksum": ChecksumResult,
}


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
    """A job's record. Times are UTC; `finished_at` is set once, with the last status."""

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
    result: AnyResult | None = None
    error: ErrorInfo | None = None
    record: None = None


class AttemptedJob(NamedTuple):
    """What an attempt needs to know; `without_faces` after one died while detecting."""

    id: str
    tenant: str
    request: AnyRequest
    attempt: int
    without_faces: bool = False


class JobEvent(NamedTuple):
    """A change of a job's state, as the event stream tells it."""

    tenant: str
    id: str
    status: Status
    revision: int
