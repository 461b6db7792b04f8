"""Covers: a request becomes a job, and whoever likes waits for its end."""

from fastapi import APIRouter
from fastapi.responses import Response

from api.documents import MAKING_CODES, MAKING_PARAMETERS, answers, json_body
from api.examples import COVER_REQUEST
from api.parts import GivenTaking
from api.views import JobView, PlanView
from worker.contracts.requests import CoverRequest

router = APIRouter(tags=["covers"])


@router.post(
    "/v1/covers",
    summary="Make covers",
    status_code=202,
    responses=answers({200: (JobView, PlanView), 202: (JobView,)}, *MAKING_CODES),
    openapi_extra={
        **json_body(CoverRequest, COVER_REQUEST, lines=True),
        "parameters": MAKING_PARAMETERS,
    },
)
async def make(taking: GivenTaking) -> Response:
    """The job takes its place in its lane; read it at `Location` until it has ended.

    Requests that are alike in every field share one job while it is queued or running; whoever
    cancels it, cancels it for all. Later, the same medium with the same recipe is answered from
    the covers that are stored, without decoding it again, where its server gives a strong ETag.

    With `visibility` `private`, and always for media of private libraries, covers have no `url`:
    `links.covers` of the job has links that open them for an hour, made whenever it is read.

    With a `target` the cover is recorded there when it is made; `record` of the job tells of it,
    and more at `links.record`. A `callback_url` is told when the job has ended.

    With `watch` the album of the source is looked at from now on, and covered again whenever its
    first medium is another; the same request again is the same watch, at `links.watch`.

    As `application/x-ndjson` the body is many requests, one a line; the answer is a line for
    each, in order: the job, or the problem with its `line`, while the others go on.
    """
    return await taking.answer(CoverRequest)
