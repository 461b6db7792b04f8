"""Attempts that die or wait: counted or not, their jobs queued in front, later, or ended."""

import pytest

from tests.worker.state.orders import item, order
from tests.worker.state.parts import RULES, Parts, request
from worker.contracts.jobs import Item
from worker.contracts.snapshots import SnapshotRequest
from worker.contracts.targets import WebhookTarget
from worker.errors import ProviderError
from worker.rules.retry import TURNS
from worker.state.leases import Limits

SNAPSHOTS = SnapshotRequest.model_validate(
    {"source": {"url": "https://media.example/clip.mp4"}, "count": 3}
)


def test_a_job_whose_attempts_die_ends_as_lost_after_three(parts: Parts) -> None:
    job, _ = parts.claimed()
    for _ in range(2):
        parts.expire_leases()
        assert [lost.status for lost in parts.leases.take_back_expired()] == ["queued"]
        parts.lanes.release("live")
        parts.claim(job)
    parts.expire_leases()

    lost = parts.leases.take_back_expired()

    assert lost == [(Item("cover", job.id), "failed")]
    ended = parts.now(job)
    assert (ended.status, ended.attempts) == ("failed", 3)
    assert ended.error is not None
    assert ended.error.code == "worker.lost"
    assert parts.traces() == set()


def test_an_expired_lease_is_counted_once(parts: Parts) -> None:
    parts.claimed()
    parts.expire_leases()

    counts = [len(parts.leases.take_back_expired()) for _ in range(3)]

    assert counts == [1, 0, 0]


def test_a_kind_has_limits_of_its_own(redis_url: str) -> None:
    long = Limits(attempt_timeout_s=900, max_job_age_s=2700, max_attempts=5)
    parts = Parts(redis_url, RULES._replace(limits={**RULES.limits, "snapshot": long}))
    cover, short_lease = parts.claimed()
    snapshot = parts.jobs.create("ann", SNAPSHOTS)
    parts.lanes.release("backfill")
    long_lease = parts.claim(snapshot)
    for job in (cover, snapshot):
        parts.redis.hincrby(f"ff:job:ann:{job.id}", "began_ms", -2_000_000)
    parts.expire_leases()

    lost = parts.leases.take_back_expired()

    assert 59 < short_lease.left_s < 60
    assert 899 < long_lease.left_s < 900
    assert set(lost) == {
        (Item("cover", cover.id), "failed"),
        (Item("snapshot", snapshot.id), "queued"),
    }
    parts.redis.close()


def test_a_lost_job_goes_before_those_that_came_later(parts: Parts) -> None:
    job, _ = parts.claimed()
    for _ in range(3):
        parts.jobs.create("ann", request())
    parts.expire_leases()
    parts.leases.take_back_expired()

    parts.lanes.release("live")

    assert parts.queues.ids()[1] == job.id


def test_after_an_attempt_died_while_detecting_the_next_goes_without_faces(parts: Parts) -> None:
    job, lease = parts.claimed()
    lease.enter("detect")
    lease.give_up()
    parts.lanes.release("live")

    second = parts.claim(job)
    assert second.job.without_faces
    second.enter("decode")
    second.give_up()
    parts.lanes.release("live")

    assert parts.claim(job).job.without_faces


def test_an_attempt_that_died_elsewhere_leaves_the_faces_to_the_next(parts: Parts) -> None:
    job, lease = parts.claimed()
    lease.enter("detect")
    lease.enter("crop")
    lease.give_up()
    parts.lanes.release("live")

    assert not parts.claim(job).job.without_faces


@pytest.mark.parametrize("code", sorted(TURNS))
def test_who_waits_for_a_turn_grows_no_older(parts: Parts, code: str) -> None:
    (record,) = parts.records.create("ann", [order()])
    key, waits = f"ff:job:ann:{record.id}", ProviderError(code, delay_s=1)
    parts.due("ann", item(record)).fail(waits)
    for _ in range(3):
        for field in ("turn_ms", "began_ms", "queued_ms"):
            parts.redis.hincrby(key, field, -40_000_000)
        assert parts.due("ann", item(record)).fail(waits) == 1
    lease = parts.due("ann", item(record))
    parts.expire_leases()

    assert lease.job.attempt == 1
    assert [lost.status for lost in parts.leases.take_back_expired()] == ["queued"]


def test_other_waits_make_older(parts: Parts) -> None:
    (record,) = parts.records.create("ann", [order()])
    parts.due("ann", item(record)).fail(ProviderError("provider.auth", delay_s=1))
    parts.redis.hincrby(f"ff:job:ann:{record.id}", "began_ms", -40_000_000)

    assert parts.due("ann", item(record)).fail(ProviderError("provider.auth", delay_s=1)) is None


def test_records_for_an_endpoint_that_is_gone_fail_at_once_until_one_is_retried(
    parts: Parts,
) -> None:
    told = WebhookTarget(provider="webhook", id="clip")
    first, second, other = parts.records.create(
        "ann", [order(target=told), order(target=told), order(target=_profile(told, "other"))]
    )
    parts.due("ann", item(first)).fail(ProviderError("webhook.disabled"))

    parts.lanes.release("notify")
    assert parts.leases.claim(item(second), "w1:1") is None
    ended = parts.records.read("ann", second.id)
    assert ended is not None
    assert ended.error is not None
    assert (ended.state, ended.error.code, ended.attempts) == ("failed", "webhook.disabled", 0)
    assert parts.leases.claim(item(other), "w1:2") is not None

    parts.records.retry("ann", second.id)
    assert parts.due("ann", item(second)).job.attempt == 1


def _profile(target: WebhookTarget, name: str) -> WebhookTarget:
    return target.model_copy(update={"profile": name})
