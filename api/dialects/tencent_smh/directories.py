"""`/directory/…`, read: listings, details of entries, whether a directory is there."""

from typing import Any, Final, Literal, NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from api.dialects.tencent_smh.access import Call, Seen, call_of, reading
from api.dialects.tencent_smh.documents import described
from api.dialects.tencent_smh.errors import RefusalError
from api.dialects.tencent_smh.pages import Slice, slice_of
from api.dialects.tencent_smh.parts import Parts, parts_of
from api.dialects.tencent_smh.queries import Queries
from api.dialects.tencent_smh.views import entry_view
from api.serving import matches
from worker.contracts.libraries import Entry
from worker.errors import RequestError
from worker.state.entry_pages import Page, Wanted

Ordering = Literal["name", "creation", "modification", "size"]
Only = Literal["dirs", "files"]

ROOT: Final = "/directory/{library_id}/{space_id}"
DIRECTORY: Final = "/directory/{library_id}/{space_id}/{path:path}"
LISTING: Final = ("marker", "limit", "by-marker", "page", "page_size", "by-page")
ORDERING: Final = ("order_by", "order_by_type", "filter", "sort_type")

_ORDER_CODES: Final = ("OrderByNotAllowed", "OrderByTypeNotAllowed")
_ORDERS: Final[dict[str, Ordering | None]] = {
    "": None,
    "name": "name",
    "size": "size",
    "creationTime": "creation",
    "localCreationTime": "creation",
    "modificationTime": "modification",
    "localModificationTime": "modification",
}
_DIRECTIONS: Final = {"": False, "asc": False, "desc": True}
_FILTERS: Final[dict[str, Only | None]] = {"": None, "onlyDir": "dirs", "onlyFile": "files"}
_SORTS: Final = {"": False, "union": True}

router = APIRouter(tags=["directories"])


class _Order(NamedTuple):
    """What a listing is asked to be; without an order it is the library's own."""

    order: Ordering | None
    descending: bool
    only: Only | None
    union: bool


def _told(path: str) -> dict[str, Any]:
    return described(
        "List a directory",
        path,
        success={
            200: "The directory's entries, or with `info` the facts of what the path is.",
            304: "The directory is as `If-None-Match` says.",
        },
        queries=[*LISTING, *ORDERING, "info"],
        codes=[*_ORDER_CODES, "DirectoryNotFound", "PathNotFound", "MarkerNotFound"],
    )


@router.head(ROOT, include_in_schema=False)
@router.get(ROOT, **_told(ROOT))
async def of_root(request: Request) -> Response:
    """The top directory of a space."""
    return await _read(request)


@router.head(DIRECTORY, include_in_schema=False)
@router.get(DIRECTORY, **_told(DIRECTORY))
async def of_path(request: Request) -> Response:
    """A directory or album; an empty path is the top directory."""
    return await _read(request)


async def _read(request: Request) -> Response:
    parts, call = parts_of(request), call_of(request)
    if call.queries.has("info"):
        return JSONResponse(await _detail(parts, call))
    seen = await reading(parts, call, path=call.path)
    if seen.entry is None or seen.entry.kind != "dir":
        raise RefusalError("DirectoryNotFound")
    order, piece = _order_of(call.queries), slice_of(call.queries)
    wanted = _wanted(order, seen, call)
    found = await run_in_threadpool(_page, parts, seen.entry, wanted, piece)
    page = _page_view(call, seen.entry, found, piece)
    headers = {"ETag": page["eTag"], "Cache-Control": "private, no-cache"}
    if matches(request.headers.get("if-none-match"), page["eTag"]):
        return Response(status_code=304, headers=headers)
    return JSONResponse(page, headers=headers)


async def _detail(parts: Parts, call: Call) -> dict[str, Any]:
    entry = (await reading(parts, call, path=call.path)).entry
    if entry is None:
        raise RefusalError("PathNotFound")
    return entry_view(entry, call.path)


def _page_view(call: Call, directory: Entry, page: Page, piece: Slice) -> dict[str, Any]:
    told = {
        "path": list(call.path),
        "fileCount": page.files,
        "subDirCount": page.dirs,
        "totalNum": page.files + page.dirs,
        "eTag": f'"{directory.id}-{page.revision}"',
        "contents": [entry_view(entry, (*call.path, entry.name)) for entry in page.entries],
    }
    if piece.offset is None and page.next_marker:
        told["nextMarker"] = page.next_marker
    return told


def _page(parts: Parts, directory: Entry, wanted: Wanted, piece: Slice) -> Page:
    entries, limit, place = parts.state.entries, piece.limit, directory.place
    if piece.offset is not None:
        return entries.page(place, directory.id, wanted, offset=piece.offset, limit=limit)
    try:
        return entries.after(place, directory.id, wanted, marker=piece.marker, limit=limit)
    except RequestError as error:
        if error.code == "library.not_found" and piece.marker:
            raise RefusalError("MarkerNotFound") from error
        raise


def _order_of(queries: Queries) -> _Order:
    """Raises: RefusalError. One client writes `orderBy` and `orderByType`."""
    order_by = "order_by" if queries.has("order_by") else "orderBy"
    direction = "order_by_type" if queries.has("order_by_type") else "orderByType"
    return _Order(
        queries.choice(order_by, _ORDERS, code="OrderByNotAllowed"),
        queries.choice(direction, _DIRECTIONS, code="OrderByTypeNotAllowed"),
        queries.choice("filter", _FILTERS),
        queries.choice("sort_type", _SORTS),
    )


def _wanted(order: _Order, seen: Seen, call: Call) -> Wanted:
    """Without an order: names, but media by upload time; those stand beside no directories."""
    library = seen.library
    has_media = library.kind == "media" and len(call.path) == library.multi_album
    own: Ordering = "creation" if has_media else "name"
    return Wanted(order.order or own, order.descending, order.only, order.union)
