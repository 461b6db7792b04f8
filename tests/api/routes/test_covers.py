"""`POST /v1/covers`: what is taken, what is refused, and with which words."""

import json
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.conftest import MAX_BODY_BYTES

URL = "https://example.com/clip.mp4"
GOOD: dict[str, Any] = {"source": {"url": URL}, "sizes": [256]}


def test_a_request_becomes_a_queued_job(client: httpx2.Client) -> None:
    answer = client.post("/v1/covers", json=GOOD)

    job = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/v1/jobs/{job['id']}"
    assert "preference-applied" not in answer.headers
    path = f"/v1/jobs/{job['id']}"
    assert job == {
        "id": job["id"],
        "kind": "cover",
        "status": "queued",
        "lane": "live",
        "attempts": 0,
        "created_at": job["created_at"],
        "started_at": None,
        "finished_at": None,
        "request": {
            "sizes": [256],
            "format": "jpeg",
            "quality": 85,
            "frame": {"policy": "first"},
            "source": {"url": URL},
            "lane": "live",
            "metadata": {},
            "watch": False,
        },
        "progress": None,
        "result": None,
        "error": None,
        "record": None,
        "links": {"self": path, "events": f"{path}/events"},
    }
    assert job["created_at"].endswith("Z")
    assert client.get(answer.headers["location"]).json() == job


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json; charset=utf-8", "Application/JSON"],
)
def test_json_is_taken_however_its_type_is_written(
    client: httpx2.Client, content_type: str
) -> None:
    answer = client.post(
        "/v1/covers",
        content=b'{"source": {"url": "https://example.com/a.jpg"}}',
        headers={"Content-Type": content_type},
    )

    assert answer.status_code == 202


def _post(client: httpx2.Client, content: bytes) -> httpx2.Response:
    headers = {"Content-Type": "application/json"}
    return client.post("/v1/covers", content=content, headers=headers)


def _with(**fields: Any) -> dict[str, Any]:
    return {**GOOD, **fields}


def _from(**source: Any) -> dict[str, Any]:
    return {**GOOD, "source": source}


INVALID, UNBUILT = "request.invalid", "request.not_available"


