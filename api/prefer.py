"""The `Prefer` header (RFC 7240): what the caller would like, and never an error."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

MAX_WAIT_S: Final = 60

# Possessive, so that no header can make the matching slow.
_UNTIL: Final = {
    separator: re.compile(rf'(?:[^{separator}"]|"(?:[^"\\]|\\.)*+"?)*+') for separator in (",", ";")
}
_DIGITS: Final = re.compile(r"[0-9]{1,9}")


def wait_s(headers: Iterable[str]) -> int | None:
    """How long the caller waits for the finished job, at most 60 s; None without the wish.

    The first `wait` counts (RFC 7240 §2); one that is no number of seconds is passed over.
    """
    for header in headers:
        for name, value in _preferences(header):
            if name == "wait":
                return min(int(value), MAX_WAIT_S) if _DIGITS.fullmatch(value) else None
    return None


def _preferences(header: str) -> Iterator[tuple[str, str]]:
    """Name in lower case and value without quotes; a preference's parameters are passed over."""
    for element in _split(header, ","):
        name, _, value = next(_split(element, ";")).partition("=")
        value = value.strip(" \t")
        if len(value) > 1 and value.startswith('"') and value.endswith('"'):
            value = re.sub(r"\\(.)", r"\1", value[1:-1])
        yield name.strip(" \t").lower(), value


def _split(text: str, separator: str) -> Iterator[str]:
    """The parts between separators, those in quoted strings not counted."""
    at = 0
    while at <= len(text):
        found = _UNTIL[separator].match(text, at)
        end = found.end() if found else at
        yield text[at:end]
        at = end + 1
