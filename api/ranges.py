"""One byte range of an object, as a `Range` header asks for it (RFC 9110 §14)."""

import re
from typing import Final, NamedTuple

_ONE: Final = re.compile(r"bytes=([0-9]{1,18})-([0-9]{0,18})|bytes=-([0-9]{1,18})")


class Range(NamedTuple):
    """The bytes [start, end); `end` is not before `start`."""

    start: int
    end: int


class OutsideError(Exception):
    """A well-formed range has no byte of the object (RFC 9110 §15.5.17)."""


def wanted(header: str | None, size_bytes: int) -> Range | None:
    """The range asked for; None for no header, a malformed one, another unit or several ranges.

    Raises: OutsideError.
    """
    asked = _ONE.fullmatch(header or "")
    if asked is None:
        return None
    first, last, suffix = asked.groups()
    if suffix is not None:
        start, end = max(0, size_bytes - int(suffix)), size_bytes
    elif last and int(last) < int(first):
        return None
    else:
        start, end = int(first), min(int(last) + 1 if last else size_bytes, size_bytes)
    if start >= end:
        raise OutsideError
    return Range(start, end)
