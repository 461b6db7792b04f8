"""Watches over albums as callers see them, as JSON."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from api.views import job_path, told_request, watch_path
from worker.contracts.names import Status
from worker.contracts.requests import CoverRequest
from worker.contracts.results import ErrorInfo
from worker.contracts.watches import Watch, WatchedMedium, WatchState


class WatchLinks(BaseModel):
    self: str
    job: str = Field(description="The newest job; finished ones are removed after a while.")


class WatchView(BaseModel):
    """An album that is looked at; each time its first medium is another, there is a job."""

    id: str
    state: WatchState
    request: CoverRequest
    medium: WatchedMedium | None = Field(
        description="What gave the last cover, and the job that made it; null before the first."
    )
    job: str
    job_status: Status | None = Field(description="Null once the job is removed.")
    jobs: int = Field(description="How many jobs were made because of a change.")
    failures: int = Field(description="Looks in a row that found no medium.")
    error: ErrorInfo | None = Field(description="Why the last look found none.")
    created_at: datetime
    looked_at: datetime | None
    changed_at: datetime | None = Field(description="When the last change was seen.")
    stopped_at: datetime | None
    next_at: datetime | None = Field(description="When it is looked at next.")
    links: WatchLinks


class WatchesView(BaseModel):
    """A page of watches, newest first; `next` is the cursor of the page after it."""

    watches: list[WatchView]
    next: str | None


def watch_view(watch: Watch) -> dict[str, Any]:
    """A watch as JSON."""
    return {
        **watch.model_dump(mode="json", exclude={"request"}),
        "request": told_request(watch.request),
        "links": {"self": watch_path(watch.id), "job": job_path(watch.job)},
    }
