"""The lists of a tenant's jobs, records and callbacks, newest first, in pages of bounded work."""

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Final, NamedTuple, cast

import redis
from ulid import ULID

from worker.contracts.jobs import Job
from worker.errors import RequestError
from worker.state.connection import redis_errors_as_ours
from worker.state.record import job_of, record_key, records_of

MAX_LOOKED_AT: Final = 2000
# Results of snapshots tell of thousands of files each.
MAX_PAGE_BYTES: Final = 4 * 1024 * 1024
_CHUNK: Final = 200
_ULID: Final = "[0-9A-HJKMNP-TV-Z]{26}"


class Index(NamedTuple):
    """A list of a tenant: the name of its key, what begins its ids, what a cursor looks like."""

    name: str
    prefix: str
    cursor: re.Pattern[str]


JOBS: Final = Index("jobs", "job_", re.compile(rf"job_{_ULID}"))
RECORDS: Final = Index("records", "rec_", re.compile(rf"rec_{_ULID}"))
NOTICES: Final = Index("notices", "msg_", re.compile(rf"msg_{_ULID}_[0-9]{{1,19}}"))


class Filters(NamedTuple):
    """What a listed job must be; None lets every job pass."""

    status: str | None = None
    kind: str | None = None
    lane: str | None = None
    created_after: datetime | None = None


class JobPage(NamedTuple):
    """Some jobs, and where to go on; a page may be short or empty and still have a next one."""

    jobs: list[Job]
    next_cursor: str | None


class Wanted(NamedTuple):
    """What passes: the fields of a record that must have one of the values; none lets all pass."""

    fields: Mapping[str, frozenset[str]]
    created_after: datetime | None = None


class Scan(NamedTuple):
    """Ids that pass, and the last id that was looked at unless the list ended."""

    ids: list[str]
    last: str | None


def list_jobs(
    client: redis.Redis, tenant: str, filters: Filters, *, cursor: str | None, limit: int
) -> JobPage:
    """The next `limit` jobs after `cursor`; looks at no more than `MAX_LOOKED_AT` records.

    After the first, none whose result would take the page over `MAX_PAGE_BYTES`.
    Raises: RequestError `request.invalid` for a cursor that no page gave, `queue.unavailable`.
    """
    named = {"status": filters.status, "kind": filters.kind, "lane": filters.lane}
    fields = {name: frozenset([value]) for name, value in named.items() if value is not None}
    page = Page(cursor, limit)
    found = scan(client, tenant, JOBS, Wanted(fields, filters.created_after), page)
    with redis_errors_as_ours():
        ids = _small_enough(client, tenant, found.ids)
        rows = read_rows(client, tenant, ids)
        told = records_of(client, tenant, [row for _, row in rows])
    jobs = [job_of(tenant, *row, of) for row, of in zip(rows, told, strict=True)]
    return JobPage(jobs, found.last if len(ids) == len(found.ids) else ids[-1])


class Page(NamedTuple):
    """Where a page begins, and how much is on it."""

    cursor: str | None
    limit: int


def scan(client: redis.Redis, tenant: str, index: Index, wanted: Wanted, page: Page) -> Scan:
    """The next ids of a list, newest first; looks at no more than `MAX_LOOKED_AT` records.

    Raises: RequestError `request.invalid` for a cursor that no page gave, `queue.unavailable`.
    """
    if page.cursor is not None and not index.cursor.fullmatch(page.cursor):
        raise RequestError("request.invalid", "cursor: expected the 'next' of a page")
    kept: list[str] = []
    top = f"({page.cursor}" if page.cursor else "+"
    bottom = _oldest(index, wanted.created_after)
    for _ in range(MAX_LOOKED_AT // _CHUNK):
        with redis_errors_as_ours():
            rows = client.zrevrangebylex(f"ff:{index.name}:{tenant}", top, bottom, 0, _CHUNK)
            ids = cast(list[str], rows)
            passing = _passing(client, tenant, wanted.fields, ids)
        for found, passes in zip(ids, passing, strict=True):
            if passes and len(kept) == page.limit:
                return Scan(kept, kept[-1])
            if passes:
                kept.append(found)
        if len(ids) < _CHUNK:
            return Scan(kept, None)
        top = f"({ids[-1]}"
    return Scan(kept, top[1:])


def read_rows(
    client: redis.Redis, tenant: str, ids: Sequence[str]
) -> list[tuple[str, dict[str, str]]]:
    """The records of those ids that are there."""
    with redis_errors_as_ours(), client.pipeline(transaction=False) as pipe:
        for found in ids:
            pipe.hgetall(record_key(tenant, found))
        rows = pipe.execute()
    return [(found, row) for found, row in zip(ids, rows, strict=True) if row]


def _oldest(index: Index, created_after: datetime | None) -> str:
    if created_after is None:
        return "-"
    first_ms = max(0, int(created_after.timestamp() * 1000) + 1)
    return f"[{index.prefix}{ULID.from_bytes(first_ms.to_bytes(6, 'big') + bytes(10))}"


def _passing(
    client: redis.Redis, tenant: str, fields: Mapping[str, frozenset[str]], ids: list[str]
) -> list[bool]:
    if not fields:
        return [True] * len(ids)
    with client.pipeline(transaction=False) as pipe:
        for found in ids:
            pipe.hmget(record_key(tenant, found), list(fields))
        rows = pipe.execute()
    return [
        all(had in one_of for had, one_of in zip(row, fields.values(), strict=True)) for row in rows
    ]


def _small_enough(client: redis.Redis, tenant: str, ids: list[str]) -> list[str]:
    """The ids, from the first on, whose results fit into a page; the first fits always."""
    with client.pipeline(transaction=False) as pipe:
        for job_id in ids:
            pipe.hstrlen(record_key(tenant, job_id), "result")
        sums = list(accumulate(pipe.execute()))
    return ids[: max(1, bisect_right(sums, MAX_PAGE_BYTES))]
