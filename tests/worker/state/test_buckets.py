"""Buckets: all workers together call an account as often as it allows, and not more."""

import threading
import time
from itertools import pairwise

import pytest

from tests.worker.state.parts import Parts
from worker.errors import ProviderError
from worker.state.buckets import PATIENCE_S, Pacer

FAST = 6000.0


def pacer(parts: Parts, per_minute: float = FAST, account: str = "vendor/main") -> Pacer:
    return parts.paces.of(account, writes_per_minute=per_minute, reads_per_minute=per_minute)


def _redis_s(parts: Parts) -> float:
    seconds, microseconds = parts.redis.time()
    return seconds + microseconds / 1_000_000


def test_eight_slots_together_call_no_more_often_than_the_rate(redis_url: str) -> None:
    parts = Parts(redis_url)
    called_s: list[float] = []
    began_s = _redis_s(parts)

    def calls() -> None:
        slot = Parts(redis_url)
        own = pacer(slot)
        for _ in range(13):
            own.write()
            called_s.append(_redis_s(slot))
        slot.redis.close()

    slots = [threading.Thread(target=calls) for _ in range(8)]
    for slot in slots:
        slot.start()
    for slot in slots:
        slot.join()

    # Whatever holds a slot up makes its calls later only: how fast they are is for the bench.
    too_soon = [n for n, at_s in enumerate(sorted(called_s)) if at_s < began_s + n * 60 / FAST]
    assert len(called_s) == 8 * 13
    assert too_soon == []
    parts.redis.close()


def test_time_that_was_not_used_is_not_made_up_for(parts: Parts) -> None:
    own = pacer(parts, per_minute=600)
    own.write()
    time.sleep(0.5)
    began_s = time.monotonic()

    for _ in range(3):
        own.write()

    assert time.monotonic() - began_s >= 0.19


def test_a_long_wait_is_for_the_lane_each_with_a_moment_of_its_own(parts: Parts) -> None:
    own, delays_s = pacer(parts, per_minute=10), []
    own.write()

    for _ in range(4):
        with pytest.raises(ProviderError, match=r"provider\.throttled") as refused:
            own.write()
        delays_s.append(refused.value.delay_s or 0)

    apart_s = [later - one for one, later in pairwise(delays_s)]
    assert delays_s[0] > PATIENCE_S
    assert apart_s == pytest.approx([6.18] * 3, abs=0.1)


def test_the_line_is_no_longer_than_a_delay_may_be(parts: Parts) -> None:
    own, longest_s = pacer(parts, per_minute=1), 0.0
    own.write()
    for _ in range(80):
        with pytest.raises(ProviderError) as refused:
            own.write()
        longest_s = max(longest_s, refused.value.delay_s or 0)

    assert 3500 < longest_s <= 3600


def test_reads_and_accounts_have_budgets_of_their_own(parts: Parts) -> None:
    pacer(parts, per_minute=1).write()

    pacer(parts, per_minute=1).read()
    pacer(parts, per_minute=1, account="vendor/other").write()


def test_who_asks_to_be_left_alone_is_left_alone_by_all(parts: Parts) -> None:
    pacer(parts).tell(ProviderError("provider.throttled", delay_s=30))
    pacer(parts).tell(ProviderError("provider.throttled", delay_s=2))

    for call in (pacer(parts).write, pacer(parts).read):
        with pytest.raises(ProviderError, match=r"provider\.throttled") as refused:
            call()
        assert 29 < (refused.value.delay_s or 0) < 31
    pacer(parts, account="vendor/other").write()


@pytest.mark.parametrize("code", ["webhook.delivery_failed", "provider.unavailable"])
def test_a_failure_that_asks_to_be_left_alone_delays_the_account_too(
    parts: Parts, code: str
) -> None:
    pacer(parts).tell(ProviderError(code))
    pacer(parts).write()
    pacer(parts).tell(ProviderError(code, delay_s=30))

    with pytest.raises(ProviderError, match=r"provider\.throttled") as refused:
        pacer(parts).write()
    assert 29 < (refused.value.delay_s or 0) < 31


def test_of_a_call_that_went_well_redis_is_told_where_failures_are_counted(parts: Parts) -> None:
    own, key = pacer(parts), "ff:pace:vendor/main"
    own.write()
    parts.redis.persist(key)
    own.tell(None)
    assert parts.redis.ttl(key) == -1

    pacer(parts).tell(ProviderError("provider.unavailable"))
    own.write()
    own.tell(None)

    assert parts.redis.hget(key, "failures") is None


def test_a_pace_leaves_nothing_behind(parts: Parts) -> None:
    own = pacer(parts)
    own.write()
    own.tell(None)

    assert 0 < parts.redis.ttl("ff:pace:vendor/main") <= 3601
