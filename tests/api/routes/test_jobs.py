"""Jobs over HTTP: read, list, cancel, run again."""

from typing import Any

import httpx2
import pytest

from tests.api.attempts import Attempts

UNKNOWN = "job_01K0ZJ8V5W3M9Q2R7T4Y6X8C1D"


def make_job(client: httpx2.Client, **fields: Any) -> str:
    """A new job's id."""
    body = {"source": {"url": "https://example.com/clip.mp4"}, **fields}
    answer = client.post("/v1/covers", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def test_a_job_that_ended_shows_its_result(client: httpx2.Client, attempts: Attempts) -> None:
    job_id = make_job(client)
    attempts.succeed(job_id)

    job = client.get(f"/v1/jobs/{job_id}").json()

    assert (job["status"], job["attempts"], job["error"]) == ("succeeded", 1, None)
    assert job["result"]["source"] == "clip.mp4"
    assert job["created_at"] <= job["started_at"] <= job["finished_at"]


def test_a_job_that_failed_shows_its_error(client: httpx2.Client, attempts: Attempts) -> None:
    job_id = make_job(client)
    attempts.fail(job_id)

    job = client.get(f"/v1/jobs/{job_id}").json()

    assert (job["status"], job["result"]) == ("failed", None)
    assert job["error"]["code"] == "media.corrupt"
    assert job["error"]["retryable"] is False


@pytest.mark.parametrize(
    "job_id",
    [
        UNKNOWN,
        "job_1",
        "x",
        "job_01k0zj8v5w3m9q2r7t4y6x8c1d",
        "default:" + UNKNOWN,
        "%00",
        "%2e%2e",
        UNKNOWN + "%0A",
        "a" * 2000,
    ],
)
@pytest.mark.parametrize(("method", "action"), [("GET", ""), ("DELETE", ""), ("POST", "/retry")])
def test_an_unknown_id_is_not_found(
    client: httpx2.Client, method: str, action: str, job_id: str
) -> None:
    answer = client.request(method, f"/v1/jobs/{job_id}{action}")

    assert (answer.status_code, answer.json()["code"]) == (404, "request.not_found")


@pytest.mark.parametrize(("method", "action"), [("GET", ""), ("DELETE", ""), ("POST", "/retry")])
@pytest.mark.parametrize(
    ("query", "headers", "code"),
    [
        ("?plan=1", {}, "request.invalid"),
        ("", {"Idempotency-Key": "1"}, "request.not_available"),
    ],
    ids=["plan", "idempotency"],
)
def test_what_would_be_ignored_is_refused(
    client: httpx2.Client,
    *,
    method: str,
    action: str,
    query: str,
    headers: dict[str, str],
    code: str,
) -> None:
    job_id = make_job(client)

    answer = client.request(method, f"/v1/jobs/{job_id}{action}{query}", headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert client.get(f"/v1/jobs/{job_id}").json()["status"] == "queued"


def test_a_queued_job_is_cancelled_once(client: httpx2.Client) -> None:
    job_id = make_job(client)

    first, second = (client.delete(f"/v1/jobs/{job_id}") for _ in range(2))

    assert (first.status_code, first.json()["status"]) == (200, "cancelled")
    assert (second.status_code, second.json()) == (200, first.json())


def test_a_job_that_has_ended_is_not_cancelled(client: httpx2.Client, attempts: Attempts) -> None:
    job_id = make_job(client)
    attempts.succeed(job_id)

    answer = client.delete(f"/v1/jobs/{job_id}")

    assert (answer.status_code, answer.json()["code"]) == (409, "job.state")
    assert answer.json()["job"] == job_id


def test_a_failed_job_is_run_again(client: httpx2.Client, attempts: Attempts) -> None:
    job_id = make_job(client)
    attempts.fail(job_id)

    answer = client.post(f"/v1/jobs/{job_id}/retry")

    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    assert answer.headers["location"] == f"/v1/jobs/{job_id}"
    attempts.succeed(job_id)
    assert client.get(f"/v1/jobs/{job_id}").json()["status"] == "succeeded"


def test_a_job_that_has_not_failed_is_not_run_again(client: httpx2.Client) -> None:
    job_id = make_job(client)

    answer = client.post(f"/v1/jobs/{job_id}/retry")

    assert (answer.status_code, answer.json()["code"]) == (409, "job.state")
    assert answer.json()["job"] == job_id


def test_pages_hold_every_job_once_newest_first(client: httpx2.Client) -> None:
    made = [make_job(client, metadata={"number": str(number)}) for number in range(5)]

    found: list[str] = []
    cursor: str | None = None
    while True:
        query = {"limit": "2", **({"cursor": cursor} if cursor else {})}
        page = client.get("/v1/jobs", params=query).json()
        found += [job["id"] for job in page["jobs"]]
        cursor = page["next"]
        if cursor is None:
            break

    assert sorted(found) == sorted(made)
    assert found == sorted(found, reverse=True)


def test_the_list_is_narrowed(client: httpx2.Client, attempts: Attempts) -> None:
    live, slow = make_job(client), make_job(client, lane="backfill")
    attempts.succeed(live)

    def ids(**query: str) -> list[str]:
        return [job["id"] for job in client.get("/v1/jobs", params=query).json()["jobs"]]

    assert ids(status="succeeded") == [live]
    assert ids(status="queued", kind="cover") == [slow]
    assert ids(lane="backfill") == [slow]
    assert ids(lane="live", status="queued") == []
    assert ids(created_after="2001-01-01T00:00:00Z") == [slow, live]
    assert ids(created_after="2101-01-01T00:00:00+01:00") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=done", "status"),
        ("kind=film", "kind"),
        ("lane=fast", "lane"),
        ("created_after=yesterday", "created_after"),
        ("created_after=2026-01-01T00:00:00", "created_after"),
        ("cursor=x", "cursor"),
        ("cursor=" + UNKNOWN + "%0A", "cursor"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=x", "limit"),
        ("order=asc", "order"),
    ],
)
def test_a_wrong_query_is_named(client: httpx2.Client, query: str, field: str) -> None:
    answer = client.get(f"/v1/jobs?{query}")

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "request.invalid")
    assert [error["field"] for error in problem["errors"]] == [field]


def test_a_query_where_none_is_known_is_named(client: httpx2.Client) -> None:
    answer = client.get(f"/v1/jobs/{make_job(client)}?verbose=1")

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "verbose")
