"""Plans: asked for with `plan=true`, probed by a worker, waited for, shared while unfinished."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from tests.api.attempts import Attempts, recorded
from worker.contracts.passes import Forecast, Timeline
from worker.contracts.plans import PlannedOutput, PlanResult
from worker.contracts.results import MediumInfo
from worker.errors import CODES, CoverError, MediaError, SourceError

COVER: dict[str, Any] = {"source": {"url": "https://example.com/clip.mp4"}, "sizes": [64]}
SNAPSHOTS: dict[str, Any] = {"source": {"url": "https://example.com/clip.mp4"}, "count": 2}
BOTH = pytest.mark.parametrize(
    ("path", "body"),
    [
        pytest.param("/v1/covers", COVER, id="covers"),
        pytest.param("/v1/snapshots", SNAPSHOTS, id="snapshots"),
    ],
)
MEDIUM = MediumInfo(
    kind="video",
    format="mp4",
    codec="h264",
    width=64,
    height=36,
    rotation_cw=0,
    mirrored=False,
    duration_ms=4000,
    hdr=None,
    bytes_read=10,
    bytes_total=100,
    requests=1,
)
PLAN = PlanResult(
    source="clip.mp4",
    medium=MEDIUM,
    timeline=Timeline(duration_ms=4000, frames=100),
    cached=False,
    forecast=Forecast(bytes=90, frames=4, seeks=2),
    outputs=(PlannedOutput(kind="snapshot", count=2, width=64, height=36, format="jpeg"),),
    offsets_ms=(1000, 3000),
)


def _ask(
    client: httpx2.Client, path: str, body: dict[str, Any], *, prefer: str | None = None
) -> httpx2.Response:
    headers = {} if prefer is None else {"Prefer": prefer}
    return client.post(path, params={"plan": "true"}, json=body, headers=headers)


@pytest.fixture
def asking(client: httpx2.Client) -> Iterator[Callable[..., Future[httpx2.Response]]]:
    """Asks for a plan in a thread of its own."""
    with ThreadPoolExecutor(1) as callers:
        yield lambda *arguments, **more: callers.submit(_ask, client, *arguments, **more)


@BOTH
def test_a_plan_is_waited_for_without_being_asked_to(
    client: httpx2.Client,
    attempts: Attempts,
    asking: Callable[..., Future[httpx2.Response]],
    *,
    path: str,
    body: dict[str, Any],
) -> None:
    answering = asking(path, body)
    job_id = recorded(client, "plan")
    attempts.begin(job_id, "plan").finish(PLAN)

    answer = answering.result(10)

    assert answer.status_code == 200
    assert answer.headers["location"] == f"/v1/jobs/{job_id}"
    assert answer.json() == {"plan": PLAN.model_dump(mode="json"), "job": job_id}


@BOTH
def test_a_plan_that_takes_longer_is_a_job_of_its_own_kind(
    client: httpx2.Client, path: str, body: dict[str, Any]
) -> None:
    answer = _ask(client, path, body, prefer="wait=0")

    job = answer.json()
    assert answer.status_code == 202
    assert answer.headers["preference-applied"] == "wait=0"
    assert answer.headers["location"] == f"/v1/jobs/{job['id']}"
    assert (job["kind"], job["status"], job["lane"]) == ("plan", "queued", "live")
    assert [each["id"] for each in client.get("/v1/jobs?kind=plan").json()["jobs"]] == [job["id"]]


def test_a_plan_takes_the_lane_that_was_named(client: httpx2.Client) -> None:
    answer = _ask(client, "/v1/covers", {**COVER, "lane": "backfill"}, prefer="wait=0")

    assert answer.json()["lane"] == "backfill"


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(MediaError("media.not_media"), id="not-media"),
        pytest.param(SourceError("source.forbidden", "It says no."), id="source"),
        pytest.param(MediaError("media.time_beyond_end", "9 s is beyond 4 s."), id="beyond"),
    ],
)
def test_why_a_medium_cannot_be_probed_is_the_answer(
    client: httpx2.Client,
    attempts: Attempts,
    asking: Callable[..., Future[httpx2.Response]],
    error: CoverError,
) -> None:
    answering = asking("/v1/snapshots", SNAPSHOTS)
    job_id = recorded(client, "plan")
    attempts.begin(job_id, "plan").fail(error)

    answer = answering.result(10)

    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.status_code == CODES[error.code].http_status
    assert (problem["code"], problem["detail"]) == (error.code, error.message)
    assert problem["job"] == job_id


def test_a_probe_that_is_cancelled_says_so(
    client: httpx2.Client, asking: Callable[..., Future[httpx2.Response]]
) -> None:
    answering = asking("/v1/covers", COVER)
    client.delete(f"/v1/jobs/{recorded(client, 'plan')}")

    answer = answering.result(10)

    assert (answer.status_code, answer.json()["code"]) == (409, "job.cancelled")


def test_a_plan_is_shared_while_it_is_unfinished_only(
    client: httpx2.Client, attempts: Attempts
) -> None:
    def ask(path: str = "/v1/covers", body: dict[str, Any] = COVER) -> str:
        return str(_ask(client, path, body, prefer="wait=0").json()["id"])

    job_id = ask()

    assert ask() == job_id
    assert ask("/v1/snapshots", SNAPSHOTS) != job_id
    assert client.post("/v1/covers", json=COVER).json()["id"] != job_id
    attempts.begin(job_id, "plan").finish(PLAN)
    assert ask() != job_id


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        pytest.param({"sizes": [0]}, 422, id="a-wrong-field"),
        pytest.param({"source": {"upload": "upl_01K0ZJ8V5W3M9Q2R7T4Y6X8C1D"}}, 404, id="upload"),
        pytest.param(
            {
                "source": {
                    "album": {"provider": "tencent_smh", "library_id": "lib", "profile": "gone"}
                }
            },
            422,
            id="no-such-profile",
        ),
    ],
)
def test_what_would_be_refused_is_not_planned(
    client: httpx2.Client, changes: dict[str, Any], status: int
) -> None:
    answer = _ask(client, "/v1/covers", {**COVER, **changes})

    assert answer.status_code == status
    assert answer.json()["errors"]
    assert client.get("/v1/jobs").json()["jobs"] == []
