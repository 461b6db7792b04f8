"""What a warm process says while it works."""

import json
import socket
import time
from collections.abc import Callable

from worker.commands.slot import PROGRESS_EVERY_S, OrderAttempt


def said(speak: Callable[[OrderAttempt], None]) -> list[list[object]]:
    """The lines that come while `speak` has the attempt."""
    ours, theirs = socket.socketpair()
    with ours, ours.makefile("rb") as heard:
        with theirs, theirs.makefile("rwb") as lines:
            speak(OrderAttempt(lines))
        return [json.loads(line) for line in heard]


def test_progress_is_passed_on_ten_times_a_second_at_most() -> None:
    def speak(attempt: OrderAttempt) -> None:
        end_s = time.monotonic() + 5 * PROGRESS_EVERY_S
        while time.monotonic() < end_s:
            attempt.progress(50, 1000)

    lines = said(speak)

    assert 2 <= len(lines) <= 6
    assert lines[0] == ["progress", [50, 1000]]


def test_the_end_and_every_stage_are_always_told() -> None:
    def speak(attempt: OrderAttempt) -> None:
        attempt.enter("decode")
        attempt.progress(99, 900)
        attempt.progress(100)
        attempt.enter("store")

    assert said(speak) == [
        ["stage", "decode"],
        ["progress", [99, 900]],
        ["progress", [100, None]],
        ["stage", "store"],
    ]
