"""Choosing: a picture of a finished job becomes a cover."""

from functools import partial

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api.bodies import refuse_unbuilt
from api.choosing import request_of
from api.documents import PREFER, answers, json_body
from api.examples import CHOICE
from api.parts import GivenTaking, JobId
from api.views import JobView
from worker.contracts.choices import Choice

router = APIRouter(tags=["jobs"])


@router.post(
    "/v1/jobs/{job_id}/choose",
    summary="Make a cover of a picture of a job",
    status_code=202,
    responses=answers(
        {200: (JobView,), 202: (JobView,)},
        "request.invalid",
        "request.not_available",
        "request.not_found",
        "request.content_type",
        "request.too_large",
        "request.timeout",
        "job.state",
        "queue.unavailable",
    ),
    openapi_extra={**json_body(Choice, CHOICE), "parameters": [PREFER]},
)
async def choose(job_id: JobId, taking: GivenTaking) -> Response:
    """A new job makes covers of a snapshot, a candidate, or any picture of the job by its id.

    They are squares of `sizes` around the faces, or without `sizes` the whole picture; neither
    the video nor its other frames are read again. Covers of a private picture are private.
    """
    refuse_unbuilt(taking.request)
    choice = await taking.body(Choice)
    job = await run_in_threadpool(taking.reach.read, job_id)
    image_of = partial(taking.intake.image, taking.reach.tenant)
    return await taking.started(await run_in_threadpool(request_of, choice, job, image_of))
