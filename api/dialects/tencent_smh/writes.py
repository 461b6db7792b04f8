"""`/file/…` and `/directory/…`, written: `PUT` is as its body says, `POST` as its query says.

Every answer is JSON, also where the vendor documents 204: one of its SDKs fails on an empty one.
"""

from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from api.dialects.tencent_smh import edits, grants, uploads
from api.dialects.tencent_smh.access import Call, Seen, call_of, writing
from api.dialects.tencent_smh.confirming import confirm
from api.dialects.tencent_smh.directories import DIRECTORY
from api.dialects.tencent_smh.documents import described
from api.dialects.tencent_smh.errors import RefusalError
from api.dialects.tencent_smh.files import FILE
from api.dialects.tencent_smh.forms import read_object
from api.dialects.tencent_smh.parts import Parts, parts_of
from api.dialects.tencent_smh.places import check_lengths
from worker.contracts.libraries import GrantName

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
    parts, call, seen, told = await _read(request, *grants.WRITE_FILE, of_file=True)
    if "from" in told:
        path = await run_in_threadpool(edits.move_file, parts, call, seen, told["from"])
        return JSONResponse({"path": path})
    return await _begun(request, parts, call, seen, multipart=False)


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
    parts, call, seen, told = await _read(request, *grants.WRITE_FILE, of_file=True)
    if call.queries.has("multipart"):
        return await _begun(request, parts, call, seen, multipart=True)
    if call.queries.has("confirm"):
        return JSONResponse(await confirm(request, parts, call, seen, told))
    if call.queries.has("renew"):
        return JSONResponse(await run_in_threadpool(uploads.renew, parts, call, seen, request))
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
        seen = await writing(parts, call, *grants.BEGIN_UPLOAD)
        await run_in_threadpool(uploads.abort, parts, call, seen)
        return JSONResponse({})
    seen = await writing(parts, call, *grants.DELETE_FILE, path=call.path)
    await run_in_threadpool(edits.delete_file, parts, call, seen)
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
    parts, call, seen, told = await _read(request, *grants.WRITE_DIRECTORY, of_file=False)
    if "from" in told:
        path = await run_in_threadpool(edits.move_directory, parts, call, seen, told["from"])
        return JSONResponse({"path": path})
    made = await run_in_threadpool(edits.make_directory, parts, call, seen)
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
    parts, call = parts_of(request), call_of(request)
    seen = await writing(parts, call, *grants.DELETE_DIRECTORY, path=call.path)
    await run_in_threadpool(edits.delete_directory, parts, call, seen)
    return JSONResponse({"recycledItemId": 0})


async def _read(
    request: Request, *wanted: GrantName, of_file: bool
) -> tuple[Parts, Call, Seen, dict[str, Any]]:
    """Who asks is looked at before the body is read: nobody else may let it be kept in memory.

    What is seen is the directory that a file is written into.
    """
    check_lengths(request.path_params["path"], of_file=of_file)
    parts, call = parts_of(request), call_of(request)
    seen = await writing(parts, call, *wanted, path=call.path[:-1] if of_file else None)
    told = await read_object(request, parts.settings.api)
    for name in NOT_BUILT:
        if name in told or call.queries.has(name):
            raise RefusalError("BadRequest", f"This build does not have {name}.")
    return parts, call, seen, told


async def _begun(
    request: Request, parts: Parts, call: Call, seen: Seen, *, multipart: bool
) -> Response:
    told = await run_in_threadpool(uploads.begin, parts, call, seen, request, multipart=multipart)
    return JSONResponse(told, status_code=201)
