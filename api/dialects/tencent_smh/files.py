"""`/file/…`, read: the redirect to a file, its facts and its picture."""

from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from api.dialects.tencent_smh import uploads
from api.dialects.tencent_smh.access import Call, Seen, call_of, reading, writing
from api.dialects.tencent_smh.documents import described
from api.dialects.tencent_smh.errors import RefusalError
from api.dialects.tencent_smh.grants import BEGIN_UPLOAD
from api.dialects.tencent_smh.making import Cover, link_to, redirect, size_of
from api.dialects.tencent_smh.parts import Parts, parts_of
from api.dialects.tencent_smh.queries import Queries
from api.dialects.tencent_smh.views import info_view, smh_headers
from worker.contracts.libraries import Entry, Version
from worker.ports import LinkLook
from worker.rules.library_kinds import kind_of

FILE: Final = "/file/{library_id}/{space_id}/{path:path}"
QUERIES: Final = ("history_id", "content_disposition", "purpose", "traffic_limit")
OF_INFO: Final = ("info", "pre_check", "period")

_ATTACHMENT: Final = {"": False, "inline": False, "attachment": True}
_PURPOSES: Final = dict.fromkeys(("", "download", "preview", "list"))
_NOT_BUILT: Final = ("scale", "width_size", "height_size")
_MIN_TRAFFIC, _MAX_TRAFFIC = 102_400, 104_857_600

router = APIRouter(tags=["files"])


class _File(NamedTuple):
    """A version of a file that the caller may read."""

    seen: Seen
    entry: Entry
    version: Version


class _Look(NamedTuple):
    """How a link to the file is wanted."""

    attachment: bool
    expires_s: int


@router.head(
    FILE,
    **described(
        "Whether there is such a file",
        FILE,
        success=(200, "Its facts, as `x-smh-*` headers."),
        queries=["history_id"],
        codes=["EmptyPath", "FileNotFound"],
    ),
)
async def head(request: Request) -> Response:
    """Never a redirect: a link is signed for `GET` only."""
    parts, call = parts_of(request), call_of(request)
    found = await _find(parts, call)
    _look_of(parts, call.queries)
    return Response(status_code=200, headers=smh_headers(found.entry, found.version))


@router.get(
    FILE,
    **described(
        "Read a file",
        FILE,
        success={
            302: "`Location` is a signed link to the file, or with `preview` to a picture.",
            200: "With `info` the file's facts, with `upload` what has come of an upload.",
        },
        queries=[*QUERIES, *OF_INFO, "preview", "size", "upload"],
        codes=["EmptyPath", "FileNotFound", "NoPermission", "UploadNotFound", "UploadNotBelongYou"],
    ),
)
async def get(request: Request) -> Response:
    """What is told depends on a key of the query: `info`, `preview`, or none of them."""
    parts, call = parts_of(request), call_of(request)
    for flag, answer in _FLAGS.items():
        if call.queries.has(flag):
            return await answer(request, parts, call)
    return await _download(request, parts, call)


async def _download(request: Request, parts: Parts, call: Call) -> Response:
    found = await _find(parts, call)
    look = _look_of(parts, call.queries)
    return redirect(_link(parts, found, look), headers=smh_headers(found.entry, found.version))


async def _info(request: Request, parts: Parts, call: Call) -> Response:
    found = await _find(parts, call)
    look = _look_of(parts, call.queries)
    url = None if call.queries.yes("pre_check") else _link(parts, found, look)
    return JSONResponse(info_view(found.entry, found.version, url))


async def _preview(request: Request, parts: Parts, call: Call) -> Response:
    """As the cover of a space, for one file; what has no picture is downloaded instead."""
    found = await _find(parts, call)
    for name in _NOT_BUILT:
        if call.queries.has(name):
            raise RefusalError("ParamInvalid", f"{name} is not supported here; use size.")
    size_px, look = size_of(call.queries), _look_of(parts, call.queries)
    kind = kind_of(found.entry.name, "media")
    if kind is None or (kind == "image" and size_px is None):
        return redirect(_link(parts, found, look))
    cover = Cover(found.seen.library.tenant, found.entry, found.version, size_px)
    return redirect(await link_to(request, parts, cover))


async def _upload(request: Request, parts: Parts, call: Call) -> Response:
    """The path is the `confirmKey` of an upload."""
    seen = await writing(parts, call, *BEGIN_UPLOAD)
    return JSONResponse(await run_in_threadpool(uploads.status, parts, call, seen, request))


_FLAGS: Final[dict[str, Callable[[Request, Parts, Call], Awaitable[Response]]]] = {
    "upload": _upload,
    "info": _info,
    "preview": _preview,
}


def _look_of(parts: Parts, queries: Queries) -> _Look:
    """The parameters of a link. Raises: RefusalError `ParamInvalid`."""
    queries.choice("purpose", _PURPOSES)
    queries.number("traffic_limit", least=_MIN_TRAFFIC, most=_MAX_TRAFFIC)
    longest_s = parts.settings.libraries.link_s
    wanted_s = queries.number("period", least=60, most=7200)
    attachment = queries.choice("content_disposition", _ATTACHMENT)
    return _Look(attachment, min(wanted_s or longest_s, longest_s))


async def _find(parts: Parts, call: Call) -> _File:
    """Raises: RefusalError, for the path and the version after all that `reading` checks."""
    seen = await reading(parts, call, path=call.path)
    if not call.path:
        raise RefusalError("EmptyPath")
    entry = seen.entry
    if entry is None or entry.version is None:
        raise RefusalError("FileNotFound")
    version: Version | None = entry.version
    history_id = call.queries.one("history_id")
    if history_id and history_id != entry.version.id:
        version = await run_in_threadpool(parts.library.version, seen.place, entry.id, history_id)
    if version is None:
        raise RefusalError("FileNotFound", "The file has no such version.")
    return _File(seen, entry, version)


def _link(parts: Parts, found: _File, look: _Look) -> str:
    shown = LinkLook(look.expires_s, found.entry.name, attachment=look.attachment)
    return parts.library.link(found.seen.place, found.entry.id, found.version, look=shown)
