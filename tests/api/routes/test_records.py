"""Records over HTTP: existing covers to targets, the ledger as it is read, waiting, retrying."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from tests.api.conftest import Served
from tests.api.pictures import make_picture
from tests.api.routes.test_jobs import make_job
from tests.api.test_targets import CALLBACK, TO_HUAWEI, TO_MPS, with_providers
from worker import wiring
from worker.contracts.jobs import Item
from worker.contracts.records import RecordResult
from worker.contracts.requests import CoverRequest
from worker.errors import ProviderError
from worker.settings import Settings
from worker.state.leases import Lease

UNKNOWN = "0" * 32
NO_JOB = "job_01K0ZJ8V5W3M9Q2R7T4Y6X8C1D"
NO_RECORD = "rec_01K0ZJ8V5W3M9Q2R7T4Y6X8C1D"
DONE = RecordResult(state="recorded", request_id="r-1", verified=True)


@pytest.fixture
def recording(settings: Settings, serve: Callable[[Settings], Served]) -> Iterator[httpx2.Client]:
    """A client of an API that has profiles of providers."""
    served = serve(with_providers(settings))
    with httpx2.Client(base_url=served.url, timeout=20) as opened:
        yield opened


@pytest.fixture
def image(settings: Settings, recording: httpx2.Client) -> str:
    """A public cover that a job made."""
    return make_picture(settings, recording)


def post(client: httpx2.Client, *, prefer: str = "", **body: Any) -> httpx2.Response:
    headers = {"Prefer": prefer} if prefer else {}
    return client.post("/v1/records", json=body, headers=headers)


def begin(settings: Settings, record_id: str) -> Lease:
    """Claim a record that was released, as a worker of calls does."""
    lease = wiring.state(settings, timeout_s=5).leases.claim(Item("record", record_id), "test")
    assert lease is not None, f"{record_id} was not released"
    return lease


def job_of(client: httpx2.Client, image: str) -> str:
    return str(client.get(f"/v1/images/{image}").json()["job"])


def test_a_picture_becomes_a_record_that_is_read_where_it_says(
    recording: httpx2.Client, image: str
) -> None:
    answer = post(recording, image=image, target=TO_HUAWEI, metadata={"a": "b"})

    record = answer.json()
    job = job_of(recording, image)
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/v1/records/{record['id']}"
    assert (record["provider"], record["state"], record["attempts"]) == ("huawei_vod", "pending", 0)
    assert record["target"] == {**TO_HUAWEI, "profile": "main"}
    assert record["cover"]["image_id"] == image
    assert record["cover"]["url"]
    assert record["metadata"] == {"a": "b"}
    assert record["links"] == {
        "self": f"/v1/records/{record['id']}",
        "job": f"/v1/jobs/{job}",
        "image": f"/v1/images/{image}",
    }
    assert recording.get(answer.headers["location"]).json() == record


@pytest.mark.parametrize("size", [None, 64])
def test_the_cover_of_a_job_becomes_a_record(
    recording: httpx2.Client, image: str, size: int | None
) -> None:
    body: dict[str, Any] = {"job": job_of(recording, image), "target": TO_HUAWEI, "size": size}

    record = post(recording, **body).json()

    assert record["cover"]["image_id"] == image


@pytest.mark.parametrize(
    ("changes", "status", "code", "field"),
    [
        pytest.param({"image": UNKNOWN}, 404, "request.not_found", "image", id="no-picture"),
        pytest.param(
            {"image": None, "job": NO_JOB}, 404, "request.not_found", "job", id="no-such-job"
        ),
        pytest.param({"image": None}, 422, "request.invalid", "body", id="no-cover"),
        pytest.param({"job": NO_JOB}, 422, "request.invalid", "body", id="two-covers"),
        pytest.param({"size": 64}, 422, "request.invalid", "body", id="size-of-a-picture"),
        pytest.param(
            {"target": {**TO_HUAWEI, "size": 64}},
            422,
            "request.invalid",
            "target.size",
            id="target-size-of-a-picture",
        ),
        pytest.param(
            {"target": {"provider": "huawei_vod"}},
            422,
            "request.invalid",
            "target.asset_id",
            id="a-target-without-its-id",
        ),
        pytest.param(
            {"target": {**TO_MPS, "media_id": "0" * 31}},
            422,
            "request.invalid",
            "target.media_id",
            id="a-media-id-that-is-not-hex",
        ),
        pytest.param(
            {"target": {**TO_HUAWEI, "profile": "anns"}},
            422,
            "provider.not_allowed",
            "target.profile",
            id="profile-of-another-tenant",
        ),
        pytest.param(
            {"callback_url": "http://example.com"},
            422,
            "webhook.url_blocked",
            "callback_url",
            id="callback-by-http",
        ),
        pytest.param({"colour": "red"}, 422, "request.invalid", "colour", id="an-unknown-field"),
    ],
)
def test_what_cannot_be_recorded_is_refused_by_its_field(
    recording: httpx2.Client, image: str, *, changes: Any, status: int, code: str, field: str
) -> None:
    body = {"image": image, "target": TO_HUAWEI, **changes}
    answer = post(recording, **{name: value for name, value in body.items() if value is not None})

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code)
    assert [error["field"] for error in problem["errors"]] == [field]
    assert recording.get("/v1/records").json()["records"] == []


@pytest.mark.parametrize(
    ("more", "status", "field"),
    [
        pytest.param({"size": 65}, 404, "size", id="no-such-size"),
        pytest.param(
            {"size": 64, "target": {**TO_HUAWEI, "size": 65}}, 422, "target.size", id="two-sizes"
        ),
    ],
)
def test_a_size_that_the_job_did_not_make_is_refused(
    recording: httpx2.Client, image: str, more: dict[str, Any], status: int, field: str
) -> None:
    body = {"job": job_of(recording, image), "target": TO_HUAWEI, **more}

    answer = post(recording, **body)

    assert answer.status_code == status
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_a_private_picture_is_refused_where_a_url_is_needed(
    settings: Settings, recording: httpx2.Client
) -> None:
    image = make_picture(settings, recording, visibility="private")

    refused = post(recording, image=image, target=TO_HUAWEI)
    uploaded = post(recording, image=image, target={**TO_HUAWEI, "profile": "upload"})

    assert (refused.status_code, refused.json()["code"]) == (422, "provider.url_unfit")
    assert refused.json()["errors"][0]["field"] == "image"
    assert uploaded.status_code == 202
    assert uploaded.json()["cover"]["url"] is None


def test_a_job_that_has_not_succeeded_has_no_cover_to_record(recording: httpx2.Client) -> None:
    answer = post(recording, job=make_job(recording), target=TO_HUAWEI)

    assert (answer.status_code, answer.json()["code"]) == (409, "job.state")


def test_a_record_is_waited_for(settings: Settings, recording: httpx2.Client, image: str) -> None:
    with ThreadPoolExecutor(1) as callers:
        answering = callers.submit(post, recording, image=image, target=TO_HUAWEI, prefer="wait=20")
        while not (found := recording.get("/v1/records").json()["records"]):
            pass
        begin(settings, found[0]["id"]).finish(DONE)
        answer = answering.result(10)

    record = answer.json()
    assert answer.status_code == 200
    assert answer.headers["preference-applied"] == "wait=20"
    assert (record["state"], record["attempts"]) == ("recorded", 1)
    assert (record["result"]["request_id"], record["result"]["verified"]) == ("r-1", True)
    assert record["recorded_at"]


def test_a_record_that_takes_longer_is_told_as_it_stands(
    recording: httpx2.Client, image: str
) -> None:
    answer = post(recording, image=image, target=TO_HUAWEI, prefer="wait=0")

    assert (answer.status_code, answer.json()["state"]) == (202, "pending")


def test_a_failed_record_is_run_again_as_a_newer_order(
    settings: Settings, recording: httpx2.Client, image: str
) -> None:
    record = post(recording, image=image, target=TO_HUAWEI).json()
    path = f"/v1/records/{record['id']}"
    assert recording.post(f"{path}/retry").json()["code"] == "job.state"
    begin(settings, record["id"]).fail(ProviderError("provider.rejected"))
    failed = recording.get(path).json()

    answer = recording.post(f"{path}/retry")

    again = answer.json()
    assert (failed["state"], failed["error"]["code"]) == ("failed", "provider.rejected")
    assert (answer.status_code, answer.headers["location"]) == (202, path)
    assert (again["state"], again["error"]) == ("pending", None)
    assert again["fence"] > record["fence"]


def test_records_are_listed_newest_first_and_filtered(
    settings: Settings, recording: httpx2.Client, image: str
) -> None:
    targets = (TO_HUAWEI, TO_MPS, TO_HUAWEI)
    one, two, three = (post(recording, image=image, target=each).json()["id"] for each in targets)
    begin(settings, one).finish(DONE)

    def ids(**query: Any) -> list[str]:
        listed = recording.get("/v1/records", params=query).json()
        return [each["id"] for each in listed["records"]]

    page = recording.get("/v1/records", params={"limit": 2}).json()
    assert [each["id"] for each in page["records"]] == [three, two]
    assert ids(cursor=page["next"]) == [one]
    assert ids(state="recorded") == [one]
    assert ids(provider="alibaba_mps") == [two]
    assert ids(job=job_of(recording, image)) == [three, two, one]
    assert ids(job=NO_JOB) == []
    assert ids(target=TO_HUAWEI["asset_id"]) == [three, one]
    assert ids(target=TO_HUAWEI["asset_id"], provider="alibaba_mps") == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        pytest.param("GET", f"/v1/records/{NO_RECORD}", 404, id="none"),
        pytest.param("GET", "/v1/records/x", 404, id="no-id"),
        pytest.param("GET", f"/v1/records/{NO_JOB}", 404, id="a-job"),
        pytest.param("GET", f"/v1/records/{NO_RECORD}?a=b", 422, id="query"),
        pytest.param("POST", f"/v1/records/{NO_RECORD}/retry", 404, id="retry-none"),
        pytest.param("GET", "/v1/records?state=gone", 422, id="state"),
        pytest.param("GET", "/v1/records?provider=none", 422, id="provider"),
        pytest.param("GET", "/v1/records?limit=0", 422, id="limit"),
        pytest.param("GET", "/v1/records?cursor=x", 422, id="cursor"),
        pytest.param("GET", "/v1/records?colour=red", 422, id="unknown-query"),
        pytest.param("POST", "/v1/records?colour=red", 422, id="unknown-query-of-a-post"),
        pytest.param("DELETE", f"/v1/records/{NO_RECORD}", 405, id="delete"),
    ],
)
def test_what_is_not_there_is_refused(
    recording: httpx2.Client, method: str, path: str, status: int
) -> None:
    assert recording.request(method, path).status_code == status


def test_the_record_of_a_job_is_no_job_and_tells_of_it(
    settings: Settings, recording: httpx2.Client
) -> None:
    body = {"source": {"url": "https://example.com/a.mp4"}, "target": TO_HUAWEI}
    job = recording.post("/v1/covers", json=body).json()

    record = recording.get(job["links"]["record"]).json()

    assert (record["job"], record["state"], record["cover"]) == (job["id"], "pending", None)
    assert recording.get(f"/v1/jobs/{record['id']}").status_code == 404
    assert len(recording.get("/v1/jobs").json()["jobs"]) == 1


def test_nothing_of_a_callback_urls_query_is_told(recording: httpx2.Client, image: str) -> None:
    answer = post(recording, image=image, target=TO_HUAWEI, callback_url=CALLBACK)

    assert answer.status_code == 202
    assert "hidden" not in answer.text
    assert "hidden" not in recording.get("/v1/records").text


def test_records_of_other_tenants_do_not_exist(
    settings: Settings, recording: httpx2.Client
) -> None:
    state = wiring.state(settings, timeout_s=5)
    body = {"source": {"url": "https://example.com/a.mp4"}, "target": TO_HUAWEI}
    job = state.jobs.create("ann", CoverRequest.model_validate(body))
    assert job.record
    path = f"/v1/records/{job.record.id}"

    assert recording.get(path).status_code == 404
    assert recording.post(f"{path}/retry").status_code == 404
    assert recording.get("/v1/records").json()["records"] == []
