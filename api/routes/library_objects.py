"""The local library's files: one version each, by signed links only."""

import time
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api.documents import failure
from api.errors import FieldError, RefusedError
from api.parts import GivenLibrary, GivenLinkSecret
from api.serving import Kept, answer
from worker.contracts.libraries import Place
from worker.errors import RequestError
from worker.rules.library_keys import LINK_CACHE_CONTROL, disposition, look_query, signed_text
from worker.signing import links

LINK_QUERIES: Final = ("name", "attachment", "expires", "signature")
# Whoever has the link may read, from any page: no cookie or key of the reader is asked for.
ANY_PAGE: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Content-Disposition, Content-Length, Content-Range, ETag",
}

Id = Annotated[str, Path(description="Part of the link.")]

router = APIRouter(tags=["objects"])


async def opened(
    request: Request,
    secret: GivenLinkSecret,
    library_id: Id,
    space_id: Id,
    entry_id: Id,
    version_id: Id,
) -> Place:
    """The space of a file that the link opens. Raises: RequestError `auth.forbidden`."""
    unknown = [name for name in request.query_params if name not in LINK_QUERIES]
    if unknown:
        errors = [FieldError(name[:200], "there is no such query parameter") for name in unknown]
        raise RefusedError("request.invalid", "Unknown query parameters.", errors=errors)
    queries = request.query_params
    genuine = links.verify(
        method="GET",
        key=signed_text(f"{library_id}/{space_id}/{entry_id}/{version_id}", _shown(request)),
        expires=queries.get("expires", ""),
        signature=queries.get("signature", ""),
        secret=secret or "",
        now_s=time.time(),
    )
    if not genuine:
        raise RequestError("auth.forbidden", "The link is not signed for this, or has expired.")
    return Place(library_id, space_id)


@router.head(
    "/library-objects/{library_id}/{space_id}/{entry_id}/{version_id}", include_in_schema=False
)
@router.get(
    "/library-objects/{library_id}/{space_id}/{entry_id}/{version_id}",
    summary="Read a library's file",
    response_class=Response,
    responses={
        200: {"description": "The bytes.", "content": {"*/*": {"schema": {"type": "string"}}}},
        206: {"description": "The range that was asked for."},
        304: {"description": "The version is the one of `If-None-Match`."},
        403: failure(403, "auth.forbidden"),
        404: failure(404, "request.not_found"),
        416: failure(416, "request.invalid"),
    },
)
async def read(
    request: Request,
    place: Annotated[Place, Depends(opened)],
    entry_id: Id,
    version_id: Id,
    library: GivenLibrary,
) -> Response:
    """Links are told where the library's own API redirects to; nobody else can make them."""
    version = await run_in_threadpool(library.version, place, entry_id, version_id)
    if version is None:
        raise RequestError("request.not_found", "There is no such file, or no longer.")
    shown = disposition(
        request.query_params.get("name", ""),
        attachment=_is_attachment(request),
        content_type=version.content_type,
    )
    kept = Kept(
        size_bytes=version.size_bytes,
        content_type=version.content_type,
        etag=version.etag,
        modified_at_s=version.at_ms / 1000,
        cache_control=LINK_CACHE_CONTROL,
        read=lambda offset, length: library.read(
            place, entry_id, version_id, offset=offset, length=length
        ),
    )
    return answer(request, kept, more={**ANY_PAGE, "Content-Disposition": shown})


def _shown(request: Request) -> str:
    name = request.query_params.get("name", "")
    return look_query(name, attachment=_is_attachment(request))


def _is_attachment(request: Request) -> bool:
    return request.query_params.get("attachment") == "1"
