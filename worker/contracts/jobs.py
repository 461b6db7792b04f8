"""A job as it is recorded and told: frozen values with JSON in and out."""

from datetime import datetime
from typing import NamedTuple

from pydantic import Field

from worker.contracts.names import Kind, Lane, Status
from worker.contracts.requests import CoverRequest
from worker.contracts.results import CoverResult, ErrorInfo, Frozen


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
    request: CoverRequest
    result: CoverResult | None = None
    error: ErrorInfo | None = None
    record: None = None


class CoverJob(NamedTuple):
    """What an attempt at a cover needs to know; `without_faces` after one died while detecting."""

    id: str
    tenant: str
    request: CoverRequest
    attempt: int
    without_faces: bool = False


class JobEvent(NamedTuple):
    """A change of a job's state, as the event stream tells it."""

    tenant: str
    id: str
    status: Status
    revision: int
