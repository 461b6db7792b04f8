"""What the routes answer with: JSON shapes made of the contracts, also named in OpenAPI."""

from datetime import datetime
from typing import Any, Final, Literal

import structlog
from pydantic import BaseModel, Field

from worker.contracts.jobs import AnyRequest, AnyResult, Job, Progress
from worker.contracts.names import Kind, Lane, Status
from worker.contracts.plans import PlanResult
from worker.contracts.results import CoverResult, ErrorInfo
from worker.contracts.snapshot_results import SnapshotResult
from worker.errors import StorageError
from worker.ports import Store
from worker.rules.keys import is_public

LINK_LIFE_S: Final = 3600

log = structlog.get_logger("firstframe.api")


class Links(BaseModel):
    self: str
    events: str = Field(description="Server-sent events of the job.")
    covers: list[str] | None = Field(
        default=None,
        description="Links that open the private covers of `result`, in its order, for an hour; "
        "made anew at each reading. Absent where covers are public, empty where the store has no "
        "secret to sign with.",
    )
    files: list[str] | None = Field(
        default=None,
        description="The same for the private files of a snapshot job: snapshots, candidates, "
        "sheets, each before its tiles, storyboard (WebVTT, HLS, DASH), preview.",
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
    progress: Progress | None = Field(description="How far the attempt that runs has come.")
    result: AnyResult | None
    error: ErrorInfo | None
    record: None
    links: Links


class JobsView(BaseModel):
    """A page of jobs, newest first; `next` is the cursor of the page after it."""

    jobs: list[JobView]
    next: str | None


class PlanView(BaseModel):
    """What the job would read, decode and make; `job` is the probe that found it out."""

    plan: PlanResult
    job: str


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
    path = job_path(job.id)
    view["links"] = {"self": path, "events": f"{path}/events"}
    for name, keys in _keys_of(job).items():
        private = [key for key in keys if key and not is_public(key)]
        if private:
            view["links"][name] = signed(private, store)
    return view


def plan_view(job: Job) -> dict[str, Any]:
    """The forecast of a probe that has succeeded."""
    assert job.result is not None
    return {"plan": job.result.model_dump(mode="json"), "job": job.id}


def _keys_of(job: Job) -> dict[str, list[str | None]]:
    """The keys of what was made, by the name of the links to it."""
    if isinstance(job.result, CoverResult):
        return {"covers": [cover.key for cover in job.result.covers]}
    if isinstance(job.result, SnapshotResult):
        return {"files": [file.key for file in job.result.files()]}
    return {}


def signed(keys: list[str], store: Store) -> list[str]:
    """Links to private objects, for `LINK_LIFE_S`; none where the store has no secret."""
    try:
        return [store.signed_url(key, expires_s=LINK_LIFE_S) for key in keys]
    except StorageError as error:
        # The job can be read all the same; who set up the store without a secret is told here.
        log.warning("no links for private files", code=error.code, error=error.message)
        return []


def job_path(job_id: str) -> str:
    """Where the job is read."""
    return f"/v1/jobs/{job_id}"
