"""Records: made many at a time, listed, read, retried, settled, mended."""

import time
from datetime import timedelta

import pytest

from tests.worker.state.orders import ASSET, cover, item, order, wanted
from tests.worker.state.parts import Parts
from worker.contracts.records import RecordResult
from worker.contracts.targets import FirstframeTarget, HuaweiVodTarget
from worker.errors import ProviderError, RequestError
from worker.rules.records import target_key
from worker.state.records import RecordFilters

RECORDED = RecordResult(state="recorded", request_id="r1", reference="x", verified=True)
MEDIUM = FirstframeTarget(provider="firstframe", medium_id="b" * 32)


def test_orders_are_lined_up_with_fences_that_grow(parts: Parts) -> None:
    made = parts.records.create("ann", [order("one"), order("two")])

    assert [record.fence for record in made] == [1, 2]
    assert [parts.records.read("ann", record.id) for record in made] == made
    assert parts.lanes.release("record") == 2
    assert parts.queues.ids() == [record.id for record in made]


def test_a_claimed_order_knows_its_fence_and_its_cover(parts: Parts) -> None:
    (record,) = parts.records.create("ann", [order("one", metadata={"a": "b"})])

    lease = parts.due("ann", item(record))

    assert lease.job.request == order("one", metadata={"a": "b"}, fence=record.fence)


def test_a_record_that_ended_tells_how(parts: Parts) -> None:
    (record,) = parts.records.create("ann", [order("one")])
    parts.due("ann", item(record)).finish(RECORDED)

    told = parts.records.read("ann", record.id)

    assert told is not None
    assert (told.state, told.result, told.attempts) == ("recorded", RECORDED, 1)
    assert told.recorded_at is not None
    assert parts.traces() == set()


def test_a_record_that_waits_tells_what_failed_last_and_when_it_goes_on(parts: Parts) -> None:
    (record,) = parts.records.create("ann", [order("one")])
    parts.due("ann", item(record)).fail(ProviderError("provider.throttled", delay_s=100))

    told = parts.records.read("ann", record.id)

    assert told is not None
    assert told.error is not None
    assert (told.state, told.attempts, told.error.code) == ("pending", 0, "provider.throttled")
    assert told.next_at is not None
    assert timedelta(seconds=90) < told.next_at - told.created_at < timedelta(seconds=110)


def test_webhooks_wait_in_the_lane_of_notices_by_its_schedule(parts: Parts) -> None:
    told = {"target": {"provider": "webhook", "id": "x"}, "cover": cover()}
    (record,) = parts.records.create("ann", [type(order()).model_validate(told)])

    assert parts.lanes.release("record") == 0
    assert parts.lanes.release("notify") == 1
    assert parts.queues.ids() == [record.id]


def test_another_tenants_record_does_not_exist(parts: Parts) -> None:
    (record,) = parts.records.create("ann", [order("one")])

    assert parts.records.read("bob", record.id) is None
    with pytest.raises(RequestError, match=r"request\.not_found"):
        parts.records.retry("bob", record.id)


def test_a_record_is_no_job(parts: Parts) -> None:
    (record,) = parts.records.create("ann", [order("one")])

    assert parts.jobs.read("ann", record.id) is None
    with pytest.raises(RequestError, match=r"request\.not_found"):
        parts.jobs.cancel("ann", record.id)


def test_a_page_holds_what_its_filters_name_newest_first(parts: Parts) -> None:
    one, two, three = parts.records.create("ann", [order("1"), order("2", target=MEDIUM), order()])
    parts.due("ann", item(one)).finish(RECORDED)

    def ids(filters: RecordFilters) -> list[str]:
        page = parts.records.page("ann", filters, cursor=None, limit=10)
        return [record.id for record in page.records]

    assert set(ids(RecordFilters())) == {one.id, two.id, three.id}
    assert ids(RecordFilters(state="recorded")) == [one.id]
    assert ids(RecordFilters(provider="firstframe")) == [two.id]
    assert ids(RecordFilters(job="job_1")) == []


