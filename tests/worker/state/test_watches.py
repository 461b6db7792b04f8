"""Watches: kept with their jobs, the same for the same request, bounded, listed, stopped."""

import pytest

from tests.worker.state.parts import Parts
from tests.worker.state.watching import EVERY_S, A, B, Watching, album
from worker.contracts.watches import WatchedMedium
from worker.errors import RequestError


@pytest.fixture
def watching(parts: Parts) -> Watching:
    return Watching(parts)


def test_a_watch_is_kept_with_the_job_of_its_request(watching: Watching) -> None:
    job_id = watching.keep()

    watch, job = watching.one(), watching.parts.jobs.read("ann", job_id)
    assert job is not None
    assert job.record is not None
    assert (job.request, job.watch) == (album(), watch.id)
    assert (watch.job, watch.job_status, watch.request) == (job_id, "queued", album())
    assert (watch.state, watch.medium, watch.jobs, watch.looked_at) == ("watching", None, 0, None)
    assert watch.next_at is not None
    after_s = (watch.next_at - watch.created_at).total_seconds()
    assert EVERY_S * 0.89 < after_s < EVERY_S * 1.11


def test_the_same_request_is_the_same_watch_and_shares_the_job_under_way(
    watching: Watching,
) -> None:
    first = watching.keep()

    assert watching.keep() == first
    watching.cover(first, A)
    second = watching.keep()

    assert second != first
    watch = watching.one()
    assert (watch.job, watch.medium) == (second, WatchedMedium(**_medium(first)))


def _medium(job: str) -> dict[str, str]:
    return {"source": A.source, "version": A.version or "", "job": job}


def test_another_request_over_the_same_album_is_another_watch(watching: Watching) -> None:
    jobs = {watching.keep(album(quality=quality)) for quality in (80, 90)}

    assert len(jobs) == len(watching.all()) == 2


def test_a_watch_tells_at_once_which_medium_its_job_read(watching: Watching) -> None:
    job = watching.keep()
    watching.cover(job, A)

    watch = watching.one()

    assert (watch.medium, watch.job_status) == (WatchedMedium(**_medium(job)), "succeeded")


def test_no_more_are_kept_than_a_tenant_may_have(parts: Parts) -> None:
    watching = Watching(parts, most=2)
    first = watching.keep(album("a"))
    watching.keep(album("b"))

    with pytest.raises(RequestError, match=r"watch\.full"):
        watching.keep(album("c"))
    assert watching.keep(album("a")) == first
    watching.keep(album("c"), tenant="bob")

    assert len(watching.all()) == 2
    assert parts.redis.zcard("ff:jobs:ann") == 2
    watching.records.stop("ann", watching.all()[0].id)
    watching.keep(album("c"))
    assert len(watching.all()) == 3


def test_a_stopped_watch_makes_no_more_jobs_until_it_is_asked_for_again(
    watching: Watching,
) -> None:
    job = watching.keep()
    before = watching.one()

    stopped = watching.records.stop("ann", before.id)

    assert (stopped.state, stopped.next_at) == ("stopped", None)
    assert stopped.stopped_at is not None
    assert watching.records.stop("ann", before.id) == stopped
    watching.cover(job, A)
    assert watching.look() is None
    watching.keep()
    assert (watching.one().id, watching.one().state) == (before.id, "watching")
    assert watching.one().stopped_at is None


def test_a_look_that_was_under_way_when_its_watch_was_stopped_changes_nothing(
    watching: Watching,
) -> None:
    watching.cover(watching.keep(), A)
    look = watching.look()
    assert look is not None
    watching.records.stop("ann", look.watch)

    assert watching.looks.saw(look, B) is None
    assert watching.look() is None


def test_another_tenants_watch_does_not_exist(watching: Watching) -> None:
    watching.keep()
    watch = watching.one()

    assert watching.records.read("bob", watch.id) is None
    with pytest.raises(RequestError, match=r"request\.not_found"):
        watching.records.stop("bob", watch.id)
    assert watching.one().state == "watching"


@pytest.mark.parametrize("watch_id", ["", "wat_1", "job_01JC6Z5G0Q8V2N3M4P5R6S7T8W"])
def test_what_is_no_id_of_a_watch_names_none(watching: Watching, watch_id: str) -> None:
    assert watching.records.read("ann", watch_id) is None
    with pytest.raises(RequestError, match=r"request\.not_found"):
        watching.records.stop("ann", watch_id)


def test_a_list_comes_in_pages_newest_first(watching: Watching) -> None:
    for number in range(5):
        watching.keep(album(f"{number}"))
    names, cursor = [], None
    while True:
        page = watching.records.page("ann", cursor=cursor, limit=2)
        names += [watch.request.source.album for watch in page.watches]
        if (cursor := page.next_cursor) is None:
            break

    assert [each and each.album for each in names] == ["4", "3", "2", "1", "0"]


def test_stopped_watches_are_forgotten_after_their_time_without_a_trace(
    watching: Watching,
) -> None:
    for name in ("a", "b"):
        watching.keep(album(name))
    newest, oldest = watching.all()
    watching.records.stop("ann", oldest.id)

    assert watching.records.forget_stopped(keep_s=60, limit=10) == 0
    assert watching.records.forget_stopped(keep_s=0, limit=10) == 1

    assert [watch.id for watch in watching.all()] == [newest.id]
    kept = set(watching.parts.redis.scan_iter("ff:watch:*"))
    assert kept == {f"ff:watch:ann:{newest.id}"}
    assert watching.parts.redis.hlen("ff:watch_ids:ann") == 1
    watching.keep(album("a"))
    assert oldest.id not in {watch.id for watch in watching.all()}


def test_a_retried_job_is_the_one_that_its_watch_follows(watching: Watching) -> None:
    first = watching.keep()
    watching.fail(first)
    second = watching.see(B)
    assert second is not None
    watching.cover(second, B)

    watching.parts.jobs.retry("ann", first)
    watching.cover(first, A)

    watch = watching.one()
    assert watch.medium == WatchedMedium(**_medium(first))


def test_a_job_is_not_retried_while_another_of_its_watch_is_under_way(
    watching: Watching,
) -> None:
    first = watching.keep()
    watching.fail(first)
    assert watching.see(B) is not None

    with pytest.raises(RequestError, match=r"job\.state.*under way"):
        watching.parts.jobs.retry("ann", first)
