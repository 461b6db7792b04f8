"""What every call and answer of the dialect has in common, before and after its routes."""

import secrets
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access import NOTED
from api.dialects.huawei_vod.errors import REQUEST_ID

# VOD's own calls, and that of IAM which gives tokens for them.
PREFIXES: Final = ("/v1.0/", "/v3/auth/")


class Door:
    """Sends calls below the dialect's paths to it with an id, all others on.

    Paths stay as they came, for the signature covers them.
    """

    def __init__(self, app: ASGIApp, *, inside: ASGIApp) -> None:
        self._app, self._inside = app, inside

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Give the call to whom it is for."""
        if scope["type"] != "http" or not f"{scope['path']}/".startswith(PREFIXES):
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(16)
        scope[REQUEST_ID] = scope[NOTED]["request_id"] = request_id

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        await self._inside(scope, receive, sending)
