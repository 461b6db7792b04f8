"""A call to the project's API: whose it is, and the fields of its body."""

import json
from typing import Any, NamedTuple

from starlette.requests import Request

from api.access import NOTED
from api.dialects.callers import CallRefused, raw_request
from api.dialects.huawei_vod.errors import RefusalError, wrong
from api.dialects.parts import Parts, parts_of
from api.setting import Setting
from worker.contracts.accounts import Account
from worker.signing import sdk_hmac_sha256
from worker.signing.wire import RawRequest
from worker.state.admissions import Found, Subject


class Call(NamedTuple):
    """A call that is its account's, to the account's own project."""

    parts: Parts
    account: Account
    body: bytes
    found: Found | None = None
    """What was read when the call was let in."""

    @property
    def setting(self) -> Setting:
        """What the account reaches and sets; a medium is an asset, under the same id."""
        return self.parts.setting(self.account, "huawei_vod")


async def call_of(request: Request, subject: Subject | None = None) -> Call:
    """The call, verified before anything it says is looked at; `subject` is what it reads.

    By AK/SK where it has an Authorization, whose failure no token makes good; else by X-Auth-Token.
    Raises: RefusalError, CallRefused, CoverError, ClientDisconnect.
    """
    parts = parts_of(request, "huawei_vod")
    raw = await raw_request(request, stall_timeout_s=parts.settings.api.stall_timeout_s)
    account, found = await _account(parts, request, raw, subject)
    request.scope[NOTED]["user"] = account.name
    if request.path_params["project_id"] != account.project_id:
        raise RefusalError("other_project")
    return Call(parts, account, raw.body, found)


async def _account(
    parts: Parts, request: Request, raw: RawRequest, subject: Subject | None
) -> tuple[Account, Found | None]:
    tokens = request.headers.getlist("x-auth-token")
    if "authorization" in request.headers or not tokens:
        return await parts.gate.reading(raw, sdk_hmac_sha256, subject)
    if len(tokens) > 1:
        raise CallRefused("repeated", "the header x-auth-token is given more than once")
    return await parts.gate.by_token(tokens[0]), None


def object_of(request: Request, body: bytes) -> dict[str, Any]:
    """The body as a JSON object. A field that comes twice is refused.

    Raises: RefusalError.
    """
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise RefusalError("content_type", "The body is sent as application/json.")
    try:
        told = json.loads(body, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise wrong("body", "it is not JSON") from error
    if not isinstance(told, dict):
        raise wrong("body", "it is no JSON object")
    return told


def text_of(told: dict[str, Any], field: str, *, most_bytes: int) -> str:
    """A text that must be there. Raises: RefusalError naming the field."""
    value = told.get(field)
    if not isinstance(value, str) or not value:
        raise wrong(field, "it is missing, empty or no text")
    try:
        size_bytes = len(value.encode())
    except UnicodeEncodeError as error:
        raise wrong(field, "it is no text that UTF-8 can write") from error
    if size_bytes > most_bytes:
        raise wrong(field, f"it has more than {most_bytes} bytes")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name, value in pairs:
        if name in told:
            raise wrong(name[:100], "it is given more than once")
        told[name] = value
    return told
