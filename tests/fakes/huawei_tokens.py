"""Tokens as Huawei's IAM gives them, for a password or for an access key."""

import json
import secrets
from datetime import UTC, datetime
from typing import Any, Final

from tests.fakes.huawei_signatures import HuaweiAccount
from tests.fakes.wire import Answer, Request

DAY_S: Final = 86_400.0


class Tokens:
    """Who may have a token, and those that were given out: a project and an end each.

    `issued` are all of them, also those that are over.
    """

    def __init__(self, accounts: dict[str, HuaweiAccount]) -> None:
        self._accounts = accounts
        self._logins: dict[tuple[str, str], tuple[str, str]] = {}
        self._given: dict[str, tuple[str, float]] = {}
        self._life_s = DAY_S
        self.issued: list[str] = []

    def add_login(self, domain: str, user: str, password: str, project_id: str) -> None:
        self._logins[(domain, user)] = (password, project_id)

    def set_life(self, seconds: float) -> None:
        """How long the tokens live that are given from now on."""
        self._life_s = seconds

    def expire(self) -> None:
        """Let every token that was given out be over."""
        self._given.clear()

    def project_of(self, token: str, now_s: float) -> str | None:
        """The project a token is for, None when it is none or over."""
        project_id, over_s = self._given.get(token, ("", 0.0))
        return project_id if over_s > now_s else None

    def create(self, request: Request, now_s: float) -> Answer:
        """`POST /v3/auth/tokens`; the token comes in `X-Subject-Token`."""
        try:
            identity = json.loads(request.body)["auth"]["identity"]
            project_id = {"password": self._by_password, "hw_ak_sk": self._by_key}[
                identity["methods"][0]
            ](identity, now_s)
        except (ValueError, KeyError, TypeError, IndexError, AttributeError):
            return _told(400, {"error": {"code": 400, "message": "no", "title": "Bad Request"}})
        if project_id is None:
            return _told(401, {"error": {"code": 401, "message": "no", "title": "Unauthorized"}})
        token = f"MIIt{secrets.token_urlsafe(60)}"
        self._given[token] = (project_id, now_s + self._life_s)
        self.issued.append(token)
        told = {
            "expires_at": _iso(now_s + self._life_s),
            "issued_at": _iso(now_s),
            "methods": identity["methods"],
            "project": {"id": project_id, "name": "cn-north-4"},
        }
        return _told(201, {"token": told}, {"X-Subject-Token": token})

    def _by_password(self, identity: dict[str, Any], now_s: float) -> str | None:
        user = identity["password"]["user"]
        password, project_id = self._logins.get((user["domain"]["name"], user["name"]), ("", ""))
        return project_id if project_id and user["password"] == password else None

    def _by_key(self, identity: dict[str, Any], now_s: float) -> str | None:
        pair = identity["hw_ak_sk"]
        account = self._accounts.get(pair["access"]["key"])
        if account is None or account.disabled or account.secret_key != pair["secret"]["key"]:
            return None
        if (account.security_token or "") != _token_of(pair):
            return None
        over = account.expires_at_s is not None and account.expires_at_s <= now_s
        return None if over else account.project_id


def _token_of(pair: dict[str, Any]) -> str:
    """Programs in the field send it both bare and as a key."""
    given = pair.get("security_token", "")
    return str(given["key"] if isinstance(given, dict) else given)


def _iso(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _told(status: int, told: dict[str, Any], headers: dict[str, str] | None = None) -> Answer:
    return Answer(
        status, json.dumps(told).encode(), {"Content-Type": "application/json", **(headers or {})}
    )
