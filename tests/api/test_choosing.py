"""Choosing: a stored picture of a finished job becomes the source of a cover, by whoever may."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from tests.api.attempts import Attempts, recorded
from worker import wiring
from worker.contracts.names import Visibility
from worker.contracts.results import CoverResult
from worker.contracts.snapshot_results import SnapshotInfo, SnapshotResult
from worker.ports import Output
from worker.rules.catalogue import image_id
from worker.settings import Settings

SOURCE = {"url": "https://example.com/clip.mp4"}
UNKNOWN = "0" * 32


def _free(*_: str) -> None:
    """Nobody counts who needs an object here: the catalogue does so by itself."""


def _still(settings: Settings, visibility: Visibility, at_s: int, number: int) -> SnapshotInfo:
    """A picture in the store."""
    data = f"picture {at_s}".encode()
    output = Output("snapshots", f"snapshot-{number:03d}", "jpg", "image/jpeg")
    placed = wiring.store_destination(settings)("default", visibility, _free).put(data, output)
    return SnapshotInfo(
        **placed._asdict(),
        content_type="image/jpeg",
        bytes=len(data),
        sha256="0" * 64,
        number=number,
        offset_ms=at_s * 1000,
        pts_ms=at_s * 1000,
        width=64,
        height=36,
        crop_box=(0, 0, 64, 36),
    )


Finish = Callable[..., str]


@pytest.fixture
def finished(client: httpx2.Client, settings: Settings, attempts: Attempts) -> Finish:
    """Makes a snapshot job with two stills and one candidate, and gives its id."""

    def finish(visibility: Visibility = "public") -> str:
        body = {"source": SOURCE, "count": 2, "candidates": 1, "visibility": visibility}
        job_id = str(client.post("/v1/snapshots", json=body).json()["id"])
        stills = [
            _still(settings, visibility, at_s, number) for at_s, number in ((0, 1), (1, 2), (2, 1))
        ]
        result = SnapshotResult(
            source="clip.mp4",
            status="succeeded",
            snapshots=tuple(stills[:2]),
            candidates=(stills[2],),
        )
        attempts.succeed_with(job_id, "snapshot", result)
        return job_id

    return finish


def _choose(client: httpx2.Client, job_id: str, **choice: Any) -> httpx2.Response:
    return client.post(f"/v1/jobs/{job_id}/choose", json=choice)


@pytest.mark.parametrize(
    ("choice", "label"),
    [
        pytest.param({"snapshot": 0}, "snapshots/snapshot-001", id="first-snapshot"),
        pytest.param({"snapshot": 1}, "snapshots/snapshot-002", id="last-snapshot"),
        pytest.param({"candidate": 0}, "snapshots/candidate-01", id="candidate"),
    ],
)
def test_a_picture_is_chosen_by_its_place_in_the_result(
    client: httpx2.Client, finished: Finish, choice: dict[str, int], label: str
) -> None:
    job_id = finished()

    answer = _choose(client, job_id, **choice, sizes=[64], format="webp", metadata={"a": "b"})

    job = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/v1/jobs/{job['id']}"
    assert (job["kind"], job["status"], job["lane"]) == ("cover", "queued", "live")
    assert job["request"] == {
        "sizes": [64],
        "format": "webp",
        "quality": 85,
        "frame": {"policy": "first"},
        "source": {"image": {"provider": "firstframe", "image_id": image_id(job_id, label)}},
        "lane": "live",
        "metadata": {"a": "b"},
        "watch": False,
    }


def test_a_picture_is_chosen_by_its_id(client: httpx2.Client, finished: Finish) -> None:
    job_id = finished()
    image = image_id(job_id, "snapshots/snapshot-001")

    answer = _choose(client, job_id, image=image, lane="backfill")

    job = answer.json()
    assert answer.status_code == 202
    assert (job["lane"], "sizes" in job["request"]) == ("backfill", False)
    assert job["request"]["source"]["image"]["image_id"] == image


def test_the_same_choice_shares_a_job_and_another_has_its_own(
    client: httpx2.Client, finished: Finish
) -> None:
    job_id = finished()
    first = _choose(client, job_id, snapshot=0).json()["id"]

    assert _choose(client, job_id, snapshot=0).json()["id"] == first
    assert _choose(client, job_id, snapshot=1).json()["id"] != first


def test_the_finished_cover_is_waited_for(
    client: httpx2.Client, finished: Finish, attempts: Attempts
) -> None:
    path, body = f"/v1/jobs/{finished()}/choose", {"snapshot": 0}
    with ThreadPoolExecutor(1) as callers:
        answering = callers.submit(client.post, path, json=body, headers={"Prefer": "wait=10"})
        cover_id = recorded(client, "cover")
        attempts.succeed(cover_id)

        answer = answering.result(10)

    assert (answer.status_code, answer.headers["preference-applied"]) == (200, "wait=10")
    assert (answer.json()["id"], answer.json()["status"]) == (cover_id, "succeeded")


def test_the_cover_of_a_private_picture_is_private(client: httpx2.Client, finished: Finish) -> None:
    job_id = finished("private")

    told = _choose(client, job_id, snapshot=0).json()["request"]
    refused = _choose(client, job_id, snapshot=0, visibility="public")

    assert told["visibility"] == "private"
    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (422, "request.invalid")
    assert [error["field"] for error in problem["errors"]] == ["visibility"]


def test_the_cover_of_a_public_picture_may_be_private(
    client: httpx2.Client, finished: Finish
) -> None:
    job_id = finished()

    assert _choose(client, job_id, snapshot=0).json()["request"].get("visibility") is None
    told = _choose(client, job_id, snapshot=0, visibility="private").json()["request"]
    assert told["visibility"] == "private"


@pytest.mark.parametrize(
    ("choice", "fields", "message"),
    [
        pytest.param({}, ["body"], "exactly one", id="nothing"),
        pytest.param({"snapshot": 0, "candidate": 0}, ["body"], "exactly one", id="two"),
        pytest.param({"snapshot": 2}, ["snapshot"], "has 2 of them", id="snapshot-out-of-range"),
        pytest.param({"candidate": 1}, ["candidate"], "has 1 of them", id="candidate-out-of-range"),
        pytest.param({"snapshot": -1}, ["snapshot"], "greater", id="negative"),
        pytest.param({"snapshot": True}, ["snapshot"], "integer", id="not-a-number"),
        pytest.param({"image": "x"}, ["image"], "pattern", id="no-id"),
        pytest.param({"snapshot": 0, "sizes": [0]}, ["sizes[0]"], "greater", id="size-0"),
        pytest.param({"snapshot": 0, "frame": {}}, ["frame"], "no such field", id="frame"),
    ],
)
def test_a_wrong_choice_is_refused_by_its_field(
    client: httpx2.Client,
    finished: Finish,
    choice: dict[str, Any],
    fields: list[str],
    message: str,
) -> None:
    answer = _choose(client, finished(), **choice)

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "request.invalid")
    assert [error["field"] for error in problem["errors"]] == fields
    assert message in problem["errors"][0]["message"]
    assert client.get("/v1/jobs?kind=cover").json()["jobs"] == []


@pytest.mark.parametrize(
    ("choice", "field"),
    [
        pytest.param({"target": "x"}, "target", id="target"),
        pytest.param(
            {"target": {"provider": "webhook", "id": "7"}}, "target.profile", id="profile"
        ),
        pytest.param(
            {"target": {"provider": "firstframe", "medium_id": UNKNOWN, "size": 9}},
            "body",
            id="size",
        ),
        pytest.param({"callback_url": "https://example.com/"}, "callback_url", id="no-secret"),
    ],
)
def test_where_the_cover_cannot_be_recorded_or_told_is_refused_by_its_field(
    client: httpx2.Client, finished: Finish, choice: dict[str, Any], field: str
) -> None:
    answer = _choose(client, finished(), snapshot=0, **choice)

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_a_picture_that_the_job_has_not_is_not_found(
    client: httpx2.Client, finished: Finish
) -> None:
    other = image_id(finished(), "snapshots/snapshot-001")
    client.delete("/v1/jobs")
    job_id = finished()

    for image in (UNKNOWN, other):
        answer = _choose(client, job_id, image=image)
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (404, "request.not_found")
        assert [error["field"] for error in problem["errors"]] == ["image"]


def test_a_job_that_is_not_there_has_no_pictures(client: httpx2.Client) -> None:
    answer = _choose(client, "job_01K0ZJ8V5W3M9Q2R7T4Y6X8C1D", snapshot=0)

    assert (answer.status_code, answer.json()["code"]) == (404, "request.not_found")


@pytest.mark.parametrize("end", ["queued", "running", "failed", "cancelled"])
def test_pictures_are_chosen_of_jobs_that_have_succeeded(
    client: httpx2.Client, attempts: Attempts, end: str
) -> None:
    job_id = client.post("/v1/covers", json={"source": SOURCE}).json()["id"]
    if end == "running":
        attempts.begin(job_id)
    if end == "failed":
        attempts.fail(job_id)
    if end == "cancelled":
        client.delete(f"/v1/jobs/{job_id}")

    answer = _choose(client, job_id, snapshot=0)

    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["job"]) == (409, "job.state", job_id)
    assert end in problem["detail"]


def test_a_cover_job_has_no_snapshots(client: httpx2.Client, attempts: Attempts) -> None:
    job_id = client.post("/v1/covers", json={"source": SOURCE}).json()["id"]
    attempts.begin(job_id).finish(CoverResult(source="clip.mp4", status="succeeded"))

    answer = _choose(client, job_id, snapshot=0)

    assert answer.status_code == 422
    assert "has 0 of them" in answer.json()["detail"]
