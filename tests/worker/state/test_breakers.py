"""Breakers: an account that fails rests, and exactly one tries it after that."""

import pytest

from tests.worker.state.parts import BREAKS, Parts
from worker.errors import ProviderError, StorageError, WebhookError
from worker.state.breakers import is_failure
from worker.state.buckets import Pacer

DOWN = ProviderError("provider.unavailable")
KEY = "ff:pace:v"


def pacer(parts: Parts) -> Pacer:
    return parts.paces.of("v", writes_per_minute=600_000, reads_per_minute=600_000)


def rest_s(parts: Parts) -> float:
    """How long a call would have to wait; 0 when it may go."""
    try:
        pacer(parts).write()
    except ProviderError as paused:
        return (paused.delay_s or 0) if paused.code == "provider.paused" else -1
    return 0


def breaks(parts: Parts) -> None:
    for _ in range(BREAKS.failures):
        pacer(parts).tell(DOWN)


def wakes(parts: Parts) -> None:
    """Let the rest be over."""
    parts.redis.hset(KEY, "rests_until", 1)
    parts.redis.hdel(KEY, "write_line", "read_line")


def test_an_account_rests_after_failures_in_a_row(parts: Parts) -> None:
    for _ in range(BREAKS.failures - 1):
        pacer(parts).tell(DOWN)
    assert rest_s(parts) == 0

    pacer(parts).tell(DOWN)

    assert rest_s(parts) == pytest.approx(BREAKS.rest_s, abs=1)


def test_a_call_that_went_well_begins_the_row_anew(parts: Parts) -> None:
    for _ in range(3):
        for _ in range(BREAKS.failures - 1):
            pacer(parts).tell(DOWN)
        pacer(parts).tell(None)

    assert rest_s(parts) == 0


def test_after_the_rest_exactly_one_tries(parts: Parts) -> None:
    breaks(parts)
    wakes(parts)

    waits = [rest_s(parts) for _ in range(5)]

    assert waits.count(0) == 1
    assert waits[0] == 0


def test_the_probe_that_goes_well_lets_all_in_again(parts: Parts) -> None:
    breaks(parts)
    wakes(parts)
    prober = pacer(parts)
    prober.write()
    prober.read()

    prober.tell(None)

    assert [rest_s(parts) for _ in range(3)] == [0, 0, 0]


def test_the_probe_that_fails_doubles_the_rest_up_to_ten_minutes(parts: Parts) -> None:
    breaks(parts)
    rests_s = []
    for _ in range(7):
        wakes(parts)
        prober = pacer(parts)
        prober.write()
        prober.tell(DOWN)
        rests_s.append(rest_s(parts))

    assert rests_s == pytest.approx([60, 120, 240, 480, 600, 600, 600], abs=1)


def test_a_prober_that_dies_is_followed_by_another_when_its_time_is_over(parts: Parts) -> None:
    breaks(parts)
    wakes(parts)
    pacer(parts).write()
    assert 0 < rest_s(parts) <= BREAKS.probe_s + 1

    parts.redis.hset(KEY, "probe_until", 1)

    assert [rest_s(parts) == 0 for _ in range(3)] == [True, False, False]


@pytest.mark.parametrize("late", [None, DOWN], ids=["well", "failed"])
def test_calls_that_began_before_the_rest_change_nothing(
    parts: Parts, late: ProviderError | None
) -> None:
    breaks(parts)
    before = rest_s(parts)

    pacer(parts).tell(late)

    assert 0 < rest_s(parts) <= before + 1


@pytest.mark.parametrize(
    ("error", "counts"),
    [
        (None, False),
        (DOWN, True),
        (ProviderError("provider.auth"), True),
        (WebhookError("webhook.delivery_failed"), True),
        (ProviderError("provider.rejected"), False),
        (ProviderError("provider.throttled"), False),
        (StorageError("storage.unavailable"), False),
    ],
)
def test_only_what_shows_that_nobody_is_there_counts(error: Exception | None, counts: bool) -> None:
    assert is_failure(error) == counts
