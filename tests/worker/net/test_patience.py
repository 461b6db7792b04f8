import time

import pytest

from worker.errors import SourceError
from worker.net.patience import MAX_TRIES, patiently
from worker.net.stopwatch import Stopwatch


class Server:
    """Fails so many times, asking for a pause, then answers."""

    def __init__(self, failures: int, *, delay_s: float | None = 0) -> None:
        self.failures = failures
        self.delay_s = delay_s
        self.asked = 0

    def ask(self) -> str:
        self.asked += 1
        if self.asked <= self.failures:
            raise SourceError("source.server_error", delay_s=self.delay_s)
        return "answer"


def test_it_is_asked_until_it_answers() -> None:
    server = Server(MAX_TRIES - 1)

    assert patiently(Stopwatch(5), lambda error: True, server.ask) == "answer"


@pytest.mark.parametrize(("may_pass", "asked"), [(True, MAX_TRIES), (False, 1)])
def test_the_last_failure_stands(may_pass: bool, asked: int) -> None:
    server = Server(9)

    with pytest.raises(SourceError):
        patiently(Stopwatch(5), lambda error: may_pass, server.ask)

    assert server.asked == asked


def test_a_pause_that_was_asked_for_is_kept_and_counts() -> None:
    stopwatch = Stopwatch(5)

    patiently(stopwatch, lambda error: True, Server(1, delay_s=0.3).ask)

    assert stopwatch.left_s <= 4.7


def test_a_pause_that_nobody_asked_for_is_short() -> None:
    started_s = time.monotonic()

    patiently(Stopwatch(5), lambda error: True, Server(1, delay_s=None).ask)

    assert time.monotonic() - started_s < 1.5


def test_no_pause_outlasts_the_time() -> None:
    server = Server(1, delay_s=1)

    with pytest.raises(SourceError):
        patiently(Stopwatch(1), lambda error: True, server.ask)

    assert server.asked == 1
