"""A lease is kept while the attempt runs, and no longer; an attempt that overstays is ended."""

import threading
import time

from tests.worker.state.parts import RULES, Parts, limited
from worker.state import keeper
from worker.state.keeper import LeaseKeeper
from worker.state.leases import Lease


def never(lease: Lease) -> None:
    raise AssertionError(lease)


def test_a_kept_lease_outlives_its_term(redis_url: str) -> None:
    parts = Parts(redis_url, RULES._replace(lease_s=0.3))
    _, lease = parts.claimed()

    with LeaseKeeper(lease, renew_s=0.1, on_overstay=never):
        time.sleep(0.6)
        assert parts.leases.take_back_expired() == []
    time.sleep(0.6)

    assert len(parts.leases.take_back_expired()) == 1
    parts.redis.close()


def test_a_keeper_ends_with_its_block(parts: Parts) -> None:
    _, lease = parts.claimed()
    before = threading.active_count()
    with LeaseKeeper(lease, renew_s=0.01, on_overstay=never):
        assert threading.active_count() == before + 1
    deadline_s = time.monotonic() + 5
    while threading.active_count() > before:
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def test_an_attempt_that_overstays_is_ended_even_when_its_lease_is_gone(redis_url: str) -> None:
    parts = Parts(redis_url, limited(attempt_timeout_s=0.2 - keeper.OVERSTAY_S))
    job, lease = parts.claimed()
    parts.jobs.cancel("ann", job.id)
    ended = threading.Event()

    with LeaseKeeper(lease, renew_s=0.05, on_overstay=lambda _: ended.set()):
        assert not ended.wait(0.1)
        assert ended.wait(2)
    parts.redis.close()
