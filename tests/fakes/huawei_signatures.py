"""SDK-HMAC-SHA256 checked from the raw request, by the vendor's signing guide."""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from tests.fakes.wire import Request

ALGORITHM: Final = "SDK-HMAC-SHA256"
SKEW_S: Final = 15 * 60
MAX_BODY_BYTES: Final = 12 * 1024 * 1024
LOCKED_AFTER: Final = 5
LOCKED_S: Final = 5 * 60
_FORM: Final = re.compile(
    r"SDK-HMAC-SHA256 Access=([^,\s]+), SignedHeaders=([^,\s]+), Signature=([0-9a-f]{64})"
)
_ALWAYS_SIGNED: Final = {"host", "x-sdk-date"}


class Denied(Exception):  # noqa: N818 (what the gateway says)
    """Why a request is not let in: the gateway's code and words."""

    def __init__(self, code: str, words: str) -> None:
        self.code, self.words = code, words
        super().__init__(f"{code}: {words}")


@dataclass
class HuaweiAccount:
    """One access key of a tenant; `security_token` makes it a temporary one."""

    access_key: str
    secret_key: str
    project_id: str
    security_token: str | None = None
    expires_at_s: float | None = None
    disabled: bool = False
    failures: int = 0
    locked_until_s: float = 0


def account_of(request: Request, accounts: dict[str, HuaweiAccount], now_s: float) -> HuaweiAccount:
    """Whose signature it is.

    Raises:
        Denied: APIGW.0301 for a signature or key that is wrong, APIGW.0303 for the clock.
    """
    form = _FORM.fullmatch(request.header("authorization"))
    if form is None or len(request.all_of("authorization")) != 1:
        raise Denied("APIGW.0301", "authorization header format is wrong")
    account = accounts.get(form[1])
    if account is None or account.disabled:
        raise Denied("APIGW.0301", "access key not found")
    if account.locked_until_s > now_s:
        raise Denied("APIGW.0301", "access key is locked")
    _check_date(request.header("x-sdk-date"), now_s)
    try:
        _check(request, account, form[2], form[3])
    except Denied:
        account.failures += 1
        if account.failures > LOCKED_AFTER:
            account.locked_until_s, account.failures = now_s + LOCKED_S, 0
        raise
    account.failures = 0
    _check_token(request, account, now_s)
    return account


def _check(request: Request, account: HuaweiAccount, listed: str, signature: str) -> None:
    names = listed.split(";")
    sent = {name for name, _ in request.headers}
    must = _ALWAYS_SIGNED | ({"content-type", "x-security-token"} & sent)
    if not must <= set(names) <= sent:
        raise Denied("APIGW.0301", "signed headers are not those that must be")
    if any(len(request.all_of(name)) != 1 for name in names):
        raise Denied("APIGW.0301", "a signed header is repeated")
    if request.header("x-sdk-content-sha256") not in ("", hashlib.sha256(request.body).hexdigest()):
        raise Denied("APIGW.0301", "declared body hash is wrong")
    hashed = hashlib.sha256(canonical(request, names)).hexdigest()
    text = f"{ALGORITHM}\n{request.header('x-sdk-date')}\n{hashed}"
    wanted = hmac.new(account.secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(wanted, signature):
        raise Denied("APIGW.0301", "verify aksk signature fail")


def canonical(request: Request, names: list[str]) -> bytes:
    """The request as it is signed; header values are the bytes of the wire."""
    lines = [
        request.method,
        _path(request.path),
        _query(request.query),
        "".join(f"{name}:{request.header(name).strip()}\n" for name in names),
        ";".join(names),
        hashlib.sha256(request.body).hexdigest(),
    ]
    return "\n".join(lines).encode("latin-1")


def _path(path: str) -> str:
    # An encoded slash parts segments as a plain one does.
    joined = quote(_decoded(path), safe="-_.~/")
    return joined if joined.endswith("/") else f"{joined}/"


def _query(query: str) -> str:
    """Sorted as decoded text, then encoded: a plus stays a plus."""
    split = (each.partition("=") for each in query.split("&") if each)
    pairs = sorted((_decoded(name), _decoded(value)) for name, _, value in split)
    return "&".join(
        f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in pairs
    )


def _decoded(text: str) -> bytes:
    return unquote_to_bytes(text.encode("latin-1"))


def _check_date(date: str, now_s: float) -> None:
    try:
        told = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise Denied("APIGW.0303", "x-sdk-date is malformed") from error
    if abs(told.timestamp() - now_s) > SKEW_S:
        raise Denied("APIGW.0303", "request time is too far from now")


def _check_token(request: Request, account: HuaweiAccount, now_s: float) -> None:
    if request.header("x-security-token") != (account.security_token or ""):
        raise Denied("APIGW.0301", "security token does not match")
    if account.expires_at_s is not None and account.expires_at_s <= now_s:
        raise Denied("APIGW.0301", "security token is expired")
