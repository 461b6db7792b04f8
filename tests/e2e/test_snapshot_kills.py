"""A process is killed in the middle of a pass; the job ends once, every picture recorded once."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from tests.barred_video import Numbered, video
from tests.e2e.conftest import Running, worker_of
from tests.e2e.steps import job_when
from tests.e2e.victims import celery_main, near_instance, pool_child
from tests.http_server import Behaviour, Handler, MediaServer, ranges

ENDED_WITHIN_S = 60
WANTED = {"count": 9, "sprite": {"columns": 3, "rows": 3}, "storyboard": True, "candidates": 2}


def decode_child(worker: psutil.Process) -> psutil.Process:
    """The one that has decoded most: each pool child keeps a second one waiting."""
    return max(pool_child(worker).children(), key=lambda child: sum(child.cpu_times()[:2]))


@pytest.fixture(scope="module")
def near(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One whose attempts soon count as dead."""
    data = tmp_path_factory.mktemp("instance") / "data"
    lease = {"FIRSTFRAME_WORKER__LEASE_S": "5", "FIRSTFRAME_WORKER__LEASE_RENEW_S": "1"}
    with near_instance(data, **lease) as running:
        yield running


def held_half_way(body: bytes, asked: threading.Event, go_on: threading.Event) -> Behaviour:
    """A server that keeps the first caller waiting who comes to the second half."""
    serve = ranges(body)

    def answer(handler: Handler) -> None:
        first = int(handler.headers.get("Range", "bytes=0-").partition("=")[2].partition("-")[0])
        if first > len(body) // 2 and not asked.is_set():
            asked.set()
            go_on.wait(20)
        serve(handler)

    return answer


@pytest.mark.parametrize(
    "victim",
    [
        pytest.param(pool_child, id="pool-child"),
        pytest.param(decode_child, id="decode-child"),
        pytest.param(celery_main, id="celery-main"),
    ],
)
def test_a_pass_outlives_a_kill_of(
    near: Running, media_server: MediaServer, victim: Callable[[psutil.Process], psutil.Process]
) -> None:
    asked, go_on = threading.Event(), threading.Event()
    body = video(Numbered(container="ts", frames=600, size=(640, 128)))
    url = media_server.serve(f"/{victim.__name__}.ts", held_half_way(body, asked, go_on))
    answer = near.client.post("/v1/snapshots", json={"source": {"url": url}, **WANTED})
    job_id = answer.raise_for_status().json()["id"]
    assert asked.wait(30), "the worker never came to the second half"

    os.kill(victim(worker_of(near)).pid, signal.SIGKILL)
    go_on.set()
    job = job_when(near.client, job_id, "succeeded", "failed", within_s=ENDED_WITHIN_S)

    assert (job["status"], job["attempts"]) == ("succeeded", 2), job
    result = job["result"]
    made = len(result["snapshots"]) + len(result["candidates"]) + len(result["sheets"])
    images = near.client.get("/v1/images", params={"job": job_id, "limit": 50}).json()["images"]
    assert {image["status"] for image in images} == {"Normal"}
    assert len({image["label"] for image in images}) == len(images)
    assert len([image for image in images if image["type"] != "Storyboard"]) == made
    time.sleep(2)
    assert near.client.get(f"/v1/jobs/{job_id}").json() == job, "it ended a second time"
