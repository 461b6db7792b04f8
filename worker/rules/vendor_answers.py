"""What a vendor's answer to one of our calls means: what all vendors' answers have in common."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, NamedTuple

from worker.errors import ProviderError
from worker.rules.responses import MAX_DELAY_S, xml_code_of

_MAX_TEXT: Final = 200
_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
# Clocks that differ by less than this are not why a vendor refuses us: its window is 15 minutes.
_MIN_OFFSET_S: Final = 300


class Reply(NamedTuple):
    """A whole answer; names of headers in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"Reply({self.status})"  # tokens and signed links travel in all the rest


class Told(NamedTuple):
    """What an answer says of itself, as far as it has a form that we may repeat."""

    code: str = ""
    message: str = ""
    request_id: str | None = None


def object_of(reply: Reply) -> dict[str, Any] | None:
    """The JSON object that the body is, None where it is none."""
    try:
        told = json.loads(reply.body)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def told_of(code: object, message: object, request_id: object, reply: Reply) -> Told:
    """What an answer tells, cut to what a line of a log can bear; storage's XML has a code too."""
    text = code if isinstance(code, str) else xml_code_of(reply.body)
    words = " ".join(message.split()) if isinstance(message, str) else ""
    return Told(
        text if _CODE.fullmatch(text) else "",
        "".join(each for each in words if each.isprintable())[:_MAX_TEXT],
        request_id_of(request_id),
    )


def request_id_of(told: object) -> str | None:
    """The vendor's name for the call, None where it has not the form of one."""
    return told if isinstance(told, str) and _REQUEST_ID.fullmatch(told) else None


def code_of_status(status: int) -> str:
    """Our code of an answer whose own code says nothing to us."""
    if status == 429:
        return "provider.throttled"
    if status in {401, 403}:
        return "provider.auth"
    if status == 404:
        return "provider.not_found"
    # 408: whether the server waited for our bytes or for its own backend, it does not say.
    if 400 <= status < 500 and status != 408:
        return "provider.rejected"
    return "provider.unavailable"


def failure(
    vendor: str,
    code: str,
    reply: Reply,
    told: Told,
    *,
    writes: bool,
    delay_s: float | None = None,
) -> ProviderError:
    """The error of an answer that is no success.

    What failed at the vendor's end, or makes no sense, may have taken effect if it was a write.
    Words about refused credentials stay out: vendors repeat there what was signed.
    """
    about = [f"{vendor} answered with status {reply.status}"]
    about += [told.code] if told.code else []
    about += [f"(request {told.request_id})"] if told.request_id else []
    words = f": {told.message}" if told.message and code != "provider.auth" else "."
    return ProviderError(
        code,
        " ".join(about) + words,
        delay_s=delay_s,
        unsure=writes and code == "provider.unavailable",
    )


def offset_of(date: str | None, now: datetime) -> float | None:
    """Seconds by which the clock that wrote a `Date` header is ahead of `now`, where it is far."""
    try:
        theirs = parsedate_to_datetime(date or "")
    except ValueError:
        return None
    if theirs.tzinfo is None:
        return None
    offset_s = (theirs - now).total_seconds()
    return offset_s if abs(offset_s) >= _MIN_OFFSET_S else None


def delay_of_ms(milliseconds: str | None) -> float | None:
    """Seconds to wait by a header that counts milliseconds, at most ten minutes."""
    text = (milliseconds or "").strip()
    if not (text.isascii() and text.isdigit()):
        return None
    return min(int(text[:9]) / 1000, MAX_DELAY_S)
