"""What Tencent SMH's answers to writes mean, and where and how covers are left there.

Sources: the vendor's pages on simple upload, its confirmation, labels and error codes.
"""

import re
from datetime import datetime
from typing import Any, Final, NamedTuple

from worker.errors import ProviderError, SourceError
from worker.rules.responses import delay_of
from worker.rules.smh_answers import FileFacts, link_of, vendor_code_of
from worker.rules.vendor_answers import (
    Reply,
    Told,
    code_of_status,
    failure,
    object_of,
    request_id_of,
)

VENDOR: Final = "Tencent SMH"
LABEL_PREFIX: Final = "cover:"
INVALID: Final = "InvalidAccessToken"
CONFIRMED_BEFORE: Final = "UploadComplete"
_STORAGE: Final = "Tencent SMH's storage"
# Where the vendor's word says more than its status.
_CODES: Final = {
    "WrongLibraryIdOrSecret": "provider.auth",
    "EmptyAccessToken": "provider.auth",
    # The upload is over or was never whole: the next attempt begins another one.
    "ConfirmKeyNotFound": "provider.unavailable",
    "UploadIncomplete": "provider.unavailable",
    "BadCrc64": "provider.unavailable",
}
_HEADER: Final = re.compile(r"[A-Za-z0-9-]{1,128}")
_VALUE: Final = re.compile(r"[ -~]{0,8192}")
_DOMAIN: Final = re.compile(r"[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?")
_PATH: Final = re.compile(r"/[!-~]{0,8192}")
_KEY: Final = re.compile(r"[!-~]{1,4096}")


class Begun(NamedTuple):
    """Where an upload's bytes go, with exactly these headers, and the key that confirms it."""

    domain: str
    path: str
    headers: tuple[tuple[str, str], ...]
    confirm_key: str

    def __repr__(self) -> str:
        return f"Begun({self.domain!r})"  # path and headers are signed


def error_of(reply: Reply, now: datetime, *, writes: bool) -> ProviderError:
    """The error of any answer that is not the call's success; the vendor's free text stays out."""
    word = vendor_code_of(reply.body)
    code = _CODES.get(word) or _by_status(reply.status)
    told = Told(word, "", request_id_of(reply.headers.get("x-request-id")))
    return failure(VENDOR, code, reply, told, writes=writes, delay_s=_delay(code, reply, now))


def storage_error_of(reply: Reply, now: datetime) -> ProviderError:
    """The error of storage that did not take an upload, which nobody sees until it is confirmed.

    A refusal means that the permission to upload is over: the next attempt gets another one.
    """
    over = reply.status in {401, 403}
    code = "provider.unavailable" if over else _by_status(reply.status)
    told = Told(vendor_code_of(reply.body), "")
    return failure(_STORAGE, code, reply, told, writes=False, delay_s=_delay(code, reply, now))


def _by_status(status: int) -> str:
    return code_of_status(status) if status >= 400 else "provider.unavailable"


def _delay(code: str, reply: Reply, now: datetime) -> float | None:
    waits = code in {"provider.throttled", "provider.unavailable"}
    return delay_of(reply.headers.get("retry-after"), now) if waits else None


def begun_of(reply: Reply, now: datetime) -> Begun:
    """An upload that has begun. Raises: ProviderError for junk, and for what cannot be sent."""
    told = object_of(reply) or {}
    headers = told.get("headers")
    pairs = tuple(headers.items()) if isinstance(headers, dict) else ()
    domain, path, key = (_text(told.get(name)) for name in ("domain", "path", "confirmKey"))
    fits = (
        isinstance(headers, dict)
        and all(_HEADER.fullmatch(name) and _VALUE.fullmatch(str(value)) for name, value in pairs)
        and _DOMAIN.fullmatch(domain)
        and _PATH.fullmatch(path)
        and _KEY.fullmatch(key)
    )
    if not fits:
        raise error_of(reply, now, writes=False)
    return Begun(domain, path, tuple((name, str(value)) for name, value in pairs), key)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def facts_of(reply: Reply, now: datetime) -> FileFacts:
    """What a file's `?info` tells of its content. Raises: ProviderError for junk."""
    try:
        facts, _ = link_of(reply.body)
    except SourceError as error:
        raise error_of(reply, now, writes=False) from error
    return facts


def labels_of(reply: Reply, now: datetime) -> list[str]:
    """The labels that a file's details tell. Raises: ProviderError for junk."""
    told = object_of(reply)
    labels: Any = [] if told is None else told.get("labels") or []
    if told is None or not isinstance(labels, list):
        raise error_of(reply, now, writes=False)
    return [label for label in labels if isinstance(label, str)]


def labels_with(labels: list[str], url: str) -> list[str]:
    """The labels with a cover's URL instead of another cover's; all others stay as they are."""
    return [*(each for each in labels if not each.startswith(LABEL_PREFIX)), LABEL_PREFIX + url]


def labelled_url(labels: list[str]) -> str | None:
    """The URL of the cover among the labels, None without one."""
    found = (each.removeprefix(LABEL_PREFIX) for each in labels if each.startswith(LABEL_PREFIX))
    return next(found, None)


def parts_of(path: str) -> tuple[str, ...]:
    """The names along a path. Raises: ProviderError for one that could lead out of its space."""
    parts = tuple(part for part in path.split("/") if part)
    if not parts or not {".", ".."}.isdisjoint(parts):
        raise ProviderError("provider.not_found", "The path names no file.")
    return parts


def beside(path: tuple[str, ...]) -> tuple[str, ...]:
    """Where the cover of a file is kept: `clip.mp4.cover.jpg` beside `clip.mp4`."""
    return (*path[:-1], f"{path[-1]}.cover.jpg")
