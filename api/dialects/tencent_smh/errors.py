"""The border of the dialect: every failure becomes the vendor's flat JSON with one of its codes."""

import math
from collections.abc import Mapping
from typing import Final, NamedTuple

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Scope

from worker.errors import CoverError, Retry

RETRY_AFTER_S: Final = 2
CLIENT_GONE: Final = 499
REQUEST_ID: Final = "firstframe.request_id"


class Row(NamedTuple):
    status: int
    meaning: str


# The vendor's documented codes (cloud.tencent.com document 1339/50072), and those that only its
# SDKs list: ParamInvalid, BadRequest, RouteNotFound, PathNotFound, MarkerNotFound, OrderBy…,
# ServerOverloaded, and the codes of uploads. There is no 401 among them.
CODES: Final[Mapping[str, Row]] = {
    "EmptyLibraryId": Row(400, "The library's id is missing."),
    "EmptyLibrarySecret": Row(400, "The library's secret is missing."),
    "EmptyLibraryIdOrSecret": Row(400, "The library's id or secret is missing."),
    "EmptyAccessToken": Row(400, "The access token is missing."),
    "EmptyPath": Row(400, "The path is missing."),
    "NotMultiSpaceLibrary": Row(400, "This library has one space only."),
    "CoverNotSupportedInFileLibrary": Row(400, "A file library has no covers."),
    "CoverNotSupportedInRootDirectory": Row(400, "This library has covers of albums only."),
    "ParamInvalid": Row(400, "A parameter is wrong."),
    "BadRequest": Row(400, "The request is malformed."),
    "OrderByNotAllowed": Row(400, "There is no such order."),
    "OrderByTypeNotAllowed": Row(400, "An order is asc or desc."),
    "BadCrc64": Row(400, "The bytes that came have another CRC-64 than was told."),
    "UploadIncomplete": Row(400, "The bytes have not come yet."),
    "MultipartUploadIncomplete": Row(400, "Not all parts have come yet."),
    "QuotaLimitReached": Row(400, "There is no room for so much."),
    "InvalidConflictResolutionStrategy": Row(400, "What to do about a taken name is not known."),
    "EmptyFileName": Row(400, "The file's name is missing."),
    "FileNameLengthExceed": Row(400, "A file's name has at most 255 bytes in UTF-8."),
    "ExtnameNotAllowed": Row(400, "This library takes pictures and videos, by their extensions."),
    "UploadToRootDirectoryNotAllowed": Row(400, "Media of this library stand in albums."),
    "DirectoryNameLengthExceed": Row(400, "A directory's name has at most 255 bytes in UTF-8."),
    "DirectoryNotAllowed": Row(400, "This library has no albums."),
    "DirectoryLevelExceed": Row(400, "An album has no directories in it."),
    "RootDirectoryNotAllowed": Row(400, "This cannot be done to the top directory."),
    "InvalidSourceDirectory": Row(400, "There can be no such directory to move."),
    "InvalidSourceFile": Row(400, "There can be no such file to move."),
    "FileTypeNotMatched": Row(400, "A picture stays a picture, and a video a video."),
    "SourceDirectoryIsParentOfDestination": Row(400, "No directory goes below itself."),
    "InvalidAccessToken": Row(403, "The access token is wrong, expired or of another library."),
    "AccessTokenNotMatchSpace": Row(403, "The access token is not for this space."),
    "NoPermission": Row(403, "The access token does not allow this."),
    "UploadNotBelongYou": Row(403, "The upload is another user's."),
    "LibraryNotFound": Row(404, "There is no such library."),
    "WrongLibraryIdOrSecret": Row(404, "There is no library with this id and secret."),
    "SpaceNotFound": Row(404, "There is no such space."),
    "DirectoryNotFound": Row(404, "There is no such directory or album."),
    "FileNotFound": Row(404, "There is no such file."),
    "PathNotFound": Row(404, "There is no such directory or file."),
    "MarkerNotFound": Row(404, "The marker is not one of this listing."),
    "RouteNotFound": Row(404, "There is no such call."),
    "ConfirmKeyNotFound": Row(404, "There is no such upload."),
    "UploadNotFound": Row(404, "There is no such upload."),
    "SourceDirectoryNotFound": Row(404, "There is no such directory to move."),
    "SourceFileNotFound": Row(404, "There is no such file to move."),
    "SpaceNotEmpty": Row(409, "There is something in the space."),
    "SameNameDirectoryOrFileExists": Row(409, "The name is taken."),
    "UploadComplete": Row(409, "The upload was confirmed before."),
    "InternalServerError": Row(500, "Something failed that should not."),
    "ServerOverloaded": Row(503, "This cannot be done just now; try again."),
}

