"""Access tokens: made with a library's secret, renewed and deleted by those who hold them."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from api.dialects.tencent_smh.documents import body_of, failures, in_path
from api.dialects.tencent_smh.errors import RefusalError
from api.dialects.tencent_smh.forms import read_object, short, text_of
from api.dialects.tencent_smh.parts import parts_of
from api.dialects.tencent_smh.queries import Queries
from worker.contracts.libraries import (
    DEFAULT_PERIOD_S,
    MAX_PERIOD_S,
    MIN_PERIOD_S,
    SINGLE_SPACE,
    Grant,
    LibraryInfo,
)
from worker.wiring import State

FIELDS: Final = (
    *("library_id", "library_secret", "space_id", "user_id", "client_id", "session_id"),
    *("period", "grant"),
)
HOLDERS: Final = ("user_id", "client_id", "session_id")
MAX_NAME_CHARACTERS: Final = 64
MAX_LISTED: Final = 100

_OF_LIBRARY: Final = "/token/{library_id}"
_HELD: Final = "/token/{library_id}/{token}"


def _queries(names: Iterable[str]) -> list[dict[str, Any]]:
    return [{"name": name, "in": "query", "schema": {"type": "string"}} for name in names]


_ANY: Final = ("ParamInvalid", "RouteNotFound", "InternalServerError", "ServerOverloaded")
_CREATION: Final[dict[str, Any]] = {
    "summary": "Create an access token",
    "responses": failures(
        *("EmptyLibraryId", "EmptyLibrarySecret", "EmptyLibraryIdOrSecret", "BadRequest"),
        *("WrongLibraryIdOrSecret", "SpaceNotFound", *_ANY),
    ),
    "openapi_extra": {"parameters": _queries(FIELDS)},
}
_DELETION: Final[dict[str, Any]] = {
    "summary": "Delete the access tokens of a user, a client or a session",
    "responses": failures("EmptyLibrarySecret", "WrongLibraryIdOrSecret", *_ANY),
    "openapi_extra": {
        "parameters": [
            *in_path(_OF_LIBRARY),
            *_queries(("library_secret", *HOLDERS)),
        ]
    },
}

router = APIRouter(tags=["tokens"])


@router.get("/token", **_CREATION)
@router.post(
    "/token", **{**_CREATION, "openapi_extra": {**_CREATION["openapi_extra"], **body_of(*FIELDS)}}
)
async def create(request: Request) -> JSONResponse:
    """Needs the library's secret: for backends only. No `grant` means reading only."""
    parts, queries = parts_of(request), Queries(request.scope["query_string"])
    told = await read_object(request, parts.settings.api) if request.method == "POST" else {}
    told |= {name: queries.one(name) for name in FIELDS if queries.has(name)}
    grant, token = await run_in_threadpool(_create, parts.state, told)
    return _told(token, grant)


@router.post(
    _HELD,
    summary="Renew an access token",
    openapi_extra={"parameters": in_path(_HELD)},
    responses=failures("InvalidAccessToken", *_ANY),
)
def renew(request: Request) -> JSONResponse:
    """The token lasts its full period again, as it does after each use."""
    library_id, token = request.path_params["library_id"], request.path_params["token"]
    grant = parts_of(request).state.access_tokens.renew(library_id, token)
    if grant is None:
        raise RefusalError(
            "InvalidAccessToken", "The access token is unknown, or its time is over."
        )
    return _told(token, grant)


@router.delete(
    _HELD,
    summary="Delete an access token",
    openapi_extra={"parameters": in_path(_HELD)},
    responses=failures(*_ANY),
)
def delete(request: Request) -> JSONResponse:
    """The token opens nothing any more; one that does not exist is no error."""
    library_id, token = request.path_params["library_id"], request.path_params["token"]
    parts_of(request).state.access_tokens.delete(library_id, token)
    return JSONResponse({})


@router.delete(_OF_LIBRARY, **_DELETION)
def delete_of(request: Request) -> JSONResponse:
    """Needs the library's secret, and at least one of `user_id`, `client_id` and `session_id`.

    Where several are told, only tokens that were made for all of them are deleted.
    """
    state, queries = parts_of(request).state, Queries(request.scope["query_string"])
    library = _library(
        state, request.path_params["library_id"], queries.one("library_secret") or ""
    )
    holders = {name: queries.one(name) or None for name in HOLDERS if queries.has(name)}
    if not any(holders.values()):
        raise RefusalError("ParamInvalid", "Send user_id, client_id or session_id.")
    state.access_tokens.delete_of(library.id, **holders)
    return JSONResponse({})


def _told(token: str, grant: Grant) -> JSONResponse:
    return JSONResponse({"accessToken": token, "expiresIn": grant.period_s})


def _create(state: State, told: Mapping[str, Any]) -> tuple[Grant, str]:
    library = _library(
        state,
        text_of(told.get("library_id"), "library_id"),
        text_of(told.get("library_secret"), "library_secret"),
    )
    grant = Grant(
        library_id=library.id,
        space_ids=_space_ids(state, library, _listed(told, "space_id")),
        user_id=_label(told, "user_id"),
        client_id=_label(told, "client_id"),
        session_id=_label(told, "session_id"),
        grants=_listed(told, "grant"),
        period_s=_period_s(told.get("period")),
    )
    return grant, state.access_tokens.create(grant)


def _library(state: State, library_id: str, secret: str) -> LibraryInfo:
    """The library that the secret opens.

    Raises: RefusalError, the same for a wrong id and a wrong secret.
    """
    if not library_id and not secret:
        raise RefusalError("EmptyLibraryIdOrSecret", "library_id and library_secret are missing.")
    if not library_id:
        raise RefusalError("EmptyLibraryId", "library_id is missing.")
    if not secret:
        raise RefusalError("EmptyLibrarySecret", "library_secret is missing.")
    matches = state.libraries.secret_matches(library_id, secret)
    library = state.libraries.read(library_id) if matches else None
    if library is None:
        raise RefusalError("WrongLibraryIdOrSecret", "The library's id or its secret is wrong.")
    return library


def _space_ids(state: State, library: LibraryInfo, told: tuple[str, ...]) -> tuple[str, ...]:
    for space_id in told:
        if (space_id == SINGLE_SPACE) is library.multi_tenant or (
            state.libraries.read_space(library.id, space_id) is None
        ):
            raise RefusalError("SpaceNotFound", "The library has no such space.")
    return told


def _period_s(told: object) -> int:
    """The vendor's rule: what is no positive integer is the default, too short is the least."""
    text = str(told)
    if not (text.isascii() and text.isdecimal() and int(text[:12])):
        return DEFAULT_PERIOD_S
    return min(max(int(text[:12]), MIN_PERIOD_S), MAX_PERIOD_S)


def _label(told: Mapping[str, Any], name: str) -> str | None:
    return short(text_of(told.get(name), name), name)


def _listed(told: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Names with commas between them. Raises: RefusalError `ParamInvalid`."""
    parts = (part.strip() for part in text_of(told.get(name), name).split(","))
    names = tuple(dict.fromkeys(filter(None, parts)))
    if len(names) > MAX_LISTED or any(len(each) > MAX_NAME_CHARACTERS for each in names):
        raise RefusalError("ParamInvalid", f"{name} has too many names, or too long ones.")
    return names
