"""How stages are timed."""

import contextlib
import time

from worker.jobs.timing import Stopwatch


def test_a_stage_entered_twice_counts_both_times() -> None:
    watch = Stopwatch()

    for _ in range(2):
        with watch.stage("encode"):
            time.sleep(0.01)

    timings = watch.timings()
    assert 20 <= timings.encode < 1000
    assert timings.total >= timings.encode
    assert timings.decode == 0


def test_a_stage_that_fails_is_counted_too() -> None:
    watch = Stopwatch()

    with contextlib.suppress(ValueError), watch.stage("store"):
        time.sleep(0.01)
        raise ValueError

    assert watch.timings().store >= 10


def test_a_stage_inside_another_counts_only_to_itself() -> None:
    watch = Stopwatch()

    with watch.stage("encode"):
        with watch.stage("decode"):
            time.sleep(0.02)
        with watch.stage("decode"):
            time.sleep(0.02)
        time.sleep(0.005)

    timings = watch.timings()
    assert timings.decode >= 40
    assert 5 <= timings.encode < timings.decode
    assert timings.decode + timings.encode <= timings.total + 0.2
