"""Lists of jobs: newest first, in pages, nothing of other tenants."""

from datetime import timedelta

import pytest

from tests.worker.state.parts import DONE, Parts, request
from worker.errors import RequestError
from worker.state.listing import MAX_LOOKED_AT, MAX_PAGE_BYTES, Filters
from worker.state.record import record_key


def ids(parts: Parts, filters: Filters = Filters(), *, limit: int = 100) -> list[str]:  # noqa: B008
    """All ids, page by page."""
    found: list[str] = []
    cursor = None
    while True:
        page = parts.jobs.page("ann", filters, cursor=cursor, limit=limit)
        assert len(page.jobs) <= limit
        found += [job.id for job in page.jobs]
        cursor = page.next_cursor
        if cursor is None:
            return found


@pytest.mark.parametrize("limit", [1, 3, 7, 100])
def test_pages_of_any_length_show_every_job_once_newest_first(parts: Parts, limit: int) -> None:
    made = [parts.jobs.create("ann", request()).id for _ in range(7)]
    parts.jobs.create("bob", request())

    assert ids(parts, limit=limit) == made[::-1]


def test_a_job_made_between_two_pages_moves_nothing(parts: Parts) -> None:
    made = [parts.jobs.create("ann", request()).id for _ in range(4)]
    first = parts.jobs.page("ann", Filters(), cursor=None, limit=2)
    parts.jobs.create("ann", request())

    second = parts.jobs.page("ann", Filters(), cursor=first.next_cursor, limit=2)

    assert [job.id for job in second.jobs] == made[1::-1]


@pytest.mark.parametrize(
    ("share", "at_once"),
    [pytest.param(0.4, 2, id="two-fit"), pytest.param(1.1, 1, id="none-fits")],
)
def test_a_page_of_large_results_is_short_and_has_one_after_it(
    parts: Parts, share: float, at_once: int
) -> None:
    large = DONE.model_copy(update={"source": "x" * int(MAX_PAGE_BYTES * share)})
    made = [parts.jobs.create("ann", request()).id for _ in range(4)]
    for job_id in made:
        parts.redis.hset(record_key("ann", job_id), "result", large.model_dump_json())

    page = parts.jobs.page("ann", Filters(), cursor=None, limit=100)

    assert [job.id for job in page.jobs] == made[::-1][:at_once]
    assert page.next_cursor == page.jobs[-1].id
    assert ids(parts) == made[::-1]


def test_filters_let_through_what_they_name(parts: Parts) -> None:
    live = parts.jobs.create("ann", request())
    back = parts.jobs.create("ann", request("backfill"))
    parts.jobs.cancel("ann", live.id)

    assert ids(parts, Filters(status="cancelled")) == [live.id]
    assert ids(parts, Filters(lane="backfill", status="queued")) == [back.id]
    assert ids(parts, Filters(kind="cover")) == [back.id, live.id]
    assert ids(parts, Filters(lane="live", status="queued")) == []


def test_created_after_leaves_out_the_job_of_that_moment(parts: Parts) -> None:
    old = parts.jobs.create("ann", request())
    parts.redis.ping()
    later = old.created_at + timedelta(milliseconds=1)
    while (new := parts.jobs.create("ann", request())).created_at <= later:
        pass

    after = ids(parts, Filters(created_after=later))

    assert old.id not in after
    assert new.id in after


def test_a_page_looks_at_a_bounded_number_of_jobs(parts: Parts) -> None:
    with parts.redis.pipeline() as pipe:
        for number in range(MAX_LOOKED_AT + 1):
            pipe.zadd("ff:jobs:ann", {f"job_{number:026}": 0})
            pipe.hset(f"ff:job:ann:job_{number:026}", "status", "queued")
        pipe.execute()

    page = parts.jobs.page("ann", Filters(status="failed"), cursor=None, limit=10)

    assert page.jobs == []
    assert page.next_cursor == f"job_{1:026}"
    last = parts.jobs.page("ann", Filters(status="failed"), cursor=page.next_cursor, limit=10)
    assert last.next_cursor is None


def test_a_cursor_that_no_page_gave_is_refused(parts: Parts) -> None:
    with pytest.raises(RequestError, match=r"request\.invalid: cursor"):
        parts.jobs.page("ann", Filters(), cursor="2", limit=10)
