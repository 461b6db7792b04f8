"""A process of the worker is killed in mid-job; the job ends all the same, once."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import psutil
import pytest

from tests.e2e.conftest import Running, worker_of
from tests.e2e.steps import job_when
from tests.e2e.victims import celery_main, near_instance, pool_child
from tests.http_server import Behaviour, Handler, MediaServer, ranges

ENDED_WITHIN_S = 60


def decode_child(worker: psutil.Process) -> psutil.Process:
    return min(pool_child(worker).children(), key=lambda child: float(child.create_time()))


@pytest.fixture(scope="module")
def near(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with near_instance(tmp_path_factory.mktemp("instance") / "data") as running:
        yield running


def held_at_first(body: bytes, asked: threading.Event, go_on: threading.Event) -> Behaviour:
    """A server that keeps its first caller waiting until told to go on."""
    serve = ranges(body)

    def answer(handler: Handler) -> None:
        if not asked.is_set():
            asked.set()
            go_on.wait(20)
        serve(handler)

    return answer


@pytest.mark.parametrize(
    "victim",
    [
        pytest.param(celery_main, id="celery-main"),
        pytest.param(pool_child, id="pool-child"),
        pytest.param(decode_child, id="decode-child"),
    ],
)
def test_a_job_outlives_a_kill_of(
    near: Running,
    media_server: MediaServer,
    clip: Path,
    victim: Callable[[psutil.Process], psutil.Process],
) -> None:
    asked, go_on = threading.Event(), threading.Event()
    path = f"/{victim.__name__}.mp4"
    url = media_server.serve(path, held_at_first(clip.read_bytes(), asked, go_on))
    job_id = near.client.post("/v1/covers", json={"source": {"url": url}, "sizes": [64]}).json()[
        "id"
    ]
    assert asked.wait(30), "the worker never fetched"

    os.kill(victim(worker_of(near)).pid, signal.SIGKILL)
    killed_at = time.monotonic()
    go_on.set()
    job = job_when(near.client, job_id, "succeeded", "failed", within_s=ENDED_WITHIN_S)

    assert job["status"] == "succeeded", job
    assert time.monotonic() - killed_at < ENDED_WITHIN_S
    assert httpx2.get(job["result"]["covers"][0]["url"], trust_env=False).status_code == 200
    time.sleep(2)
    assert near.client.get(f"/v1/jobs/{job_id}").json() == job, "it ended a second time"
