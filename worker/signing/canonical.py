"""The one form of a request that both ends of a signature compute, and the checks they share."""

import hashlib
import hmac
import re
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from urllib.parse import quote_from_bytes, unquote_to_bytes

from worker.signing.wire import Claim, RawRequest, SignatureRefused

MOST_PARAMETERS = 1000
LONGEST_PARAMETERS = 1 << 20  # bytes, still encoded
LONGEST_AUTHORIZATION = 8192
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()

Pair = tuple[bytes, bytes]
Headers = dict[str, list[str]]

_METHOD = re.compile(r"[A-Z]{1,16}")
_VISIBLE = re.compile(r"[!-~]{1,128}")
_SAFE_PATH = re.compile(rb"[A-Za-z0-9._~/-]*")
_LINE_BREAKS = re.compile(r"[\r\n\0]")


def path(target: str) -> str:
    """The path decoded and encoded again by RFC 3986, its slashes kept."""
    raw = wire(target)
    if _SAFE_PATH.fullmatch(raw):
        return target
    return quote_from_bytes(unquote_to_bytes(raw), safe="/~")


def pairs(text: bytes, *, plus_is_space: bool) -> list[Pair]:
    """Names and values of a query or form, decoded to bytes, in order, empty values kept."""
    if len(text) > LONGEST_PARAMETERS or text.count(b"&") >= MOST_PARAMETERS:
        raise SignatureRefused("malformed", "too many parameters, or too long ones")
    if plus_is_space:
        text = text.replace(b"+", b" ")
    found = []
    for part in text.split(b"&"):
        if part:
            name, _, value = part.partition(b"=")
            found.append((unquote_to_bytes(name), unquote_to_bytes(value)))
    return found


def query_pairs(request: RawRequest, *, plus_is_space: bool) -> list[Pair]:
    """The pairs of the request's query."""
    return pairs(wire(request.query), plus_is_space=plus_is_space)


def form_pairs(request: RawRequest, headers: Headers) -> list[Pair]:
    """The pairs of a form body; any other body is refused, since they are what is signed."""
    if not request.body:
        return []
    kind = only(headers, "content-type") or ""
    if kind.partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise SignatureRefused("payload", "the body is not a form")
    return pairs(request.body, plus_is_space=True)


def query(parameters: Iterable[Pair]) -> str:
    """Names and values encoded by RFC 3986, in the order of their decoded bytes."""
    return "&".join([f"{encoded(name)}={encoded(value)}" for name, value in sorted(parameters)])


def encoded(value: bytes) -> str:
    """Bytes percent-encoded by RFC 3986: all but letters, digits and `-._~`."""
    return quote_from_bytes(value, safe="~")


def refuse_repeats(parameters: Sequence[Pair]) -> None:
    """Refuse names that come twice: which of them counts would be anybody's guess."""
    if len({name for name, _ in parameters}) != len(parameters):
        raise SignatureRefused("repeated", "a parameter is given more than once")


def headers_of(request: RawRequest) -> Headers:
    """All values of each header, under its name in lower case."""
    found: Headers = {}
    for name, value in request.headers:
        found.setdefault(name.lower(), []).append(value)
    return found


def only(headers: Headers, name: str) -> str | None:
    """The value of a header that may stand there once; None where it does not."""
    values = headers.get(name)
    if values is None:
        return None
    if len(values) > 1:
        raise SignatureRefused("repeated", f"the header {name} is given more than once")
    # Not str.strip(): a no-break space may be the last byte of a letter in UTF-8.
    return values[0].strip(" \t")


def request_sha256(
    method_and_path: tuple[str, str],
    *,
    query: str,
    headers: Headers,
    signed: Sequence[str],
    payload_sha256: str,
) -> str:
    """SHA-256 in hex of the canonical request: method, path, query, headers, names, payload."""
    lines = [*method_and_path, query]
    lines += [f"{name}:{only(headers, name)}" for name in signed]
    lines += ["", ";".join(signed), payload_sha256]
    return hashlib.sha256(wire("\n".join(lines))).hexdigest()


