"""The embedded store's objects: public ones by their plain URL, all others by a signed link."""

import os
import re
import time
from functools import partial
from pathlib import Path as FilePath
from typing import Annotated, Final, Protocol, cast

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import FileResponse, Response
from starlette.concurrency import run_in_threadpool

from api.bodies import refuse_encoding
from api.documents import answers, failure, raw_body
from api.errors import FieldError, RefusedError, problem
from api.parts import GivenLinkSecret, GivenSettings, GivenStore
from api.spool import spooled
from worker.errors import RequestError
from worker.ports import Store
from worker.rules.keys import cache_control_of, content_type_of, is_key, is_public
from worker.signing import links

# Objects come from callers: a browser shows them, and runs nothing in them.
SANDBOX: Final = "default-src 'none'; sandbox"
LINK_QUERIES: Final = ("expires", "signature")

_ONE_RANGE: Final = re.compile(r"bytes=([0-9]{1,18})-([0-9]{0,18})|bytes=-([0-9]{1,18})")
_BY_CONTENT: Final = re.compile(r"(?:.*/)?([0-9a-f]{64})\.[a-z0-9]+")

router = APIRouter(tags=["objects"])


class FolderStore(Store, Protocol):
    """What the embedded store can do beside the port."""

    def path_of(self, key: str) -> FilePath: ...


async def _folder_store(store: GivenStore) -> FolderStore:
    return cast(FolderStore, store)


GivenFolderStore = Annotated[FolderStore, Depends(_folder_store)]


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
async def read(request: Request, key: AllowedKey, store: GivenFolderStore) -> Response:
    """Covers need no query and never change; all else needs `?expires=&signature=`."""
    path, status = await run_in_threadpool(_file_of, store, key)
    headers = {
        "ETag": _etag(key, status.st_mtime_ns, status.st_size),
        "Cache-Control": cache_control_of(key),
        "Content-Security-Policy": SANDBOX,
    }
    if _matches(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    _ignore_other_ranges(request)
    found = FileResponse(path, headers=headers, media_type=content_type_of(key), stat_result=status)
    return _outside(request, found, status.st_size) or found


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
    request: Request, key: AllowedKey, settings: GivenSettings, store: GivenFolderStore
) -> Response:
    """Only with a link that is signed for `PUT` of this key."""
    refuse_encoding(request)
    async with spooled(request, settings) as body:
        put = partial(store.put_file, content_type=content_type_of(key))
        await run_in_threadpool(put, key, body.path)
    return Response(status_code=204)


def _file_of(store: FolderStore, key: str) -> tuple[FilePath, os.stat_result]:
    path = store.path_of(key)
    try:
        return path, path.stat()
    except FileNotFoundError as gone:
        raise RequestError("request.not_found") from gone


def _etag(key: str, modified_ns: int, size_bytes: int) -> str:
    by_content = _BY_CONTENT.fullmatch(key)
    return f'"{by_content[1]}"' if by_content else f'"{modified_ns:x}-{size_bytes:x}"'


def _matches(if_none_match: str | None, etag: str) -> bool:
    """RFC 9110 §13.1.2: any of a list, compared weakly."""
    if if_none_match is None:
        return False
    told = {each.strip().removeprefix("W/") for each in if_none_match.split(",")}
    return "*" in told or etag in told


def _ignore_other_ranges(request: Request) -> None:
    """Serve the whole object for a Range that is malformed or not one of bytes (RFC 9110 §14.2)."""
    wanted = _ONE_RANGE.fullmatch(request.headers.get("range", ""))
    backwards = wanted and wanted[2] and int(wanted[1]) > int(wanted[2])
    if wanted is None or backwards:
        others = [each for each in request.scope["headers"] if each[0] != b"range"]
        request.scope["headers"] = others


def _outside(request: Request, found: FileResponse, size_bytes: int) -> Response | None:
    """The refusal of one well-formed range that has no byte of the object (RFC 9110 §15.5.17)."""
    wanted = _ONE_RANGE.fullmatch(request.headers.get("range", ""))
    condition = request.headers.get("if-range")
    if wanted is None or condition not in {
        None,
        found.headers["etag"],
        found.headers["last-modified"],
    }:
        return None
    empty = size_bytes == 0 or int(wanted[3] or 1) == 0
    if not (int(wanted[1]) >= size_bytes if wanted[1] else empty):
        return None
    detail = f"The object has {size_bytes} bytes; the range is outside it."
    headers = {"Content-Range": f"bytes */{size_bytes}"}
    return problem("request.invalid", detail, status=416, headers=headers)