def test_pages_go_on_where_they_ended(parts: Parts) -> None:
    made = [parts.records.create("ann", [order()])[0].id for _ in range(5)]
    seen: list[str] = []
    cursor = None
    for _ in range(3):
        page = parts.records.page("ann", RecordFilters(), cursor=cursor, limit=2)
        seen += [record.id for record in page.records]
        cursor = page.next_cursor

    assert sorted(seen) == sorted(made)
    assert cursor is None


def test_a_failed_record_that_is_retried_counts_as_newer(parts: Parts) -> None:
    first, second = parts.records.create("ann", [order("1"), order("2")])
    parts.due("ann", item(first)).fail(ProviderError("provider.rejected"))

    again = parts.records.retry("ann", first.id)

    assert (again.state, again.error) == ("pending", None)
    assert again.fence > second.fence
    with pytest.raises(RequestError, match=r"job\.state"):
        parts.records.retry("ann", first.id)


def test_a_record_without_a_cover_is_not_retried(parts: Parts) -> None:
    job = parts.jobs.create("ann", wanted())
    assert job.record is not None
    parts.jobs.cancel("ann", job.id)

    with pytest.raises(RequestError, match=r"job\.state"):
        parts.records.retry("ann", job.record.id)


def test_ten_thousand_orders_are_lined_up_within_ten_seconds(parts: Parts) -> None:
    targets = (HuaweiVodTarget(provider="huawei_vod", asset_id=str(n)) for n in range(10_000))
    began_s = time.monotonic()

    made = parts.records.create("ann", (order("one", target=target) for target in targets))

    assert time.monotonic() - began_s < 10
    assert [record.fence for record in made] == list(range(1, 10_001))
    assert parts.redis.zcard("ff:lane:record:ann") == 10_000


def test_what_stands_is_told_for_every_target(parts: Parts) -> None:
    (record,) = parts.records.create("ann", [order("one")])
    ledger = parts.ledgers.of(parts.due("ann", item(record)))
    ledger.begin()
    ledger.stands("shown", verified=True)

    (stands,) = parts.records.standing()

    assert stands[:5] == (target_key(ASSET), "ann", record.id, record.fence, "shown")


def test_what_stands_is_told_once_however_many_were_written_at_a_time_or_are_meanwhile(
    parts: Parts,
) -> None:
    targets = {f"{number:03}": 1000 + max(number - 300, 0) for number in range(900)}
    parts.redis.zadd("ff:targets", targets)
    for target in targets:
        fields = ("fence", 1, "record", "rec_1", "tenant", "ann", "reference", "")
        parts.redis.hset(f"ff:target:{target}", items=list(fields))

    told = []
    for standing in parts.records.standing():
        told.append(standing.target)
        parts.redis.zadd("ff:targets", {standing.target: time.time() * 1000 + 60_000})

    assert told == sorted(targets)


def test_a_cover_that_stands_no_more_is_recorded_again_but_never_over_a_newer_order(
    parts: Parts,
) -> None:
    (drifted,) = parts.records.create("ann", [order("one")])
    lease = parts.due("ann", item(drifted))
    ledger = parts.ledgers.of(lease)
    ledger.begin()
    ledger.stands("shown", verified=True)
    lease.finish(RECORDED)
    (newer,) = parts.records.create("ann", [order("two")])
    ended = parts.records.read("ann", drifted.id)
    assert ended is not None

    assert parts.records.mend(ended)

    mended = parts.records.read("ann", drifted.id)
    assert mended is not None
    assert (mended.state, mended.fence) == ("pending", drifted.fence)
    assert not parts.records.mend(mended)
    ours = parts.ledgers.of(parts.due("ann", item(mended)))
    assert ours.begin().word == "write"
    ours.stands("shown", verified=True)
    assert parts.ledgers.of(parts.due("ann", item(newer))).begin().word == "write"
