"""What stands by the ledger is compared with what the vendor shows, and mended."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.fakes.control import Control
from tests.worker.chores.recorded import OTHER, TENANT, Recorded
from worker.chores.records import Wanted, found, reconcile_records
from worker.contracts.records import Finding, RecordOrder
from worker.contracts.targets import AlibabaMpsTarget, DryRunTarget
from worker.rules.records import target_key

Make = Callable[..., Recorded]


@pytest.fixture
def make(one_redis_url: str, tmp_path: Path, alibaba: Control) -> Iterator[Make]:
    opened: list[Recorded] = []

    def made(**more: dict[str, Any]) -> Recorded:
        opened.append(Recorded(one_redis_url, tmp_path, alibaba, **more))
        return opened[-1]

    yield made
    for each in opened:
        each.close()


@pytest.fixture
def house(make: Make) -> Recorded:
    return make()


def look(house: Recorded, **wanted: Any) -> list[Finding]:
    return list(found(house.state, house.recorders, Wanted(**wanted)))


def seen(house: Recorded, **wanted: Any) -> list[tuple[str, str | None, bool]]:
    return [(each.verdict, each.shown, each.mended) for each in look(house, **wanted)]


def test_a_cover_that_is_still_shown_agrees(house: Recorded, alibaba: Control) -> None:
    record = house.record(house.medium(1))

    (finding,) = look(house, mend=True)

    assert (finding.verdict, finding.account) == ("agrees", "alibaba_mps/main")
    assert (finding.record, finding.tenant, finding.target) == (record.id, TENANT, f"{1:032x}")
    assert len(alibaba.changes()) == 1


@pytest.mark.parametrize("url", [pytest.param(OTHER, id="another"), pytest.param(None, id="none")])
def test_what_somebody_set_at_the_vendor_is_told_and_left_alone(
    house: Recorded, url: str | None
) -> None:
    target = house.medium(1)
    house.record(target)
    house.set_by_hand(target, url)

    assert seen(house) == [("drifted", url, False)]
    assert seen(house) == [("drifted", url, False)]
    assert house.shows(target) == url


def test_the_query_of_a_url_that_somebody_set_is_not_told(house: Recorded) -> None:
    target = house.medium(1)
    house.record(target)
    house.set_by_hand(target, f"{OTHER}?sign=secret-canary")

    assert seen(house) == [("drifted", OTHER, False)]


def test_a_cover_that_is_not_shown_any_more_is_recorded_again(house: Recorded) -> None:
    target = house.medium(1)
    record = house.record(target)
    ours = house.shows(target)
    house.set_by_hand(target)

    assert seen(house, mend=True) == [("drifted", OTHER, True)]
    assert seen(house, mend=True) == [("busy", None, False)]
    house.work(record)

    assert house.shows(target) == ours
    assert (house.now(record).state, house.now(record).fence) == ("recorded", record.fence)
    assert seen(house) == [("agrees", ours, False)]


def test_an_order_that_was_accepted_meanwhile_wins_over_what_is_mended(house: Recorded) -> None:
    target = house.medium(1)
    old = house.record(target)
    house.set_by_hand(target)
    (new,) = house.state.records.create(
        TENANT,
        [
            RecordOrder(
                target=target,
                cover=old.cover
                and old.cover.model_copy(
                    update={"url": "http://covers.example:9000/covers/two.jpg"}
                ),
            )
        ],
    )
    assert seen(house, mend=True) == [("drifted", OTHER, True)]

    house.work(new)
    house.work(old)

    assert house.shows(target) == "http://covers.example:9000/covers/two.jpg"
    assert house.now(old).state == "superseded"
    assert [each.record for each in look(house)] == [new.id]


def test_a_cover_of_which_nobody_knew_whether_it_was_written_is_found_to_stand(
    make: Make, alibaba: Control
) -> None:
    house = make(records={"max_attempts": 1})
    target = house.medium(1)
    old = house.record(target)
    alibaba.fault("UpdateMediaCover", "reset", when="after")
    new = house.record(target, "two")
    assert new.state == "failed"
    time.sleep(2)

    assert seen(house, mend=True) == [("drifted", new.cover and new.cover.url, True)]
    house.work(old)

    assert house.now(old).state == "superseded"
    assert house.shows(target) == (new.cover and new.cover.url)
    assert [(each.record, each.verdict) for each in look(house)] == [(new.id, "agrees")]


def test_a_target_that_was_deleted_at_the_vendor_is_gone_and_not_mended(house: Recorded) -> None:
    target = house.medium(1)
    house.record(target)
    house.remove(target)

    (finding,) = look(house, mend=True)

    assert (finding.verdict, finding.code, finding.mended) == ("gone", "provider.not_found", False)


def test_a_vendor_that_is_away_is_left_alone_after_some_failures(
    make: Make, alibaba: Control
) -> None:
    house = make(records={"breaker_failures": 2})
    for number in range(5):
        house.record(house.medium(number))
    before = len(alibaba.journal("QueryMediaList"))
    alibaba.fault("QueryMediaList", "error", code="InternalError", times=100)

    findings = look(house, mend=True)

    assert {each.verdict for each in findings} == {"unreachable"}
    assert [each.code for each in findings].count("provider.paused") == 3
    assert len(alibaba.journal("QueryMediaList")) - before == 2


def test_reads_wait_for_their_turns(make: Make, alibaba: Control) -> None:
    worker, house = make(), make(profile={"reads_per_minute": 40})
    for number in range(2):
        worker.record(worker.medium(number))
    began_s = time.monotonic()

    assert [each.verdict for each in look(house)] == ["agrees"] * 2
    assert time.monotonic() - began_s > 1.5


def test_a_vendor_that_asks_to_come_back_is_asked_again_later(
    house: Recorded, alibaba: Control
) -> None:
    house.record(house.medium(1))
    answer = {"status": 429, "headers": {"Retry-After": "1"}, "body": ""}
    alibaba.fault("QueryMediaList", "answer", **answer)
    began_s = time.monotonic()

    assert [each.verdict for each in look(house)] == ["agrees"]
    assert time.monotonic() - began_s > 0.9


def test_a_dry_run_stands_nowhere(house: Recorded) -> None:
    house.record(DryRunTarget(provider="dry_run", of=house.medium(1)))

    assert look(house) == []


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({"provider": "alibaba_mps"}, 1),
        ({"provider": "alibaba_mps", "profile": "main"}, 1),
        ({"profile": "other"}, 0),
        ({"provider": "huawei_vod"}, 0),
    ],
)
def test_only_what_is_named_is_looked_at(
    house: Recorded, wanted: dict[str, str], count: int
) -> None:
    house.record(house.medium(1))

    assert len(look(house, **wanted)) == count


def test_a_cover_that_is_written_during_the_look_is_no_drift(
    house: Recorded, alibaba: Control
) -> None:
    target = house.medium(1)
    house.record(target)
    alibaba.hold("QueryMediaList", "before")
    told: list[Finding] = []
    looking = threading.Thread(target=lambda: told.extend(look(house, mend=True)))
    looking.start()
    alibaba.wait_held("QueryMediaList")
    house.record(target, "two")
    alibaba.release()
    looking.join(20)

    assert [(each.verdict, each.mended) for each in told] == [("busy", False)]


def test_a_run_tells_drift_once_and_what_it_found(house: Recorded) -> None:
    first, second = house.medium(1), house.medium(2)
    house.record(first)
    house.record(second)
    house.set_by_hand(second, f"{OTHER}?sign=secret-canary")

    with capture_logs() as lines:
        assert run(house) == 2

    drifted = [each for each in lines if each["event"] == "record.drifted"]
    assert [(each["target"], each["mended"]) for each in drifted] == [(second.media_id, True)]
    assert "secret-canary" not in str(lines)
    last = house.state.reconciliations.last()
    assert last is not None
    assert last.counts == {"agrees": 1, "mended": 1}


def test_two_processes_look_at_each_target_once_in_every_period(
    make: Make, alibaba: Control
) -> None:
    one, other = make(), make()
    for number in range(8):
        one.record(one.medium(number))
    before = len(alibaba.journal("QueryMediaList"))
    counts: list[int] = []
    both = [threading.Thread(target=lambda h=h: counts.append(run(h))) for h in (one, other)]
    for each in both:
        each.start()
    for each in both:
        each.join(30)

    assert sorted(counts) == [0, 8]
    assert run(one) == 0
    assert len(alibaba.journal("QueryMediaList")) - before == 8


def run(house: Recorded) -> int:
    return reconcile_records(house.state, house.recorders, every_s=3600, mend=True)


def test_what_stands_is_known_by_its_target_and_told_from_what_came_after(house: Recorded) -> None:
    target = house.medium(1)
    house.record(target)

    (standing,) = house.state.records.standing()

    assert standing.target == target_key(AlibabaMpsTarget.model_validate(target.model_dump()))
    assert house.state.records.stands_still(standing)
    house.record(target, "two")
    assert not house.state.records.stands_still(standing)
