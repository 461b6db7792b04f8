"""Spaces of libraries for many tenants: made, listed, changed, removed."""

import time
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool
from ulid import ULID

from api.dialects.tencent_smh import edits, grants
from api.dialects.tencent_smh.access import ADMIN, Call, call_of, of_library, writing
from api.dialects.tencent_smh.documents import described
from api.dialects.tencent_smh.errors import RefusalError
from api.dialects.tencent_smh.forms import flag_of, read_object
from api.dialects.tencent_smh.parts import Parts, parts_of
from api.dialects.tencent_smh.views import told_time
from worker.contracts.libraries import Grant, LibraryInfo, SpaceInfo

SPACES: Final = "/space/{library_id}"
LIST: Final = f"{SPACES}/list"
COUNT: Final = f"{SPACES}/count"
SPACE: Final = f"{SPACES}/{{space_id}}"
EXTENSION: Final = f"{SPACE}/extension"
PUBLIC_READ: Final = ("isPublicRead", "publicRead")

router = APIRouter(tags=["spaces"])


@router.post(
    SPACES,
    **described(
        "Create a space",
        SPACES,
        success=(201, "Its id."),
        fields=["isPublicRead"],
        codes=["BadRequest", "NotMultiSpaceLibrary", "NoPermission"],
    ),
)
async def create(request: Request) -> Response:
    """Of the attributes `isPublicRead` is kept; kind and albums are the library's."""
    parts, call = parts_of(request), call_of(request)
    told = await read_object(request, parts.settings.api)
    public_read = flag_of(told, *PUBLIC_READ) or False
    space_id = await run_in_threadpool(_create, parts, call, public_read)
    return JSONResponse({"spaceId": space_id}, status_code=201)


@router.get(
    SPACES,
    **described(
        "List spaces", SPACES, success=(200, "All of them."), codes=["NotMultiSpaceLibrary"]
    ),
)
async def all_spaces(request: Request) -> Response:
    """All for administrators, else those that the token names."""
    return JSONResponse(await run_in_threadpool(_spaces, parts_of(request), call_of(request)))


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
    limit = call.queries.number("limit", least=1, most=1000) or 1000
    marker = call.queries.one("marker") or ""
    spaces = await run_in_threadpool(_spaces, parts, call)
    after = [space for space in spaces if space["spaceId"] > marker]
    listed = after[:limit]
    return JSONResponse(
        {"list": listed, "marker": listed[-1]["spaceId"] if len(after) > limit else ""}
    )


@router.get(
    COUNT,
    **described(
        "Count spaces", COUNT, success=(200, "Their number."), codes=["NotMultiSpaceLibrary"]
    ),
)
async def total(request: Request) -> Response:
    """As many as a listing tells the same token."""
    spaces = await run_in_threadpool(_spaces, parts_of(request), call_of(request))
    return JSONResponse({"total": len(spaces)})


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
    await run_in_threadpool(edits.delete_space, parts_of(request), call_of(request))
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
    told = await read_object(request, parts.settings.api)
    await run_in_threadpool(_change, parts, call, flag_of(told, *PUBLIC_READ))
    return JSONResponse({})


def _library(parts: Parts, call: Call) -> tuple[LibraryInfo, Grant]:
    """The library for many tenants that the token is for. Raises: RefusalError."""
    library, grant = of_library(parts, call)
    if not library.multi_tenant:
        raise RefusalError("NotMultiSpaceLibrary")
    return library, grant


def _create(parts: Parts, call: Call, public_read: bool) -> str:
    library, grant = _library(parts, call)
    if not {ADMIN, *grants.CREATE_SPACE} & set(grant.grants):
        raise RefusalError("NoPermission")
    ulid = ULID()
    space = SpaceInfo(
        library_id=library.id,
        id=f"space{ulid}".lower(),
        public_read=public_read,
        created_ms=int(time.time() * 1000),
    )
    parts.state.libraries.create_space(space)
    return space.id


def _spaces(parts: Parts, call: Call) -> list[dict[str, Any]]:
    library, grant = _library(parts, call)
    sees_all = not grant.space_ids and {ADMIN, "space_admin"} & set(grant.grants)
    return [
        {"spaceId": space.id, "userId": "", "creationTime": told_time(space.created_ms)}
        for space in parts.state.libraries.spaces(library.id)
        if sees_all or space.id in grant.space_ids
    ]


def _change(parts: Parts, call: Call, public_read: bool | None) -> None:
    seen = writing(parts, call, *grants.CHANGE_SPACE)
    if public_read is not None:
        parts.state.libraries.set_space_public_read(*seen.place, public_read)
