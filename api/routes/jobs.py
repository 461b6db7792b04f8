"""Jobs: read, list, cancel, run a failed one again."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.bodies import refuse_unbuilt
from api.documents import answers
from api.parts import JOB_ID, GivenReach, GivenState, GivenStore, JobId
from api.release import release
from api.views import JobKind, JobsView, JobView, job_path, job_view
from worker.contracts.names import Lane, Status
from worker.state.listing import Filters

router = APIRouter(tags=["jobs"])
NoQueries = Depends(refuse_unbuilt)


class JobsQuery(BaseModel):
    """Which jobs to list."""

    model_config = ConfigDict(extra="forbid")

    status: Status | None = None
    kind: JobKind | None = None
    lane: Lane | None = None
    created_after: AwareDatetime | None = Field(
        default=None, description="RFC 3339 with a zone; jobs made after it."
    )
    cursor: str | None = Field(
        default=None, pattern=JOB_ID, description="`next` of the page before."
    )
    limit: int = Field(default=50, ge=1, le=200)


@router.get(
    "/v1/jobs/{job_id}",
    summary="Read a job",
    responses=answers({200: (JobView,)}, "request.not_found", "queue.unavailable"),
    dependencies=[NoQueries],
)
def read(job_id: JobId, reach: GivenReach, store: GivenStore) -> JSONResponse:
    """The job as it stands; `result` once it has succeeded, `error` once it has failed."""
    return JSONResponse(job_view(reach.read(job_id), store))


@router.get(
    "/v1/jobs",
    summary="List jobs, newest first",
    responses=answers({200: (JobsView,)}, "request.invalid", "queue.unavailable"),
)
def page(
    query: Annotated[JobsQuery, Query()], reach: GivenReach, store: GivenStore
) -> JSONResponse:
    """A page of the tenant's jobs; pass `next` as `cursor` for the one after it.

    A page may be short, or empty, and have one after it.
    """
    filters = Filters(query.status, query.kind, query.lane, query.created_after)
    found = reach.page(filters, cursor=query.cursor, limit=query.limit)
    jobs = [job_view(job, store) for job in found.jobs]
    return JSONResponse({"jobs": jobs, "next": found.next_cursor})


@router.delete(
    "/v1/jobs/{job_id}",
    summary="Cancel a job",
    responses=answers({200: (JobView,)}, "request.not_found", "job.state", "queue.unavailable"),
    dependencies=[NoQueries],
)
def cancel(job_id: JobId, reach: GivenReach, store: GivenStore) -> JSONResponse:
    """A queued job ends at once; a running one lets its work go within a second."""
    return JSONResponse(job_view(reach.cancel(job_id), store))


@router.post(
    "/v1/jobs/{job_id}/retry",
    summary="Run a failed job again",
    status_code=202,
    responses=answers({202: (JobView,)}, "request.not_found", "job.state", "queue.unavailable"),
    dependencies=[NoQueries],
)
def retry(job_id: JobId, reach: GivenReach, state: GivenState, store: GivenStore) -> JSONResponse:
    """The failed job goes back to its lane, as the same job."""
    job = reach.retry(job_id)
    release(state.lanes, job.lane)
    told = job_view(job, store)
    return JSONResponse(told, status_code=202, headers={"Location": job_path(job.id)})
