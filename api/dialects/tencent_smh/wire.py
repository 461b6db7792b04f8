"""What every call and answer of the dialect has in common, before and after its routes."""

from itertools import count
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from ulid import ULID

from api.access import NOTED
from api.browsers import preflight
from api.dialects.tencent_smh.errors import REQUEST_ID, RefusalError, answer_of
from api.dialects.tencent_smh.paths import decoded

METHODS: Final = "GET, HEAD, PUT, POST, DELETE"
EXPOSED: Final = ("X-Request-Id", "Location", "ETag", "Retry-After")


class _Spelled(bytes):
    """A header name that stays as it is spelled when uvicorn writes it in lower case."""

    def lower(self) -> bytes:
        """The name itself."""
        return self


# The vendor's client for Java looks names up in exactly this case. Names that uvicorn acts on
# itself, Content-Length for one, must not be among them.
_SPELLED: Final = {name.lower().encode(): _Spelled(name.encode()) for name in EXPOSED}


class Door:
    """Sends calls below a prefix to an application of their own, all others on as they are.

    The application behind it sees the prefix as its `root_path`.
    """

    def __init__(self, app: ASGIApp, *, prefix: str, inside: ASGIApp) -> None:
        self._app, self._inside, self._prefix = app, inside, prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Give the call to whom it is for."""
        # A client whose base URL ends in a slash doubles it.
        path = f"/{scope.get('path', '').lstrip('/')}"
        if scope["type"] == "http" and f"{path}/".startswith(f"{self._prefix}/"):
            root = f"{scope.get('root_path', '')}{self._prefix}"
            raw_path = b"/" + scope["raw_path"].lstrip(b"/")
            told = {**scope, "root_path": root, "path": path, "raw_path": raw_path}
            await self._inside(told, receive, send)
        else:
            await self._app(scope, receive, send)


class Wire:
    """Gives a call its id and its decoded path, and its answer the headers that all have.

    Any page may call: what is not public needs a token, and no browser adds that by itself.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._started = ULID()
        self._calls = count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what can be answered without a route: preflights, and paths of no entry."""
        request_id = f"{self._started}-{next(self._calls):x}"
        scope[REQUEST_ID] = scope[NOTED]["request_id"] = request_id
        bodiless = scope["method"] == "HEAD"

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                told = [*message.get("headers", ()), *_common(message, request_id)]
                message["headers"] = [(_SPELLED.get(name, name), value) for name, value in told]
            elif bodiless:
                message = {**message, "body": b""}
            await send(message)

        app = self._app
        if scope["method"] == "OPTIONS":
            app = preflight(Headers(scope=scope), methods=METHODS)
        try:
            scope["path"] = decoded(scope["raw_path"])
        except RefusalError as refusal:
            app = answer_of(refusal, scope)
        await app(scope, receive, sending)


def _common(message: Message, request_id: str) -> list[tuple[bytes, bytes]]:
    names = [name.decode("latin-1") for name, _ in message.get("headers", ())]
    exposed = ", ".join([*EXPOSED, *(name for name in names if name.startswith("x-smh-"))])
    return [
        (b"x-request-id", request_id.encode()),
        (b"Access-Control-Allow-Origin", b"*"),
        (b"Access-Control-Expose-Headers", exposed.encode("latin-1")),
    ]
