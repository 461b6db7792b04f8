"""What the routes answer with: JSON shapes made of the contracts, also named in OpenAPI."""

from datetime import datetime
from typing import Any, Final, Literal

import structlog
from pydantic import BaseModel, Field

from api.targets import ProviderLimits
from worker.contracts.jobs import AnyRequest, Job, Progress
from worker.contracts.names import Lane, Status
from worker.contracts.plans import PlanRequest, PlanResult
from worker.contracts.records import JobRecord
from worker.contracts.requests import ChecksumRequest, CoverRequest
from worker.contracts.results import ChecksumResult, CoverResult, ErrorInfo
from worker.contracts.snapshot_results import SnapshotResult
from worker.contracts.snapshots import SnapshotRequest
from worker.errors import StorageError
from worker.ports import Store
from worker.rules.keys import is_public
from worker.rules.urls import shown

LINK_LIFE_S: Final = 3600
# Work on media. What is recorded and told is listed elsewhere.
JobKind = Literal["cover", "snapshot", "checksum", "plan"]
# What a client of a vendor's API set is between that client and us.
UNTOLD: Final[dict[str, Any]] = {"as_set": True, "of": {"as_set"}}

log = structlog.get_logger("firstframe.api")


class Links(BaseModel):
    self: str
    events: str = Field(description="Server-sent events of the job.")
    record: str | None = Field(default=None, description="The write-back of a job with a target.")
    watch: str | None = Field(default=None, description="The watch that the job was made for.")
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
    kind: JobKind
    status: Status
    lane: Lane
    attempts: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    request: CoverRequest | SnapshotRequest | ChecksumRequest | PlanRequest = Field(
        description="What was asked for; URLs without their query, which may be signed."
    )
    progress: Progress | None = Field(description="How far the attempt that runs has come.")
    result: CoverResult | SnapshotResult | ChecksumResult | PlanResult | None
    error: ErrorInfo | None
    record: JobRecord | None = Field(description="The write-back; null without a target.")
    links: Links


class JobsView(BaseModel):
    """A page of jobs, newest first; `next` is the cursor of the page after it."""

    jobs: list[JobView]
    next: str | None


class PlanView(BaseModel):
    """What the job would read, decode and make; `job` is the probe that found it out."""

    plan: PlanResult
    provider: ProviderLimits | None = Field(
        default=None, description="What the provider takes, for a request with a target."
    )
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
    line: int | None = Field(
        default=None, description="Of many requests, a line each, which one it was; from 1."
    )
    missing: list[str] | None = Field(
        default=None, description="What `/readyz` found to be missing."
    )


def job_view(job: Job, store: Store) -> dict[str, Any]:
    """A job as JSON: the record and its links; of the request only what was said or assumed."""
    view = job.model_dump(mode="json", exclude={"request"})
    view["request"] = told_request(job.request)
    path = job_path(job.id)
    view["links"] = {"self": path, "events": f"{path}/events"}
    if job.record:
        view["links"]["record"] = record_path(job.record.id)
    if job.watch:
        view["links"]["watch"] = watch_path(job.watch)
    for name, keys in _keys_of(job).items():
        private = [key for key in keys if key and not is_public(key)]
        if private:
            view["links"][name] = signed(private, store)
    return view


def told_request(request: AnyRequest) -> dict[str, Any]:
    """A request as it is told back: its URLs without queries, which may be signed or a secret."""
    hidden: dict[str, Any] = {"target": UNTOLD}
    told = request.model_dump(
        mode="json", exclude_none=True, exclude={**hidden, "cover": hidden, "snapshots": hidden}
    )
    for part in (told, told.get("cover", {}), told.get("snapshots", {})):
        if "callback_url" in part:
            part["callback_url"] = shown(part["callback_url"])
        if url := part.get("source", {}).get("url"):
            part["source"]["url"] = shown(url)
    return told


def plan_view(job: Job, limits: ProviderLimits | None) -> dict[str, Any]:
    """The forecast of a probe that has succeeded, and what the provider of its target takes."""
    assert job.result is not None
    provider = {"provider": limits.model_dump(mode="json", exclude_none=True)} if limits else {}
    return {"plan": job.result.model_dump(mode="json"), **provider, "job": job.id}


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


def record_path(record_id: str) -> str:
    """Where the write-back is read."""
    return f"/v1/records/{record_id}"


def watch_path(watch_id: str) -> str:
    """Where the watch is read, and stopped."""
    return f"/v1/watches/{watch_id}"
