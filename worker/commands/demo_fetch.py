"""What the demo asks of its instance: a finished job, and the files behind its URLs."""

import hashlib
from pathlib import Path
from typing import Any, Final

import httpx2

from worker.contracts.results import CoverInfo
from worker.contracts.snapshot_results import FileInfo

WAIT_S: Final = 60


def finished(client: httpx2.Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Post a request for a job and wait for it; the job as it is told then."""
    answer = client.post(path, json=body, headers={"Prefer": f"wait={WAIT_S}"})
    job: dict[str, Any] = answer.raise_for_status().json()
    return job


def fetch(client: httpx2.Client, told: CoverInfo | FileInfo, path: Path) -> tuple[Path, list[str]]:
    """Save the file behind its URL; says what differs from what the job told."""
    answer = client.get(str(told.url)).raise_for_status()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(answer.content)
    wrong = []
    if hashlib.sha256(answer.content).hexdigest() != told.sha256:
        wrong.append("other bytes than the job told")
    if answer.headers.get("content-type") != told.content_type:
        wrong.append(f"content type {answer.headers.get('content-type')}")
    return path, wrong
