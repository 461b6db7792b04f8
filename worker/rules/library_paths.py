"""Paths in libraries: which names there may be, and how deep they go."""

import re
from typing import Final

from worker.contracts.libraries import NEW_ID, SINGLE_SPACE

MAX_NAME_BYTES: Final = 255
MAX_DEPTH: Final = 64

# What stands where a space's id stands in other calls of the vendor's API.
_NO_SPACES: Final = frozenset({SINGLE_SPACE, "list", "count"})
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def segments(text: str) -> tuple[str, ...]:
    """The names on a decoded path; none for the top directory. Empty ones are left out.

    Some of the vendor's clients begin or end a path with `/`, or double one; a backslash is a
    character like others. Raises: ValueError, with what is wrong, for a path that no entry has.
    """
    names = tuple(name for name in text.split("/") if name)
    if len(names) > MAX_DEPTH:
        raise ValueError(f"a path has at most {MAX_DEPTH} names")
    for name in names:
        check_name(name)
    return names


def check_name(name: str) -> None:
    """Raises ValueError, with what is wrong, for a text that is no name of an entry."""
    if not name:
        raise ValueError("a name has at least one character")
    if name in {".", ".."}:
        raise ValueError(f"no entry is named {name!r}")
    if "/" in name:
        raise ValueError("a name has no '/'")
    if _CONTROL.search(name):
        raise ValueError("a name has no control characters")
    try:
        size_bytes = len(name.encode())
    except UnicodeEncodeError as error:
        raise ValueError("a name is text that UTF-8 can write") from error
    if size_bytes > MAX_NAME_BYTES:
        raise ValueError(f"a name has at most {MAX_NAME_BYTES} bytes in UTF-8")


def check_library_id(text: str) -> None:
    """Raises ValueError for a text that no library may have for its id."""
    if not re.fullmatch(NEW_ID, text):
        raise ValueError(
            "an id is 1 to 64 letters, digits, '_' and '-', the first a letter or digit"
        )


def check_space_id(text: str) -> None:
    """Raises ValueError for a text that no space of a library for many tenants may have."""
    if text in _NO_SPACES:
        raise ValueError(f"{text!r} has a meaning of its own where a space's id stands")
    check_library_id(text)