@pytest.mark.parametrize(
    ("body", "code", "fields"),
    [
        pytest.param({}, INVALID, ["source"], id="no-source"),
        pytest.param([], INVALID, ["body"], id="a-list"),
        pytest.param(None, INVALID, ["body"], id="null"),
        pytest.param(_from(), INVALID, ["source"], id="an-empty-source"),
        pytest.param(
            _from(url=URL, upload="upl_01K0ZJ8V5W3M9Q2R7T4Y6X8C1D"),
            INVALID,
            ["source"],
            id="two-sources",
        ),
        pytest.param(_from(url=""), INVALID, ["source.url"], id="an-empty-url"),
        pytest.param(_from(url=7), INVALID, ["source.url"], id="a-url-that-is-a-number"),
        pytest.param(_from(path="/etc/passwd"), INVALID, ["source.path"], id="a-path"),
        pytest.param(_from(upload="../x"), INVALID, ["source.upload"], id="a-bad-upload-id"),
        pytest.param(
            _from(object={"bucket": "b"}),
            INVALID,
            ["source.object.bucket", "source.object.key"],
            id="a-bad-object",
        ),
        pytest.param(_with(sizes=[0]), INVALID, ["sizes[0]"], id="size-0"),
        pytest.param(_with(sizes=[-1]), INVALID, ["sizes[0]"], id="size-negative"),
        pytest.param(_with(sizes=[1.5]), INVALID, ["sizes[0]"], id="size-1.5"),
        pytest.param(_with(sizes=["x"]), INVALID, ["sizes[0]"], id="size-x"),
        pytest.param(_with(sizes=["256"]), INVALID, ["sizes[0]"], id="size-as-text"),
        pytest.param(_with(sizes=[5000]), INVALID, ["sizes[0]"], id="size-5000"),
        pytest.param(_with(sizes=[True]), INVALID, ["sizes[0]"], id="size-true"),
        pytest.param(_with(sizes=[256, 0, 9999]), INVALID, ["sizes[1]", "sizes[2]"], id="two-bad"),
        pytest.param(_with(sizes=list(range(1, 10))), INVALID, ["sizes"], id="nine-sizes"),
        pytest.param(_with(sizes=[]), INVALID, ["sizes"], id="no-sizes"),
        pytest.param(_with(sizes=256), INVALID, ["sizes"], id="sizes-not-a-list"),
        pytest.param(_with(format="gif"), INVALID, ["format"], id="format-gif"),
        pytest.param(_with(quality=0), INVALID, ["quality"], id="quality-0"),
        pytest.param(_with(quality=101), INVALID, ["quality"], id="quality-101"),
        pytest.param(_with(lane="fast"), INVALID, ["lane"], id="lane-fast"),
        pytest.param(_with(metadata={"a": 1}), INVALID, ["metadata.a"], id="metadata-number"),
        pytest.param(_with(frame={"policy": "last"}), INVALID, ["frame.policy"], id="policy-last"),
        pytest.param(_with(colour="red"), INVALID, ["colour"], id="an-unknown-field"),
        pytest.param(
            _with(colour="red", sizes=[0], format="gif"),
            INVALID,
            ["colour", "format", "sizes[0]"],
            id="three-mistakes",
        ),
        pytest.param(_with(frame={"policy": "best"}), UNBUILT, ["frame.policy"], id="policy-best"),
        pytest.param(_with(frame={"policy": "at:2"}), UNBUILT, ["frame.policy"], id="policy-at"),
        pytest.param(
            _with(frame={"policy": "usable"}), UNBUILT, ["frame.policy"], id="policy-usable"
        ),
        pytest.param(_with(crop={}), UNBUILT, ["crop"], id="crop"),
        pytest.param(_with(target={}), INVALID, ["target"], id="target"),
        pytest.param(
            _with(target={"provider": "huawei_vod"}),
            INVALID,
            ["target.asset_id"],
            id="target-without-its-id",
        ),
        pytest.param(_with(callback_url=""), INVALID, ["callback_url"], id="callback-url"),
        pytest.param(
            _with(callback_url="https://me:secret@example.com/"),
            "webhook.url_blocked",
            ["callback_url"],
            id="callback-url-with-a-password",
        ),
        pytest.param(_with(watch={}), INVALID, ["watch"], id="watch"),
        pytest.param(_with(visibility="secret"), INVALID, ["visibility"], id="visibility"),
        pytest.param(
            _from(album={}),
            INVALID,
            ["source.album.library_id", "source.album.provider"],
            id="album",
        ),
        pytest.param(
            _from(file={"provider": "other", "library_id": "lib", "path": "a"}),
            INVALID,
            ["source.file.provider"],
            id="file-elsewhere",
        ),
        pytest.param(_from(image={}), INVALID, ["source.image"], id="image"),
        pytest.param(
            _from(image={"provider": "alibaba_vod", "image_id": "0" * 32}),
            "source.not_allowed",
            ["source.image.profile"],
            id="image-elsewhere",
        ),
        pytest.param(_from(medium="0" * 32), UNBUILT, ["source.medium"], id="medium"),
        pytest.param(_with(crop={}, sizes=[0]), INVALID, ["crop", "sizes[0]"], id="both-kinds"),
    ],
)
def test_every_wrong_field_is_named(
    client: httpx2.Client, body: Any, code: str, fields: list[str]
) -> None:
    answer = _post(client, json.dumps(body).encode())

    problem = answer.json()
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["code"] == code
    assert problem["status"] == 422
    assert problem["retryable"] is False
    assert sorted(error["field"] for error in problem["errors"]) == fields
    assert all(error["message"] for error in problem["errors"])
    assert client.get("/v1/jobs").json()["jobs"] == []


