"""The list of a tenant's jobs, newest first, in pages of bounded work."""

import re
from bisect import bisect_right
from datetime import datetime
from itertools import accumulate
from typing import Final, NamedTuple, cast

import redis
from ulid import ULID

from worker.contracts.jobs import Job
from worker.errors import RequestError
from worker.state.connection import redis_errors_as_ours
from worker.state.record import job_of, record_key

MAX_LOOKED_AT: Final = 2000
# Results of snapshots tell of thousands of files each.
MAX_PAGE_BYTES: Final = 4 * 1024 * 1024
_CHUNK: Final = 200
_CURSOR: Final = re.compile(r"job_[0-9A-HJKMNP-TV-Z]{26}")


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


class _Scan(NamedTuple):
    ids: list[str]
    last: str | None


def list_jobs(
    client: redis.Redis, tenant: str, filters: Filters, *, cursor: str | None, limit: int
) -> JobPage:
    """The next `limit` jobs after `cursor`; looks at no more than `MAX_LOOKED_AT` records.

    After the first, none whose result would take the page over `MAX_PAGE_BYTES`.
    Raises: RequestError `request.invalid` for a cursor that no page gave, `queue.unavailable`.
    """
    if cursor is not None and not _CURSOR.fullmatch(cursor):
        raise RequestError("request.invalid", "cursor: expected the 'next' of a page")
    with redis_errors_as_ours():
        found = _scan(client, tenant, filters, cursor, limit)
        ids = _small_enough(client, tenant, found.ids)
        jobs = _read(client, tenant, ids)
    return JobPage(jobs, found.last if len(ids) == len(found.ids) else ids[-1])


def _scan(
    client: redis.Redis, tenant: str, filters: Filters, cursor: str | None, limit: int
) -> _Scan:
    """Ids that pass, and the last id looked at unless the list ended."""
    kept: list[str] = []
    top, bottom = f"({cursor}" if cursor else "+", _oldest(filters.created_after)
    for _ in range(MAX_LOOKED_AT // _CHUNK):
        rows = client.zrevrangebylex(f"ff:jobs:{tenant}", top, bottom, 0, _CHUNK)
        ids = cast(list[str], rows)
        for job_id, passes in zip(ids, _passing(client, tenant, filters, ids), strict=True):
            if passes and len(kept) == limit:
                return _Scan(kept, kept[-1])
            if passes:
                kept.append(job_id)
        if len(ids) < _CHUNK:
            return _Scan(kept, None)
        top = f"({ids[-1]}"
    return _Scan(kept, top[1:])


def _oldest(created_after: datetime | None) -> str:
    if created_after is None:
        return "-"
    first_ms = max(0, int(created_after.timestamp() * 1000) + 1)
    return f"[job_{ULID.from_bytes(first_ms.to_bytes(6, 'big') + bytes(10))}"


def _passing(client: redis.Redis, tenant: str, filters: Filters, ids: list[str]) -> list[bool]:
    wanted = (filters.status, filters.kind, filters.lane)
    if wanted == (None, None, None):
        return [True] * len(ids)
    with client.pipeline(transaction=False) as pipe:
        for job_id in ids:
            pipe.hmget(record_key(tenant, job_id), ["status", "kind", "lane"])
        rows = pipe.execute()
    return [all(w in (None, had) for w, had in zip(wanted, row, strict=True)) for row in rows]


def _small_enough(client: redis.Redis, tenant: str, ids: list[str]) -> list[str]:
    """The ids, from the first on, whose results fit into a page; the first fits always."""
    with client.pipeline(transaction=False) as pipe:
        for job_id in ids:
            pipe.hstrlen(record_key(tenant, job_id), "result")
        sums = list(accumulate(pipe.execute()))
    return ids[: max(1, bisect_right(sums, MAX_PAGE_BYTES))]


def _read(client: redis.Redis, tenant: str, ids: list[str]) -> list[Job]:
    with client.pipeline(transaction=False) as pipe:
        for job_id in ids:
            pipe.hgetall(record_key(tenant, job_id))
        records = pipe.execute()
    pairs = zip(ids, records, strict=True)
    return [job_of(tenant, job_id, record) for job_id, record in pairs if record]
