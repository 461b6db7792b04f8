"""Spaces of libraries for many tenants: made, listed, changed, removed."""

import time
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool
from ulid import ULID

from api.dialects.tencent_smh import edits, grants
from api.dialects.tencent_smh.access import Call, call_of, of_library, writing
from api.dialects.tencent_smh.attributes import EXTENSION
from api.dialects.tencent_smh.documents import described
from api.dialects.tencent_smh.errors import RefusalError
from api.dialects.tencent_smh.forms import flag_of, read_object
from api.dialects.tencent_smh.parts import Parts, parts_of
from api.dialects.tencent_smh.views import told_time
from worker.contracts.libraries import Grant, LibraryInfo, SpaceInfo
from worker.errors import RequestError

SPACES: Final = "/space/{library_id}"
LIST: Final = f"{SPACES}/list"
COUNT: Final = f"{SPACES}/count"
SPACE: Final = f"{SPACES}/{{space_id}}"
PUBLIC_READ: Final = ("isPublicRead", "publicRead")

router = APIRouter(tags=["spaces"])


@router.post(
    SPACES,
    **described(
        "Create a space",
        SPACES,
        success=(201, "Its id."),
        fields=["isPublicRead"],
        codes=["BadRequest", "NotMultiSpaceLibrary", "NoPermission", "QuotaLimitReached"],
    ),
)
async def create(request: Request) -> Response:
    """Of the attributes `isPublicRead` is kept; kind and albums are the library's."""
    parts, call = parts_of(request), call_of(request)
    library, grant = await _library(parts, call)
    # Whoever is bound to spaces would make one that is not its own.
    if grant.space_ids or not grants.allows(grant, *grants.CREATE_SPACE):
        raise RefusalError("NoPermission")
    told = await read_object(request, parts.settings.api)
    public_read = flag_of(told, *PUBLIC_READ) or False
    space_id = await run_in_threadpool(_create, parts, library, public_read)
    return JSONResponse({"spaceId": space_id}, status_code=201)


@router.get(
    SPACES,
    **described(
        "List spaces", SPACES, success=(200, "All of them."), codes=["NotMultiSpaceLibrary"]
    ),
)
async def all_spaces(request: Request) -> Response:
    """All for administrators, else those that the token names."""
    parts, call = parts_of(request), call_of(request)
    library, grant = await _library(parts, call)
    return JSONResponse(await run_in_threadpool(_page, parts, library, grant))


@router.get(
    LIST,
    **described(
        "List spaces in pages",
        LIST,
        success=(200, "A page of them."),
        queries=["marker", "limit"],
        codes=["NotMultiSpaceLibrary"],
    ),
)
async def page(request: Request) -> Response:
    """The marker is empty at the end."""
    parts, call = parts_of(request), call_of(request)
    library, grant = await _library(parts, call)
    limit = call.queries.number("limit", least=1, most=1000) or 1000
    marker = call.queries.one("marker") or ""
    found = await run_in_threadpool(_page, parts, library, grant, after=marker, limit=limit + 1)
    listed = found[:limit]
    return JSONResponse(
        {"list": listed, "marker": listed[-1]["spaceId"] if len(found) > limit else ""}
    )


@router.get(
    COUNT,
    **described(
        "Count spaces", COUNT, success=(200, "Their number."), codes=["NotMultiSpaceLibrary"]
    ),
)
async def total(request: Request) -> Response:
    """As many as a listing tells the same token."""
    parts, call = parts_of(request), call_of(request)
    library, grant = await _library(parts, call)
    return JSONResponse({"total": await run_in_threadpool(_count, parts, library, grant)})


@router.delete(
    SPACE,
    **described(
        "Delete a space",
        SPACE,
        success=(200, "It is gone."),
        queries=["force"],
        codes=["NotMultiSpaceLibrary", "NoPermission", "SpaceNotEmpty"],
    ),
)
async def delete(request: Request) -> Response:
    """With all that is in it, unless `force=0`; a large one takes several calls."""
    parts, call = parts_of(request), call_of(request)
    seen = await writing(parts, call, *grants.DELETE_SPACE)
    await run_in_threadpool(edits.delete_space, parts, call, seen)
    return JSONResponse({})


@router.post(
    EXTENSION,
    **described(
        "Change a space",
        EXTENSION,
        success=(200, "It is changed."),
        fields=["isPublicRead"],
        codes=["BadRequest", "NoPermission"],
    ),
)
async def change(request: Request) -> Response:
    """Of the attributes `isPublicRead` can change; the others are passed over."""
    parts, call = parts_of(request), call_of(request)
    place = (await writing(parts, call, *grants.CHANGE_SPACE)).place
    told = await read_object(request, parts.settings.api)
    public_read = flag_of(told, *PUBLIC_READ)
    if public_read is not None:
        libraries = parts.state.libraries
        await run_in_threadpool(libraries.set_space_public_read, *place, public_read)
    return JSONResponse({})


async def _library(parts: Parts, call: Call) -> tuple[LibraryInfo, Grant]:
    """The library for many tenants that the token is for. Raises: RefusalError."""
    library, grant = await of_library(parts, call)
    if not library.multi_tenant:
        raise RefusalError("NotMultiSpaceLibrary")
    return library, grant


def _create(parts: Parts, library: LibraryInfo, public_read: bool) -> str:
    space = SpaceInfo(
        library_id=library.id,
        id=f"space{ULID()}".lower(),
        public_read=public_read,
        created_ms=int(time.time() * 1000),
    )
    try:
        parts.state.libraries.create_space(space)
    except RequestError as error:
        if error.code == "library.full":
            raise RefusalError("QuotaLimitReached", error.message) from error
        raise
    return space.id


def _seen_ids(grant: Grant) -> list[str] | None:
    """The spaces that a token is told of, in order; None for all."""
    if grant.space_ids or not grants.allows(grant, "space_admin"):
        return sorted(grant.space_ids)
    return None


def _page(
    parts: Parts, library: LibraryInfo, grant: Grant, *, after: str = "", limit: int | None = None
) -> list[dict[str, Any]]:
    records, ids = parts.state.libraries, _seen_ids(grant)
    if ids is None:
        found = records.spaces(library.id, after=after, limit=limit)
    else:
        wanted = [space_id for space_id in ids if space_id > after]
        found = records.spaces_of(library.id, wanted)[:limit]
    return [
        {"spaceId": space.id, "userId": "", "creationTime": told_time(space.created_ms)}
        for space in found
    ]


def _count(parts: Parts, library: LibraryInfo, grant: Grant) -> int:
    records, ids = parts.state.libraries, _seen_ids(grant)
    if ids is None:
        return records.count_spaces(library.id)
    return len(records.spaces_of(library.id, ids))
