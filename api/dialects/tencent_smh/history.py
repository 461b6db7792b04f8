"""`/directory-history/…`: the versions of a file."""

from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from api.dialects.tencent_smh.access import Call, call_of, of_library, reading
from api.dialects.tencent_smh.documents import described
from api.dialects.tencent_smh.errors import RefusalError
from api.dialects.tencent_smh.grants import require
from api.dialects.tencent_smh.pages import Slice, slice_of
from api.dialects.tencent_smh.parts import Parts, parts_of
from api.dialects.tencent_smh.views import history_view
from worker.contracts.libraries import Entry, Version

HISTORY: Final = "/directory-history/{library_id}/{space_id}/history-list/{path:path}"
CONFIG: Final = "/directory-history/{library_id}/library-history"

_ORDER_CODES: Final = ("OrderByNotAllowed", "OrderByTypeNotAllowed")
_ORDERS: Final = dict.fromkeys(("", "id", "creationTime"))
_DIRECTIONS: Final = {"": True, "desc": True, "asc": False}

router = APIRouter(tags=["history"])


@router.head(HISTORY, include_in_schema=False)
@router.get(
    HISTORY,
    **described(
        "List the versions of a file",
        HISTORY,
        success=(200, "The newest first."),
        queries=["marker", "limit", "page", "page_size", "order_by", "order_by_type"],
        codes=["EmptyPath", "FileNotFound", "MarkerNotFound", *_ORDER_CODES],
    ),
)
async def of_file(request: Request) -> Response:
    """Each `id` is a `history_id` of the download; versions never change."""
    parts, call = parts_of(request), call_of(request)
    entry = await _file(parts, call)
    call.queries.choice("order_by", _ORDERS, code="OrderByNotAllowed")
    newest_first = call.queries.choice("order_by_type", _DIRECTIONS, code="OrderByTypeNotAllowed")
    piece = slice_of(call.queries, page_wins=True)
    versions = await run_in_threadpool(parts.library.versions, entry.place, entry.id)
    page = _page_view(entry, versions, piece, newest_first=newest_first)
    return JSONResponse({"path": list(call.path), **page})


@router.get(
    CONFIG,
    **described(
        "Tell how long versions are kept",
        CONFIG,
        success=(200, "As long as their file."),
        codes=["NoPermission"],
    ),
)
async def config(request: Request) -> Response:
    """Every version is kept: 0 is no limit to their number, nor to their days."""
    _, grant = await of_library(parts_of(request), call_of(request))
    require(grant)
    kept = {"fileHistoryCount": 0, "fileHistoryExpireDay": 0, "mergeInterval": 0}
    return JSONResponse({"enableFileHistory": True, **kept})


async def _file(parts: Parts, call: Call) -> Entry:
    seen = await reading(parts, call, path=call.path)
    if not call.path:
        raise RefusalError("EmptyPath")
    if seen.entry is None or seen.entry.version is None:
        raise RefusalError("FileNotFound")
    return seen.entry


def _page_view(
    entry: Entry, versions: list[Version], piece: Slice, *, newest_first: bool
) -> dict[str, Any]:
    numbered = list(enumerate(versions))
    # The newest stands first whatever is sorted by, as the vendor has it.
    told = numbered if newest_first else [*numbered[:1], *reversed(numbered[1:])]
    start = piece.offset if piece.offset is not None else _start_of(piece.marker)
    end = start + piece.limit
    contents = [
        history_view(entry, version, number=len(told) - age, latest=age == 0)
        for age, version in told[start:end]
    ]
    page = {"totalNum": len(told), "contents": contents}
    return (
        page if piece.offset is not None or end >= len(told) else {**page, "nextMarker": str(end)}
    )


def _start_of(marker: str | None) -> int:
    """Versions are numbered, so a marker is where the next page begins."""
    if marker is None:
        return 0
    if not (marker.isascii() and marker.isdecimal() and len(marker) <= 9):
        raise RefusalError("MarkerNotFound")
    return int(marker)