def authorization(headers: Headers, form: re.Pattern[str]) -> tuple[str, tuple[str, ...], str]:
    """Access key id, signed header names and signature of the header `Authorization`.

    `form` starts with the only algorithm that counts; its three groups are those three.
    """
    given = only(headers, "authorization")
    if not given:
        raise SignatureRefused("missing", "there is no Authorization header")
    if len(given) > LONGEST_AUTHORIZATION:
        raise SignatureRefused("malformed", "the Authorization header is too long")
    if given.partition(" ")[0] != form.pattern.partition(" ")[0]:
        raise SignatureRefused("algorithm", "the Authorization header names another algorithm")
    match = form.fullmatch(given)
    if match is None:
        raise SignatureRefused("malformed", "the Authorization header has not the expected form")
    access_key_id, names, signature = match.groups()
    return visible("access key id", access_key_id), tuple(names.split(";")), signature


def check_coverage(headers: Headers, signed: Collection[str], required: Iterable[str]) -> None:
    """Refuse where the signature leaves out what it must cover, or covers what is not clear."""
    if len(set(signed)) != len(signed):
        raise SignatureRefused("repeated", "SignedHeaders names a header more than once")
    covered = set(signed)
    for name in required:
        if name not in covered:
            raise SignatureRefused("uncovered", f"the signature does not cover {name}")
    for name in signed:
        value = only(headers, name)
        if value is None:
            raise SignatureRefused("malformed", "SignedHeaders names a header that is not there")
        if _LINE_BREAKS.search(value):
            raise SignatureRefused("malformed", "a signed header has a line break")


def refuse_bearer(headers: Headers, parameters: Iterable[Pair]) -> None:
    """Refuse Alibaba's bearer mode, which sends a token and signs nothing."""
    given = dict(parameters)
    if "x-acs-bearer-token" in headers or b"BearerToken" in given:
        raise SignatureRefused("bearer", "bearer tokens are not taken")
    kinds = [
        *headers.get("x-acs-signature-type", []),
        given.get(b"SignatureType", b"").decode("latin-1"),
    ]
    if "BEARERTOKEN" in map(str.upper, kinds):
        raise SignatureRefused("bearer", "bearer tokens are not taken")


def check_method(request: RawRequest) -> None:
    """Refuse what is no HTTP method in upper case."""
    if not _METHOD.fullmatch(request.method):
        raise SignatureRefused("malformed", "the method is not an HTTP method")


def visible(what: str, value: str) -> str:
    """The value where it is 1-128 visible ASCII characters: those may become keys of a store."""
    if not _VISIBLE.fullmatch(value):
        raise SignatureRefused("malformed", f"the {what} is not 1-128 visible ASCII characters")
    return value


def payload_sha256(request: RawRequest, declared: str | None) -> str:
    """SHA-256 in hex of the body, refused where the request declares another one, or none."""
    actual = hashlib.sha256(request.body).hexdigest() if request.body else EMPTY_SHA256
    if declared is not None and declared != actual:
        raise SignatureRefused("payload", "the declared SHA-256 is not that of the body")
    return actual


def moment(text: str | None, form: re.Pattern[str]) -> datetime:
    """The UTC time that a request states in exactly `form`."""
    if not text:
        raise SignatureRefused("missing", "the request states no time")
    try:
        if form.fullmatch(text):
            return datetime.fromisoformat(text)
    except ValueError:
        pass
    raise SignatureRefused("date_malformed", "the time of the request is not one in UTC")


def utc(at: datetime) -> datetime:
    """The same moment in UTC; a time without a zone is a ValueError, not a guess."""
    if at.tzinfo is None:
        raise ValueError("a time to sign with needs a zone")
    return at.astimezone(UTC)


def check_window(claim: Claim, now: datetime, window_s: int) -> None:
    """Refuse a claim made longer than the window before or after `now`."""
    if abs((now - claim.at).total_seconds()) > window_s:
        raise SignatureRefused("skewed", f"the time is more than {window_s} s off")


def check_signature(claim: Claim, secret: str, expected: str) -> None:
    """Compare in constant time; an empty secret, which anyone could know, opens nothing."""
    if not secret or not hmac.compare_digest(expected.encode(), claim.signature.encode()):
        raise SignatureRefused("mismatch", "the signature does not match")


def wire(text: str) -> bytes:
    """The bytes that latin-1 text of a request stands for."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        raise SignatureRefused("malformed", "the request is not text of the wire") from None
