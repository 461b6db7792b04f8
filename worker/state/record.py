"""A job's record as Redis holds it, and the `Job` it is outside."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from worker.contracts.jobs import REQUESTS, RESULTS, Job, Progress
from worker.contracts.results import ErrorInfo


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


def job_of(tenant: str, job_id: str, record: Mapping[str, str]) -> Job:
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
        "revision": int(record["revision"]),
    }
    if "result" in record:
        values["result"] = RESULTS[record["kind"]].model_validate_json(record["result"])
    if "error" in record:
        values["error"] = ErrorInfo.model_validate_json(record["error"])
    return Job(**values)
