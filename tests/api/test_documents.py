"""The OpenAPI document: valid, complete, with examples that fit."""

from typing import Any

import httpx2
import jsonschema
import pytest

from worker.contracts.jobs import Job


@pytest.fixture
def document(client: httpx2.Client) -> dict[str, Any]:
    return dict(client.get("/openapi.json").json())


def test_the_document_is_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) == {
        "/v1/covers",
        "/v1/snapshots",
        "/v1/uploads",
        "/v1/jobs",
        "/v1/jobs/{job_id}",
        "/v1/jobs/{job_id}/retry",
        "/v1/jobs/{job_id}/choose",
        "/v1/jobs/{job_id}/events",
        "/v1/events",
        "/v1/records",
        "/v1/records/{record_id}",
        "/v1/records/{record_id}/retry",
        "/v1/notices",
        "/v1/notices/{notice_id}",
        "/v1/notices/{notice_id}/replay",
        "/v1/watches",
        "/v1/watches/{watch_id}",
        "/v1/media/{medium_id}",
        "/v1/images",
        "/v1/images/{image_id}",
        "/objects/{key}",
        "/library-objects/{library_id}/{space_id}/{entry_id}/{version_id}",
        "/healthz",
        "/readyz",
    }
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_every_reference_of_the_document_leads_somewhere(document: dict[str, Any]) -> None:
    for reference in _references(document):
        place: Any = document
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]


def _resolved(document: dict[str, Any], example: dict[str, Any]) -> dict[str, Any]:
    name = example.get("$ref", "").removeprefix("#/components/examples/")
    return dict(document["components"]["examples"][name]) if name else example


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        found = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return found + [each for inner in value.values() for each in _references(inner)]
    if isinstance(value, list):
        return [each for inner in value for each in _references(inner)]
    return []


def test_every_operation_is_described_with_its_failures(document: dict[str, Any]) -> None:
    ids = set()
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation["summary"], path
            assert operation["description"], path
            ids.add(operation["operationId"])
            for status, answer in operation["responses"].items():
                assert answer["description"], (path, status)
                if int(status) >= 400:
                    assert "application/problem+json" in answer["content"], (path, status)
    assert len(ids) == sum(len(each) for each in document["paths"].values())


def test_calls_tell_the_failures_that_come_before_and_behind_the_route(
    document: dict[str, Any],
) -> None:
    calls = document["paths"]
    unavailable = calls["/v1/covers"]["post"]["responses"]["503"]["description"]

    assert "queue.unavailable" in unavailable
    assert "storage.unavailable" in unavailable
    for path, operations in calls.items():
        for operation in operations.values():
            assert ("401" in operation["responses"]) == path.startswith("/v1/")
            assert "auth.forbidden" in operation["responses"]["403"]["description"]
    for path, method in (
        ("/v1/covers", "post"),
        ("/v1/snapshots", "post"),
        ("/v1/jobs/{job_id}/choose", "post"),
        ("/v1/uploads", "post"),
        ("/objects/{key}", "put"),
    ):
        assert "request.timeout" in calls[path][method]["responses"]["408"]["description"]


def test_the_examples_of_the_document_fit_their_schemas(document: dict[str, Any]) -> None:
    checked = 0
    for operations in document["paths"].values():
        for operation in operations.values():
            bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
            for body in bodies:
                for content in body.get("content", {}).values():
                    named = content.get("examples", {}).values()
                    examples = [_resolved(document, each)["value"] for each in named]
                    examples += [content["example"]] if "example" in content else []
                    schema = {**content.get("schema", {}), "components": document["components"]}
                    for example in examples:
                        jsonschema.validate(example, schema)
                        checked += 1
    assert checked > 20


@pytest.mark.parametrize(
    ("path", "more"),
    [
        pytest.param("/v1/covers", {"metadata": {"a": "b"}}, id="cover"),
        pytest.param("/v1/snapshots", {"times": [1, "50%"]}, id="snapshot"),
        pytest.param("/v1/covers?plan=true", {}, id="plan"),
    ],
)
def test_an_answer_fits_the_document(
    client: httpx2.Client, document: dict[str, Any], path: str, more: dict[str, Any]
) -> None:
    body = {"source": {"url": "https://example.com/clip.mp4"}, **more}
    job = client.post(path, json=body, headers={"Prefer": "wait=0"}).json()

    schema = {"$ref": "#/components/schemas/JobView", "components": document["components"]}
    jsonschema.validate(job, schema)
    told = {name for name, field in Job.model_fields.items() if not field.exclude}
    assert set(job) == {*told, "links"}


def test_the_documents_page_is_served(client: httpx2.Client) -> None:
    assert client.get("/docs").status_code == 200
