"""The embedded store's objects: public ones by their plain URL, all others by a signed link."""

import re
import time
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api.bodies import refuse_encoding
from api.documents import answers, failure, raw_body
from api.errors import FieldError, RefusedError
from api.parts import GivenLinkSecret, GivenSettings, GivenStore
from api.serving import Kept, answer
from api.spool import spooled
from worker.errors import RequestError
from worker.ports import Store, StoredObject
from worker.rules.keys import cache_control_of, content_type_of, is_key, is_public
from worker.signing import links

LINK_QUERIES: Final = ("expires", "signature")

_BY_CONTENT: Final = re.compile(r"(?:.*/)?([0-9a-f]{64})\.[a-z0-9]+")

router = APIRouter(tags=["objects"])


async def allowed_key(
    request: Request,
    secret: GivenLinkSecret,
    key: Annotated[str, Path(description="The object's key.", examples=["covers/ab/….jpg"])],
) -> str:
    """A key that this call may use: a public one to read, or any with a link signed for it.

    Raises: RequestError `request.not_found` for what cannot be a key, `auth.forbidden`.
    """
    if not is_key(key):
        raise RequestError("request.not_found", "There is no such object.")
    unknown = [name for name in request.query_params if name not in LINK_QUERIES]
    if unknown:
        errors = [FieldError(name[:200], "there is no such query parameter") for name in unknown]
        raise RefusedError("request.invalid", "Unknown query parameters.", errors=errors)
    reading = request.method in {"GET", "HEAD"}
    if not (reading and is_public(key)) and not _opens(request, secret, key):
        raise RequestError("auth.forbidden", "The link is not signed for this, or has expired.")
    return key


def _opens(request: Request, secret: str | None, key: str) -> bool:
    if not secret:
        return False
    queries = request.query_params
    return links.verify(
        method="GET" if request.method == "HEAD" else request.method,
        key=key,
        expires=queries.get("expires", ""),
        signature=queries.get("signature", ""),
        secret=secret,
        now_s=time.time(),
    )


AllowedKey = Annotated[str, Depends(allowed_key)]


@router.head("/objects/{key:path}", include_in_schema=False)
@router.get(
    "/objects/{key:path}",
    summary="Read an object",
    response_class=Response,
    responses={
        200: {"description": "The bytes.", "content": {"image/*": {"schema": {"type": "string"}}}},
        206: {"description": "The range that was asked for."},
        304: {"description": "The object is the one of `If-None-Match`."},
        403: failure(403, "auth.forbidden"),
        404: failure(404, "request.not_found"),
        416: failure(416, "request.invalid"),
    },
)
async def read(request: Request, key: AllowedKey, store: GivenStore) -> Response:
    """Covers need no query and never change; all else needs `?expires=&signature=`."""
    found = await run_in_threadpool(store.find, key)
    if found is None:
        raise RequestError("request.not_found", "There is no such object.")
    return answer(request, _kept(found, store))


@router.put(
    "/objects/{key:path}",
    summary="Write an object by a signed link",
    status_code=204,
    responses=answers(
        {},
        "auth.forbidden",
        "request.invalid",
        "request.not_found",
        "request.content_type",
        "request.too_large",
        "request.timeout",
        "storage.unavailable",
        "storage.full",
        "storage.misconfigured",
    ),
    openapi_extra=raw_body("The object's bytes."),
)
async def write(
    request: Request, key: AllowedKey, settings: GivenSettings, store: GivenStore
) -> Response:
    """Only with a link that is signed for `PUT` of this key."""
    refuse_encoding(request)
    async with spooled(request, settings) as body:
        put = partial(store.put_file, content_type=content_type_of(key))
        await run_in_threadpool(put, key, body.path)
    return Response(status_code=204)


def _kept(found: StoredObject, store: Store) -> Kept:
    by_content = _BY_CONTENT.fullmatch(found.key)
    version = f"{found.modified_at_s:.6f}-{found.size_bytes:x}"
    return Kept(
        size_bytes=found.size_bytes,
        content_type=found.content_type,
        etag=f'"{by_content[1] if by_content else version}"',
        modified_at_s=found.modified_at_s,
        cache_control=cache_control_of(found.key),
        read=partial(store.read, found.key),
    )
