"""The story of a record where the vendor shows another picture than ours, of its own making."""

from collections.abc import Iterator

import pytest

from tests.worker.jobs.vendor import Vendor
from tests.worker.jobs.walking import RecordBench, address
from worker.contracts.records import Record
from worker.errors import ProviderError


@pytest.fixture
def remade(one_redis_url: str) -> Iterator[RecordBench]:
    made = RecordBench(one_redis_url, Vendor(remakes=True))
    yield made
    made.parts.redis.close()


def result_of(record: Record) -> tuple[str, str | None, bool]:
    assert record.result is not None
    return record.state, record.result.reference, record.result.verified


def code_of(record: Record) -> str | None:
    return record.error.code if record.error else None


def test_a_remade_cover_is_recorded_as_what_is_shown_since_but_not_as_verified(
    remade: RecordBench,
) -> None:
    remade.vendor.shown = "https://elsewhere.example/"

    record = remade.goes(remade.order("one"))

    assert result_of(record) == ("recorded", f"{address('one')}?remade", False)
    assert record.result is not None
    assert (record.result.request_id, remade.vendor.writes) == ("request-1", 1)


def test_a_cover_that_is_kept_as_it_is_where_it_might_be_remade_is_verified(
    remade: RecordBench,
) -> None:
    remade.vendor.changes_any = False

    assert result_of(remade.goes(remade.order("one"))) == ("recorded", address("one"), True)


def test_a_remade_cover_that_is_ordered_again_is_known_though_nothing_changes(
    remade: RecordBench,
) -> None:
    first, again = remade.goes(remade.order("one")), remade.goes(remade.order("one"))

    assert result_of(again) == result_of(first)
    assert remade.vendor.changes == [address("one")]


def test_a_write_after_which_nothing_changes_for_long_is_a_conflict(remade: RecordBench) -> None:
    remade.vendor.shown = address("other")
    remade.vendor.faults.append("ignored")
    record = remade.order("one")
    assert code_of(remade.goes(record)) == "record.waiting"
    remade.is_late()

    assert code_of(remade.goes(record)) == "provider.conflict"
    assert remade.goes(record).state == "recorded"
    assert remade.vendor.writes == 2


def test_where_what_was_shown_before_cannot_be_read_no_other_picture_counts_as_ours(
    remade: RecordBench,
) -> None:
    remade.vendor.shown, remade.vendor.hidden = address("other"), 1
    remade.vendor.faults.append("ignored")

    record = remade.goes(remade.order("one"))

    assert result_of(record) == ("recorded", None, False)
    (stands,) = remade.parts.records.standing()
    assert stands.reference is None


def test_what_was_shown_before_that_cannot_be_had_just_now_counts_as_unknown_too(
    remade: RecordBench,
) -> None:
    remade.vendor.shown = address("other")
    remade.vendor.read_faults.append("denied")

    assert result_of(remade.goes(remade.order("one"))) == ("recorded", None, False)


def test_where_what_was_shown_before_cannot_be_read_the_same_bytes_are_verified(
    remade: RecordBench,
) -> None:
    remade.vendor.hidden, remade.vendor.changes_any = 1, False

    assert result_of(remade.goes(remade.order("one"))) == ("recorded", address("one"), True)


def test_what_is_shown_after_a_lost_answer_is_not_taken_for_what_was_before(
    remade: RecordBench,
) -> None:
    remade.vendor.shown, remade.vendor.hidden = address("other"), 1
    remade.vendor.faults.append("lost after")
    record = remade.order("one")
    remade.goes(record)

    assert result_of(remade.goes(record)) == ("recorded", None, False)


def test_a_remade_cover_that_comes_to_be_shown_later_is_not_written_again(
    remade: RecordBench,
) -> None:
    remade.vendor.shown = address("other")
    remade.vendor.faults.append("ignored")
    record = remade.goes(remade.order("one"))
    remade.vendor.shown = address("one")

    assert result_of(remade.goes(record)) == ("recorded", f"{address('one')}?remade", False)
    assert remade.vendor.writes == 1


@pytest.mark.parametrize(
    ("before", "writes"),
    [
        *(("begin", 1), ("writes", 1), ("record", 1), ("written", 2)),
        *(("shows", 1), ("stands", 1), ("finish", 1)),
    ],
)
def test_wherever_an_attempt_dies_a_remade_cover_is_recorded_by_the_next_one(
    remade: RecordBench, before: str, writes: int
) -> None:
    remade.vendor.shown = address("other")
    record = remade.order("one")
    remade.dies(record, before)

    end = remade.goes(record)

    assert result_of(end) == ("recorded", f"{address('one')}?remade", False)
    assert (remade.vendor.writes, remade.vendor.changes) == (writes, [address("one")])


@pytest.mark.parametrize("fault", ["lost before", "lost after", "late"])
def test_a_remade_cover_whose_answer_was_lost_is_written_again_without_harm(
    remade: RecordBench, fault: str
) -> None:
    remade.vendor.faults.append(fault)
    record = remade.order("one")
    assert remade.goes(record).state == "pending"

    assert remade.goes(record).state == "recorded"
    remade.settles()

    assert remade.vendor.writes == 2
    assert remade.vendor.changes == [address("one")]


def test_what_was_shown_before_the_first_write_is_remembered_though_another_took_the_target(
    remade: RecordBench,
) -> None:
    older, newer = remade.order("1"), remade.order("2")
    remade.vendor.faults.append("lost after")
    remade.goes(older)
    remade.settles()
    remade.dies(newer, "writes")

    assert remade.goes(older).state == "recorded"
    assert remade.goes(newer).state == "recorded"
    assert remade.vendor.changes == [address("1"), address("2")]


def test_a_remade_cover_of_a_rival_stands_as_what_is_shown(remade: RecordBench) -> None:
    old, new = remade.order("old"), remade.order("new")
    remade.vendor.faults.append("lost after")
    remade.goes(new)
    remade.settles()
    remade.claimed(new).fail(ProviderError("provider.rejected"))

    assert remade.goes(old).state == "superseded"
    (stands,) = remade.parts.records.standing()
    assert (stands.record, stands.reference) == (new.id, f"{address('new')}?remade")
