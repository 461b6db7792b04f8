"""`firstframe up` from a user's side: jobs, covers, restarts, a clean end."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import psutil
import pytest

from tests.e2e.conftest import Running
from tests.e2e.steps import cover, upload
from worker.commands.demo import instance


def test_an_upload_becomes_a_cover_that_opens_at_its_url(running: Running, clip: Path) -> None:
    job = cover(
        running.client, {"upload": upload(running.client, clip)}, wait_s=60, sizes=[256, 64]
    )

    assert job["status"] == "succeeded", job["error"]
    assert job["attempts"] == 1
    for told in job["result"]["covers"]:
        answer = httpx2.get(told["url"], trust_env=False)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert hashlib.sha256(answer.content).hexdigest() == told["sha256"]


def test_the_command_line_makes_the_same_bytes(
    running: Running, photo: Path, clip: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "worker.commands", "cover", str(photo), str(clip)]
    subprocess.run(
        [*command, "--size", "256", "--out-dir", tmp_path], check=True, capture_output=True
    )

    for medium in (photo, clip):
        source = {"upload": upload(running.client, medium)}
        (told,) = cover(running.client, source, wait_s=60, sizes=[256])["result"]["covers"]
        mine = (tmp_path / f"{medium.stem}-256.jpg").read_bytes()
        assert hashlib.sha256(mine).hexdigest() == told["sha256"]


def test_a_text_ends_with_the_same_code_in_job_and_command(
    running: Running, tmp_path: Path
) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("no video")

    job = cover(running.client, {"upload": upload(running.client, text)}, wait_s=60, sizes=[64])

    assert (job["status"], job["error"]["code"]) == ("failed", "media.not_media")


def test_a_restart_finds_every_job_and_cover(photo: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    with instance(data, "--workers", "1") as (base_url, pid):
        with httpx2.Client(base_url=base_url, timeout=90, trust_env=False) as client:
            job = cover(client, {"upload": upload(client, photo)}, wait_s=60, sizes=[64])
        assert job["status"] == "succeeded"
        family = [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
        os.kill(pid, signal.SIGKILL)
        _await_end_of(family)

    with (
        instance(data, "--workers", "1") as (base_url, _),
        httpx2.Client(base_url=base_url, timeout=90, trust_env=False) as client,
    ):
        again = client.get(f"/v1/jobs/{job['id']}").raise_for_status().json()
        assert again == job
        key = job["result"]["covers"][0]["url"].partition("/objects/")[2]
        assert client.get(f"/objects/{key}").status_code == 200


def test_sigterm_ends_all_of_it(photo: Path, tmp_path: Path) -> None:
    with (
        instance(tmp_path / "data", "--workers", "1") as (base_url, pid),
        httpx2.Client(base_url=base_url, timeout=90, trust_env=False) as client,
    ):
        cover(client, {"upload": upload(client, photo)}, wait_s=60, sizes=[64])
        family = psutil.Process(pid).children(recursive=True)
        assert len(family) >= 6, "Redis, API, chores, Celery main, pool child, decode child"

    _await_end_of([child.pid for child in family])


def test_a_second_up_on_the_same_folder_is_refused(running: Running) -> None:
    command = [sys.executable, "-m", "worker.commands", "up", "--port", "0"]

    done = subprocess.run(
        [*command, "--data", str(running.data)], capture_output=True, timeout=60, check=False
    )

    assert done.returncode == 1
    assert b"in use by another" in done.stderr


def _await_end_of(pids: list[int], within_s: float = 20) -> None:
    """Fail unless every process has ended soon."""
    deadline = time.monotonic() + within_s
    while alive := [pid for pid in pids if psutil.pid_exists(pid) and _runs(pid)]:
        if time.monotonic() > deadline:
            pytest.fail(f"still running: {alive}")
        time.sleep(0.1)


def _runs(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
