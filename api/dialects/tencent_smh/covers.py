"""`/album/…/cover`: the first medium of a space or an album, as its cover."""

from typing import Final, NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api.dialects.tencent_smh.access import Call, Seen, call_of, reading
from api.dialects.tencent_smh.documents import described
from api.dialects.tencent_smh.errors import RefusalError
from api.dialects.tencent_smh.making import Cover, earlier, made, redirect, size_of
from api.dialects.tencent_smh.parts import Parts, parts_of
from worker.contracts.libraries import Entry
from worker.ports import LinkLook

OF_SPACE: Final = "/album/{library_id}/{space_id}/cover"
OF_ALBUM: Final = "/album/{library_id}/{space_id}/cover/{path:path}"
REDIRECT: Final = (302, "`Location` is a signed link to the picture; there is no body.")

_OF_COVERS: Final = ("CoverNotSupportedInFileLibrary", "FileNotFound")

router = APIRouter(tags=["covers"])


class _Found(NamedTuple):
    """A cover and its link, if it needs not be made."""

    url: str | None
    cover: Cover


@router.head(OF_SPACE, include_in_schema=False)
@router.get(
    OF_SPACE,
    **described(
        "Cover of a space",
        OF_SPACE,
        success=REDIRECT,
        queries=["size"],
        codes=[*_OF_COVERS, "CoverNotSupportedInRootDirectory"],
    ),
)
async def of_space(request: Request) -> Response:
    """Of a media library without albums."""
    return await _cover(request)


@router.head(OF_ALBUM, include_in_schema=False)
@router.get(
    OF_ALBUM,
    **described(
        "Cover of an album",
        OF_ALBUM,
        success=REDIRECT,
        queries=["size"],
        codes=[*_OF_COVERS, "DirectoryNotFound"],
    ),
)
async def of_album(request: Request) -> Response:
    """Of a media library with albums."""
    return await _cover(request)


async def _cover(request: Request) -> Response:
    parts, call = parts_of(request), call_of(request)
    size_px = size_of(call.queries)
    found = await run_in_threadpool(_find, parts, call, size_px)
    return redirect(found.url or await made(request, parts, found.cover))


def _find(parts: Parts, call: Call, size_px: int | None) -> _Found:
    direction = parts.settings.libraries.first
    seen = reading(parts, call, path=call.path, first=direction)
    medium = _first_medium(seen, call)
    assert medium.version is not None, "a medium has a version"
    cover = Cover(seen.library.tenant, medium, medium.version, size_px)
    if size_px is None and medium.kind == "image":
        look = LinkLook(parts.settings.libraries.link_s, medium.name)
        return _Found(parts.library.link(seen.place, medium.id, medium.version, look=look), cover)
    return _Found(earlier(parts, cover), cover)


def _first_medium(seen: Seen, call: Call) -> Entry:
    """Raises: RefusalError, in the order: kind of library, album rule, album, medium."""
    library = seen.library
    if library.kind == "file":
        raise RefusalError("CoverNotSupportedInFileLibrary")
    if library.multi_album and not call.path:
        raise RefusalError("CoverNotSupportedInRootDirectory")
    if len(call.path) > library.multi_album or seen.entry is None or seen.entry.kind != "dir":
        raise RefusalError("DirectoryNotFound")
    if seen.first is None:
        raise RefusalError("FileNotFound", "There is no picture or video here.")
    return seen.first
