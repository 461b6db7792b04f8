"""The border of the dialect: every failure becomes `error_code` and `error_msg` of the vendor."""

import math
from collections.abc import Mapping
from typing import Final, NamedTuple

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ExceptionHandler

from api.dialects.callers import CallReason, CallRefused
from worker.errors import CoverError, MediaError

log = structlog.get_logger("firstframe.api")

REQUEST_ID: Final = "firstframe.request_id"
CLIENT_GONE: Final = 499


class Row(NamedTuple):
    status: int
    code: str
    meaning: str


# Codes of the gateway (API Request Signing Guide, "Error Codes") and of VOD ("Error Codes").
ROWS: Final[Mapping[str, Row]] = {
    "no_api": Row(404, "APIGW.0101", "There is no such API: check method and path."),
    "bad_request": Row(400, "APIGW.0201", "The request cannot be read."),
    "too_large": Row(413, "APIGW.0201", "The request's body is larger than this API takes."),
    "failed": Row(500, "APIGW.0201", "Something failed that should not."),
    "unavailable": Row(502, "APIGW.0201", "This cannot be done just now; try again."),
    "unauthenticated": Row(401, "APIGW.0301", "The authentication is wrong or missing."),
    "skewed": Row(401, "APIGW.0303", "X-Sdk-Date is too far from the time here."),
    "throttled": Row(429, "APIGW.0308", "Too many calls: come back later."),
    "field": Row(400, "VOD.10053", "A field of the request is wrong."),
    "content_type": Row(400, "VOD.10059", "The content type is wrong."),
    "other_project": Row(403, "VOD.10057", "The project is not the caller's."),
    "no_asset": Row(400, "VOD.10062", "There is no such media asset or resource."),
}
_BY_REASON: Final[Mapping[CallReason, str]] = {
    "skewed": "skewed",
    "throttled": "throttled",
    "replayed": "unauthenticated",
}
# What our own failures are called here; a code that is not listed is a failure of ours, but for
# those of media: a picture that came is wrong.
_OURS: Final[Mapping[str, str]] = {
    "request.not_found": "no_asset",
    "request.invalid": "field",
    "request.content_type": "content_type",
    "request.too_large": "too_large",
    "request.timeout": "bad_request",
    "provider.not_found": "no_asset",
    "provider.url_unfit": "field",
    "source.url_not_allowed": "field",
    "source.address_blocked": "field",
    "source.not_allowed": "field",
    "queue.unavailable": "unavailable",
    "storage.unavailable": "unavailable",
    "storage.full": "unavailable",
}


class RefusalError(Exception):
    """An answer with one of the vendor's codes; `message` is ours and may be shown to anyone."""

    def __init__(self, name: str, message: str | None = None, *, wait_s: float = 0) -> None:
        self.row = ROWS[name]
        self.message = message or self.row.meaning
        self.wait_s = wait_s
        super().__init__(f"{self.row.code}: {self.message}")


def wrong(field: str, message: str) -> RefusalError:
    """A field of the request is wrong; the message names it."""
    return RefusalError("field", f"{field}: {message}.")


def refusal_of(error: CallRefused | CoverError) -> RefusalError:
    """What a failure of ours is called here."""
    if isinstance(error, CallRefused):
        name = _BY_REASON.get(error.reason, "unauthenticated")
        # Who may know an account by its key and who not is the same to a stranger.
        told = "the signature does not match" if error.reason == "unknown_key" else error.detail
        meaning = ROWS[name].meaning.removesuffix(".")
        return RefusalError(name, f"{meaning}: {told}.", wait_s=error.wait_s)
    if isinstance(error, MediaError):
        return wrong("body", error.message.rstrip("."))
    name = _OURS.get(error.code, "failed")
    return RefusalError(name, error.message if name == "field" else None)


def answer_of(refusal: RefusalError, request_id: str) -> Response:
    """The refusal as the vendor's JSON."""
    row = refusal.row
    content = {"error_code": row.code, "error_msg": refusal.message, "request_id": request_id}
    headers = {}
    if row.status == 429:
        headers["Retry-After"] = str(max(1, math.ceil(refusal.wait_s)))
    return JSONResponse(content, status_code=row.status, headers=headers)


def handlers() -> dict[type[Exception] | int, ExceptionHandler]:
    """Every kind of failure and its answer."""
    return {
        RefusalError: _refused,
        CallRefused: _ours,
        CoverError: _ours,
        HTTPException: _no_api,
        ClientDisconnect: _gone,
        Exception: _unexpected,
    }


def _told(request: Request, refusal: RefusalError) -> Response:
    return answer_of(refusal, request.scope[REQUEST_ID])


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusalError)
    return _told(request, error)


async def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, CallRefused | CoverError)
    refusal = refusal_of(error)
    if refusal.row.status >= 500 and isinstance(error, CoverError):
        # The caller is told nothing of what is wrong here: the operator is.
        log.error("a call could not be answered", code=error.code, error=error.message)
    return _told(request, refusal)


async def _no_api(request: Request, error: Exception) -> Response:
    return _told(request, RefusalError("no_api"))


async def _gone(request: Request, error: Exception) -> Response:
    return Response(status_code=CLIENT_GONE)


async def _unexpected(request: Request, error: Exception) -> Response:
    # The server raises the exception again after this answer and logs it with its trace.
    return _told(request, RefusalError("failed"))
