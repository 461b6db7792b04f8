"""Until when a thread may send anything for one purpose, over all the calls that this takes."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

_until_s: Final = ContextVar("until_s", default=math.inf)


@contextmanager
def nothing_sent_after(until_s: float) -> Iterator[None]:
    """Inside, calls of this thread end by `until_s` of the monotonic clock, and none begins then.

    A thread that stood still meanwhile sends nothing any more, however long it did.
    """
    token = _until_s.set(until_s)
    try:
        yield
    finally:
        _until_s.reset(token)


def left_s() -> float:
    """Seconds until then, zero or less when it is over; infinite outside."""
    return _until_s.get() - time.monotonic()
