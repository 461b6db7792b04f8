"""`/space/…/extension`, read: what a space is set to."""

from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from api.dialects.tencent_smh.access import call_of, is_public, reading
from api.dialects.tencent_smh.documents import described
from api.dialects.tencent_smh.parts import parts_of
from worker.contracts.libraries import LibraryInfo, SpaceInfo

EXTENSION: Final = "/space/{library_id}/{space_id}/extension"

router = APIRouter(tags=["spaces"])


@router.get(EXTENSION, **described("Attributes of a space", EXTENSION, success=(200, "All.")))
async def extension(request: Request) -> Response:
    """Needs a token even where reading is public."""
    parts, call = parts_of(request), call_of(request)
    seen = await reading(parts, call, public=False)
    return JSONResponse(extension_view(seen.library, seen.space))


def extension_view(library: LibraryInfo, space: SpaceInfo) -> dict[str, Any]:
    """The attributes under both names that clients of the vendor read (`isPublicRead`, …)."""
    public, albums = is_public(library, space), library.multi_album
    takes = library.kind == "media"
    return {
        "isPublicRead": public,
        "publicRead": public,
        "isMultiAlbum": albums,
        "multiAlbum": albums,
        "allowPhoto": takes,
        "allowVideo": takes,
        "allowPhotoExtname": [],
        "allowVideoExtname": [],
        "recognizeSensitiveContent": False,
    }
