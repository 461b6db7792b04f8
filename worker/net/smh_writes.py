"""The API of Tencent SMH as leaving covers there needs it: uploads in three steps, and labels."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode

from worker.net.vendor_calls import VendorHttp, origin_of
from worker.rules.crc64 import Crc64
from worker.rules.smh_answers import FileFacts, vendor_code_of
from worker.rules.smh_writes import (
    CONFIRMED_BEFORE,
    INVALID,
    Begun,
    begun_of,
    error_of,
    facts_of,
    labels_of,
    storage_error_of,
)
from worker.rules.vendor_answers import Reply, request_id_of
from worker.signing.wire import RawRequest

Path = tuple[str, ...]

# Left to itself the vendor renames: a repeated upload would be a second file.
_OVERWRITE: Final = {"conflict_resolution_strategy": "overwrite"}
_FILE_NOT_FOUND: Final = "FileNotFound"


class Space(NamedTuple):
    """A space of the library, and the user as whom it is written to."""

    space_id: str
    user_id: str | None = None


class _Call(NamedTuple):
    """A call to the API; `told` is its JSON body."""

    method: str
    kind: str
    path: Path
    query: dict[str, str]
    told: dict[str, Any] | None = None
    writes: bool = False


class SmhWriter:
    """One library. `token(space, refused)` gives the access token to use, and is asked again,
    once, with one that was refused as invalid. Safe to use from several threads.

    Every method raises ProviderError, `unsure` for a write that may have taken effect, and what
    `token` raises.
    """

    def __init__(
        self,
        api: VendorHttp,
        storage: VendorHttp,
        base_url: str,
        library_id: str,
        token: Callable[[Space, str | None], str],
    ) -> None:
        self._api, self._storage = api, storage
        self._origin = origin_of(base_url)
        self._library_id = library_id
        self._token = token

    def upload(self, space: Space, path: Path, data: bytes) -> str | None:
        """Put a file at `path`, over what is there; the request id. Its directory must exist."""
        query = {**_OVERWRITE, "filesize": str(len(data))}
        begun = begun_of(self._done(space, _Call("PUT", "file", path, query, {})), _now())
        self._send(begun, data)
        checksum = Crc64()
        checksum.update(data)
        call = _Call(
            *("POST", "file", (begun.confirm_key,), {"confirm": "1", **_OVERWRITE}),
            {"crc64": str(checksum)},
            writes=True,
        )
        reply = self._reply(space, call)
        if not _is_success(reply) and vendor_code_of(reply.body) != CONFIRMED_BEFORE:
            raise error_of(reply, _now(), writes=True)
        return _request_id(reply)

    def _send(self, begun: Begun, data: bytes) -> None:
        """Send the bytes to storage; our token does not go there."""
        path, _, query = begun.path.partition("?")
        scheme = self._origin.partition("://")[0]
        request = RawRequest("PUT", path, query, begun.headers, data)
        reply = self._storage.send(f"{scheme}://{begun.domain}", request, writes=False)
        if not _is_success(reply):
            raise storage_error_of(reply, _now())

    def facts(self, space: Space, path: Path) -> FileFacts | None:
        """What the vendor tells of a file's content; None where there is no such file."""
        reply = self._reply(space, _Call("GET", "file", path, {"info": "1"}))
        if _is_success(reply):
            return facts_of(reply, _now())
        if vendor_code_of(reply.body) == _FILE_NOT_FOUND:
            return None
        raise error_of(reply, _now(), writes=False)

    def labels(self, space: Space, path: Path) -> list[str]:
        """The labels of a file."""
        call = _Call("GET", "directory", path, {"info": "1"})
        return labels_of(self._done(space, call), _now())

    def set_labels(self, space: Space, path: Path, labels: list[str]) -> str | None:
        """Replace all labels of a file; the request id."""
        call = _Call("POST", "directory", path, {"update": "1"}, {"labels": labels}, writes=True)
        return _request_id(self._done(space, call))

    def url_of(self, kind: str, space: Space, path: Path) -> str:
        """The URL of a file in one of the API's rooms, `file` or `directory`."""
        return self._origin + self._target(kind, space, path)

    def _target(self, kind: str, space: Space, path: Path) -> str:
        place = [quote(part, safe="") for part in (self._library_id, space.space_id, *path)]
        return "/".join([f"/api/v1/{kind}", *place])

    def _done(self, space: Space, call: _Call) -> Reply:
        """The answer of a call that went well."""
        reply = self._reply(space, call)
        if not _is_success(reply):
            raise error_of(reply, _now(), writes=call.writes)
        return reply

    def _reply(self, space: Space, call: _Call) -> Reply:
        """The answer with a token, or with a fresh one where that was invalid."""
        token = self._token(space, None)
        reply = self._attempt(space, call, token)
        if vendor_code_of(reply.body) == INVALID and not _is_success(reply):
            reply = self._attempt(space, call, self._token(space, token))
        return reply

    def _attempt(self, space: Space, call: _Call, token: str) -> Reply:
        user = {"user_id": space.user_id} if space.user_id else {}
        query = urlencode({**call.query, "access_token": token, **user}, quote_via=quote)
        body = b"" if call.told is None else json.dumps(call.told).encode()
        headers = (("Content-Type", "application/json"),) if body else ()
        target = self._target(call.kind, space, call.path)
        request = RawRequest(call.method, target, query, headers, body)
        return self._api.send(self._origin, request, writes=call.writes)


def _is_success(reply: Reply) -> bool:
    return 200 <= reply.status < 300


def _request_id(reply: Reply) -> str | None:
    return request_id_of(reply.headers.get("x-request-id"))


def _now() -> datetime:
    return datetime.now(UTC)
