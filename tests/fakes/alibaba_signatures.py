"""ACS3-HMAC-SHA256 and RPC v1 checked from the raw request, by the vendor's signing pages."""

import base64
import hashlib
import hmac
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl, quote

from tests.fakes.wire import Request

SKEW_S: Final = 15 * 60
_FORM: Final = re.compile(
    r"ACS3-HMAC-SHA256 Credential=([^,\s]+), ?SignedHeaders=([^,\s]+), ?Signature=([0-9a-f]{64})"
)
Pairs = list[tuple[str, str]]


class Denied(Exception):  # noqa: N818 (what the gateway says)
    """Why a call is not answered: the code of the vendor."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass
class AlibabaAccount:
    """One access key; `security_token` makes it a temporary one."""

    access_key: str
    secret_key: str
    owner: str = "owner"
    security_token: str | None = None
    expires_at_s: float | None = None
    disabled: bool = False


@dataclass(frozen=True)
class Credentials:
    """What a call says about its caller, whichever way it is signed."""

    access_key: str
    security_token: str
    date: str
    nonce: str
    action: str
    version: str
    signed: Callable[[str], bool]
    """Whether the signature is the one of this secret."""


def pairs_of(request: Request) -> tuple[Pairs, Pairs]:
    """The parameters of the query and of a form body.

    Raises:
        Denied: A parameter is there twice.
    """
    query = parse_qsl(request.query, keep_blank_values=True)
    form: Pairs = []
    if request.header("content-type").startswith("application/x-www-form-urlencoded"):
        form = parse_qsl(request.body.decode("latin-1"), keep_blank_values=True)
    if any(count > 1 for count in Counter(name for name, _ in [*query, *form]).values()):
        raise Denied("InvalidParameter")
    return query, form


def credentials_of(request: Request) -> Credentials:
    """How the call says it is signed.

    Raises:
        Denied: It is not, or in a way that is not accepted.
    """
    if request.header("x-acs-bearer-token") or request.header("x-acs-signature-type"):
        raise Denied("InvalidSignatureMethod")
    # RPC calls of the current clients carry x-acs-action too, so it does not tell the scheme.
    return _acs3(request) if request.header("authorization") else _rpc(request)


def _acs3(request: Request) -> Credentials:
    form = _FORM.fullmatch(request.header("authorization"))
    if form is None:
        raise Denied("IncompleteSignature")
    names = form[2].split(";")
    sent = {name for name, _ in request.headers}
    must = {"host", "x-acs-action", "x-acs-version", "x-acs-date", "x-acs-signature-nonce"}
    must |= {"x-acs-content-sha256"} | {name for name in sent if name.startswith("x-acs-")}
    if not must <= set(names) <= sent or names != sorted(set(names)):
        raise Denied("IncompleteSignature")
    hashed = hashlib.sha256(request.body).hexdigest()
    if request.header("x-acs-content-sha256") != hashed:
        raise Denied("SignatureDoesNotMatch")
    lines = [
        request.method,
        "/",
        _sorted_query(parse_qsl(request.query, keep_blank_values=True)),
        "".join(f"{n}:{','.join(sorted(request.all_of(n)))}\n" for n in names),
        form[2],
        hashed,
    ]
    canonical = hashlib.sha256("\n".join(lines).encode("latin-1")).hexdigest()
    text = f"ACS3-HMAC-SHA256\n{canonical}".encode()

    def signed(secret: str) -> bool:
        wanted = hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()
        return hmac.compare_digest(wanted, form[3])

    return Credentials(
        form[1],
        request.header("x-acs-security-token"),
        request.header("x-acs-date"),
        request.header("x-acs-signature-nonce"),
        request.header("x-acs-action"),
        request.header("x-acs-version"),
        signed,
    )


def _rpc(request: Request) -> Credentials:
    query, form = pairs_of(request)
    told = dict([*query, *form])
    for name in ("AccessKeyId", "Signature", "SignatureNonce", "Timestamp", "Action", "Version"):
        if not told.get(name):
            raise Denied(f"Missing{name}")
    if (told.get("SignatureMethod"), told.get("SignatureVersion")) != ("HMAC-SHA1", "1.0"):
        raise Denied("InvalidSignatureMethod")
    if told.get("SignatureType") or "BearerToken" in told:
        raise Denied("InvalidSignatureMethod")
    canonical = _sorted_query([pair for pair in [*query, *form] if pair[0] != "Signature"])
    text = f"{request.method}&%2F&{_quoted(canonical)}".encode()

    def signed(secret: str) -> bool:
        wanted = base64.b64encode(hmac.new(f"{secret}&".encode(), text, hashlib.sha1).digest())
        return hmac.compare_digest(wanted, told["Signature"].encode())

    return Credentials(
        told["AccessKeyId"],
        told.get("SecurityToken", ""),
        told["Timestamp"],
        told["SignatureNonce"],
        told["Action"],
        told["Version"],
        signed,
    )


def _quoted(text: str) -> str:
    return quote(text, safe="-_.~")


def _sorted_query(pairs: Pairs) -> str:
    return "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in sorted(pairs))


class Gateway:
    """Lets callers in: keys, signatures, clock, nonces and temporary tokens."""

    def __init__(self) -> None:
        self.accounts: dict[str, AlibabaAccount] = {}
        self._nonces: set[tuple[str, str]] = set()

    def let_in(self, given: Credentials, now_s: float) -> AlibabaAccount:
        """Whose call it is.

        Raises:
            Denied: With the code of the first check that fails.
        """
        account = self.accounts.get(given.access_key)
        if account is None:
            raise Denied("InvalidAccessKeyId.NotFound")
        if account.disabled:
            raise Denied("InvalidAccessKeyId.Inactive")
        _check_date(given.date, now_s)
        if not given.signed(account.secret_key):
            raise Denied("SignatureDoesNotMatch")
        if (given.access_key, given.nonce) in self._nonces:
            raise Denied("SignatureNonceUsed")
        self._nonces.add((given.access_key, given.nonce))
        _check_token(account, given.security_token, now_s)
        return account


def _check_date(date: str, now_s: float) -> None:
    try:
        told = datetime.strptime(date, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise Denied("InvalidTimeStamp.Format") from error
    if abs(told.timestamp() - now_s) > SKEW_S:
        raise Denied("InvalidTimeStamp.Expired")


def _check_token(account: AlibabaAccount, token: str, now_s: float) -> None:
    if account.security_token and not token:
        raise Denied("MissingSecurityToken")
    if token and not account.security_token:
        raise Denied("InvalidSecurityToken.Malformed")
    if token and token != account.security_token:
        raise Denied("InvalidSecurityToken.MismatchWithAccessKey")
    if account.expires_at_s is not None and account.expires_at_s <= now_s:
        raise Denied("InvalidSecurityToken.Expired")
