"""The door of the dialect: it tells calls to it from others, and gives them their id."""

import asyncio
import uuid
from collections import deque
from collections.abc import Container
from contextlib import suppress
from typing import Final, cast

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access import NOTED
from api.dialects.alibaba.telling import Telling, format_in, is_xml
from worker.signing.canonical import LONGEST_PARAMETERS

FORM_TYPE: Final = "application/x-www-form-urlencoded"
# What only calls of the vendor's kind have in their query or form.
MARKS: Final = frozenset({"Action", "AccessKeyId", "Signature"})

_TELLING: Final = "firstframe.alibaba"
_MAX_HOST_CHARACTERS: Final = 255


class Door:
    """Sends the vendor's calls to the dialect, all others on as they came.

    They are those to `/` with a parameter or header of the vendor's, and whatever is signed with
    its newer scheme, which nothing else here takes.
    """

    def __init__(self, app: ASGIApp, *, inside: ASGIApp, stall_timeout_s: float) -> None:
        self._app, self._inside = app, inside
        self._stall_timeout_s = stall_timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Give the call to whom it is for."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        is_ours = headers.get("authorization", "").startswith("ACS3-")
        if not is_ours and scope["path"] in {"", "/"}:
            is_ours = _has_header(headers) or bool(MARKS & _names(scope["query_string"]))
            if not is_ours and _is_form(headers):
                body, receive = await _peek(receive, self._stall_timeout_s)
                is_ours = bool(MARKS & _names(body))
        if is_ours:
            tell(scope, _telling(scope, headers))
            await self._inside(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def telling_of(scope: Scope) -> Telling:
    """How the answer to a call is written."""
    return cast(Telling, scope[_TELLING])


def tell(scope: Scope, telling: Telling) -> None:
    """Have the answer to a call written so from now on."""
    scope[_TELLING] = telling
    scope[NOTED]["request_id"] = telling.request_id


def is_by_headers(headers: Headers, names: Container[str]) -> bool:
    """Whether headers say what is called, and not parameters: these are told by their names."""
    return "authorization" in headers or not any(mark in names for mark in MARKS)


def _telling(scope: Scope, headers: Headers) -> Telling:
    """As far as the query tells it; a form may say more."""
    query: bytes = scope["query_string"]
    by_headers = is_by_headers(headers, _names(query))
    return Telling(
        request_id=str(uuid.uuid4()).upper(),
        host_id=headers.get("host", "")[:_MAX_HOST_CHARACTERS],
        is_xml=is_xml(format_in(query), by_headers=by_headers),
    )


def _names(encoded: bytes) -> set[str]:
    return {part.partition("=")[0] for part in encoded.decode("latin-1").split("&")}


def _has_header(headers: Headers) -> bool:
    return any(name.startswith("x-acs-") for name in headers)


def _is_form(headers: Headers) -> bool:
    return headers.get("content-type", "").partition(";")[0].strip().lower() == FORM_TYPE


async def _peek(receive: Receive, stall_timeout_s: float) -> tuple[bytes, Receive]:
    """How a body begins, and what receives all of it as if nobody had looked."""
    messages: deque[Message] = deque()
    seen = bytearray()
    with suppress(TimeoutError):
        async with asyncio.timeout(stall_timeout_s):
            while len(seen) < LONGEST_PARAMETERS and (
                not messages or messages[-1].get("more_body", False)
            ):
                messages.append(await receive())
                seen += messages[-1].get("body", b"")

    async def again() -> Message:
        return messages.popleft() if messages else await receive()

    return bytes(seen), again
