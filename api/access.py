"""One log line a request, and the headers every answer has."""

import re
import time
from typing import Final

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_PATH_CHARACTERS: Final = 200
# Where in a call's scope more can be noted for its line: `request_id`, `user`.
NOTED: Final = "firstframe.noted"
# Asked again and again: only a failure that is news is told.
POLLED_PATHS: Final = frozenset({"/healthz", "/readyz"})

# To renew or delete an access token the dialect of Tencent SMH has it named in the path.
_TOKEN: Final = re.compile(r"(/token/+[^/]*/).+|acctk[\w-]+", re.DOTALL)

log = structlog.get_logger("firstframe.access")


class AccessLog:
    """Logs method, path, status and time; never a query, which may hold a signature, or a token."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._polled: dict[str, int] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        noted: dict[str, str] = {}
        scope[NOTED] = noted
        began_s = time.perf_counter()
        status = 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Content-Type-Options"] = "nosniff"
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            path = scope["path"]
            tell = log.info if self._is_news(path, status) else log.debug
            tell(
                "request",
                method=scope["method"],
                path=_TOKEN.sub(r"\1…", path)[:MAX_PATH_CHARACTERS],
                status=status,
                duration_ms=round(1000 * (time.perf_counter() - began_s), 1),
                **noted,
            )

    def _is_news(self, path: str, status: int) -> bool:
        if path not in POLLED_PATHS:
            return True
        before, self._polled[path] = self._polled.get(path), status
        return status >= 400 and status != before
