"""Paths as they come: percent-decoded once, as UTF-8, and then names or a refusal."""

import re
from typing import Final
from urllib.parse import unquote_to_bytes

from api.dialects.tencent_smh.errors import RefusalError
from worker.rules import library_paths

_BAD_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def decoded(raw_path: bytes) -> str:
    """The whole path as text; `%2F` means the same as `/`, and `+` is a plus.

    One of the vendor's SDKs keeps slashes, the other escapes them. Raises: RefusalError
    `ParamInvalid` for broken escapes, for what is not UTF-8 and for control characters.
    """
    if _BAD_ESCAPE.search(raw_path):
        raise RefusalError("ParamInvalid", "The path has a '%' without two hexadecimal digits.")
    try:
        text = unquote_to_bytes(raw_path).decode()
    except UnicodeDecodeError as error:
        raise RefusalError("ParamInvalid", "The path is not UTF-8.") from error
    if _CONTROL.search(text):
        raise RefusalError("ParamInvalid", "The path has control characters.")
    return text


def names(text: str) -> tuple[str, ...]:
    """The names on a decoded path; none for the top directory.

    Raises: RefusalError `ParamInvalid` for a path that no entry has: `.` and `..` among others.
    """
    try:
        return library_paths.segments(text)
    except ValueError as error:
        raise RefusalError("ParamInvalid", f"The path is wrong: {error}.") from error
