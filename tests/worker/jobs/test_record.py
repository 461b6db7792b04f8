"""The story of a record: written once, seen to stand, and never over a newer cover."""

import time
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.worker.jobs.vendor import FAULTS, REFUSED, Vendor
from tests.worker.jobs.walking import (
    PATIENT,
    RecordBench,
    Walk,
    address,
    driven_to_the_end,
    moved,
)
from tests.worker.state.orders import ASSET
from worker.contracts.targets import DryRunTarget
from worker.errors import ProviderError, WorkerError
from worker.state.leases import Leases, Limits

AFTER_A_WRITE = ("written", "read", "shows", "stands", "finish")


@pytest.fixture
def bench(one_redis_url: str) -> Iterator[RecordBench]:
    made = RecordBench(one_redis_url, Vendor())
    yield made
    made.parts.redis.close()


def test_a_cover_is_written_once_and_seen_to_stand(bench: RecordBench) -> None:
    record = bench.goes(bench.order("one"))

    assert (record.state, record.attempts) == ("recorded", 1)
    assert record.result is not None
    assert (record.result.request_id, record.result.verified) == ("request-1", True)
    assert record.result.reference == address("one")
    assert (bench.vendor.writes, bench.vendor.changes) == (1, [address("one")])
    assert record.recorded_at is not None


def test_where_nobody_can_look_the_answer_is_the_word(bench: RecordBench) -> None:
    bench.vendor.reads_back = False

    record = bench.goes(bench.order("one"))

    assert record.result is not None
    assert (record.state, record.result.verified) == ("recorded", False)


def test_a_dry_run_says_what_it_would_send_and_fences_nothing_real(bench: RecordBench) -> None:
    real, dry = (
        bench.order("one"),
        bench.order("two", target=DryRunTarget(provider="dry_run", of=ASSET)),
    )

    told = bench.goes(dry)

    assert told.result is not None
    assert told.result.would_send == {"url": address("two")}
    assert bench.goes(real).state == "recorded"


def test_an_older_order_is_superseded_without_a_call_once_a_newer_cover_stands(
    bench: RecordBench,
) -> None:
    old, new = bench.order("old"), bench.order("new")
    bench.goes(new)
    calls = (bench.vendor.writes, bench.vendor.reads)

    assert bench.goes(old).state == "superseded"
    assert (bench.vendor.writes, bench.vendor.reads) == calls
    assert bench.vendor.shown == address("new")


def test_an_older_order_does_not_wait_for_a_newer_one_that_has_not_begun(
    bench: RecordBench,
) -> None:
    old, new = bench.order("old"), bench.order("new")

    assert bench.goes(old).state == "recorded"
    assert bench.goes(new).state == "recorded"
    assert bench.vendor.changes == [address("old"), address("new")]


@pytest.mark.parametrize("fault", REFUSED)
def test_after_a_refused_write_others_go_on_at_once(bench: RecordBench, fault: str) -> None:
    bench.vendor.faults.append(fault)
    first, second = bench.order("first"), bench.order("second")

    assert bench.goes(first).state == ("failed" if fault == "refused" else "pending")
    assert bench.goes(second).state == "recorded"


@pytest.mark.parametrize(
    ("fault", "writes"),
    [
        pytest.param("lost before", 2, id="it-had-no-effect"),
        pytest.param("lost after", 1, id="it-had-taken-effect"),
        pytest.param("late", 2, id="it-takes-effect-later"),
    ],
)
def test_a_write_of_unknown_outcome_is_looked_for_before_it_is_repeated(
    bench: RecordBench, fault: str, writes: int
) -> None:
    bench.vendor.faults.append(fault)
    record = bench.order("one")
    assert bench.goes(record).state == "pending"

    assert bench.goes(record).state == "recorded"
    bench.settles()

    assert bench.vendor.writes == writes
    assert bench.vendor.changes == [address("one")]


@pytest.mark.parametrize("before", ["begin", "writes", "record", *AFTER_A_WRITE])
def test_wherever_an_attempt_dies_the_next_one_ends_the_order_with_one_write(
    bench: RecordBench, before: str
) -> None:
    record = bench.order("one")
    bench.dies(record, before)

    assert bench.goes(record).state == "recorded"
    assert (bench.vendor.writes, bench.vendor.changes) == (1, [address("one")])


@pytest.mark.parametrize(
    ("before", "writes"),
    [("writes", 1), ("record", 1), ("written", 2), ("read", 1), ("stands", 1), ("finish", 1)],
)
def test_where_nobody_can_look_only_a_write_without_an_answer_is_repeated(
    bench: RecordBench, before: str, writes: int
) -> None:
    bench.vendor.reads_back = False
    record = bench.order("one")
    bench.dies(record, before)

    assert bench.goes(record).state == "recorded"
    assert (bench.vendor.writes, bench.vendor.changes) == (writes, [address("one")])


@pytest.mark.parametrize("before", ["writes", "record", *AFTER_A_WRITE])
def test_wherever_an_attempt_dies_a_newer_order_comes_to_stand(
    bench: RecordBench, before: str
) -> None:
    old, new = bench.order("old"), bench.order("new")
    bench.dies(old, before, late=True)
    bench.goes(new)
    bench.settles()

    if bench.now(new).state == "pending":
        assert bench.goes(new).state == "recorded"
    end = bench.goes(old).state

    assert end in {"recorded", "superseded"}
    assert bench.vendor.changes in ([address("new")], [address("old"), address("new")])


