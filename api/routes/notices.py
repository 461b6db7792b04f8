"""Notices: what callback URLs were told, and telling them again."""

import re
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from api.bodies import refuse_unbuilt
from api.documents import answers
from api.examples import NOTICE_ID
from api.ledger import NoticesView, NoticeView, notice_view
from api.parts import GivenLedger, GivenState
from api.release import release
from worker.contracts.records import DeliveryState
from worker.errors import RequestError

NOTICE_ID_FORM: Final = r"^msg_[0-9A-HJKMNP-TV-Z]{26}_[0-9]{1,19}$"

router = APIRouter(tags=["records"])
NoQueries = Depends(refuse_unbuilt)


class NoticesQuery(BaseModel):
    """Which notices to list."""

    model_config = ConfigDict(extra="forbid")

    state: DeliveryState | None = None
    cursor: str | None = Field(
        default=None, pattern=NOTICE_ID_FORM, description="`next` of the page before."
    )
    limit: int = Field(default=50, ge=1, le=200)


async def known_notice_id(
    notice_id: Annotated[str, Path(description="The notice's id.", examples=[NOTICE_ID])],
) -> str:
    """An id of the form we give; any other names no notice."""
    if not re.fullmatch(NOTICE_ID_FORM, notice_id):
        raise RequestError("request.not_found", "There is no such notice.")
    return notice_id


NoticeId = Annotated[str, Depends(known_notice_id)]


@router.get(
    "/v1/notices/{notice_id}",
    summary="Read a notice",
    responses=answers({200: (NoticeView,)}, "request.not_found", "queue.unavailable"),
    dependencies=[NoQueries],
)
def read(notice_id: NoticeId, ledger: GivenLedger) -> JSONResponse:
    """The notice as it stands: how often it was tried, when it is tried again, what went wrong."""
    return JSONResponse(notice_view(ledger.notice(notice_id)))


@router.get(
    "/v1/notices",
    summary="List notices, newest first",
    responses=answers({200: (NoticesView,)}, "request.invalid", "queue.unavailable"),
)
def page(query: Annotated[NoticesQuery, Query()], ledger: GivenLedger) -> JSONResponse:
    """A page of what the tenant's callback URLs are told; `state=failed` are those given up."""
    found = ledger.notices(query.state, cursor=query.cursor, limit=query.limit)
    notices = [notice_view(each) for each in found.notices]
    return JSONResponse({"notices": notices, "next": found.next_cursor})


@router.post(
    "/v1/notices/{notice_id}/replay",
    summary="Send a notice again",
    status_code=202,
    responses=answers({202: (NoticeView,)}, "request.not_found", "job.state", "queue.unavailable"),
    dependencies=[NoQueries],
)
async def replay(notice_id: NoticeId, ledger: GivenLedger, state: GivenState) -> JSONResponse:
    """The same message again, with the same id; an endpoint that was gone is called again."""
    notice = await run_in_threadpool(ledger.replay, notice_id)
    await run_in_threadpool(release, state.lanes, "notify")
    headers = {"Location": f"/v1/notices/{notice.id}"}
    return JSONResponse(notice_view(notice), status_code=202, headers=headers)