# What our own failures are called here; what is not listed depends on whether trying again helps.
_OURS: Final[Mapping[str, str]] = {
    "library.conflict": "SameNameDirectoryOrFileExists",
    "library.bad_checksum": "BadCrc64",
    "request.not_found": "FileNotFound",
    "request.invalid": "BadRequest",
    "request.content_type": "BadRequest",
    "request.too_large": "BadRequest",
    "request.timeout": "BadRequest",
    "storage.full": "ServerOverloaded",
}


class RefusalError(Exception):
    """An answer with one of the vendor's codes; `message` is ours and may be shown to anyone."""

    def __init__(
        self, code: str, message: str | None = None, *, headers: Mapping[str, str] | None = None
    ) -> None:
        self.row = CODES[code]
        self.code = code
        self.message = message or self.row.meaning
        self.headers = dict(headers or {})
        super().__init__(f"{code}: {self.message}")


def overloaded(message: str | None = None, *, retry_after_s: float = RETRY_AFTER_S) -> RefusalError:
    """Try again in a moment: what is asked for is not there yet."""
    return RefusalError(
        "ServerOverloaded", message, headers={"Retry-After": str(math.ceil(retry_after_s))}
    )


def answer_of(refusal: RefusalError, scope: Scope) -> Response:
    """The refusal as an answer; a `HEAD` has no body, which `wire.Wire` sees to."""
    content = {
        "code": refusal.code,
        "message": refusal.message,
        "requestId": scope.get(REQUEST_ID, ""),
    }
    return JSONResponse(content, status_code=refusal.row.status, headers=refusal.headers)


def refusal_of(error: CoverError, *, missing: str) -> RefusalError:
    """One of our failures in the vendor's words; `missing` is the code of what was not found."""
    if error.code == "library.not_found":
        return RefusalError(missing)
    code = _OURS.get(error.code, "")
    if code == "ServerOverloaded" or (not code and error.row.http_status == 503):
        return overloaded(error.message, retry_after_s=error.delay_s or RETRY_AFTER_S)
    if code:
        return RefusalError(code, error.message)
    helps = "" if error.row.retry is Retry.NEVER else " Trying again may help."
    return RefusalError("InternalServerError", f"{error.code}: {error.message}{helps}")


def install(app: FastAPI) -> None:
    """Give every kind of failure its answer."""
    app.add_exception_handler(RefusalError, _refused)
    app.add_exception_handler(CoverError, _cover_error)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _unexpected)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusalError)
    return answer_of(error, request.scope)


async def _cover_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, CoverError)
    path = request.url.path.removeprefix(request.scope["root_path"])
    missing = "FileNotFound" if path.startswith("/file/") else "DirectoryNotFound"
    return answer_of(refusal_of(error, missing=missing), request.scope)


async def _validation(request: Request, error: Exception) -> Response:
    return answer_of(RefusalError("ParamInvalid"), request.scope)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    # Clients retry a 501 for seconds and know no 405: an unknown call is not found.
    code = "RouteNotFound" if error.status_code in {404, 405} else "BadRequest"
    return answer_of(RefusalError(code), request.scope)


async def _gone(request: Request, error: Exception) -> Response:
    return Response(status_code=CLIENT_GONE)


async def _unexpected(request: Request, error: Exception) -> Response:
    # The server raises the exception again after this answer and logs it with its trace.
    return answer_of(RefusalError("InternalServerError"), request.scope)
