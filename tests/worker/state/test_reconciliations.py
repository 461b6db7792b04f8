"""Runs that compare the ledger with its providers: one at a time, in time, and noted."""

from tests.worker.state.parts import Parts
from worker.state.reconciliations import Reconciliations


def silence(parts: Parts) -> None:
    """Let the run that is under way have died long ago."""
    parts.redis.hset("ff:reconciliation", "seen_ms", 1)


def test_a_run_is_due_once_in_a_period(parts: Parts) -> None:
    runs = Reconciliations(parts.redis)
    run = runs.begin(every_s=3600)
    assert run is not None
    run.end({})

    assert runs.begin(every_s=3600) is None
    assert runs.begin(every_s=0) is not None


def test_one_runs_at_a_time(parts: Parts) -> None:
    run = Reconciliations(parts.redis).begin(every_s=0)

    assert run is not None
    assert run.goes_on()
    assert Reconciliations(parts.redis).begin(every_s=0) is None


def test_a_run_that_fell_silent_is_begun_anew_and_stops_when_it_comes_back(parts: Parts) -> None:
    runs = Reconciliations(parts.redis)
    silent = runs.begin(every_s=3600)
    silence(parts)

    run = runs.begin(every_s=3600)

    assert silent is not None
    assert run is not None
    assert not silent.goes_on()
    silent.end({"agrees": 1})
    assert runs.last() is None
    assert run.goes_on()


def test_the_last_run_that_ended_is_told_while_the_next_is_under_way(parts: Parts) -> None:
    runs = Reconciliations(parts.redis)
    assert runs.last() is None
    run = runs.begin(every_s=0)
    assert run is not None
    run.end({"agrees": 2, "drifted": 1})
    runs.begin(every_s=0)

    last = runs.last()

    assert last is not None
    assert last.counts == {"agrees": 2, "drifted": 1}
    assert last.began_at <= last.ended_at
