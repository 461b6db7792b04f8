"""Covers: a request becomes a job, and whoever likes waits for its end."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from api.bodies import read_json, refuse_unbuilt_of_covers
from api.disconnects import unless_gone
from api.documents import REQUEST_EXAMPLE, answers, json_body
from api.errors import FieldError, RefusedError
from api.parts import GivenSettings, GivenState, GivenStore, GivenWaiters, TenantName
from api.prefer import wait_s
from api.release import release
from api.routes.jobs import read_job
from api.views import JobView, job_path, job_view
from worker.contracts.jobs import Job
from worker.contracts.names import FINISHED
from worker.contracts.requests import CoverRequest
from worker.ports import Store
from worker.rules.keys import upload_key
from worker.wiring import State

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
        "queue.unavailable",
        "storage.unavailable",
        "storage.misconfigured",
    ),
    openapi_extra={**json_body(CoverRequest, REQUEST_EXAMPLE), "parameters": [_PREFER]},
)
async def make(  # each is a dependency that FastAPI fills in
    request: Request,
    settings: GivenSettings,
    state: GivenState,
    store: GivenStore,
    waiters: GivenWaiters,
    tenant: TenantName,
) -> JSONResponse:
    """The job takes its place in its lane; read it at `Location` until it has ended."""
    refuse_unbuilt_of_covers(request)
    wanted = await read_json(
        request,
        CoverRequest,
        max_bytes=settings.max_body_bytes,
        stall_timeout_s=settings.stall_timeout_s,
    )
    job = await run_in_threadpool(_take, state, store, tenant, wanted)
    headers = {"Location": job_path(job.id)}
    timeout_s = wait_s(request.headers.getlist("prefer"))
    if timeout_s is not None:
        headers["Preference-Applied"] = f"wait={timeout_s}"
        taken = job

        async def read() -> Job:
            return await run_in_threadpool(read_job, state, tenant, taken.id)

        waiting = waiters.wait(job.id, read, timeout_s=timeout_s)
        job = await unless_gone(request, waiting)
    status = 200 if timeout_s is not None and job.status in FINISHED else 202
    return JSONResponse(job_view(job), status_code=status, headers=headers)


def _take(state: State, store: Store, tenant: str, wanted: CoverRequest) -> Job:
    upload = wanted.source.upload
    if upload is not None and store.find(upload_key(tenant, upload)) is None:
        field = FieldError("source.upload", "there is no such upload")
        raise RefusedError("request.not_found", "There is no such upload.", errors=[field])
    job = state.jobs.create(tenant, wanted)
    release(state.lanes, job.lane)
    return job
