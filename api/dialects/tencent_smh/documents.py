"""The dialect's OpenAPI: parameters by name, and which of the vendor's codes a call may give."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from api.dialects.tencent_smh.errors import CODES

# What any call on a space may be refused with.
OF_SPACES: Final = (
    "ParamInvalid",
    "EmptyAccessToken",
    "InvalidAccessToken",
    "AccessTokenNotMatchSpace",
    "LibraryNotFound",
    "SpaceNotFound",
    "RouteNotFound",
    "InternalServerError",
    "ServerOverloaded",
)
_REQUEST_ID: Final = {
    "X-Request-Id": {"description": "Names this call.", "schema": {"type": "string"}}
}
_NUMBER: Final[dict[str, Any]] = {"type": "integer"}
_SWITCH: Final[dict[str, Any]] = {"type": "string", "enum": ["0", "1"]}
_TEXT: Final[dict[str, Any]] = {"type": "string"}

_PATH: Final = {
    "library_id": "The library.",
    "space_id": "The space; `-` in a library with one space.",
    "album": "The album's name.",
    "path": "Names with `/` between them, escaped or not.",
    "token": "The access token.",
    "transfer_id": "The end of the `path` that came when the upload began.",
}
_QUERIES: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "access_token": (_TEXT, "An access token; what is public needs none."),
    "user_id": (_TEXT, "For whom an admin's token without a user of its own acts."),
    "size": (
        {**_NUMBER, "minimum": 1, "maximum": 4096},
        "A square of so many pixels; without it the original, or a video's whole first frame.",
    ),
    "history_id": (_TEXT, "A version; the newest if absent."),
    "content_disposition": ({**_TEXT, "enum": ["inline", "attachment"]}, "How a browser takes it."),
    "purpose": ({**_TEXT, "enum": ["download", "preview", "list"]}, "What it is for."),
    "traffic_limit": (
        {**_NUMBER, "minimum": 102_400, "maximum": 104_857_600},
        "Bytes a second. Accepted, and not kept: answers are as fast as they come.",
    ),
    "info": (_TEXT, "With this key, present or not empty, the facts as JSON."),
    "preview": (_TEXT, "With this key a picture of the file."),
    "pre_check": (_SWITCH, "Only whether it is allowed: no `cosUrl`."),
    "period": ({**_NUMBER, "minimum": 60, "maximum": 7200}, "Seconds that the link lives."),
    "marker": (_TEXT, "`nextMarker` of the page before."),
    "limit": ({**_NUMBER, "minimum": 1, "maximum": 1000, "default": 100}, "Entries by marker."),
    "page": ({**_NUMBER, "minimum": 1, "maximum": 10_000, "default": 1}, "Which page."),
    "page_size": ({**_NUMBER, "minimum": 1, "maximum": 1000, "default": 20}, "Entries a page."),
    "by-marker": (_SWITCH, "Marker mode; that is the mode without any of these."),
    "by-page": (_SWITCH, "Page mode."),
    "order_by": (_TEXT, "What is sorted by."),
    "order_by_type": ({**_TEXT, "enum": ["asc", "desc"]}, "Which way."),
    "filter": ({**_TEXT, "enum": ["onlyDir", "onlyFile"]}, "Only these."),
    "conflict_resolution_strategy": (
        {**_TEXT, "enum": ["ask", "rename", "overwrite"]},
        "What is done about a name that is taken. Directories are not overwritten.",
    ),
    "force": (_SWITCH, "Old clients' way to say `overwrite` or `rename`; for spaces, see there."),
    "filesize": ({**_NUMBER, "minimum": 0}, "The bytes to come, so that too many are told now."),
    "multipart": (_TEXT, "With this key an upload in parts begins."),
    "confirm": (_TEXT, "With this key the upload is confirmed."),
    "renew": (_TEXT, "With this key the upload's directions are told again."),
    "upload": (_TEXT, "With this key the call is about the upload, not a file."),
    "permanent": (_SWITCH, "Accepted: without a recycle bin all removal is for good."),
    "sort_type": ({**_TEXT, "enum": ["union"]}, "Directories and files sorted together."),
}
_FIELDS: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "from": (_TEXT, "The path of what is moved here, without `%`."),
    "crc64": (_TEXT, "The CRC-64/XZ of the bytes, decimal, signed or not."),
    "isPublicRead": ({"type": "boolean"}, "Whether reading needs no token."),
    "library_id": (_TEXT, "The library."),
    "library_secret": (_TEXT, "Its secret."),
    "space_id": (_TEXT, "Spaces with commas between them; all of them if absent."),
    "client_id": (_TEXT, "A label."),
    "session_id": (_TEXT, "A label."),
    "period": (_NUMBER, "Seconds from each use that the token lasts, 86400 if absent."),
    "grant": (_TEXT, "Grants with commas between them; reading only if absent."),
    "user_id": (_TEXT, "Who uses the token."),
}


class ErrorView(BaseModel):
    """Every failure."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(json_schema_extra={"enum": [*sorted(CODES)]})
    message: str
    requestId: str  # noqa: N815 - the vendor's name


def described(
    summary: str,
    path: str,
    *,
    success: tuple[int, str] | Mapping[int, str],
    queries: Iterable[str] = (),
    codes: Iterable[str] = (),
    fields: Sequence[str] = (),
) -> dict[str, Any]:
    """The keyword arguments of a route that reads its call itself: `@router.get(path, **…)`.

    `path` is that of the route, `success` its status and what it means, or several, the usual one
    first; `codes` come on top of those that every call on a space has. `fields` are those of the
    JSON body, if the call takes one.
    """
    told = dict([success]) if isinstance(success, tuple) else success
    names = ("access_token", "user_id", *queries)
    return {
        "summary": summary,
        "status_code": next(iter(told)),
        "response_class": Response,
        "responses": {
            **{
                status: {"description": meaning, "headers": _REQUEST_ID}
                for status, meaning in told.items()
            },
            **failures(*OF_SPACES, *codes),
        },
        "openapi_extra": {
            "parameters": [*in_path(path), *map(_in_query, names)],
            **(body_of(*fields) if fields else {}),
        },
    }


def body_of(*fields: str) -> dict[str, Any]:
    """The `openapi_extra` of a call whose body may have these fields, or none at all."""
    properties = {name: {**_FIELDS[name][0], "description": _FIELDS[name][1]} for name in fields}
    schema = {"type": "object", "properties": properties}
    return {"requestBody": {"content": {"application/json": {"schema": schema}}}}


def failures(*codes: str) -> dict[int | str, Any]:
    """The document of failures, by status."""
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(CODES[code].status, []).append(code)
    return {
        status: {
            "model": ErrorView,
            "description": " ".join(f"`{code}`: {CODES[code].meaning}" for code in found),
            "headers": _REQUEST_ID,
        }
        for status, found in sorted(by_status.items())
    }


def in_path(path: str) -> list[dict[str, Any]]:
    """The parameters of a route's path, for routes that read them from the request."""
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": _TEXT,
            "description": _PATH[name],
        }
        for name in re.findall(r"{(\w+)", path)
    ]


def _in_query(name: str) -> dict[str, Any]:
    schema, description = _QUERIES[name]
    return {"name": name, "in": "query", "schema": schema, "description": description}
