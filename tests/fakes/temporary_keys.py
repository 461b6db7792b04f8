"""Temporary access keys as the clouds' metadata servers hand them out, asked for with a token."""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from tests.fakes.wire import Answer, Request

ROLE: Final = "firstframe-role"
TOKEN_PATHS: Final = {
    "/meta-data/latest/api/token": "x-metadata-token",
    "/latest/api/token": "x-aliyun-ecs-metadata-token",
}
HUAWEI_KEYS: Final = "/openstack/latest/securitykey"
ALIBABA_KEYS: Final = "/latest/meta-data/ram/security-credentials/"


@dataclass(frozen=True)
class TemporaryKey:
    """A key that ends, as an account of the vendor."""

    access_key: str
    secret_key: str
    security_token: str
    expires_at_s: float


class MetadataServer:
    """Hands out the newest key, another once that one is in the last quarter of its life.

    `add` gives a new key to the vendor's accounts, `expire` ends one there.
    """

    def __init__(self, add: Callable[[TemporaryKey], None], expire: Callable[[str], None]) -> None:
        self._add, self._expire = add, expire
        self._life_s = 3600.0
        self._tokens: set[str] = set()
        self._keys: list[TemporaryKey] = []

    def set_life(self, seconds: float) -> None:
        self._life_s = seconds

    def expire_keys(self) -> None:
        """Let every key that was handed out be over; the next is another one."""
        for key in self._keys:
            self._expire(key.access_key)
        self._keys.clear()

    @staticmethod
    def names(request: Request) -> str | None:
        """The name of a call to it, None for one that is not."""
        if request.path in TOKEN_PATHS:
            return "metadata_token"
        return "temporary_key" if request.path.startswith((HUAWEI_KEYS, ALIBABA_KEYS)) else None

    def answer(self, request: Request, now_s: float) -> Answer:
        """A token, the name of the role, or a key."""
        status, told = self._told(request, now_s)
        text = told if isinstance(told, str) else json.dumps(told)
        return Answer(status, text.encode(), {"Content-Type": "text/plain"})

    def _told(self, request: Request, now_s: float) -> tuple[int, Any]:
        if request.path in TOKEN_PATHS:
            token = secrets.token_hex(16)
            self._tokens.add(token)
            return (200, token) if request.method == "PUT" else (405, "")
        sent = {request.header(name) for name in TOKEN_PATHS.values()}
        if not sent & self._tokens:
            return 401, ""
        if request.path == ALIBABA_KEYS:
            return 200, ROLE
        key = self._key(now_s)
        if request.path == HUAWEI_KEYS:
            return 200, _huawei(key)
        return (200, _alibaba(key)) if request.path == ALIBABA_KEYS + ROLE else (404, "")

    def _key(self, now_s: float) -> TemporaryKey:
        if not self._keys or self._keys[-1].expires_at_s - now_s < self._life_s / 4:
            key = TemporaryKey(
                f"STS.{secrets.token_hex(8)}",
                f"secret-canary-{secrets.token_hex(12)}",
                f"token-canary-{secrets.token_hex(40)}",
                now_s + self._life_s,
            )
            self._keys.append(key)
            self._add(key)
        return self._keys[-1]


def _huawei(key: TemporaryKey) -> dict[str, Any]:
    end = datetime.fromtimestamp(key.expires_at_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    names = (key.access_key, key.secret_key, key.security_token, end)
    told = zip(("access", "secret", "securitytoken", "expires_at"), names, strict=True)
    return {"credential": dict(told)}


def _alibaba(key: TemporaryKey) -> dict[str, Any]:
    return {
        "Code": "Success",
        "AccessKeyId": key.access_key,
        "AccessKeySecret": key.secret_key,
        "SecurityToken": key.security_token,
        "Expiration": datetime.fromtimestamp(key.expires_at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