@pytest.mark.parametrize(
    ("fault", "state", "shown"),
    [
        pytest.param("lost after", "superseded", "new", id="it-stands"),
        pytest.param("lost before", "recorded", "old", id="it-does-not"),
    ],
)
def test_an_older_order_looks_whether_a_newer_one_stands_that_gave_up(
    bench: RecordBench, fault: str, state: str, shown: str
) -> None:
    old, new = bench.order("old"), bench.order("new")
    bench.vendor.faults += [fault, "refused"]
    bench.goes(new)
    bench.settles()
    assert bench.goes(old).state == "pending"
    bench.vendor.shown, real = None, bench.vendor.shown
    assert bench.goes(new).state == "failed"
    bench.vendor.shown = real
    bench.settles()

    assert bench.goes(old).state == state
    assert bench.vendor.shown == address(shown)


def test_a_write_that_may_stand_is_remembered_though_a_newer_order_took_the_target_and_died(
    bench: RecordBench,
) -> None:
    oldest, older, newest = (bench.order(name) for name in ("0", "1", "2"))
    bench.vendor.faults.append("lost after")
    bench.goes(older)
    bench.settles()
    bench.dies(newest, "writes")

    assert bench.goes(oldest).state == "pending"
    assert bench.goes(older).state == "recorded"
    assert bench.goes(oldest).state == "superseded"
    assert bench.goes(newest).state == "recorded"
    assert bench.vendor.changes == [address("1"), address("2")]


def test_of_several_newer_orders_that_gave_up_the_one_that_is_shown_stands(
    bench: RecordBench,
) -> None:
    oldest, older, newest = (bench.order(name) for name in ("0", "1", "2"))
    for record, fault in ((older, "lost after"), (newest, "lost before")):
        bench.vendor.faults.append(fault)
        bench.goes(record)
        bench.settles()
        bench.vendor.read_faults.append("refused")
    # Both give up over something else, before they could look.
    for record in (older, newest):
        bench.claimed(record).fail(ProviderError("provider.rejected"))
    bench.vendor.read_faults.clear()

    assert bench.goes(oldest).state == "superseded"
    assert bench.vendor.changes == [address("1")]
    (stands,) = bench.parts.records.standing()
    assert (stands.record, stands.fence) == (older.id, older.fence)


def test_where_nobody_can_look_an_older_order_gives_way_to_a_newer_one_that_may_stand(
    bench: RecordBench,
) -> None:
    bench.vendor.reads_back = False
    old, new = bench.order("old"), bench.order("new")
    bench.vendor.faults += ["lost after", "refused"]
    bench.goes(new)
    assert bench.goes(new).state == "failed"
    bench.settles()

    assert bench.goes(old).state == "superseded"


def test_an_attempt_that_is_over_writes_nothing_more(bench: RecordBench) -> None:
    record = bench.order("one")
    walk = Walk(bench, bench.claimed(record), twice=False)
    while walk.before != "writes":
        walk.step()
    bench.lost(walk.lease)
    while not walk.is_over:
        walk.step()

    assert bench.vendor.writes == 0
    assert bench.goes(record).state == "recorded"


def test_after_its_deadline_an_attempt_writes_nothing(bench: RecordBench) -> None:
    late = PATIENT._replace(limits={"record": Limits(0, 86_400, 10)})
    bench.parts.leases = Leases(bench.parts.redis, late)

    with pytest.raises(WorkerError, match=r"worker\.timeout"):
        bench.attempt(bench.claimed(bench.order("one")))

    assert bench.vendor.writes == 0


def test_an_attempt_whose_end_is_nearer_than_that_of_a_write_writes_nothing(
    bench: RecordBench,
) -> None:
    soon = PATIENT._replace(limits={"record": Limits(bench.vendor.timeout_s - 1, 86_400, 10)})
    bench.parts.leases = Leases(bench.parts.redis, soon)

    with pytest.raises(WorkerError, match=r"worker\.timeout"):
        bench.attempt(bench.claimed(bench.order("one")))

    assert bench.vendor.writes == 0


def test_a_write_ends_so_long_after_it_was_noted_however_long_its_thread_stood_still(
    bench: RecordBench,
) -> None:
    walk = Walk(bench, bench.claimed(bench.order("one")), twice=False)
    while walk.before != "writes":
        walk.step()
    until_s = time.monotonic() + bench.vendor.timeout_s
    time.sleep(0.1)
    walk.step()

    assert walk.before == "record"
    assert walk.copy is not None
    assert walk.copy.until_s < until_s
    while not walk.is_over:
        walk.step()


MOVES = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(["step"] * 6 + ["die", "late", "settle"])),
    max_size=60,
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@pytest.mark.parametrize("remakes", [False, True], ids=["as-given", "remade"])
@given(
    moves=MOVES,
    faults=st.lists(st.sampled_from(["", *(set(FAULTS) - {"refused"})]), max_size=6),
    twice=st.booleans(),
)
def test_whatever_dies_and_gets_lost_the_newest_cover_stands_and_no_older_one_after_it(
    one_redis_url: str, remakes: bool, moves: list[tuple[int, str]], faults: list[str], twice: bool
) -> None:
    bench = RecordBench(one_redis_url, Vendor(remakes=remakes))
    try:
        bench.vendor.faults += faults
        records = [bench.order(name) for name in ("0", "1", "2")]
        walks: dict[int, Walk] = {}
        for number, move in moves:
            moved(bench, walks, records, number, move, twice=twice)
        for walk in walks.values():
            while not walk.is_over:
                walk.step()
        driven_to_the_end(bench, records)

        assert bench.vendor.shown == address("2")
        assert bench.vendor.changes == sorted(set(bench.vendor.changes))
        states = [bench.now(record).state for record in records]
        assert states[-1] == "recorded"
        assert set(states) <= {"recorded", "superseded"}
    finally:
        bench.parts.redis.flushdb()
        bench.parts.redis.close()
