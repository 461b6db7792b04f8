"""`POST /v3/auth/tokens`, as IAM has it: a token for an account's name or access key and secret."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.dialects.callers import raw_request
from api.dialects.huawei_vod.calls import object_of
from api.dialects.huawei_vod.errors import RefusalError, wrong
from api.dialects.parts import parts_of
from worker.contracts.accounts import Account

METHODS: Final = ("password", "hw_ak_sk")


async def give(request: Request) -> Response:
    """201 with the token in `X-Subject-Token`; it lives for `accounts.token_s`.

    `scope.project.id`, where it is told, must be the account's; names of projects and domains are
    not looked at, for there are none here.
    """
    parts = parts_of(request, "huawei_vod")
    # Whoever has no account may send no more than this.
    section = parts.settings.api
    raw = await raw_request(
        request, stall_timeout_s=section.stall_timeout_s, max_bytes=section.max_body_bytes
    )
    told = object_of(request, raw.body)
    method, name, secret = _identity(told)
    account, generation = await parts.gate.by_secret(name, secret)
    project_id = _at(told, "auth", "scope", "project").get("id", account.project_id)
    if project_id != account.project_id:
        raise RefusalError("other_project")
    life_s = parts.settings.accounts.token_s
    callers = parts.gate.callers
    token = await callers.give_token(account.access_key, generation, life_s=life_s)
    return JSONResponse(
        {"token": _told(account, method, life_s)},
        status_code=201,
        headers={"X-Subject-Token": token},
    )


def _identity(told: dict[str, Any]) -> tuple[str, str, str]:
    """How somebody shows who they are, as whom, and the secret. Raises: RefusalError."""
    identity = _at(told, "auth", "identity")
    methods = identity.get("methods")
    if not isinstance(methods, list) or len(methods) != 1 or methods[0] not in METHODS:
        raise wrong("auth.identity.methods", f"expected one of {', '.join(METHODS)}")
    if methods[0] == "password":
        user = _at(identity, "password", "user")
        name, secret = user.get("name"), user.get("password")
    else:
        pair = _at(identity, "hw_ak_sk")
        name, secret = _at(pair, "access").get("key"), _at(pair, "secret").get("key")
    if not isinstance(name, str) or not isinstance(secret, str):
        raise wrong(f"auth.identity.{methods[0]}", "the name or the secret is missing")
    return str(methods[0]), name, secret


def _at(told: dict[str, Any], *names: str) -> dict[str, Any]:
    """What is nested under the names; nothing where one of them is missing or no object."""
    for name in names:
        inner = told.get(name)
        told = inner if isinstance(inner, dict) else {}
    return told


def _told(account: Account, method: str, life_s: int) -> dict[str, Any]:
    now = datetime.now(UTC)
    domain = {"id": account.project_id, "name": account.tenant}
    return {
        "issued_at": _time(now),
        "expires_at": _time(now + timedelta(seconds=life_s)),
        "methods": [method],
        "project": {"id": account.project_id, "name": account.tenant, "domain": domain},
        "user": {"id": account.access_key, "name": account.name, "domain": domain},
        "roles": [],
        "catalog": [],
    }


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
