"""What a source's HTTP answer means: status and headers to errors, ranges and validators."""

import re
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple

from worker.errors import SourceError

MAX_DELAY_S: Final = 600.0

_CODES: Final = {
    401: "source.forbidden",
    403: "source.forbidden",
    404: "source.not_found",
    410: "source.not_found",
    408: "source.throttled",
    425: "source.throttled",
    429: "source.throttled",
}
_CONTENT_RANGE: Final = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})")


# Storage answers in XML; a pattern on the first bytes expands no entity.
_XML_CODE: Final = re.compile(r"<Code>\s*([A-Za-z][A-Za-z0-9._-]{0,63})\s*</Code>")
XML_PREFIX_BYTES: Final = 4096


class ContentRange(NamedTuple):
    """Bytes [first, last] of `total`."""

    first: int
    last: int
    total: int


def status_error(
    status: int, retry_after: str | None, now: datetime, *, told: str = ""
) -> SourceError:
    """The error that an answer without the medium means; `now` has a zone, `told` is its word."""
    code = _CODES.get(status, "source.server_error" if status >= 500 else "source.rejected")
    waits = code in {"source.throttled", "source.server_error"}
    return SourceError(
        code,
        f"The source's server answered with status {status}{f' {told}' if told else ''}.",
        delay_s=delay_of(retry_after, now) if waits else None,
    )


def xml_code_of(body: bytes) -> str:
    """The code in an error of object storage, by the first bytes of its body; empty without."""
    found = _XML_CODE.search(body[:XML_PREFIX_BYTES].decode("utf-8", "replace"))
    return found[1] if found else ""


def delay_of(
    retry_after: str | None, now: datetime, *, most_s: float = MAX_DELAY_S
) -> float | None:
    """Seconds to wait by a `Retry-After` header in either form, at most `most_s`."""
    if retry_after is None:
        return None
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), most_s)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=now.tzinfo)
    return min(max((until - now).total_seconds(), 0.0), most_s)


def content_range_of(header: str | None) -> ContentRange | None:
    """The range of a 206 answer, None where it is missing, malformed or without the total."""
    found = _CONTENT_RANGE.fullmatch((header or "").strip().lower())
    if found is None:
        return None
    spoken = ContentRange(*map(int, found.groups()))
    return spoken if spoken.first <= spoken.last < spoken.total else None


def strong_etag_of(header: str | None) -> str | None:
    """The entity tag where it promises the same bytes (RFC 9110 §8.8.1), else None."""
    tag = (header or "").strip()
    quoted = len(tag) > 2 and tag[0] == tag[-1] == '"'
    return tag if quoted and tag.isascii() and '"' not in tag[1:-1] else None
