"""`/album/…/cover`: the first medium of a space or an album, as its cover."""

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.dialects.tencent_smh.access import Call, Seen, call_of, reading
from api.dialects.tencent_smh.documents import described
from api.dialects.tencent_smh.errors import RefusalError
from api.dialects.tencent_smh.making import Cover, link_to, redirect, size_of
from api.dialects.tencent_smh.parts import parts_of
from worker.contracts.libraries import Entry
from worker.ports import LinkLook

OF_SPACE: Final = "/album/{library_id}/{space_id}/cover"
OF_ALBUM: Final = "/album/{library_id}/{space_id}/cover/{path:path}"
REDIRECT: Final = (302, "`Location` is a signed link to the picture; there is no body.")

_OF_COVERS: Final = ("CoverNotSupportedInFileLibrary", "FileNotFound")

router = APIRouter(tags=["covers"])


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


async def _cover(request: Request) -> Response:
    parts, call = parts_of(request), call_of(request)
    settings = parts.settings.libraries
    seen = await reading(parts, call, path=call.path, first=settings.first)
    medium = _first_medium(seen, call)
    size_px = size_of(call.queries)
    assert medium.version is not None, "a medium has a version"
    if size_px is None and medium.kind == "image":
        look = LinkLook(settings.link_s, medium.name)
        return redirect(parts.library.link(seen.place, medium.id, medium.version, look=look))
    cover = Cover(seen.library.tenant, medium, medium.version, size_px)
    return redirect(await link_to(request, parts, cover))


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
