"""What Tencent SMH's answers mean, read leniently: numbers or strings, unknown fields passed over.

The forms are those of the vendor's pages on listing, download links and access tokens; only what
is missing or cannot be told apart is an error.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from worker.contracts.tokens import VendorToken
from worker.errors import SourceError
from worker.rules.first_medium import Listed, ListingPage
from worker.rules.responses import status_error, xml_code_of

_MAX_MARKER_CHARACTERS: Final = 4096
_MAX_TOKEN_CHARACTERS: Final = 4096
_MAX_LINK_CHARACTERS: Final = 8192
_VENDOR_CODE: Final = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,63}")
_HALF: Final = re.compile(r"[\ud800-\udfff]")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = _EPOCH.resolution

# Where the vendor's word says more than its status (vendor's error code page; 404 for a secret).
_CODES: Final = {
    "WrongLibraryIdOrSecret": "source.forbidden",
    "EmptyAccessToken": "source.forbidden",
    "EmptyLibraryId": "source.forbidden",
    "EmptyLibrarySecret": "source.forbidden",
    "EmptyLibraryIdOrSecret": "source.forbidden",
}


class FileFacts(NamedTuple):
    """What SMH tells of a file's content; `etag` without quotes, `crc64` as unsigned decimal."""

    size_bytes: int | None = None
    etag: str | None = None
    crc64: str | None = None
    version: str | None = None


class SmhRefusedError(SourceError):
    """SMH answered with a failure; `vendor_code` is its word for it, empty where it said none."""

    def __init__(
        self, code: str, message: str, *, status: int, vendor_code: str, delay_s: float | None
    ) -> None:
        super().__init__(code, message, delay_s=delay_s)
        self.status = status
        self.vendor_code = vendor_code


def refused(status: int, body: bytes, *, retry_after: str | None, now: datetime) -> SmhRefusedError:
    """The error of an answer by its status, then its code; the vendor's free text stays out."""
    told = vendor_code_of(body)
    by_status = status_error(status, retry_after, now)
    return SmhRefusedError(
        _CODES.get(told, by_status.code),
        f"Tencent SMH answered with status {status}{f' {told}' if told else ''}.",
        status=status,
        vendor_code=told,
        delay_s=by_status.delay_s,
    )


def vendor_code_of(body: bytes) -> str:
    """The code in an error's body: flat JSON, else storage's XML, else none."""
    try:
        told = object_of(body).get("code")
    except SourceError:
        return xml_code_of(body)
    return told if isinstance(told, str) and _VENDOR_CODE.fullmatch(told) else ""


def object_of(body: bytes) -> dict[str, Any]:
    """The JSON object that `body` is. Raises: SourceError."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise SourceError("source.rejected", "Tencent SMH's answer is not JSON.") from error
    if not isinstance(told, dict):
        raise SourceError("source.rejected", "Tencent SMH's answer is not a JSON object.")
    return told


def listing_of(body: bytes) -> ListingPage:
    """A page of a directory. Raises: SourceError, also when `contents` is missing."""
    told = object_of(body)
    contents = told.get("contents")
    if not isinstance(contents, list):
        raise SourceError("source.rejected", "Tencent SMH's listing has no contents.")
    entries = tuple(_listed(entry if isinstance(entry, dict) else {}) for entry in contents)
    return ListingPage(entries, _whole(told.get("totalNum")), _marker(told.get("nextMarker")))


def _listed(told: dict[str, Any]) -> Listed:
    return Listed(
        name=_text(told.get("name")),
        type=_text(told.get("type")),
        created_us=_microseconds(told.get("creationTime")),
        removed=told.get("removedByQuota") in (True, "1", "true"),
    )


def link_of(body: bytes) -> tuple[FileFacts, str | None]:
    """The content and the signed link of a file's `?info`, the link where there is one."""
    told = object_of(body)
    link = _text(told.get("cosUrl"))
    usable = 0 < len(link) <= _MAX_LINK_CHARACTERS
    facts = FileFacts(
        size_bytes=_whole(told.get("size")),
        etag=_unquoted(told.get("eTag")),
        crc64=_crc64(told.get("crc64")),
        version=_name(told.get("versionId")),
    )
    return facts, link if usable else None


def facts_of_headers(headers: Mapping[str, str]) -> FileFacts:
    """The content that a download's own headers tell of (seed page "Downloading Files")."""
    return FileFacts(
        size_bytes=_whole(headers.get("x-smh-size")),
        etag=_unquoted(headers.get("x-smh-etag")),
        crc64=_crc64(headers.get("x-smh-crc64")),
    )


def token_of(body: bytes) -> VendorToken:
    """A new or renewed token; the vendor's page once spells its life `expiredIn`."""
    told = object_of(body)
    text = _text(told.get("accessToken"))
    life_s = _whole(told.get("expiresIn", told.get("expiredIn")))
    if not 0 < len(text) <= _MAX_TOKEN_CHARACTERS or not life_s:
        raise SourceError("source.rejected", "Tencent SMH gave no token.")
    return VendorToken(text, float(life_s))


def _text(value: Any) -> str:
    """A text, empty for anything else; JSON may escape half a character, which nothing can send."""
    return value if isinstance(value, str) and not _HALF.search(value) else ""


def _name(value: Any) -> str | None:
    """An opaque value that is sent as a string or a number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return _text(value) or None


def _marker(value: Any) -> str | None:
    marker = _name(value)
    if marker is not None and len(marker) > _MAX_MARKER_CHARACTERS:
        raise SourceError("source.rejected", "Tencent SMH's marker is too long.")
    return marker


def _whole(value: Any) -> int | None:
    """A count that is sent as a number or a string, None for anything else."""
    text = _name(value) or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def _crc64(value: Any) -> str | None:
    """CRC-64 as unsigned decimal; the vendor's examples show negative ones too."""
    text = _name(value) or ""
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 20):
        return None
    return str(int(text) % 2**64)


def _unquoted(value: Any) -> str | None:
    """A strong entity tag; a weak one promises nothing about the bytes."""
    text = _text(value).strip()
    if text.startswith("W/"):
        return None
    return text.removeprefix('"').removesuffix('"') or None


def _microseconds(value: Any) -> int | None:
    """Microseconds since 1970 of an ISO 8601 time; without a zone it is UTC."""
    try:
        at = datetime.fromisoformat(_text(value))
    except ValueError:
        return None
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - _EPOCH) // _MICROSECOND
