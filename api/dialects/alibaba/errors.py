"""The border of the dialect: every failure becomes a code of the vendor's, with its status."""

import math
from collections.abc import Mapping
from typing import Final

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ExceptionHandler

from api.dialects.alibaba.wire import telling_of
from api.dialects.callers import CallReason, CallRefused
from worker.errors import CoverError

log = structlog.get_logger("firstframe.api")

CLIENT_GONE: Final = 499
# Codes and statuses of the gateway and of both products: their pages "Error codes" (MPS: "Error
# code list"), where a page states the status; 400 for those of MPS, which states none. The last two
# have no code in any page.
CODES: Final[Mapping[str, tuple[int, str]]] = {
    "InvalidApi.NotFound": (404, "There is nothing at this path: calls go to /."),
    "InvalidAction.NotFound": (404, "There is no such action in this version."),
    "InvalidVersion": (400, "There is no such version."),
    "UnsupportedHTTPMethod": (400, "Calls are made with GET or POST."),
    "InvalidAccessKeyId.NotFound": (404, "There is no such access key."),
    "InvalidAccessKeyId.Inactive": (400, "The access key is disabled."),
    "SignatureDoesNotMatch": (400, "The signature does not match."),
    "InvalidSignatureMethod": (400, "Calls are signed with ACS3-HMAC-SHA256, or HMAC-SHA1 1.0."),
    "IncompleteSignature": (400, "The signature is incomplete."),
    "InvalidTimeStamp.Format": (400, "The time of the call has not the expected form."),
    "InvalidTimeStamp.Expired": (400, "The time of the call is too far from the time here."),
    "SignatureNonceUsed": (400, "The nonce was used before."),
    "InvalidSecurityToken.Malformed": (400, "The security token is not known."),
    "Throttling.User": (400, "The call is over the limit of calls a second."),
    "InvalidParameter": (400, "A parameter is wrong."),
    "InvalidParameter.Format": (400, "A parameter has not the expected form."),
    "InvalidParameter.EmptyValue": (400, "A parameter is empty."),
    "InvalidParameter.OutOfRange": (400, "A parameter is too large or too small."),
    "InvalidParameter.UUIDFormatInvalid": (400, "An id has 32 hexadecimal digits."),
    "InvalidParameter.ResourceNotFound": (404, "There is no such medium."),
    "InvalidVideo.NotFound": (404, "There is no such video."),
    "NoSuchResource": (404, "The specified resource does not exist."),
    "InternalError": (500, "Something failed that should not."),
    "ServiceUnavailable": (503, "This cannot be done just now; try again."),
    "RequestTimeout": (408, "The request's body stopped coming."),
    "RequestEntityTooLarge": (413, "The request's body is larger than any call's parameters."),
}
BY_REASON: Final[Mapping[CallReason, str]] = {
    "missing": "IncompleteSignature",
    "malformed": "IncompleteSignature",
    "uncovered": "IncompleteSignature",
    "repeated": "IncompleteSignature",
    "algorithm": "InvalidSignatureMethod",
    "bearer": "InvalidSignatureMethod",
    "date_malformed": "InvalidTimeStamp.Format",
    "skewed": "InvalidTimeStamp.Expired",
    "payload": "SignatureDoesNotMatch",
    "mismatch": "SignatureDoesNotMatch",
    "unknown_key": "InvalidAccessKeyId.NotFound",
    "disabled": "InvalidAccessKeyId.Inactive",
    "replayed": "SignatureNonceUsed",
    "throttled": "Throttling.User",
    "temporary": "InvalidSecurityToken.Malformed",
}
# What our own failures are called here; a code that is not listed is a failure of ours.
_OURS: Final[Mapping[str, str]] = {
    "request.too_large": "RequestEntityTooLarge",
    "request.timeout": "RequestTimeout",
    "queue.unavailable": "ServiceUnavailable",
    "storage.unavailable": "ServiceUnavailable",
    "storage.full": "ServiceUnavailable",
}


class RefusalError(Exception):
    """An answer with one of the vendor's codes; `message` is ours and may be shown to anyone.

    A code that is not in `CODES` is that of a missing parameter, which has the parameter's name.
    """

    def __init__(self, code: str, message: str | None = None, *, wait_s: float = 0) -> None:
        self.code = code
        self.status, meaning = CODES.get(code, (400, "A parameter is missing."))
        self.message = message or meaning
        self.wait_s = wait_s
        super().__init__(f"{code}: {self.message}")


def refusal_of(error: CallRefused | CoverError) -> RefusalError:
    """What a failure of ours is called here."""
    if isinstance(error, CallRefused):
        code = BY_REASON[error.reason]
        # The vendor's older client fails on a wrong signature whose message has no colon.
        message = f"{CODES[code][1].removesuffix('.')}: {error.detail}."
        return RefusalError(code, message, wait_s=error.wait_s)
    return RefusalError(_OURS.get(error.code, "InternalError"))


def handlers() -> dict[type[Exception] | int, ExceptionHandler]:
    """Every kind of failure and its answer."""
    return {
        RefusalError: _refused,
        CallRefused: _ours,
        CoverError: _ours,
        ClientDisconnect: _gone,
        Exception: _unexpected,
    }


def _told(request: Request, refusal: RefusalError) -> Response:
    headers = {}
    if refusal.code == "Throttling.User":
        # The vendor's client reads milliseconds, and takes what has it for throttling.
        headers["x-acs-retry-after"] = str(max(1, math.ceil(1000 * refusal.wait_s)))
    telling = telling_of(request.scope)
    return telling.failure(refusal.status, refusal.code, refusal.message, headers)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusalError)
    return _told(request, error)


async def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, CallRefused | CoverError)
    refusal = refusal_of(error)
    if refusal.status >= 500 and isinstance(error, CoverError):
        # The caller is told nothing of what is wrong here: the operator is.
        log.error("a call could not be answered", code=error.code, error=error.message)
    return _told(request, refusal)


async def _gone(request: Request, error: Exception) -> Response:
    return Response(status_code=CLIENT_GONE)


async def _unexpected(request: Request, error: Exception) -> Response:
    # The server raises the exception again after this answer and logs it with its trace.
    return _told(request, RefusalError("InternalError"))
