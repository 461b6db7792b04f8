"""Credentials for vendors: fixed ones, and those that expire and are fetched anew in good time.

They live in this process's memory only, never in Redis.
"""

import math
import time
from collections.abc import Callable
from threading import Lock
from typing import Final, Generic, NamedTuple, Protocol, TypeVar

from worker.errors import ProviderError

Value = TypeVar("Value")
Value_co = TypeVar("Value_co", covariant=True)

# How long before its end a credential is changed: the vendors' own clients take 15 and 40 minutes.
_EARLY_S: Final = 900.0
# A credential that lives shortly is changed in the last quarter of its life.
_EARLY_SHARE: Final = 0.25
# One whose end was not told is changed about half an hour after it came.
_UNTOLD_S: Final = 2700.0


class Lasting(NamedTuple, Generic[Value]):
    """A credential and the Unix time of its end, None where that was not told."""

    value: Value
    ends_s: float | None

    def __repr__(self) -> str:
        return f"Lasting(ends_s={self.ends_s!r})"


class Supply(Protocol[Value_co]):
    """Where the credential to use comes from. Safe to use from several threads."""

    def get(self) -> Value_co:
        """The credential to use now. Raises: ProviderError."""

    def instead_of(self, refused: object) -> Value_co | None:
        """Another one, after this one was refused; None where there is no other."""


class Fixed(Generic[Value]):
    """A credential of the settings."""

    def __init__(self, value: Value) -> None:
        self._value = value

    def get(self) -> Value:
        return self._value

    def instead_of(self, refused: object) -> Value | None:
        return None


class Renewed(Generic[Value]):
    """A credential that `fetch` gives, changed before it ends and once it is refused.

    While a change fails, the old one is used on as long as it lasts. `fetch` is left alone for
    `rest_s` after it was asked, unless there is nothing to go on with, or the first refusal.
    """

    def __init__(self, fetch: Callable[[], Lasting[Value]], *, rest_s: float = 5.0) -> None:
        self._fetch = fetch
        self._rest_s = rest_s
        self._lock = Lock()
        self._held: Lasting[Value] | None = None
        self._change_at_s = 0.0
        self._tried_s = -math.inf
        self._refused_s = -math.inf

    def get(self) -> Value:
        with self._lock:
            held = self._held
            if held is None or not _lasts(held):
                return self._changed()
            if time.time() < self._change_at_s or self._is_recent(self._tried_s):
                return held.value
            try:
                return self._changed()
            except ProviderError:
                return held.value

    def instead_of(self, refused: object) -> Value | None:
        """What another thread fetched meanwhile counts, and refusals in a row fetch but once."""
        with self._lock:
            held = self._held
            if held is not None and held.value != refused:
                return held.value
            if self._is_recent(self._refused_s):
                return None
            self._refused_s = time.monotonic()
            value = self._changed()
            return value if value != refused else None

    def _changed(self) -> Value:
        self._tried_s = time.monotonic()
        self._held = held = self._fetch()
        now_s = time.time()
        left_s = _UNTOLD_S if held.ends_s is None else held.ends_s - now_s
        self._change_at_s = now_s + left_s - min(_EARLY_S, left_s * _EARLY_SHARE)
        return held.value

    def _is_recent(self, at_s: float) -> bool:
        return time.monotonic() - at_s < self._rest_s


def _lasts(held: Lasting[Value]) -> bool:
    return held.ends_s is None or time.time() < held.ends_s
