"""A job's record as Redis holds it, and the `Job` it is outside."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import redis

from worker.contracts.jobs import REQUESTS, RESULTS, Job, Progress
from worker.contracts.records import JobRecord, RecordOrder, RecordResult
from worker.contracts.results import ErrorInfo

# What is kept as jobs are, and listed elsewhere: write-back and callbacks.
ASIDE: Final = ("rec_", "msg_")


def record_key(tenant: str, job_id: str) -> str:
    """Where a job's record is; the scripts compute the same key."""
    return f"ff:job:{tenant}:{job_id}"


def time_of(ms: str | None) -> datetime | None:
    """UTC from milliseconds since 1970, as the records keep times."""
    return datetime.fromtimestamp(int(ms) / 1000, UTC) if ms else None


def progress_of(fields: Mapping[str, str]) -> Progress | None:
    """What a record or an event tells of a running attempt; None before its first word."""
    if "percent" not in fields:
        return None
    at_ms = fields.get("at_ms")
    return Progress(
        percent=float(fields["percent"]),
        stage=fields.get("stage", ""),
        at_ms=None if at_ms is None else int(at_ms),
    )


def pending_record(record_id: str, order: RecordOrder) -> JobRecord:
    """What a job tells of its write-back before the first attempt at it."""
    return JobRecord(id=record_id, provider=order.target.provider, state="pending", attempts=0)


def records_of(
    client: redis.Redis, tenant: str, jobs: Sequence[Mapping[str, str]]
) -> list[JobRecord | None]:
    """What each of the jobs tells of its write-back; None for jobs without a target."""
    ids = [job.get("record") for job in jobs]
    if not any(ids):
        return [None] * len(ids)
    with client.pipeline(transaction=False) as pipe:
        for record_id in ids:
            pipe.hgetall(record_key(tenant, record_id or ""))
        rows = pipe.execute()
    pairs = zip(ids, rows, strict=True)
    return [_job_record(record_id, row) if record_id and row else None for record_id, row in pairs]


def _job_record(record_id: str, row: Mapping[str, str]) -> JobRecord:
    values: dict[str, Any] = {name: row[name] for name in ("provider", "state")}
    result = RecordResult.model_validate_json(row["result"]) if "result" in row else None
    return JobRecord(
        **values,
        id=record_id,
        attempts=int(row["attempts"]),
        next_at=time_of(row.get("next_ms")),
        recorded_at=time_of(row.get("finished_ms")) if row["state"] == "recorded" else None,
        request_id=result and result.request_id,
        error=ErrorInfo.model_validate_json(row["error"]) if "error" in row else None,
    )


def job_of(
    tenant: str, job_id: str, record: Mapping[str, str], write_back: JobRecord | None = None
) -> Job:
    """The job that a record tells of."""
    values: dict[str, Any] = {
        "id": job_id,
        "tenant": tenant,
        "kind": record["kind"],
        "status": record["status"],
        "lane": record["lane"],
        "attempts": int(record["attempts"]),
        "created_at": time_of(record["created_ms"]),
        "started_at": time_of(record.get("started_ms")),
        "finished_at": time_of(record.get("finished_ms")),
        "request": REQUESTS[record["kind"]].model_validate_json(record["request"]),
        "progress": progress_of(record),
        "record": write_back,
        "watch": record.get("watch"),
        "revision": int(record["revision"]),
    }
    if "result" in record:
        values["result"] = RESULTS[record["kind"]].model_validate_json(record["result"])
    if "error" in record:
        values["error"] = ErrorInfo.model_validate_json(record["error"])
    return Job(**values)
