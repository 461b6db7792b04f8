"""What every store refuses before it touches anything."""

from typing import Final

from worker.errors import RequestError
from worker.rules.keys import content_type_of, is_key, is_public

MAX_LINK_LIFE_S: Final = 7 * 86_400  # the limit of S3, so that every store has the same


def check_put(key: str, content_type: str) -> None:
    """Raises RequestError `request.invalid` unless `key` is one and has that type."""
    _check_key(key)
    if content_type != content_type_of(key):
        raise RequestError(
            "request.invalid", f"objects under such a key are {content_type_of(key)}"
        )


def check_public(key: str) -> None:
    """Raises RequestError `request.invalid` unless `key` is one that anyone may read."""
    _check_key(key)
    if not is_public(key):
        raise RequestError("request.invalid", "the object has no public URL")


def check_link(key: str, expires_s: int) -> None:
    """Raises RequestError `request.invalid` for no key, or a life that no link can have."""
    _check_key(key)
    if not 1 <= expires_s <= MAX_LINK_LIFE_S:
        raise RequestError("request.invalid", f"a link lives 1 to {MAX_LINK_LIFE_S} seconds")


def _check_key(key: str) -> None:
    if not is_key(key):
        raise RequestError("request.invalid", "no object can have that key")
