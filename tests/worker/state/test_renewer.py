"""Leases of attempts in threads are kept; what is over or stuck is kept no longer."""

import threading
import time
from collections.abc import Callable

import pytest

from tests.redis_server import RedisServer
from tests.worker.state.parts import RULES, Parts, limited
from worker.contracts.jobs import Job
from worker.errors import RequestError
from worker.state.keeper import OVERSTAY_S
from worker.state.leases import Lease
from worker.state.renewer import LeaseRenewer

SHORT = RULES._replace(lease_s=1)


def never(lease: Lease, count: int) -> None:
    pytest.fail(f"{count} stuck")


def is_held(parts: Parts, job: Job) -> bool:
    ends_ms = parts.redis.zscore("ff:leases", f"{job.kind}:{job.id}")
    return ends_ms is not None and ends_ms > time.time() * 1000


def beside(
    renewer: LeaseRenewer, leases: list[Lease], story: Callable[[Lease], object]
) -> list[threading.Thread]:
    """Tell the story of each lease in a thread of its own."""
    threads = [
        threading.Thread(target=renewer.run, args=(lease, lambda lease=lease: story(lease)))
        for lease in leases
    ]
    for thread in threads:
        thread.start()
    return threads


def test_leases_of_many_attempts_outlive_their_term(redis_url: str) -> None:
    parts = Parts(redis_url, SHORT)
    parts.slots(4)
    claimed = [parts.claimed() for _ in range(4)]
    renewer = LeaseRenewer(renew_s=0.2, on_stuck=never)
    ended = threading.Event()
    threads = beside(renewer, [lease for _, lease in claimed], lambda _: ended.wait(20))

    time.sleep(2.5)

    assert parts.leases.take_back_expired() == []
    assert all(is_held(parts, job) for job, _ in claimed)
    assert set(renewer.leases()) == {lease for _, lease in claimed}
    ended.set()
    for thread in threads:
        thread.join(5)
    assert renewer.leases() == []
    parts.redis.close()


def test_an_attempt_that_ended_is_not_renewed(redis_url: str) -> None:
    parts = Parts(redis_url, SHORT)
    job, lease = parts.claimed()
    renewer = LeaseRenewer(renew_s=0.2, on_stuck=never)

    assert renewer.run(lease, lambda: "told") == "told"

    time.sleep(1.5)
    assert not is_held(parts, job)
    parts.redis.close()


def test_an_attempt_that_is_over_is_told_so_when_it_asks(redis_url: str) -> None:
    parts = Parts(redis_url, SHORT)
    job, lease = parts.claimed()
    renewer = LeaseRenewer(renew_s=0.2, on_stuck=never)

    def story() -> None:
        parts.jobs.cancel(job.tenant, job.id)
        time.sleep(1)
        lease.enter("record")

    with pytest.raises(RequestError, match=r"job\.cancelled"):
        renewer.run(lease, story)
    parts.redis.close()


def test_an_attempt_that_overstays_is_told_once_and_loses_its_lease(redis_url: str) -> None:
    rules = limited(attempt_timeout_s=0.5 - OVERSTAY_S)._replace(lease_s=1)
    parts = Parts(redis_url, rules)
    job, lease = parts.claimed()
    told: list[tuple[Lease, int]] = []
    renewer = LeaseRenewer(renew_s=0.2, on_stuck=lambda lease, count: told.append((lease, count)))

    renewer.run(lease, lambda: time.sleep(2.5))

    assert told == [(lease, 1)]
    assert not is_held(parts, job)
    parts.redis.close()


def test_a_redis_that_was_away_ends_no_renewing(own_redis: Callable[[], RedisServer]) -> None:
    server = own_redis()
    parts = Parts(server.url(), RULES._replace(lease_s=2), timeout_s=0.3)
    job, lease = parts.claimed()
    renewer = LeaseRenewer(renew_s=0.2, on_stuck=never)

    def story() -> None:
        server.kill()
        time.sleep(1)
        server.start()
        time.sleep(2.5)
        assert is_held(parts, job)

    renewer.run(lease, story)
    parts.redis.close()
