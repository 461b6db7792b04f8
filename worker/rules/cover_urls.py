"""URLs of covers: what a vendor takes as one, and whether what it shows is the one it was given."""

import re
from typing import Final, NamedTuple
from urllib.parse import SplitResult, unquote_to_bytes, urlsplit

MAX_MPS_BYTES: Final = 3200
MAX_BYTES: Final = 8192
# RFC 2396 §2: reserved, unreserved and escaped characters, without "#", which ends a URI there.
_RFC2396: Final = re.compile(r"(?:[A-Za-z0-9;/?:@&=+$,\-_.!~*'()]|%[0-9A-Fa-f]{2})+")
_HOST: Final = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z](?:[a-z0-9-]*[a-z0-9])?\.?"
    r"|[0-9]{1,3}(?:\.[0-9]{1,3}){3}",
    re.IGNORECASE,
)
_VISIBLE: Final = re.compile(r"[!-~]+")


class UrlRule(NamedTuple):
    """What a vendor takes as the URL of a cover; `text` says it to people."""

    text: str
    schemes: tuple[str, ...]
    max_bytes: int = MAX_BYTES
    allows_query: bool = True
    by_rfc_2396: bool = False


def mistake(rule: UrlRule, url: str) -> str | None:
    """What is wrong with a URL, None where the vendor takes it."""
    if len(url.encode("utf-8", "replace")) > rule.max_bytes:
        return f"is longer than {rule.max_bytes} bytes"
    if not _VISIBLE.fullmatch(url):
        return "has spaces, control characters or letters outside ASCII: they must be escaped"
    if rule.by_rfc_2396 and not _RFC2396.fullmatch(url.replace("#", "", 1)):
        return "has a character or an escape that RFC 2396 does not allow"
    parts = _split(url)
    if parts is None or not parts.hostname:
        return "is not an absolute URL"
    if parts.scheme.lower() not in rule.schemes:
        return f"must begin with {' or '.join(f'{each}://' for each in rule.schemes)}"
    return _part_mistake(rule, url, parts)


def _part_mistake(rule: UrlRule, url: str, parts: SplitResult) -> str | None:
    if "@" in parts.netloc:
        return "has user information"
    if "#" in url:
        return "has a fragment"
    if "?" in url and not rule.allows_query:
        return "has a query"
    if rule.by_rfc_2396 and not _HOST.fullmatch(parts.hostname or ""):
        return "has a host that RFC 2396 does not know"
    return None


def _split(url: str) -> SplitResult | None:
    """The parts of a URL; None where its port or its brackets are wrong."""
    try:
        parts = urlsplit(url)
        return parts if parts.port != 0 else None
    except ValueError:
        return None


def is_shown(written: str, shown: str) -> bool:
    """Whether a URL that a vendor shows is the one that was written: host, port and path say so.

    Vendors may show it under https, with other escapes, and with a query that signs it, which is
    not kept; two covers of ours never differ in their query only.
    """
    one, other = _split(written), _split(shown)
    return one is not None and other is not None and _place(one) == _place(other)


def _place(parts: SplitResult) -> tuple[str, int | None, bytes]:
    port = None if parts.port in {80, 443} else parts.port
    return (parts.hostname or "").lower(), port, unquote_to_bytes(parts.path or "/")


def without_query(url: str) -> str:
    """A URL that a vendor shows, without what may sign it."""
    return url.partition("#")[0].partition("?")[0]
