"""The watches over albums: kept with the job of their request, read, listed, stopped."""

import re
from collections.abc import Mapping, Sequence
from random import SystemRandom
from typing import Any, Final, NamedTuple, cast

import redis
from ulid import ULID

from worker.contracts.requests import CoverRequest
from worker.contracts.results import CoverResult, ErrorInfo
from worker.contracts.watches import Watch, WatchedMedium
from worker.errors import RequestError
from worker.rules.recipes import flight_of
from worker.rules.watches import look_delay_s
from worker.state import watch_scripts
from worker.state.connection import redis_errors_as_ours
from worker.state.job_scripts import new_job
from worker.state.listing import Index, Page, Wanted, scan
from worker.state.record import record_key, time_of
from worker.state.scripts import Script

WATCHES: Final = Index("watches", "wat_", re.compile(r"wat_[0-9A-HJKMNP-TV-Z]{26}"))
_random = SystemRandom()


class WatchPage(NamedTuple):
    """Some watches, newest first, and where to go on."""

    watches: list[Watch]
    next_cursor: str | None


class WatchRecords:
    """All watches of all tenants. A watch of another tenant does not exist here.

    Every method raises RequestError `queue.unavailable` when Redis does not do its part.
    """

    def __init__(self, client: redis.Redis, *, every_s: float, max_per_tenant: int) -> None:
        self._redis = client
        self._every_s = every_s
        self._max_per_tenant = max_per_tenant
        self._keep = Script(client, watch_scripts.KEEP)
        self._stop = Script(client, watch_scripts.STOP)
        self._forget = Script(client, watch_scripts.FORGET)

    def keep(self, tenant: str, request: CoverRequest) -> str:
        """Watch the request's album from now on, and make its job; the id of that.

        The same request again is the same watch, and its job is the one that is under way.
        The lane has to be released afterwards.
        Raises: RequestError `watch.full`, when no job was made.
        """
        new = new_job(tenant, request)
        delay_s = look_delay_s(self._every_s, draw=_random.random())
        job = self._keep(
            *(f"wat_{ULID()}", flight_of(request), self._max_per_tenant, delay_s * 1000),
            *new.told,
        )
        if job is None:
            raise RequestError("watch.full")
        return cast(str, job)

    def read(self, tenant: str, watch_id: str) -> Watch | None:
        found = self._read(tenant, [watch_id] if WATCHES.cursor.fullmatch(watch_id) else [])
        return found[0] if found else None

    def page(self, tenant: str, *, cursor: str | None, limit: int) -> WatchPage:
        """Watches newest first, stopped ones too, until they are forgotten.

        Raises: RequestError `request.invalid` for a cursor that no page gave.
        """
        found = scan(self._redis, tenant, WATCHES, Wanted({}), Page(cursor, limit))
        return WatchPage(self._read(tenant, found.ids), found.last)

    def stop(self, tenant: str, watch_id: str) -> Watch:
        """Look no more; a job that is under way goes on. One that was stopped stays so.

        Raises: RequestError `request.not_found`.
        """
        if WATCHES.cursor.fullmatch(watch_id):
            self._stop(tenant, watch_id)
        watch = self.read(tenant, watch_id)
        if watch is None:
            raise RequestError("request.not_found", "There is no such watch.")
        return watch

    def forget_stopped(self, *, keep_s: float, limit: int) -> int:
        """Remove at most `limit` watches that were stopped `keep_s` ago or earlier; how many."""
        return int(self._forget(keep_s * 1000, limit))

    def _read(self, tenant: str, ids: Sequence[str]) -> list[Watch]:
        with redis_errors_as_ours(), self._redis.pipeline(transaction=False) as pipe:
            for found in ids:
                pipe.hgetall(f"ff:watch:{tenant}:{found}")
                pipe.zscore("ff:watches_due", f"{tenant}:{found}")
            told = pipe.execute()
            rows = [row for row in zip(ids, told[::2], told[1::2], strict=True) if row[1]]
            for _, row, _ in rows:
                pipe.hmget(record_key(tenant, row["job"]), ["status", "result"])
            jobs = pipe.execute()
        return [
            _watch_of(tenant, *row, next_ms=due, job=job)
            for (*row, due), job in zip(rows, jobs, strict=True)
        ]


def _watch_of(
    tenant: str,
    watch_id: str,
    row: Mapping[str, str],
    *,
    next_ms: float | None,
    job: Sequence[str | None],
) -> Watch:
    status, result = job
    times = {
        name: time_of(row.get(f"{of}_ms"))
        for name, of in {
            "created_at": "created",
            "looked_at": "looked",
            "changed_at": "changed",
            "stopped_at": "stopped",
        }.items()
    }
    values: dict[str, Any] = {
        **times,
        "id": watch_id,
        "tenant": tenant,
        "state": row["state"],
        "request": CoverRequest.model_validate_json(row["request"]),
        "medium": _medium_of(row, status, result),
        "job": row["job"],
        "job_status": status,
        "jobs": int(row.get("jobs", 0)),
        "failures": int(row.get("failures", 0)),
        "error": ErrorInfo.model_validate_json(row["error"]) if "error" in row else None,
        "next_at": next_ms and time_of(str(int(next_ms))),
    }
    return Watch(**values)


def _medium_of(
    row: Mapping[str, str], status: str | None, result: str | None
) -> WatchedMedium | None:
    """What gave the last cover, also where no look has taken over what the job tells."""
    if status == "succeeded" and result is not None:
        made = CoverResult.model_validate_json(result)
        return WatchedMedium(source=made.source, version=made.source_version, job=row["job"])
    if "given_by" not in row:
        return None
    return WatchedMedium(source=row["source"], version=row["version"] or None, job=row["given_by"])
