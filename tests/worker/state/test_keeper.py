"""A lease is kept while the attempt runs, and no longer; an attempt that is over is ended."""

import signal
import sys
import threading
import time
from socket import socketpair
from types import FrameType

import pytest

from tests.worker.state.parts import RULES, Parts, limited
from worker.state import keeper
from worker.state.keeper import UNHEARD_S, Interrupted, LeaseKeeper
from worker.state.leases import Lease

RENEW_S = 5.0


def never(lease: Lease) -> None:
    raise AssertionError(lease)


def test_a_kept_lease_outlives_its_term(redis_url: str) -> None:
    parts = Parts(redis_url, RULES._replace(lease_s=1))
    _, lease = parts.claimed()

    def story() -> None:
        time.sleep(1.5)
        assert parts.leases.take_back_expired() == []

    LeaseKeeper(lease, renew_s=0.1, on_stuck=never).run(story)
    time.sleep(1.2)

    assert len(parts.leases.take_back_expired()) == 1
    parts.redis.close()


def test_a_keeper_ends_with_its_story(parts: Parts) -> None:
    _, lease = parts.claimed()
    before = threading.active_count()

    assert LeaseKeeper(lease, renew_s=0.01, on_stuck=never).run(threading.active_count) > before
    deadline_s = time.monotonic() + 5
    while threading.active_count() > before:
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


@pytest.mark.parametrize("over", ["cancelled", "superseded"])
def test_an_attempt_that_is_over_is_interrupted_wherever_it_is(parts: Parts, over: str) -> None:
    job, lease = parts.claimed()
    source, silent = socketpair()

    def story() -> None:
        with source, silent:
            if over == "cancelled":
                parts.jobs.cancel("ann", job.id)
            else:
                parts.expire_leases()
                parts.leases.take_back_expired()
            source.recv(1)

    began_s = time.monotonic()
    with pytest.raises(Interrupted, match=rf"^job\.{over}$"):
        LeaseKeeper(lease, renew_s=RENEW_S, on_stuck=never).run(story)
    assert time.monotonic() - began_s < RENEW_S - 1


def test_one_that_does_not_hear_is_stuck(parts: Parts) -> None:
    job, lease = parts.claimed()
    stuck = threading.Event()

    def story() -> None:
        parts.jobs.cancel("ann", job.id)
        try:
            time.sleep(60)
        finally:
            assert stuck.wait(5)

    with pytest.raises(Interrupted):
        LeaseKeeper(lease, renew_s=5, on_stuck=lambda _: stuck.set()).run(story)


def test_none_is_interrupted_and_stuck_that_ends_as_it_is_interrupted(parts: Parts) -> None:
    job, lease = parts.claimed()
    stuck = threading.Event()

    def as_it_ends(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename == keeper.__file__:
            sys.setprofile(None)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR2})

    def story() -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})
        parts.jobs.cancel("ann", job.id)
        while not signal.sigpending():
            time.sleep(0.01)
        sys.setprofile(as_it_ends)

    with pytest.raises(Interrupted):
        LeaseKeeper(lease, renew_s=5, on_stuck=lambda _: stuck.set()).run(story)

    assert not stuck.wait(2 * UNHEARD_S)


def test_no_other_attempt_begins_while_one_is_found_stuck(redis_url: str) -> None:
    parts = Parts(redis_url, limited(attempt_timeout_s=0.2 - keeper.OVERSTAY_S))
    _, lease = parts.claimed()
    stuck, told = threading.Event(), threading.Event()

    def on_stuck(_: Lease) -> None:
        stuck.set()
        time.sleep(0.3)
        told.set()

    assert LeaseKeeper(lease, renew_s=0.05, on_stuck=on_stuck).run(lambda: stuck.wait(5))

    assert told.is_set()
    parts.redis.close()


def test_an_attempt_that_overstays_is_stuck(redis_url: str) -> None:
    parts = Parts(redis_url, limited(attempt_timeout_s=1 - keeper.OVERSTAY_S))
    _, lease = parts.claimed()
    stuck = threading.Event()

    def story() -> None:
        assert not stuck.wait(0.1)
        assert stuck.wait(5)

    LeaseKeeper(lease, renew_s=0.05, on_stuck=lambda _: stuck.set()).run(story)
    parts.redis.close()


def test_a_signal_that_comes_late_ends_nothing(parts: Parts) -> None:
    _, lease = parts.claimed()

    def story() -> None:
        signal.raise_signal(signal.SIGUSR2)

    LeaseKeeper(lease, renew_s=5, on_stuck=never).run(story)
    signal.raise_signal(signal.SIGUSR2)


def test_a_lease_is_looked_at_without_being_renewed(parts: Parts) -> None:
    _, lease = parts.claimed()
    before = parts.redis.zscore("ff:leases", f"cover:{lease.job.id}")

    lease.look()

    assert parts.redis.zscore("ff:leases", f"cover:{lease.job.id}") == before
