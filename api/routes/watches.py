"""Watches over albums: listed, read, stopped. They are begun by `POST /v1/covers`."""

import re
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from api.bodies import refuse_unbuilt
from api.documents import answers
from api.parts import GivenState, TenantName
from api.watch_examples import WATCH_ID
from api.watching import WatchesView, WatchView, watch_view
from worker.errors import RequestError

WATCH_ID_FORM: Final = r"^wat_[0-9A-HJKMNP-TV-Z]{26}$"

router = APIRouter(tags=["watches"])
NoQueries = Depends(refuse_unbuilt)


class WatchesQuery(BaseModel):
    """Which watches to list."""

    model_config = ConfigDict(extra="forbid")

    cursor: str | None = Field(
        default=None, pattern=WATCH_ID_FORM, description="`next` of the page before."
    )
    limit: int = Field(default=50, ge=1, le=200)


async def known_watch_id(
    watch_id: Annotated[str, Path(description="The watch's id.", examples=[WATCH_ID])],
) -> str:
    """An id of the form we give; any other names no watch."""
    if not re.fullmatch(WATCH_ID_FORM, watch_id):
        raise RequestError("request.not_found", "There is no such watch.")
    return watch_id


WatchId = Annotated[str, Depends(known_watch_id)]


@router.get(
    "/v1/watches/{watch_id}",
    summary="Read a watch",
    responses=answers({200: (WatchView,)}, "request.not_found", "queue.unavailable"),
    dependencies=[NoQueries],
)
def read(watch_id: WatchId, state: GivenState, tenant: TenantName) -> JSONResponse:
    """The watch as it stands: the medium that gave the last cover, the last look, the next one."""
    watch = state.watches.read(tenant, watch_id)
    if watch is None:
        raise RequestError("request.not_found", "There is no such watch.")
    return JSONResponse(watch_view(watch))


@router.get(
    "/v1/watches",
    summary="List watches, newest first",
    responses=answers({200: (WatchesView,)}, "request.invalid", "queue.unavailable"),
)
def page(
    query: Annotated[WatchesQuery, Query()], state: GivenState, tenant: TenantName
) -> JSONResponse:
    """A page of the tenant's watches, stopped ones too for a while."""
    found = state.watches.page(tenant, cursor=query.cursor, limit=query.limit)
    watches = [watch_view(watch) for watch in found.watches]
    return JSONResponse({"watches": watches, "next": found.next_cursor})


@router.delete(
    "/v1/watches/{watch_id}",
    summary="Stop a watch",
    responses=answers({200: (WatchView,)}, "request.not_found", "queue.unavailable"),
    dependencies=[NoQueries],
)
def stop(watch_id: WatchId, state: GivenState, tenant: TenantName) -> JSONResponse:
    """The album is looked at no more; its cover stays, and a job that is under way goes on.

    The same request with `watch` begins it again. Stopping it twice does nothing more.
    """
    return JSONResponse(watch_view(state.watches.stop(tenant, watch_id)))
