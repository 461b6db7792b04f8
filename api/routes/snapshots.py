"""Snapshots: stills, sprite sheets, storyboards and previews of a video, as one job."""

from fastapi import APIRouter
from fastapi.responses import Response

from api.documents import MAKING_CODES, MAKING_PARAMETERS, answers, json_body
from api.examples import SNAPSHOT_REQUEST
from api.parts import GivenTaking
from api.views import JobView, PlanView
from worker.contracts.snapshots import SnapshotRequest

router = APIRouter(tags=["snapshots"])


@router.post(
    "/v1/snapshots",
    summary="Make snapshots, sprite sheets, storyboards and previews",
    status_code=202,
    responses=answers({200: (JobView, PlanView), 202: (JobView,)}, *MAKING_CODES),
    openapi_extra={
        **json_body(SnapshotRequest, SNAPSHOT_REQUEST, lines=True),
        "parameters": MAKING_PARAMETERS,
    },
)
async def make(taking: GivenTaking) -> Response:
    """The job takes its place in its lane, `backfill` unless `lane` says otherwise.

    It decodes the video once for everything that is asked for: stills at `times`, every
    `interval_s` or `count` in all; a `sprite`; a `storyboard` of sheets with its index as WebVTT,
    as an HLS image playlist and as a DASH thumbnail track; a moving `preview`; and `candidates`,
    the most telling frames to choose a cover from.

    Frames that cannot be read are listed in `missing_ms` of the result. Requests that are alike
    share one job while it is queued or running.

    With `visibility` `private`, and always for media of private libraries, files have no `url`:
    `links.files` of the job has links that open them for an hour, in the order snapshots,
    candidates, sheets (each before its tiles), storyboard (WebVTT, HLS, DASH), preview.
    """
    return await taking.answer(SnapshotRequest)
