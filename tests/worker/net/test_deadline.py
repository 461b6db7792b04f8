import math
import time

import pytest

from worker.net.deadline import left_s, nothing_sent_after


def test_outside_there_is_no_end() -> None:
    assert left_s() == math.inf


def test_inside_the_time_runs_out_and_the_end_is_forgotten_afterwards() -> None:
    with nothing_sent_after(time.monotonic() + 5):
        assert left_s() == pytest.approx(5, abs=0.5)
    with nothing_sent_after(time.monotonic() - 1):
        assert left_s() < 0

    assert left_s() == math.inf
