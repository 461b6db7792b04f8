"""URLs as they may be shown, and as they name the same medium."""

from hashlib import sha256
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

_SIGNATURE_NAMES: Final = frozenset(
    {
        "expires",
        "signature",
        "sig",
        "token",
        "policy",
        "key-pair-id",
        "awsaccesskeyid",
        "ossaccesskeyid",
        "accesskeyid",
        "googleaccessid",
        "security-token",
        "auth_key",
        "se",
        "sp",
        "sr",
        "st",
        "sv",
    }
)
_SIGNATURE_PREFIXES: Final = ("x-amz-", "x-goog-", "x-oss-", "x-obs-", "q-")


def shown(url: str) -> str:
    """`url` without user information, query and fragment: any of them may be a secret."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "(a malformed URL)"
    return f"{parts.scheme}://{host}{parts.path}"


def identity(url: str) -> str:
    """A name for the medium at `url`: without what changes each time it is signed, the rest of
    the query as a digest, because it may hold secrets too.

    An unknown signature parameter costs a cache hit, never a wrong one.
    """
    query = [(name, value) for name, value in _pairs(url) if not _signs(name.lower())]
    if not query:
        return shown(url)
    return f"{shown(url)}?{sha256(urlencode(sorted(query)).encode()).hexdigest()}"


def _pairs(url: str) -> list[tuple[str, str]]:
    return parse_qsl(url.partition("?")[2].partition("#")[0], keep_blank_values=True)


def _signs(name: str) -> bool:
    return name in _SIGNATURE_NAMES or name.startswith(_SIGNATURE_PREFIXES)
