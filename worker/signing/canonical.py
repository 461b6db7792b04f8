"""The one form of a request that both ends of a signature compute, and the checks they share."""

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import quote_from_bytes, unquote_to_bytes

from worker.signing.wire import Claim, RawRequest, SignatureRefused

# Far beyond any call's needs; what an unknown sender can make us compute ends here.
MOST_PARAMETERS = 1000
LONGEST_PARAMETERS = 1 << 16  # bytes of a path, a query or a form, still encoded

Pair = tuple[str, str]  # name and value, encoded by RFC 3986
Headers = dict[str, list[str]]

# Escapes that must be: those of all bytes but letters, digits and "-._~".
_ESCAPE = "%(?:[0189A-F][0-9A-F]|2[0-9A-CF]|3[A-F]|[46]0|5[B-E]|7[BCDF])"
_TEXT = f"(?:[A-Za-z0-9._~-]++|{_ESCAPE})*+"
_ENCODED = re.compile(_TEXT)
_ENCODED_QUERY = re.compile(f"{_TEXT}={_TEXT}(?:&{_TEXT}={_TEXT})*+")
_ENCODED_PATH = re.compile("[A-Za-z0-9._~/-]*+")
_METHOD = re.compile("[A-Z]{1,16}")
_VISIBLE = re.compile("[!-~]{1,128}")
_EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()


def path(target: str) -> str:
    """The path decoded and encoded again by RFC 3986, its slashes kept."""
    if _ENCODED_PATH.fullmatch(target):
        return target
    return quote_from_bytes(unquote_to_bytes(wire(target)), safe="/")


def encoded(text: bytes) -> str:
    """Bytes percent-encoded by RFC 3986: all but letters, digits and `-._~`."""
    return quote_from_bytes(text, safe="")


def query_pairs(query: str, *, plus_is_space: bool) -> list[Pair]:
    """Names and values of a query or form in order, encoded anew, empty values kept."""
    if len(query) > LONGEST_PARAMETERS or query.count("&") >= MOST_PARAMETERS:
        raise SignatureRefused("malformed", "too many parameters, or too long ones")
    parts = [part.partition("=") for part in query.split("&") if part]
    if _ENCODED_QUERY.fullmatch(query):
        return [(name, value) for name, _, value in parts]
    return [
        (_recoded(name, plus_is_space), _recoded(value, plus_is_space)) for name, _, value in parts
    ]


def form_pairs(request: RawRequest, headers: Headers) -> list[Pair] | None:
    """The pairs of a form body; None of any other body, an empty one counting as a form."""
    if not request.body:
        return []
    kind = only(headers, "content-type") or ""
    if kind.partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        return None
    return query_pairs(request.body.decode("latin-1"), plus_is_space=True)


def query(parameters: Sequence[Pair]) -> str:
    """One query of the pairs, in the order of their decoded bytes."""
    names = [name for name, _ in parameters]
    # Escaped, a byte sorts elsewhere than as itself; values only matter between equal names.
    as_encoded = "%" not in "".join(names) and len(set(names)) == len(names)
    ordered = sorted(parameters, key=None if as_encoded else _decoded)
    return "&".join([f"{name}={value}" for name, value in ordered])


def refuse_repeats(parameters: Sequence[Pair]) -> None:
    """Refuse names that come twice: which of them counts would be anybody's guess."""
    if len({name for name, _ in parameters}) != len(parameters):
        raise SignatureRefused("repeated", "a parameter is given more than once")


def headers_of(headers: Iterable[tuple[str, str]]) -> Headers:
    """All values of each header, under its name in lower case."""
    found: Headers = {}
    for name, value in headers:
        lower = name.lower()
        if lower in found:
            found[lower].append(value)
        else:
            found[lower] = [value]
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


def covered(headers: Headers, signed: Sequence[str], required: Iterable[str]) -> dict[str, str]:
    """The signed headers in their order; refused where required ones are left out, or unclear."""
    values = {}
    for name in signed:
        value = only(headers, name)
        if value is None:
            raise SignatureRefused("malformed", "SignedHeaders names a header that is not there")
        if "\n" in value:
            raise SignatureRefused("malformed", "a signed header has a line break")
        values[name] = value
    if len(values) != len(signed):
        raise SignatureRefused("repeated", "SignedHeaders names a header more than once")
    for name in required:
        if name not in values:
            raise SignatureRefused("uncovered", f"the signature does not cover {name}")
    return values


