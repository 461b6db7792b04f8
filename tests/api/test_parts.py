"""Whose call it is."""

import httpx2
import pytest

from api.unbuilt import UNBUILT

JOB = "/v1/jobs/job_01K0ZJ8V5W3M9Q2R7T4Y6X8C1D"
CALLS = [
    ("POST", "/v1/covers"),
    ("POST", "/v1/covers?plan=true"),
    ("POST", "/v1/uploads"),
    ("POST", "/v1/uploads?color=red"),
    ("GET", "/v1/jobs"),
    ("GET", "/v1/jobs?limit=x"),
    ("GET", JOB),
    ("DELETE", JOB),
    ("POST", f"{JOB}/retry"),
    *((method, path) for method, path in UNBUILT if path.startswith("/v1/")),
]


@pytest.mark.parametrize(("method", "path"), CALLS)
@pytest.mark.parametrize("key", ["Bearer nonsense", "Basic YTpi", ""], ids=["bearer", "basic", "-"])
def test_a_key_is_refused_while_no_keys_exist(
    client: httpx2.Client, method: str, path: str, key: str
) -> None:
    answer = client.request(method, path, headers={"Authorization": key})

    assert (answer.status_code, answer.json()["code"]) == (401, "auth.invalid")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_health_and_covers_ask_for_no_key(client: httpx2.Client) -> None:
    assert client.get("/healthz", headers={"Authorization": "Bearer x"}).status_code == 200
