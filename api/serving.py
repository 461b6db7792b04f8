"""Kept bytes as answers: the whole, one range, or word that the caller has them already."""

from collections.abc import Callable, Iterator, Mapping
from email.utils import formatdate
from typing import Final, NamedTuple

from fastapi import Request
from fastapi.responses import Response, StreamingResponse

from api.errors import problem
from api.ranges import OutsideError, Range, wanted

# What is kept comes from callers: a browser shows it, and runs nothing in it.
SANDBOX: Final = "default-src 'none'; sandbox"
# Chromium plays a recording that is opened by itself only as the page of its own origin.
PLAYER: Final = "default-src 'none'; media-src 'self'; sandbox allow-same-origin"
PIECE_BYTES: Final = 256 * 1024


class Kept(NamedTuple):
    """Bytes that can be read, and what is told of them; `etag` is in its quotes."""

    size_bytes: int
    content_type: str
    etag: str
    modified_at_s: float
    cache_control: str
    read: Callable[[int, int], bytes]
    """Takes offset and length; fewer bytes only at the end."""


def answer(request: Request, kept: Kept, *, more: Mapping[str, str] | None = None) -> Response:
    """The answer to a GET or HEAD (RFC 9110 §13, §14); `more` are headers beside our own."""
    headers = {**_headers(kept), **(more or {})}
    if matches(request.headers.get("if-none-match"), kept.etag):
        return Response(status_code=304, headers=headers)
    whole = Range(0, kept.size_bytes)
    try:
        part = wanted(_range_header(request, headers), kept.size_bytes)
    except OutsideError:
        detail = f"The object has {kept.size_bytes} bytes; the range is outside it."
        unmet = {"Content-Range": f"bytes */{kept.size_bytes}"}
        return problem("request.invalid", detail, status=416, headers=unmet)
    start, end = part or whole
    headers["Content-Length"] = str(end - start)
    # Not as a media type: to that a charset would be added, which nobody has named.
    headers["Content-Type"] = kept.content_type
    if part:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{kept.size_bytes}"
    return StreamingResponse(
        iter(()) if request.method == "HEAD" else _pieces(kept, start, end),
        status_code=206 if part else 200,
        headers=headers,
    )


def _headers(kept: Kept) -> dict[str, str]:
    plays = kept.content_type.lower().startswith(("video/", "audio/"))
    return {
        "ETag": kept.etag,
        "Last-Modified": formatdate(kept.modified_at_s, usegmt=True),
        "Accept-Ranges": "bytes",
        "Cache-Control": kept.cache_control,
        "Content-Security-Policy": PLAYER if plays else SANDBOX,
    }


def _range_header(request: Request, headers: Mapping[str, str]) -> str | None:
    """The `Range` header, unless `If-Range` names another version (RFC 9110 §13.1.5)."""
    condition = request.headers.get("if-range")
    if condition not in {None, headers["ETag"], headers["Last-Modified"]}:
        return None
    return request.headers.get("range")


def _pieces(kept: Kept, start: int, end: int) -> Iterator[bytes]:
    for offset in range(start, end, PIECE_BYTES):
        yield kept.read(offset, min(PIECE_BYTES, end - offset))


def matches(if_none_match: str | None, etag: str) -> bool:
    """RFC 9110 §13.1.2: any of a list, compared weakly."""
    if if_none_match is None:
        return False
    told = {each.strip().removeprefix("W/") for each in if_none_match.split(",")}
    return "*" in told or etag in told
