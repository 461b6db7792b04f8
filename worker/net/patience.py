"""Asking again, after a pause, where a moment later the same may go well."""

import time
from collections.abc import Callable
from random import SystemRandom
from typing import Final, TypeVar

from worker.errors import SourceError
from worker.net.stopwatch import Stopwatch

MAX_TRIES: Final = 3
_BASE_PAUSE_S: Final = 1.0
_random: Final = SystemRandom()

Told = TypeVar("Told")


def patiently(
    stopwatch: Stopwatch, may_pass: Callable[[SourceError], bool], ask: Callable[[], Told]
) -> Told:
    """What `ask` gives at one of three tries; an error that `may_pass` refuses is final.

    Pauses last as long as the other side asked for, else up to 1 s, doubling, with full jitter.
    They are part of the time of `stopwatch`, and none is begun that would outlast it.
    """
    for tried in range(1, MAX_TRIES):
        try:
            return ask()
        except SourceError as error:
            told_s = error.delay_s
            drawn_s = _random.random() * _BASE_PAUSE_S * 2.0 ** (tried - 1)
            pause_s = drawn_s if told_s is None else told_s
            if not may_pass(error) or pause_s >= stopwatch.left_s:
                raise
        with stopwatch:
            time.sleep(pause_s)
    return ask()
