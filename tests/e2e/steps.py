"""What a user of the API does, in single steps."""

import time
from pathlib import Path
from typing import Any

import httpx2


def upload(client: httpx2.Client, medium: Path) -> str:
    """Upload a file; its id."""
    answer = client.post("/v1/uploads", content=medium.read_bytes()).raise_for_status()
    return str(answer.json()["upload"])


def cover(client: httpx2.Client, source: dict[str, Any], *, wait_s: int, **fields: Any) -> Any:
    """Ask for a cover and wait for it; the job as it stands then."""
    body = {"source": source, **fields}
    answer = client.post("/v1/covers", json=body, headers={"Prefer": f"wait={wait_s}"})
    return answer.raise_for_status().json()


def job_when(client: httpx2.Client, job_id: str, *statuses: str, within_s: float) -> Any:
    """The job once it has one of `statuses`, as it stands after `within_s` at the latest."""
    deadline = time.monotonic() + within_s
    while True:
        job = client.get(f"/v1/jobs/{job_id}").raise_for_status().json()
        if job["status"] in statuses or time.monotonic() > deadline:
            return job
        time.sleep(0.1)
