"""Notices: delivered by a schedule of days, replayed by hand, ended where nobody is any more."""

import pytest

from tests.worker.state.orders import CALLBACK, wanted
from tests.worker.state.parts import LIMITS, RULES, Parts
from worker.contracts.jobs import Item
from worker.contracts.records import Delivery, NoticeResult
from worker.errors import RequestError, WebhookError
from worker.rules.retry import WEBHOOK_SCHEDULE_S
from worker.state.ending_scripts import GONE_KEPT_S
from worker.state.leases import Lease

TAKEN = NoticeResult(status=204)
GONE = "webhook.disabled"


def told(parts: Parts, url: str = CALLBACK, *, tenant: str = "ann") -> Delivery:
    """The notice of a job that was cancelled."""
    job = parts.jobs.create(tenant, wanted(callback_url=url, target=None))
    parts.jobs.cancel(tenant, job.id)
    page = parts.notices.page(tenant, "pending", cursor=None, limit=100)
    return next(each for each in page.notices if each.job == job.id)


def delivering(parts: Parts, notice: Delivery) -> Lease:
    return parts.due("ann", Item("notify", notice.id))


def now(parts: Parts, notice: Delivery) -> Delivery:
    read = parts.notices.read("ann", notice.id)
    assert read is not None
    return read


def test_a_delivery_that_was_taken_tells_its_status(parts: Parts) -> None:
    notice = told(parts)

    delivering(parts, notice).finish(TAKEN)

    after = now(parts, notice)
    assert (after.state, after.status, after.attempts) == ("delivered", 204, 1)
    assert after.ended_at is not None
    assert parts.jobs.read("ann", notice.id) is None
    assert parts.notices.read("bob", notice.id) is None


def test_the_delays_between_attempts_are_those_of_the_schedule(redis_url: str) -> None:
    schedule = WEBHOOK_SCHEDULE_S
    limits = LIMITS._replace(max_job_age_s=1e6, max_attempts=10, schedule_s=schedule)
    parts = Parts(redis_url, RULES._replace(limits={**RULES.limits, "notify": limits}))
    notice = told(parts)
    delays_s: list[float | None] = []
    for _ in range(len(schedule) + 1):
        error = WebhookError("webhook.delivery_failed")
        delays_s.append(delivering(parts, notice).fail(error))

    assert delays_s.pop() is None
    for delay_s, planned_s in zip(delays_s, schedule, strict=True):
        assert delay_s is not None
        assert 0.79 * planned_s <= delay_s <= 1.21 * planned_s
    assert now(parts, notice).state == "failed"
    parts.redis.close()


def test_a_day_is_no_clock_that_was_set_back(parts: Parts) -> None:
    notice = told(parts)
    item = f"notify:{notice.id}"
    in_a_day_ms = float(parts.redis.time()[0] + 86_400) * 1000
    parts.redis.zadd("ff:lane:notify:ann", {item: in_a_day_ms})

    assert parts.lanes.release("notify") == 0


def test_an_endpoint_that_is_gone_is_not_called_until_a_notice_is_replayed(parts: Parts) -> None:
    first, second = told(parts), told(parts)
    elsewhere, of_another = told(parts, "https://other.example/"), told(parts, tenant="bob")
    assert delivering(parts, first).fail(WebhookError(GONE)) is None

    parts.lanes.release("notify")
    assert parts.leases.claim(Item("notify", second.id), "w1") is None
    ended = now(parts, second)
    assert ended.error is not None
    assert (ended.state, ended.error.code, ended.attempts) == ("failed", GONE, 0)
    delivering(parts, elsewhere).finish(TAKEN)
    parts.due("bob", Item("notify", of_another.id)).finish(TAKEN)

    replayed = parts.notices.replay("ann", second.id)
    assert (replayed.state, replayed.error) == ("pending", None)
    assert parts.redis.keys("ff:endpoint:*") == []
    delivering(parts, second).finish(TAKEN)
    assert now(parts, second).state == "delivered"


def test_an_endpoint_that_is_gone_is_remembered_for_as_long_as_there_are_notices_to_it(
    parts: Parts,
) -> None:
    first, second = told(parts), told(parts)
    delivering(parts, first).fail(WebhookError(GONE))
    (key,) = parts.redis.keys("ff:endpoint:*")
    assert GONE_KEPT_S - 60 < parts.redis.ttl(key) <= GONE_KEPT_S
    parts.redis.expire(key, 60)

    parts.lanes.release("notify")
    assert parts.leases.claim(Item("notify", second.id), "w1") is None

    assert parts.redis.ttl(key) > GONE_KEPT_S - 60


def test_a_notice_that_is_under_way_is_not_replayed(parts: Parts) -> None:
    notice = told(parts)

    with pytest.raises(RequestError, match=r"job\.state"):
        parts.notices.replay("ann", notice.id)
    with pytest.raises(RequestError, match=r"request\.not_found"):
        parts.notices.replay("bob", notice.id)


def test_pages_are_of_one_state_and_go_on(parts: Parts) -> None:
    made = [told(parts) for _ in range(3)]
    delivering(parts, made[0]).finish(TAKEN)

    delivered = parts.notices.page("ann", "delivered", cursor=None, limit=10).notices
    assert [each.id for each in delivered] == [made[0].id]
    assert parts.notices.page("ann", "failed", cursor=None, limit=10).notices == []
    first = parts.notices.page("ann", None, cursor=None, limit=2)
    rest = parts.notices.page("ann", None, cursor=first.next_cursor, limit=2)
    assert {each.id for each in (*first.notices, *rest.notices)} == {each.id for each in made}
