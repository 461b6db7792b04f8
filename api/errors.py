"""The border of the HTTP side: every failure becomes one `application/problem+json` answer."""

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple, get_args

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match

from worker.contracts.targets import ProviderName
from worker.errors import CODES, CoverError, RequestError, Retry

MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER_S: Final = 2
MAX_TOLD_ERRORS: Final = 100
MAX_FIELD_CHARACTERS: Final = 200
CLIENT_GONE: Final = 499
# What an answer with a status must say beside its body (RFC 9110 §11.6.1, §15.5.9, §15.6.4).
HEADERS: Final[Mapping[int, Mapping[str, str]]] = {
    401: {"WWW-Authenticate": "Bearer"},
    408: {"Connection": "close"},
    503: {"Retry-After": str(RETRY_AFTER_S)},
}
METHODS: Final = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")

_MESSAGES: Final = {
    "extra_forbidden": "there is no such field",
    "missing": "this field is required",
}


_IN_FORMS: Final = frozenset({"target", "of", "image"})
_FORMS: Final = frozenset(get_args(ProviderName))


class FieldError(NamedTuple):
    """One mistake: where it is (`sizes[0]`) and what was expected."""

    field: str
    message: str


class RefusedError(RequestError):
    """A request that is refused with a status of its own or with its fields named."""

    def __init__(
        self,
        code: str,
        message: str | None = None,
        *,
        status: int | None = None,
        errors: Iterable[FieldError] = (),
    ) -> None:
        super().__init__(code, message)
        self.status = status or self.row.http_status
        self.errors = tuple(errors)[:MAX_TOLD_ERRORS]


def problem(
    code: str,
    detail: str,
    *,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
    **members: Any,
) -> JSONResponse:
    """An answer in the form of RFC 9457, with our code and whether trying again helps."""
    status = status or CODES[code].http_status
    content = {**_facts(code, detail, status), **members}
    told = {**HEADERS.get(status, {}), **(headers or {})}
    return JSONResponse(content, status_code=status, headers=told, media_type=MEDIA_TYPE)


def facts_of(error: CoverError) -> dict[str, Any]:
    """A failure in the form of RFC 9457, for an answer that has others beside it."""
    refused = error if isinstance(error, RefusedError) else None
    status = refused.status if refused else error.row.http_status
    return {**_facts(error.code, error.message, status), **_fields(error)}


def _facts(code: str, detail: str, status: int) -> dict[str, Any]:
    row = CODES[code]
    return {
        "type": f"urn:firstframe:error:{code}",
        "title": row.meaning,
        "status": status,
        "detail": detail,
        "code": code,
        "retryable": row.retry is not Retry.NEVER,
    }


def _fields(error: CoverError) -> dict[str, Any]:
    if not isinstance(error, RefusedError) or not error.errors:
        return {}
    return {"errors": [each._asdict() for each in error.errors]}


def refusal(mistakes: Iterable[Mapping[str, Any]]) -> RefusedError:
    """What pydantic found wrong, each field named; malformed JSON has a status of its own.

    A mistake whose kind is a code gives the refusal that code, unless there are others beside it.
    """
    found = list(mistakes)
    if any(mistake["type"] == "json_invalid" for mistake in found):
        detail = str(found[0]["msg"])
        return RefusedError("request.invalid", detail, status=400)
    kinds = {mistake["type"] for mistake in found}
    code = kinds.pop() if len(kinds) == 1 and kinds <= CODES.keys() else "request.invalid"
    errors = [
        FieldError(_field_name(mistake["loc"]), _MESSAGES.get(mistake["type"], str(mistake["msg"])))
        for mistake in found[:MAX_TOLD_ERRORS]
    ]
    names = ", ".join(dict.fromkeys(error.field for error in errors[:8]))
    return RefusedError(code, f"{CODES[code].meaning} See: {names}", errors=errors)


def _field_name(location: Iterable[int | str]) -> str:
    name, before = "", None
    for part in location:
        # Which of several forms was meant is no field: `target.huawei_vod.asset_id`.
        is_form = before in _IN_FORMS and part in _FORMS
        before = part
        if is_form:
            continue
        if isinstance(part, int):
            name += f"[{part}]"
        elif part != "[key]":
            name += f".{part}" if name else part
    return name[:MAX_FIELD_CHARACTERS] or "body"


def install(app: FastAPI) -> None:
    """Give every kind of failure its answer."""
    app.add_exception_handler(CoverError, _cover_error)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _unexpected)


async def _cover_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, CoverError)
    members = _fields(error)
    if error.code != "request.not_found" and "job_id" in request.path_params:
        members["job"] = request.path_params["job_id"]
    headers = {} if error.delay_s is None else {"Retry-After": str(math.ceil(error.delay_s))}
    status = error.status if isinstance(error, RefusedError) else None
    return problem(error.code, error.message, status=status, headers=headers, **members)


async def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    # The first part of a location is "query", "path" or "body": where, not which field.
    mistakes = [{**each, "loc": each["loc"][1:]} for each in error.errors()]
    return await _cover_error(request, refusal(mistakes))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        allowed = ", ".join(sorted(_methods_of(request)))
        detail = f"This path takes {allowed}."
        return problem("request.invalid", detail, status=405, headers={"Allow": allowed})
    if error.status_code == 404:
        return problem("request.not_found", "There is no such path.")
    return problem("request.invalid", error.detail, status=error.status_code, headers=error.headers)


def _methods_of(request: Request) -> set[str]:
    return {
        method
        for method in METHODS
        for route in request.app.routes
        if route.matches({**request.scope, "method": method})[0] is Match.FULL
    }


async def _gone(request: Request, error: Exception) -> Response:
    return Response(status_code=CLIENT_GONE)


async def _unexpected(request: Request, error: Exception) -> Response:
    # The server raises the exception again after this answer and logs it with its trace.
    return problem("internal.error", CODES["internal.error"].meaning)
