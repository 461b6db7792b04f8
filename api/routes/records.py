"""Records: existing covers written to targets, and the ledger of all write-backs."""

import re
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import JSONResponse, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from api.batches import is_batch
from api.bodies import refuse_unbuilt
from api.documents import PREFER, answers, json_body
from api.examples import RECORD_ID, RECORD_REQUEST
from api.ledger import RecordsView, RecordView, record_view
from api.parts import JOB_ID, GivenLedger, GivenRecording, GivenState
from api.release import release
from api.views import record_path
from worker.contracts.records import RecordRequest, RecordState
from worker.contracts.targets import ProviderName
from worker.errors import RequestError
from worker.state.records import RecordFilters

RECORD_ID_FORM: Final = r"^rec_[0-9A-HJKMNP-TV-Z]{26}$"

router = APIRouter(tags=["records"])
NoQueries = Depends(refuse_unbuilt)


class RecordsQuery(BaseModel):
    """Which records to list."""

    model_config = ConfigDict(extra="forbid")

    state: RecordState | None = None
    provider: ProviderName | None = None
    job: str | None = Field(default=None, pattern=JOB_ID)
    target: str | None = Field(
        default=None,
        max_length=1024,
        description="What the provider calls the target: its asset, media or video id, a path.",
    )
    created_after: AwareDatetime | None = Field(
        default=None, description="RFC 3339 with a zone; records made after it."
    )
    cursor: str | None = Field(
        default=None, pattern=RECORD_ID_FORM, description="`next` of the page before."
    )
    limit: int = Field(default=50, ge=1, le=200)


async def known_record_id(
    record_id: Annotated[str, Path(description="The record's id.", examples=[RECORD_ID])],
) -> str:
    """An id of the form we give; any other names no record."""
    if not re.fullmatch(RECORD_ID_FORM, record_id):
        raise RequestError("request.not_found", "There is no such record.")
    return record_id


RecordId = Annotated[str, Depends(known_record_id)]


@router.post(
    "/v1/records",
    summary="Record an existing cover at a target",
    status_code=202,
    responses=answers(
        {200: (RecordView,), 202: (RecordView,)},
        "request.invalid",
        "request.not_available",
        "request.not_found",
        "request.content_type",
        "request.too_large",
        "request.timeout",
        "job.state",
        "provider.not_allowed",
        "provider.url_unfit",
        "provider.unsupported",
        "webhook.url_blocked",
        "queue.unavailable",
    ),
    openapi_extra={
        **json_body(RecordRequest, RECORD_REQUEST, lines=True),
        "parameters": [PREFER],
    },
)
async def make(recording: GivenRecording) -> Response:
    """The cover is a picture by its id, or that of a job: of `size`, else the largest.

    The record takes its place among those of its provider; read it at `Location` until its state
    is no longer `pending`. Each request is a record of its own, newer than all before it: where
    two name one target, the newer cover stands in the end, whatever becomes of the other.

    As `application/x-ndjson` the body is many requests, one a line; the answer is a line for
    each, in order: the record, or the problem with its `line`, while the others go on.
    """
    if is_batch(recording.taking.request):
        return await recording.lines()
    return await recording.answer()


@router.get(
    "/v1/records/{record_id}",
    summary="Read a record",
    responses=answers({200: (RecordView,)}, "request.not_found", "queue.unavailable"),
    dependencies=[NoQueries],
)
def read(record_id: RecordId, ledger: GivenLedger) -> JSONResponse:
    """The record as it stands; `error` is its last failure, while it is tried again, too."""
    return JSONResponse(record_view(ledger.record(record_id)))


@router.get(
    "/v1/records",
    summary="List records, newest first",
    responses=answers({200: (RecordsView,)}, "request.invalid", "queue.unavailable"),
)
def page(query: Annotated[RecordsQuery, Query()], ledger: GivenLedger) -> JSONResponse:
    """A page of the tenant's records, those of its jobs too; pass `next` as `cursor`.

    A page may be short, or empty, and have one after it.
    """
    filters = RecordFilters(
        query.state, query.provider, query.job, query.created_after, query.target
    )
    found = ledger.records(filters, cursor=query.cursor, limit=query.limit)
    records = [record_view(each) for each in found.records]
    return JSONResponse({"records": records, "next": found.next_cursor})


@router.post(
    "/v1/records/{record_id}/retry",
    summary="Run a failed record again",
    status_code=202,
    responses=answers({202: (RecordView,)}, "request.not_found", "job.state", "queue.unavailable"),
    dependencies=[NoQueries],
)
async def retry(record_id: RecordId, ledger: GivenLedger, state: GivenState) -> JSONResponse:
    """The record is a new order then: it counts as newer than all before."""
    record = await run_in_threadpool(ledger.retry, record_id)
    await run_in_threadpool(release, state.lanes, record.lane)
    headers = {"Location": record_path(record.id)}
    return JSONResponse(record_view(record), status_code=202, headers=headers)
