"""Signed requests of each scheme, and ways to change them."""

from collections.abc import Callable
from datetime import UTC, datetime
from types import ModuleType
from typing import Any, Final

import pytest

from worker.signing import acs3_hmac_sha256, rpc_hmac_sha1, sdk_hmac_sha256
from worker.signing.wire import AccessKey, RawRequest

AT: Final = datetime(2026, 11, 21, 18, 55, 4, tzinfo=UTC)
KEY: Final = AccessKey("AKID", "secret")
TEMPORARY_KEY: Final = AccessKey("AKID", "secret", "token+/=")
PROJECT: Final = "0123456789abcdef0123456789abcdef"
NONCE: Final = "d476324195ce17578b051e370008e5b1"

HUAWEI: Final = RawRequest(
    "PUT",
    f"/v1.0/{PROJECT}/asset/cover",
    "a=1&b=%20",
    (
        ("Host", "vod.example"),
        ("Content-Type", "application/json"),
        ("X-Project-Id", PROJECT),
        ("Accept", "*/*"),
    ),
    b'{"thumbnailUrl": "http://store.example/one.jpg"}',
)
NAMED: Final = RawRequest(
    "POST",
    "/",
    "MediaId=1&CoverURL=http%3A%2F%2Fstore.example%2Fa%20b.jpg",
    (
        ("Host", "mts.example"),
        ("x-acs-action", "UpdateMediaCover"),
        ("x-acs-version", "2014-06-18"),
        ("Accept", "application/json"),
    ),
)
CALL: Final = NAMED._replace(
    query=f"Action=UpdateMediaCover&Version=2014-06-18&Format=JSON&{NAMED.query}"
)

every_scheme = pytest.mark.parametrize(
    "scheme",
    [
        pytest.param(sdk_hmac_sha256, id="huawei"),
        pytest.param(acs3_hmac_sha256, id="acs3"),
        pytest.param(rpc_hmac_sha1, id="rpc"),
    ],
)

Change = Callable[[RawRequest], RawRequest]


def signed(
    scheme: ModuleType, request: RawRequest | None = None, key: AccessKey = KEY, **changes: Any
) -> RawRequest:
    plain = {sdk_hmac_sha256: HUAWEI, acs3_hmac_sha256: NAMED, rpc_hmac_sha1: CALL}[scheme]
    stated = {} if scheme is sdk_hmac_sha256 else {"nonce": NONCE}
    result = scheme.sign(request or plain, key, **{"at": AT, **stated, **changes})
    assert isinstance(result, RawRequest)
    return result


def check(scheme: ModuleType, request: RawRequest, secret: str = "secret", **when: Any) -> Any:
    """Read and verify, as a server does; returns the claim."""
    claim = scheme.read(request)
    scheme.verify(request, claim, secret, **{"now": AT, **when})
    return claim


def part(name: str, value: Any) -> Change:
    return lambda request: request._replace(**{name: value})


def with_header(name: str, value: str) -> Change:
    """The header has another value, or is there at all."""

    def change(request: RawRequest) -> RawRequest:
        kept = tuple(pair for pair in request.headers if pair[0].lower() != name.lower())
        return request._replace(headers=(*kept, (name, value)))

    return change


def without_header(name: str) -> Change:
    return lambda request: request._replace(
        headers=tuple(pair for pair in request.headers if pair[0].lower() != name.lower())
    )


def added_header(name: str, value: str) -> Change:
    return lambda request: request._replace(headers=(*request.headers, (name, value)))


def in_authorization(old: str, new: str) -> Change:
    def change(request: RawRequest) -> RawRequest:
        value = dict(request.headers)["Authorization"]
        assert old in value
        return with_header("Authorization", value.replace(old, new))(request)

    return change


def in_query(old: str, new: str) -> Change:
    def change(request: RawRequest) -> RawRequest:
        assert old in request.query
        return request._replace(query=request.query.replace(old, new))

    return change
