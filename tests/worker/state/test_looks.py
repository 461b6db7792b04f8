"""Looks at albums: who looks and when, and after which of them there is a job."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from tests.worker.state.parts import Parts
from tests.worker.state.watching import EVERY_S, RULES, A, B, C, Watching, album
from worker.contracts.watches import Sight
from worker.errors import SourceError
from worker.state.records import RecordFilters


@pytest.fixture
def watching(parts: Parts) -> Watching:
    return Watching(parts)


@pytest.fixture
def covered(watching: Watching) -> Watching:
    """A watch whose cover is of A."""
    watching.cover(watching.keep(), A)
    return watching


def test_the_medium_that_gave_the_cover_makes_no_job(covered: Watching) -> None:
    assert [covered.see(A) for _ in range(3)] == [None] * 3

    watch = covered.one()
    assert (watch.jobs, watch.changed_at) == (0, None)
    assert watch.looked_at is not None


@pytest.mark.parametrize(
    "sight",
    [
        pytest.param(B, id="outranked-or-deleted"),
        pytest.param(Sight(A.source, "f" * 32), id="replaced"),
        pytest.param(Sight(A.source, None), id="told-no-version"),
    ],
)
def test_another_medium_makes_one_job_with_the_same_request_and_a_newer_fence(
    covered: Watching, sight: Sight
) -> None:
    first = covered.one().job

    job = covered.see(sight)

    assert job is not None
    before, made = (covered.parts.jobs.read("ann", each) for each in (first, job))
    assert made is not None
    assert before is not None
    assert (made.request, made.watch) == (before.request, before.watch)
    newest, oldest = covered.parts.records.page(
        "ann", RecordFilters(), cursor=None, limit=5
    ).records
    assert (oldest.job, newest.job) == (first, job)
    assert newest.fence > oldest.fence
    covered.cover(job, sight)
    assert covered.see(sight) is None
    watch = covered.one()
    assert watch.medium is not None
    assert (watch.job, watch.jobs, watch.medium.source) == (job, 1, sight.source)


def test_there_is_never_a_second_job_under_way(covered: Watching) -> None:
    job = covered.see(B)

    assert job is not None
    assert covered.look() is None
    assert covered.keep() == job
    assert covered.parts.redis.zcard("ff:jobs:ann") == 2


def test_a_look_that_began_before_another_call_made_a_job_makes_none(covered: Watching) -> None:
    look = covered.look()
    assert look is not None
    covered.keep()

    assert covered.looks.saw(look, B) is None


def test_what_the_job_really_read_counts_not_what_was_seen_before(covered: Watching) -> None:
    job = covered.see(B)
    assert job is not None
    covered.cover(job, C)

    assert covered.see(C) is None
    again = covered.see(B)

    assert again is not None
    covered.cover(again, B)
    assert covered.see(B) is None


def test_a_library_that_tells_every_reader_something_else_does_not_cause_jobs_for_ever(
    covered: Watching,
) -> None:
    made = 0
    for _ in range(6):
        if job := covered.see(B):
            made += 1
            covered.cover(job, C)

    assert made == 2


def test_a_medium_whose_job_failed_has_no_other_until_there_is_a_change(
    covered: Watching,
) -> None:
    job = covered.see(B)
    assert job is not None
    covered.fail(job)

    assert [covered.see(B) for _ in range(3)] == [None] * 3
    watch = covered.one()
    assert watch.medium is not None
    assert (watch.medium.source, watch.job_status) == (A.source, "failed")
    assert covered.see(C) is not None


def test_a_medium_whose_job_failed_has_another_when_it_comes_back(covered: Watching) -> None:
    job = covered.see(B)
    assert job is not None
    covered.fail(job)

    assert covered.see(A) is None
    assert covered.see(B) is not None


def test_after_the_first_job_failed_the_first_medium_that_is_seen_has_one(
    watching: Watching,
) -> None:
    watching.fail(watching.keep())

    job = watching.see(A)

    assert job is not None
    watching.fail(job)
    assert watching.see(A) is None


def test_an_album_without_a_medium_keeps_its_cover_and_is_looked_at_ever_later(
    covered: Watching,
) -> None:
    waits_s = []
    for _ in range(3):
        look = covered.look()
        assert look is not None
        covered.looks.missed(look, SourceError("source.not_found", "The album is empty."))
        due = covered.one().next_at
        assert due is not None
        waits_s.append((due - datetime.now(UTC)).total_seconds())

    watch = covered.one()
    assert watch.error is not None
    assert watch.medium is not None
    assert (watch.failures, watch.error.code, watch.jobs) == (3, "source.not_found", 0)
    assert watch.medium.source == A.source
    planned_s = [EVERY_S * 2, EVERY_S * 4, EVERY_S * 8]
    assert waits_s == pytest.approx(planned_s, rel=0.12)
    assert covered.see(A) is None
    assert (covered.one().failures, covered.one().error) == (0, None)


def test_a_look_of_a_process_that_died_is_given_to_another_whose_word_alone_counts(
    covered: Watching,
) -> None:
    first = covered.look()
    second = covered.look()
    assert first is not None
    assert second is not None

    assert covered.looks.saw(first, B) is None
    covered.looks.missed(first, SourceError("source.timeout"))
    assert covered.one().failures == 0
    assert covered.looks.saw(second, B) is not None


def test_while_somebody_looks_nobody_else_does(covered: Watching) -> None:
    covered.hurry()

    assert covered.looks.next().look is not None
    assert covered.looks.next() == (None, None)


def test_two_processes_share_the_albums_and_no_change_is_followed_twice(
    parts: Parts, redis_url: str
) -> None:
    watching = Watching(parts, most=40)
    for number in range(40):
        watching.cover(watching.keep(album(f"{number}")), A)
    watching.hurry()
    others = [Watching(Parts(redis_url)) for _ in range(2)]

    def work(each: Watching) -> list[str | None]:
        made = []
        while turn := each.looks.next():
            if turn.look:
                made.append(each.looks.saw(turn.look, B))
            elif turn.wait_s is None:
                break
        return made

    with ThreadPoolExecutor(2) as pool:
        jobs = [job for made in pool.map(work, others) for job in made]

    assert len(jobs) == len(set(jobs)) == 40
    assert None not in jobs
    assert parts.redis.zcard("ff:jobs:ann") == 80
    for each in others:
        each.parts.redis.close()


def test_looks_begin_no_faster_than_they_may_in_all(parts: Parts) -> None:
    watching = Watching(parts, rules=RULES._replace(per_second=20))
    for number in range(6):
        watching.cover(watching.keep(album(f"{number}")), A)
    watching.hurry()
    began, looks = time.monotonic(), 0

    while turn := watching.looks.next():
        if turn.wait_s is None and turn.look is None:
            break
        looks += turn.look is not None
        time.sleep(turn.wait_s or 0)

    assert looks == 6
    assert time.monotonic() - began > 5 / 20


def test_a_watch_whose_record_is_gone_is_looked_at_no_more(covered: Watching) -> None:
    covered.parts.redis.delete(f"ff:watch:ann:{covered.one().id}")

    assert covered.look() is None
    assert covered.parts.redis.zcard("ff:watches_due") == 0
