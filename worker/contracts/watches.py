"""A watch over an album: what it looks for, what it saw, which medium gave the last cover."""

from datetime import datetime
from typing import Literal, NamedTuple

from pydantic import Field

from worker.contracts.names import Status
from worker.contracts.requests import CoverRequest
from worker.contracts.results import ErrorInfo, Frozen

WatchState = Literal["watching", "stopped"]


class Sight(NamedTuple):
    """Which medium is first, as a cover's result tells it: `source`, and `source_version`."""

    source: str
    version: str | None


class WatchedMedium(Frozen):
    """The medium that gave the last cover, and the job that made it."""

    source: str
    version: str | None = None
    job: str


class Watch(Frozen):
    """An album whose cover is made and recorded again when its first medium is another.

    `job` is the newest one; `jobs` of them were made by looking. `failures` counts the looks in a
    row that found no medium, `error` is the last of them. `looked_at` is of the last look,
    `changed_at` of the last that made a job, `next_at` of the next one.
    """

    id: str
    tenant: str = Field(exclude=True)
    state: WatchState
    request: CoverRequest
    medium: WatchedMedium | None = None
    job: str
    job_status: Status | None = None
    jobs: int = 0
    failures: int = 0
    error: ErrorInfo | None = None
    created_at: datetime
    looked_at: datetime | None = None
    changed_at: datetime | None = None
    stopped_at: datetime | None = None
    next_at: datetime | None = None
