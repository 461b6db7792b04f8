import time

from worker.net.stopwatch import Stopwatch


def test_time_outside_does_not_count() -> None:
    stopwatch = Stopwatch(10)
    with stopwatch:
        time.sleep(0.05)
    left_s = stopwatch.left_s

    time.sleep(0.05)

    assert 9 < left_s < 9.96
    assert stopwatch.left_s == left_s


def test_time_inside_adds_up() -> None:
    stopwatch = Stopwatch(0.05)
    for _ in range(3):
        with stopwatch:
            time.sleep(0.02)

    assert stopwatch.left_s <= 0


def test_time_inside_twice_counts_once() -> None:
    stopwatch = Stopwatch(10)
    with stopwatch:
        time.sleep(0.02)
        with stopwatch:
            time.sleep(0.02)
        time.sleep(0.02)

    assert 9.8 < stopwatch.left_s < 9.945