@pytest.mark.parametrize(
    ("content", "headers", "query", "status", "code", "field"),
    [
        pytest.param(b"{", {}, "", 400, INVALID, None, id="malformed"),
        pytest.param(b"", {}, "", 400, INVALID, None, id="empty"),
        pytest.param(b"\xff", {}, "", 400, INVALID, None, id="not-utf-8"),
        pytest.param(b'{"a": "\\ud800"}', {}, "", 400, INVALID, None, id="half-a-surrogate"),
        pytest.param(b"[" * 4000, {}, "", 400, INVALID, None, id="deeply-nested"),
        pytest.param(
            b"{}", {"Content-Type": "text/plain"}, "", 415, "request.content_type", None, id="text"
        ),
        pytest.param(
            b"{}", {"Content-Type": ""}, "", 415, "request.content_type", None, id="no-type"
        ),
        pytest.param(
            b"{}",
            {"Content-Encoding": "gzip"},
            "",
            415,
            "request.content_type",
            None,
            id="compressed",
        ),
        pytest.param(
            b"{}", {"Idempotency-Key": "k"}, "", 422, UNBUILT, "Idempotency-Key", id="idempotency"
        ),
        pytest.param(b"{}", {}, "?plan=", 422, INVALID, "plan", id="plan-empty"),
        pytest.param(b"{}", {}, "?plan", 422, INVALID, "plan", id="plan-bare"),
        pytest.param(b"{}", {}, "?plan=false", 422, INVALID, "plan", id="plan-false"),
        pytest.param(b"{}", {}, "?plan=TRUE", 422, INVALID, "plan", id="plan-in-capitals"),
        pytest.param(b"{}", {}, "?plan=true&plan=true", 422, INVALID, "plan", id="plan-twice"),
        pytest.param(b"{}", {}, "?color=red&plan=true", 422, INVALID, "color", id="plan-and-more"),
        pytest.param(
            b"{}", {"Idempotency-Key": ""}, "", 422, UNBUILT, "Idempotency-Key", id="empty-key"
        ),
        pytest.param(b"{}", {}, "?color=red", 422, INVALID, "color", id="unknown-query"),
        pytest.param(
            b" " * (MAX_BODY_BYTES + 1), {}, "", 413, "request.too_large", None, id="too-large"
        ),
    ],
)
def test_a_request_that_cannot_be_read_is_refused(
    client: httpx2.Client,
    *,
    content: bytes,
    headers: dict[str, str],
    query: str,
    status: int,
    code: str,
    field: str | None,
) -> None:
    answer = client.post(
        f"/v1/covers{query}",
        content=content,
        headers={"Content-Type": "application/json", **headers},
    )

    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["status"]) == (status, code, status)
    assert [error["field"] for error in problem.get("errors", [])] == ([field] if field else [])


def test_a_chunked_body_is_counted_while_it_is_read(client: httpx2.Client) -> None:
    sent = (b" " * 1024 for _ in range(MAX_BODY_BYTES))

    answer = client.post("/v1/covers", content=sent, headers={"Content-Type": "application/json"})

    assert answer.status_code == 413


def test_an_upload_that_does_not_exist_is_named(client: httpx2.Client) -> None:
    answer = client.post("/v1/covers", json=_from(upload="upl_01K0ZJ8V5W3M9Q2R7T4Y6X8C1D"))

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (404, "request.not_found")
    assert problem["errors"][0]["field"] == "source.upload"


_NAMES = st.sampled_from(
    ["source", "url", "upload", "object", "sizes", "frame", "policy", "metadata", "crop", "lane"]
) | st.text(max_size=10)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_NAMES, inner, max_size=4),
    max_leaves=12,
)


@given(body=_JSON)
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_json_makes_the_server_fail(client: httpx2.Client, body: Any) -> None:
    answer = _post(client, json.dumps(body).encode())

    assert answer.status_code in {202, 400, 422}
