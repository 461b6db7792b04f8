"""A worker is killed while it checks an upload; the upload becomes one version all the same."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import httpx2
import pytest

from tests.api.dialects.tencent_smh.uploader import Uploader, crc64
from tests.e2e.conftest import Running, running_in, worker_of
from tests.e2e.librarian import Librarian

# Large enough for a check that a kill cannot miss.
BYTES = 128 * 1024 * 1024
SOON_LOST = {"LEASE_S": "4", "LEASE_RENEW_S": "1", "RECONCILE_EVERY_S": "1"}


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """An instance that soon notices that a worker is gone."""
    for name, value in SOON_LOST.items():
        monkeypatch.setenv(f"FIRSTFRAME_WORKER__{name}", value)
    with running_in(tmp_path / "data") as running:
        yield running


def test_a_worker_killed_in_mid_check_leaves_one_version_and_confirming_goes_on(
    running: Running,
) -> None:
    librarian = Librarian(running)
    librarian.library("videos")
    data = Random(4).randbytes(BYTES)
    base = str(running.client.base_url).rstrip("/")
    with httpx2.Client(base_url=f"{base}/api/v1", timeout=60, trust_env=False) as api:
        uploader = Uploader(api, base)
        begun = uploader.begin("videos/-/large.mp4", librarian.token)
        assert uploader.send(begun, data).status_code == 200

        def confirm() -> httpx2.Response:
            told = {"crc64": crc64(data)}
            return uploader.confirm("videos/-", begun, librarian.token, body=told)

        answers: list[httpx2.Response] = []
        confirming = threading.Thread(target=lambda: answers.append(confirm()))
        confirming.start()
        _kill_when_running(running)
        confirming.join(60)
        answer = answers[0] if answers[0].status_code == 200 else confirm()

    assert answer.status_code == 200, answer.text
    (job,) = _jobs(running)
    assert (job["status"], job["attempts"]) == ("succeeded", 2)
    (entry,) = librarian.listing("videos/-")
    history = librarian.call("GET", "/directory-history/videos/-/history-list/large.mp4").json()
    assert [version["id"] for version in history["contents"]] == [entry["versionId"]]
    assert (entry["size"], entry["crc64"]) == (str(BYTES), crc64(data))


def _jobs(running: Running) -> list[Any]:
    jobs: list[Any] = running.client.get("/v1/jobs").raise_for_status().json()["jobs"]
    return jobs


def _kill_when_running(running: Running) -> None:
    """Kill the worker with all its processes as soon as it has the job."""
    worker = worker_of(running)
    family = [worker, *worker.children(recursive=True)]
    deadline = time.monotonic() + 20
    while [job["status"] for job in _jobs(running)] != ["running"]:
        assert time.monotonic() < deadline, _jobs(running)
        time.sleep(0.005)
    for process in family:
        os.kill(process.pid, signal.SIGKILL)
