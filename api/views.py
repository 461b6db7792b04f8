"""What the routes answer with: JSON shapes made of the contracts, also named in OpenAPI."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from worker.contracts.jobs import Job
from worker.contracts.names import Kind, Lane, Status
from worker.contracts.requests import CoverRequest
from worker.contracts.results import CoverResult, ErrorInfo


class Links(BaseModel):
    self: str


class JobView(BaseModel):
    """A job as callers see it."""

    id: str
    kind: Kind
    status: Status
    lane: Lane
    attempts: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    request: CoverRequest
    result: CoverResult | None
    error: ErrorInfo | None
    record: None
    links: Links


class JobsView(BaseModel):
    """A page of jobs, newest first; `next` is the cursor of the page after it."""

    jobs: list[JobView]
    next: str | None


class UploadView(BaseModel):
    """An upload: name it in a job's source within 24 hours, then it is swept."""

    upload: str
    bytes: int
    sha256: str


class AliveView(BaseModel):
    alive: Literal[True]


class ReadyView(BaseModel):
    """Whether jobs can be taken; `warnings` names what else an operator should know."""

    ready: Literal[True]
    warnings: list[str]


class FieldErrorView(BaseModel):
    field: str
    message: str


class Problem(BaseModel):
    """A failure (RFC 9457). `code` is stable; `retryable` says whether trying again helps."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    retryable: bool
    job: str | None = Field(default=None, description="The job's id, where there is one.")
    errors: list[FieldErrorView] | None = Field(
        default=None, description="Each field that was refused."
    )
    missing: list[str] | None = Field(
        default=None, description="What `/readyz` found to be missing."
    )


def job_view(job: Job) -> dict[str, Any]:
    """A job as JSON: the record and its links; of the request only what was said or assumed."""
    view = job.model_dump(mode="json", exclude={"request"})
    view["request"] = job.request.model_dump(mode="json", exclude_none=True)
    view["links"] = {"self": job_path(job.id)}
    return view


def job_path(job_id: str) -> str:
    """Where the job is read."""
    return f"/v1/jobs/{job_id}"
