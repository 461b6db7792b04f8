"""The border: whatever fails is answered in one form."""

import httpx2
import pytest


@pytest.mark.parametrize(
    "path", ["/", "/nothing", "/v1", "/v1/covers/", "/v2/covers", "/v1/jobs/a/b/c"]
)
def test_an_unknown_path_is_a_problem(client: httpx2.Client, path: str) -> None:
    answer = client.get(path)

    assert (answer.status_code, answer.json()["code"]) == (404, "request.not_found")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/covers", "POST"),
        ("PUT", "/v1/uploads", "POST"),
        ("PATCH", "/v1/jobs/x", "DELETE, GET"),
        ("POST", "/v1/jobs", "GET"),
        ("DELETE", "/objects/covers/x.jpg", "GET, HEAD, PUT"),
        ("POST", "/healthz", "GET, HEAD"),
    ],
)
def test_a_method_that_is_not_taken_names_those_that_are(
    client: httpx2.Client, method: str, path: str, allowed: str
) -> None:
    answer = client.request(method, path)

    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    assert answer.headers["content-type"] == "application/problem+json"
