"""What keeps web pages from using a person's browser against an API without keys."""

import ipaddress
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import problem
from worker.settings import ApiSettings

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})

_HEADER_NAMES: Final = re.compile(r"[A-Za-z0-9!#$&'*+.^_`|~, -]{1,1000}")


class BrowserGuard:
    """Refuses writing calls that another site's page makes, and calls under foreign names.

    A page may send simple requests anywhere (Fetch §4.8 marks them in `Sec-Fetch-Site`), and a
    name that its owner points at 127.0.0.1 makes this API part of the page's own site. Where any
    name is right (`names` is None), `Host` and `Origin` say nothing.
    """

    def __init__(self, app: ASGIApp, *, names: frozenset[str] | None) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 403 `auth.forbidden` instead of the application where the call is refused."""
        wrong = self._wrong_with(scope) if scope["type"] == "http" else None
        if wrong is None:
            await self._app(scope, receive, send)
        else:
            await problem("auth.forbidden", wrong)(scope, receive, send)

    def _wrong_with(self, scope: Scope) -> str | None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if not is_named(hosts, self._names):
            return "Without keys the API answers to localhost, 127.0.0.1, [::1] and api.hosts only."
        if scope["method"] in SAFE_METHODS:
            return None
        foreign = self._names is not None and any(
            origin.lower() not in {f"http://{hosts[0]}".lower(), f"https://{hosts[0]}".lower()}
            for origin in headers.getlist("origin")
        )
        if foreign or headers.get("sec-fetch-site", "").lower() == "cross-site":
            return "A page of another site may not use this API."
        return None


class AnyPage:
    """Lets pages of any site read what is below `prefixes`: a link opens it, not who they are.

    A page that followed a redirect here asks first whether its own headers may come along
    (Fetch §4.4, §4.8); what is answered then tells nothing.
    """

    def __init__(self, app: ASGIApp, *, prefixes: tuple[str, ...]) -> None:
        self._app, self._prefixes = app, prefixes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the question, and add to the application's answer who may read it."""
        if scope["type"] != "http" or not scope["path"].startswith(self._prefixes):
            await self._app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Access-Control-Allow-Origin"] = "*"
            await send(message)

        asked = Headers(scope=scope)
        if scope["method"] == "OPTIONS" and "access-control-request-method" in asked:
            await preflight(asked, methods="GET, HEAD")(scope, receive, sending)
        else:
            await self._app(scope, receive, sending)


def preflight(asked: Headers, *, methods: str) -> Response:
    """What a page may send: these methods, with any headers; there are no cookies here."""
    told = {"Access-Control-Allow-Methods": methods, "Access-Control-Max-Age": "86400"}
    names = asked.get("access-control-request-headers", "")
    if _HEADER_NAMES.fullmatch(names):
        told["Access-Control-Allow-Headers"] = names
    return Response(status_code=204, headers=told)


def names_of(api: ApiSettings) -> frozenset[str] | None:
    """The names beside loopback's under which the API may be called; None for any name."""
    if api.open and not api.hosts:
        return None
    hosts = api.hosts if api.open else ()
    return frozenset(host.lower().strip("[]") for host in hosts)


def is_named(hosts: Sequence[str], names: frozenset[str] | None) -> bool:
    """Whether a call's `Host` headers are one, of loopback or of `names`; None takes any."""
    if names is None:
        return True
    name = _name_in(hosts[0]) if len(hosts) == 1 else ""
    return name in names or _is_loopback(name)


@lru_cache(maxsize=256)
def _name_in(authority: str) -> str:
    """The name of a `Host`, without its port, in lower case; empty for what is no authority."""
    try:
        parts = urlsplit(f"//{authority}")
        _ = parts.port
    except ValueError:
        return ""
    told = parts.netloc == authority and "@" not in authority
    return (parts.hostname or "") if told else ""


def _is_loopback(name: str) -> bool:
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
