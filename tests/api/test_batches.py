"""Many requests in one call: a line each, in order, and what is wrong with one is its own."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import jsonschema
import pytest
from pydantic import SecretStr

from tests.api.conftest import MAX_BODY_BYTES, Served
from tests.api.pictures import make_picture
from tests.api.test_targets import TO_HUAWEI, with_providers
from worker.settings import RedisSettings, Settings

LINES = {"Content-Type": "application/x-ndjson"}
MOST_LINES = 600


@pytest.fixture
def limited(settings: Settings) -> Settings:
    """Settings with small limits for batches, and profiles of providers."""
    api = settings.api.model_copy(
        update={"max_batch_bytes": 400_000, "max_batch_lines": MOST_LINES}
    )
    return with_providers(settings).model_copy(update={"api": api})


@pytest.fixture
def batching(limited: Settings, serve: Callable[[Settings], Served]) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=serve(limited).url, timeout=60) as opened:
        yield opened


def cover(number: int, **more: Any) -> dict[str, Any]:
    return {"source": {"url": f"https://example.com/{number}.mp4"}, "sizes": [64], **more}


def body_of(*lines: Any) -> bytes:
    told = (line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
    return b"\n".join(told) + b"\n"


def post(client: httpx2.Client, path: str, content: bytes) -> list[Any]:
    answer = client.post(path, content=content, headers=LINES)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    return [json.loads(line) for line in answer.text.splitlines()]


def test_each_line_is_a_job_in_order(batching: httpx2.Client) -> None:
    jobs = post(batching, "/v1/covers", body_of(*map(cover, range(520))))

    urls = [job["request"]["source"]["url"] for job in jobs]
    assert urls == [f"https://example.com/{number}.mp4" for number in range(520)]
    assert len({job["id"] for job in jobs}) == 520
    assert batching.get(f"/v1/jobs/{jobs[-1]['id']}").json() == jobs[-1]


def test_each_line_is_a_snapshot_job(batching: httpx2.Client) -> None:
    (job,) = post(batching, "/v1/snapshots", body_of({"source": cover(1)["source"], "count": 2}))

    assert (job["kind"], job["status"]) == ("snapshot", "queued")


def test_lines_that_are_alike_share_a_job(batching: httpx2.Client) -> None:
    one, two = post(batching, "/v1/covers", body_of(cover(1), cover(1)))

    assert one["id"] == two["id"]


@pytest.mark.parametrize(
    ("line", "code", "field"),
    [
        pytest.param(b"{", "request.invalid", None, id="malformed"),
        pytest.param(b"\xff", "request.invalid", None, id="not-utf-8"),
        pytest.param(b"null", "request.invalid", "body", id="null"),
        pytest.param(cover(1, colour="red"), "request.invalid", "colour", id="an-unknown-field"),
        pytest.param(
            {"source": {"upload": "upl_01K0ZJ8V5W3M9Q2R7T4Y6X8C1D"}},
            "request.not_found",
            "source.upload",
            id="no-upload",
        ),
        pytest.param(
            cover(1, target={**TO_HUAWEI, "profile": "gone"}),
            "provider.not_allowed",
            "target.profile",
            id="no-profile",
        ),
        pytest.param(b" " * MAX_BODY_BYTES + b"{}", "request.too_large", None, id="too-long"),
        pytest.param(b"x" * 3 * MAX_BODY_BYTES, "request.too_large", None, id="much-too-long"),
    ],
)
def test_a_bad_line_has_its_problem_in_its_place_and_the_others_go_on(
    batching: httpx2.Client, line: Any, code: str, field: str | None
) -> None:
    before, problem, after = post(batching, "/v1/covers", body_of(cover(1), line, cover(2)))

    assert before["status"] == after["status"] == "queued"
    assert (problem["code"], problem["line"]) == (code, 2)
    assert problem["status"] >= 400
    fields = [error["field"] for error in problem.get("errors", [])]
    assert fields == ([field] if field else [])


def test_each_line_is_a_record_and_later_ones_are_newer(
    batching: httpx2.Client, limited: Settings
) -> None:
    image = make_picture(limited, batching)
    good = {"image": image, "target": TO_HUAWEI}

    one, problem, two = post(
        batching, "/v1/records", body_of(good, {**good, "image": "0" * 32}, good)
    )

    assert (one["state"], two["state"]) == ("pending", "pending")
    assert two["fence"] > one["fence"]
    assert (problem["code"], problem["line"]) == ("request.not_found", 2)
    assert problem["errors"][0]["field"] == "image"
    listed = batching.get("/v1/records").json()["records"]
    assert [each["id"] for each in listed] == [two["id"], one["id"]]


def test_the_lines_fit_the_document(batching: httpx2.Client) -> None:
    document = batching.get("/openapi.json").json()

    job, problem = post(batching, "/v1/covers", body_of(cover(1, target=TO_HUAWEI), b"[]"))

    for told, name in ((job, "JobView"), (problem, "Problem")):
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        jsonschema.validate(told, schema)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"", 0, id="nothing"),
        pytest.param(b"\n\n  \n", 0, id="empty-lines"),
        pytest.param(body_of(cover(1)).rstrip(b"\n"), 1, id="no-end-of-line"),
        pytest.param(body_of(cover(1)).replace(b"\n", b"\r\n\r\n"), 1, id="crlf"),
    ],
)
def test_empty_lines_are_passed_over(
    batching: httpx2.Client, content: bytes, expected: int
) -> None:
    assert len(post(batching, "/v1/covers", content)) == expected


@pytest.mark.parametrize(
    ("content", "query", "headers", "status", "code"),
    [
        pytest.param(
            b"{}\n" * (MOST_LINES + 1), "", {}, 413, "request.too_large", id="too-many-lines"
        ),
        pytest.param(b" " * 400_001, "", {}, 413, "request.too_large", id="too-many-bytes"),
        pytest.param(b"{}\n", "?plan=true", {}, 422, "request.invalid", id="plan"),
        pytest.param(
            b"{}\n", "", {"Idempotency-Key": "k"}, 422, "request.not_available", id="idempotency"
        ),
        pytest.param(
            b"{}\n", "", {"Content-Encoding": "gzip"}, 415, "request.content_type", id="compressed"
        ),
    ],
)
def test_a_body_that_is_refused_as_a_whole_makes_nothing(
    batching: httpx2.Client,
    limited: Settings,
    *,
    content: bytes,
    query: str,
    headers: dict[str, str],
    status: int,
    code: str,
) -> None:
    answer = batching.post(f"/v1/covers{query}", content=content, headers={**LINES, **headers})

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert batching.get("/v1/jobs").json()["jobs"] == []
    assert not spooled(limited)


def test_without_redis_every_line_says_so_soon(
    limited: Settings, serve: Callable[[Settings], Served]
) -> None:
    away = RedisSettings(url=SecretStr("redis://127.0.0.1:9/0"))
    served = serve(limited.model_copy(update={"redis": away}))
    began_s = time.monotonic()

    with httpx2.Client(base_url=served.url, timeout=20) as client:
        covers = post(client, "/v1/covers", body_of(*map(cover, range(300))))
        good = {"image": "0" * 32, "target": TO_HUAWEI}
        records = post(client, "/v1/records", body_of(good, b"{", good))

    assert {each["code"] for each in covers} == {"queue.unavailable"}
    assert [each["line"] for each in covers] == list(range(1, 301))
    codes = [each["code"] for each in records]
    assert codes == ["queue.unavailable", "request.invalid", "queue.unavailable"]
    assert time.monotonic() - began_s < 15


def test_the_spooled_body_goes_with_the_answer(batching: httpx2.Client, limited: Settings) -> None:
    post(batching, "/v1/covers", body_of(cover(1)))

    until_s = time.monotonic() + 5
    while spooled(limited):
        assert time.monotonic() < until_s
        time.sleep(0.01)


def test_a_call_for_one_request_takes_no_lines(batching: httpx2.Client) -> None:
    path = "/v1/jobs/job_01K0ZJ8V5W3M9Q2R7T4Y6X8C1D/choose"

    answer = batching.post(path, content=b"{}\n", headers=LINES)

    assert (answer.status_code, answer.json()["code"]) == (415, "request.content_type")


def spooled(settings: Settings) -> list[Path]:
    folder = settings.api.spool_folder
    assert folder
    return list(folder.glob("*"))
