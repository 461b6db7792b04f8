"""`/file/…` and `/directory/…`, written: `PUT` is as its body says, `POST` as its query says.

Every answer is JSON, also where the vendor documents 204: one of its SDKs fails on an empty one.
"""

from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from api.dialects.tencent_smh import edits, uploads
from api.dialects.tencent_smh.access import Call, call_of
from api.dialects.tencent_smh.confirming import confirm
from api.dialects.tencent_smh.directories import DIRECTORY
from api.dialects.tencent_smh.documents import described
from api.dialects.tencent_smh.errors import RefusalError
from api.dialects.tencent_smh.files import FILE
from api.dialects.tencent_smh.forms import read_object, text_of
from api.dialects.tencent_smh.parts import Parts, parts_of
from api.dialects.tencent_smh.places import check_lengths

# Names of the body or of the query, whose calls are no uploads although they begin as those do.
NOT_BUILT: Final = ("copyFrom", "linkTo", "convertFrom", "convert", "virtual_file")
CONFLICT: Final = "conflict_resolution_strategy"
TAKEN: Final = ("SameNameDirectoryOrFileExists", "InvalidConflictResolutionStrategy")
PLACING: Final = (
    *("NoPermission", "BadRequest", "EmptyFileName", "FileNameLengthExceed", "ExtnameNotAllowed"),
    *("DirectoryNameLengthExceed", "UploadToRootDirectoryNotAllowed", "DirectoryNotFound"),
    *("QuotaLimitReached", *TAKEN),
)
OF_UPLOADS: Final = (
    *("UploadNotFound", "ConfirmKeyNotFound", "UploadNotBelongYou", "UploadIncomplete"),
    *("MultipartUploadIncomplete", "BadCrc64", "FileNotFound"),
)
OF_DIRECTORIES: Final = (
    *("NoPermission", "BadRequest", "EmptyPath", "DirectoryNotAllowed", "DirectoryLevelExceed"),
    *("DirectoryNameLengthExceed", "SourceDirectoryNotFound", "InvalidSourceDirectory"),
    *("SourceDirectoryIsParentOfDestination", *TAKEN),
)

router = APIRouter(tags=["uploads and changes"])


@router.put(
    FILE,
    **described(
        "Begin an upload, or move a file",
        FILE,
        success={201: "Where the bytes go.", 200: "The `path` of a file that was moved."},
        queries=[CONFLICT, "force", "filesize"],
        fields=["from"],
        codes=[
            *PLACING,
            *("SourceFileNotFound", "InvalidSourceFile", "FileTypeNotMatched"),
        ],
    ),
)
async def put_file(request: Request) -> Response:
    """A body with `from` moves that file here; any other begins an upload, answered with 201."""
    parts, call, told = await _read(request, of_file=True)
    if "from" in told:
        source = text_of(told["from"], "from")
        return JSONResponse({"path": await run_in_threadpool(edits.move_file, parts, call, source)})
    return await _begun(request, parts, call, multipart=False)


@router.post(
    FILE,
    **described(
        "Begin an upload in parts, confirm or renew an upload",
        FILE,
        success={200: "The file, or where the bytes go.", 201: "Where the bytes of parts go."},
        queries=["multipart", "confirm", "renew", CONFLICT, "force", "filesize"],
        fields=["crc64"],
        codes=[*PLACING, *OF_UPLOADS],
    ),
)
async def post_file(request: Request) -> Response:
    """With `confirm` or `renew` the path is the upload's `confirmKey`."""
    parts, call, told = await _read(request, of_file=True)
    if call.queries.has("multipart"):
        return await _begun(request, parts, call, multipart=True)
    if call.queries.has("confirm"):
        return JSONResponse(await confirm(request, parts, call, told))
    if call.queries.has("renew"):
        return JSONResponse(await run_in_threadpool(uploads.renew, parts, call, request))
    raise RefusalError("BadRequest", "This build has no uploads by form: put the file.")


@router.delete(
    FILE,
    **described(
        "Delete a file, or abort an upload",
        FILE,
        success=(200, "It is gone; nothing is kept in a recycle bin."),
        queries=["upload", "permanent"],
        codes=[
            *("NoPermission", "EmptyPath", "FileNotFound"),
            *("UploadNotFound", "UploadNotBelongYou", "UploadComplete"),
        ],
    ),
)
async def delete_file(request: Request) -> Response:
    """With `upload` the path is the `confirmKey` of an upload that is not confirmed."""
    parts, call = parts_of(request), call_of(request)
    if call.queries.has("upload"):
        await run_in_threadpool(uploads.abort, parts, call)
        return JSONResponse({})
    await run_in_threadpool(edits.delete_file, parts, call)
    return JSONResponse({"recycledItemId": 0})


@router.put(
    DIRECTORY,
    **described(
        "Make or move a directory or album",
        DIRECTORY,
        success={201: "The `path` of a new one.", 200: "The `path` of one that was moved."},
        queries=[CONFLICT],
        fields=["from"],
        codes=OF_DIRECTORIES,
    ),
)
async def put_directory(request: Request) -> Response:
    """A body with `from` moves that directory here; what is missing above it is made."""
    parts, call, told = await _read(request, of_file=False)
    if "from" in told:
        source = text_of(told["from"], "from")
        path = await run_in_threadpool(edits.move_directory, parts, call, source)
        return JSONResponse({"path": path})
    made = await run_in_threadpool(edits.make_directory, parts, call)
    return JSONResponse({"path": made}, status_code=201)


@router.delete(
    DIRECTORY,
    **described(
        "Delete a directory or album with all below it",
        DIRECTORY,
        success=(200, "It is gone; nothing is kept in a recycle bin."),
        queries=["permanent"],
        codes=["NoPermission", "RootDirectoryNotAllowed", "DirectoryNotFound"],
    ),
)
async def delete_directory(request: Request) -> Response:
    """A large one takes several calls: 503 says that there is more to remove."""
    await run_in_threadpool(edits.delete_directory, parts_of(request), call_of(request))
    return JSONResponse({"recycledItemId": 0})


async def _read(request: Request, *, of_file: bool) -> tuple[Parts, Call, dict[str, Any]]:
    check_lengths(request.path_params["path"], of_file=of_file)
    parts, call = parts_of(request), call_of(request)
    told = await read_object(request, parts.settings.api)
    for name in NOT_BUILT:
        if name in told or call.queries.has(name):
            raise RefusalError("BadRequest", f"This build does not have {name}.")
    return parts, call, told


async def _begun(request: Request, parts: Parts, call: Call, *, multipart: bool) -> Response:
    told = await run_in_threadpool(uploads.begin, parts, call, request, multipart=multipart)
    return JSONResponse(told, status_code=201)
