"""Covers: a request becomes a job, and whoever likes waits for its end."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from api.bodies import read_json, refuse_unbuilt_of_covers
from api.disconnects import unless_gone
from api.documents import REQUEST_EXAMPLE, answers, json_body
from api.parts import GivenIntake, GivenReach, GivenSettings, GivenWaiters, TenantName
from api.prefer import wait_s
from api.views import JobView, job_path, job_view
from worker.contracts.jobs import Job
from worker.contracts.names import FINISHED
from worker.contracts.requests import CoverRequest

router = APIRouter(tags=["covers"])

_PREFER = {
    "name": "Prefer",
    "in": "header",
    "required": False,
    "description": "`wait=N`: answer 200 with the finished job, failed ones included, if it "
    "ends within N seconds (60 at most), else 202 with the job as it stands (RFC 7240).",
    "schema": {"type": "string"},
    "example": "wait=20",
}


@router.post(
    "/v1/covers",
    summary="Make covers",
    status_code=202,
    responses=answers(
        {200: JobView, 202: JobView},
        "request.invalid",
        "request.not_available",
        "request.not_found",
        "request.content_type",
        "request.too_large",
        "request.timeout",
        "source.not_allowed",
        "queue.unavailable",
        "storage.unavailable",
        "storage.misconfigured",
    ),
    openapi_extra={**json_body(CoverRequest, REQUEST_EXAMPLE), "parameters": [_PREFER]},
)
async def make(  # each is a dependency that FastAPI fills in
    request: Request,
    settings: GivenSettings,
    intake: GivenIntake,
    reach: GivenReach,
    waiters: GivenWaiters,
    tenant: TenantName,
) -> JSONResponse:
    """The job takes its place in its lane; read it at `Location` until it has ended.

    Requests that are alike in every field share one job while it is queued or running; whoever
    cancels it, cancels it for all. Later, the same medium with the same recipe is answered from
    the covers that are stored, without decoding it again, where its server gives a strong ETag.

    With `visibility` `private`, and always for media of private libraries, covers have no `url`:
    `links.covers` of the job has links that open them for an hour, made whenever it is read.
    """
    refuse_unbuilt_of_covers(request)
    wanted = await read_json(
        request,
        CoverRequest,
        max_bytes=settings.max_body_bytes,
        stall_timeout_s=settings.stall_timeout_s,
    )
    job = await run_in_threadpool(intake.take, tenant, wanted)
    headers = {"Location": job_path(job.id)}
    timeout_s = wait_s(request.headers.getlist("prefer"))
    if timeout_s is not None:
        headers["Preference-Applied"] = f"wait={timeout_s}"
        taken = job

        async def read() -> Job:
            return await run_in_threadpool(reach.read, taken.id)

        waiting = waiters.wait(job.id, read, timeout_s=timeout_s)
        job = await unless_gone(request, waiting)
    status = 200 if timeout_s is not None and job.status in FINISHED else 202
    return JSONResponse(job_view(job, intake.store), status_code=status, headers=headers)
