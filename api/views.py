"""What the routes answer with: JSON shapes made of the contracts, also named in OpenAPI."""

from datetime import datetime
from typing import Any, Final, Literal

import structlog
from pydantic import BaseModel, Field

from worker.contracts.jobs import AnyRequest, AnyResult, Job
from worker.contracts.names import Kind, Lane, Status
from worker.contracts.results import CoverResult, ErrorInfo
from worker.errors import StorageError
from worker.ports import Store
from worker.rules.keys import is_public

LINK_LIFE_S: Final = 3600

log = structlog.get_logger("firstframe.api")


class Links(BaseModel):
    self: str
    covers: list[str] | None = Field(
        default=None,
        description="Links that open the private covers of `result`, in its order, for an hour; "
        "made anew at each reading. Absent where covers are public, empty where the store has no "
        "secret to sign with.",
    )


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
    request: AnyRequest
    result: AnyResult | None
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


def job_view(job: Job, store: Store) -> dict[str, Any]:
    """A job as JSON: the record and its links; of the request only what was said or assumed."""
    view = job.model_dump(mode="json", exclude={"request"})
    view["request"] = job.request.model_dump(mode="json", exclude_none=True)
    view["links"] = {"self": job_path(job.id)}
    keys = _private_keys(job)
    if keys:
        view["links"]["covers"] = _signed(keys, store)
    return view


def _private_keys(job: Job) -> list[str]:
    covers = job.result.covers if isinstance(job.result, CoverResult) else ()
    return [cover.key for cover in covers if cover.key and not is_public(cover.key)]


def _signed(keys: list[str], store: Store) -> list[str]:
    try:
        return [store.signed_url(key, expires_s=LINK_LIFE_S) for key in keys]
    except StorageError as error:
        # The job can be read all the same; who set up the store without a secret is told here.
        log.warning("no links for private covers", code=error.code, error=error.message)
        return []


def job_path(job_id: str) -> str:
    """Where the job is read."""
    return f"/v1/jobs/{job_id}"