def request_sha256(
    method: str, path: str, query: str, headers: Mapping[str, str], payload_sha256: str
) -> str:
    """SHA-256 in hex of the canonical request, the six parts of which are a line or more each."""
    lines = "".join([f"{name}:{value}\n" for name, value in headers.items()])
    text = f"{method}\n{path}\n{query}\n{lines}\n{';'.join(headers)}\n{payload_sha256}"
    return hashlib.sha256(wire(text)).hexdigest()


def authorization(headers: Headers, form: re.Pattern[str]) -> tuple[str, tuple[str, ...], str]:
    """Access key id, signed header names and signature of the header `Authorization`.

    `form` starts with the only algorithm that counts; its three groups are those three.
    """
    given = only(headers, "authorization")
    if not given:
        raise SignatureRefused("missing", "there is no Authorization header")
    if given.partition(" ")[0] != form.pattern.partition(" ")[0]:
        raise SignatureRefused("algorithm", "the Authorization header names another algorithm")
    match = form.fullmatch(given)
    if match is None:
        raise SignatureRefused("malformed", "the Authorization header has not the expected form")
    access_key_id, names, signature = match.groups()
    return visible("access key id", access_key_id), tuple(names.split(";")), signature


def refuse_bearer(headers: Headers, parameters: Iterable[Pair]) -> None:
    """Refuse Alibaba's bearer mode, which sends a token and signs nothing."""
    given = dict(parameters)
    kinds = [*headers.get("x-acs-signature-type", []), given.get("SignatureType", "")]
    if (
        "x-acs-bearer-token" in headers
        or "BearerToken" in given
        or any(kind.strip().upper() == "BEARERTOKEN" for kind in kinds)
    ):
        raise SignatureRefused("bearer", "bearer tokens are not taken")


def check_line(request: RawRequest) -> None:
    """Refuse what is no HTTP method in upper case, and a path without end."""
    if not _METHOD.fullmatch(request.method):
        raise SignatureRefused("malformed", "the method is not an HTTP method")
    if len(request.target) > LONGEST_PARAMETERS:
        raise SignatureRefused("malformed", "the path is too long")


def visible(what: str, value: str | None) -> str:
    """The value where it is 1-128 visible ASCII characters: those may become keys of a store."""
    if not _VISIBLE.fullmatch(value or ""):
        raise SignatureRefused("malformed", f"the {what} is not 1-128 visible ASCII characters")
    return value or ""


def payload_sha256(body: bytes, declared: str | None) -> str:
    """SHA-256 in hex of the body, refused where the request declares another one."""
    actual = hashlib.sha256(body).hexdigest() if body else _EMPTY_SHA256
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


def stamp(at: datetime) -> str:
    """The moment as `YYYY-MM-DDTHH:MM:SSZ`; one without a zone is a ValueError, not a guess."""
    if at.tzinfo is None:
        raise ValueError("a time to sign with needs a zone")
    return f"{at.astimezone(UTC).isoformat()[:19]}Z"


def check_window(claim: Claim, now: datetime, window_s: int) -> None:
    """Refuse a claim made longer than the window before or after `now`."""
    if abs((now - claim.at).total_seconds()) > window_s:
        raise SignatureRefused("skewed", f"the time is more than {window_s} s off")


def check_signature(claim: Claim, secret: str, expected: str) -> None:
    """Compare in constant time; an empty secret, which anyone could know, opens nothing."""
    if not secret or not hmac.compare_digest(expected, claim.signature):
        raise SignatureRefused("mismatch", "the signature does not match")


def wire(text: str) -> bytes:
    """The bytes that latin-1 text of a request stands for."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        raise SignatureRefused("malformed", "the request is not text of the wire") from None


def _recoded(text: str, plus_is_space: bool) -> str:
    if _ENCODED.fullmatch(text):
        return text
    raw = wire(text.replace("+", " ") if plus_is_space else text)
    return encoded(unquote_to_bytes(raw))


def _decoded(pair: Pair) -> tuple[bytes, bytes]:
    return unquote_to_bytes(pair[0]), unquote_to_bytes(pair[1])
