"""What answers of Alibaba MPS and VOD mean: errors, covers of media and videos, images.

Sources: MPS, "UpdateMediaCover", "QueryMediaList", "Error codes"; VOD, "GetImageInfo",
"GetVideoInfo", "Error codes"; the gateway's public error codes.
"""

from datetime import datetime
from typing import Any, Final, NamedTuple

from worker.errors import ProviderError
from worker.rules.responses import delay_of
from worker.rules.vendor_answers import (
    Reply,
    code_of_status,
    delay_of_ms,
    failure,
    object_of,
    request_id_of,
    told_of,
)

Answer = dict[str, Any]

# Beginnings of codes, the first that fits counts; what is left goes by the status.
_BY_BEGINNING: Final = (
    ("Throttling", "provider.throttled"),
    ("InternalError", "provider.unavailable"),
    ("ServiceUnavailable", "provider.unavailable"),
    ("ServiceUnAvailable", "provider.unavailable"),
    # Our nonces are new at each attempt: somebody between us sent this one a second time.
    ("SignatureNonceUsed", "provider.unavailable"),
    ("InvalidAccessKeyId", "provider.auth"),
    ("SignatureDoesNotMatch", "provider.auth"),
    ("IncompleteSignature", "provider.auth"),
    ("InvalidSignature", "provider.auth"),
    ("InvalidTimeStamp", "provider.auth"),
    ("InvalidSecurityToken", "provider.auth"),
    ("MissingSecurityToken", "provider.auth"),
    ("PermissionDenied", "provider.auth"),
    ("InvalidIdentity", "provider.auth"),
    ("InvalidApi", "provider.rejected"),
    ("InvalidAction", "provider.rejected"),
    ("InvalidVersion", "provider.rejected"),
    ("NoSuch", "provider.not_found"),
)
_NOT_FOUND: Final = (".ResourceNotFound", ".ResourceDeleted", ".NotFound")


class Covered(NamedTuple):
    """The cover of a medium or video; no `url` where it has none."""

    url: str | None
    request_id: str | None


class ImageInfo(NamedTuple):
    """An image of VOD: where its bytes are, and what they are told to be.

    `size_bytes`, `width` and `height` are None where the vendor does not tell them.
    """

    image_id: str
    status: str
    url: str
    size_bytes: int | None
    width: int | None
    height: int | None

    def __repr__(self) -> str:
        return f"ImageInfo({self.image_id!r}, {self.status!r})"  # its URLs are signed


def answer_of(reply: Reply, vendor: str, now: datetime, *, writes: bool) -> Answer:
    """The answer of a call that went well: status 200 and JSON with a request id.

    Raises: ProviderError for every other, no content, a redirect and HTML among them.
    """
    told = object_of(reply)
    if reply.status == 200 and told is not None and isinstance(told.get("RequestId"), str):
        return told
    raise _error_of(reply, told or {}, vendor, now, writes=writes)


def _error_of(
    reply: Reply, body: Answer, vendor: str, now: datetime, *, writes: bool
) -> ProviderError:
    told = told_of(body.get("Code"), body.get("Message"), body.get("RequestId"), reply)
    code = _code(reply.status, told.code)
    delay_s = delay_of_ms(reply.headers.get("x-acs-retry-after"))
    if delay_s is None:
        delay_s = delay_of(reply.headers.get("retry-after"), now)
    waits = code in {"provider.throttled", "provider.unavailable"}
    return failure(vendor, code, reply, told, writes=writes, delay_s=delay_s if waits else None)


def _code(status: int, told: str) -> str:
    if status < 300:
        return "provider.unavailable"
    for beginning, code in _BY_BEGINNING:
        if told.startswith(beginning):
            return code
    if told.endswith(_NOT_FOUND):
        return "provider.not_found"
    return code_of_status(status)


def request_id(answer: Answer) -> str | None:
    """The request id of a success."""
    return request_id_of(answer.get("RequestId"))


def media_cover_of(answer: Answer, media_id: str) -> Covered:
    """The cover of one medium in an answer to QueryMediaList.

    Raises: ProviderError `provider.not_found` where the vendor does not list it.
    """
    for row in _rows(_inside(answer, "MediaList").get("Media")):
        if row.get("MediaId") == media_id:
            return Covered(_text(row.get("CoverURL")), request_id(answer))
    raise ProviderError("provider.not_found", f"Alibaba MPS has no medium {media_id}.")


def video_cover_of(answer: Answer) -> Covered:
    """The cover in an answer to GetVideoInfo."""
    return Covered(_text(_inside(answer, "Video").get("CoverURL")), request_id(answer))


def image_of(answer: Answer) -> ImageInfo:
    """The image of an answer to GetImageInfo. Raises: ProviderError where it tells none."""
    found = _image(_inside(answer, "ImageInfo"))
    if found is None:
        raise ProviderError("provider.unavailable", "Alibaba VOD's answer tells of no image.")
    return found


def images_of(answer: Answer) -> dict[str, ImageInfo]:
    """The images that an answer to GetImageInfos tells of, by their ids."""
    found = map(_image, _rows(answer.get("ImageInfo")))
    return {image.image_id: image for image in found if image is not None}


def _image(row: Answer) -> ImageInfo | None:
    image_id, url = _text(row.get("ImageId")), _text(row.get("URL"))
    if image_id is None:
        return None
    file = _inside(row, "Mezzanine")
    return ImageInfo(
        image_id,
        _text(row.get("Status")) or "",
        url or "",
        _number(file.get("FileSize")),
        _number(file.get("Width")),
        _number(file.get("Height")),
    )


def _inside(told: Answer, name: str) -> Answer:
    value = told.get(name)
    return value if isinstance(value, dict) else {}


def _rows(value: object) -> list[Answer]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _number(value: object) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
