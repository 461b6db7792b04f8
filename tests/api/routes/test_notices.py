"""Notices over HTTP: what callback URLs are told is listed, and told again where it failed."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from tests.api.attempts import Attempts
from tests.api.conftest import Served
from tests.api.test_targets import BODY, CALLBACK, with_providers
from worker import wiring
from worker.contracts.jobs import Item
from worker.contracts.records import NoticeResult
from worker.errors import WebhookError
from worker.settings import Settings
from worker.state.leases import Lease

NO_NOTICE = "msg_01K0ZJ8V5W3M9Q2R7T4Y6X8C1D_3"


@pytest.fixture
def told(
    settings: Settings, serve: Callable[[Settings], Served], attempts: Attempts
) -> Iterator[httpx2.Client]:
    """A client of an API with one finished job that has a callback URL."""
    served = serve(with_providers(settings))
    with httpx2.Client(base_url=served.url, timeout=20) as opened:
        job = opened.post("/v1/covers", json={**BODY, "callback_url": CALLBACK}).json()
        attempts.succeed(job["id"])
        yield opened


def listed(client: httpx2.Client, **query: Any) -> list[Any]:
    return list(client.get("/v1/notices", params=query).json()["notices"])


def begin(settings: Settings, notice_id: str) -> Lease:
    """Claim a notice, as a worker of calls does."""
    state = wiring.state(settings, timeout_s=5)
    state.lanes.release("notify")
    lease = state.leases.claim(Item("notify", notice_id), "test")
    assert lease is not None, f"{notice_id} was not released"
    return lease


def test_the_end_of_a_job_is_a_notice_whose_url_is_told_without_its_query(
    told: httpx2.Client,
) -> None:
    (notice,) = listed(told)

    (job,) = told.get("/v1/jobs").json()["jobs"]
    assert notice["id"].startswith("msg_")
    assert (notice["type"], notice["state"], notice["job"]) == (
        "job.succeeded",
        "pending",
        job["id"],
    )
    assert notice["url"] == "https://example.com/told"
    assert notice["links"] == {
        "self": f"/v1/notices/{notice['id']}",
        "job": f"/v1/jobs/{job['id']}",
        "record": None,
    }
    assert told.get(notice["links"]["self"]).json() == notice
    assert "hidden" not in told.get("/v1/notices").text


def test_a_notice_that_failed_is_sent_again(settings: Settings, told: httpx2.Client) -> None:
    (notice,) = listed(told)
    path = notice["links"]["self"]
    assert told.post(f"{path}/replay").json()["code"] == "job.state"
    begin(settings, notice["id"]).fail(WebhookError("webhook.disabled"))
    (failed,) = listed(told, state="failed")

    answer = told.post(f"{path}/replay")

    assert failed["error"]["code"] == "webhook.disabled"
    assert (answer.status_code, answer.headers["location"]) == (202, path)
    assert (answer.json()["state"], answer.json()["error"]) == ("pending", None)
    assert "hidden" not in answer.text
    begin(settings, notice["id"]).finish(NoticeResult(status=204))
    assert [each["status"] for each in listed(told, state="delivered")] == [204]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        pytest.param("GET", f"/v1/notices/{NO_NOTICE}", 404, id="none"),
        pytest.param("GET", "/v1/notices/x", 404, id="no-id"),
        pytest.param("POST", f"/v1/notices/{NO_NOTICE}/replay", 404, id="replay-none"),
        pytest.param("GET", "/v1/notices?state=gone", 422, id="state"),
        pytest.param("GET", "/v1/notices?cursor=x", 422, id="cursor"),
        pytest.param("GET", "/v1/notices?colour=red", 422, id="unknown-query"),
    ],
)
def test_what_is_not_there_is_refused(
    client: httpx2.Client, method: str, path: str, status: int
) -> None:
    assert client.request(method, path).status_code == status
