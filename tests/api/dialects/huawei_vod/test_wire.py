import httpx2
import pytest

from tests.api.dialects.huawei_vod.projects import PROJECT_ID, code_of


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1.0/"),
        ("GET", "/v1.0"),
        ("GET", f"/v1.0/{PROJECT_ID}"),
        ("POST", f"/v1.0/{PROJECT_ID}/asset/cover"),
        ("GET", f"/v1.0/{PROJECT_ID}/asset/cover"),
        ("DELETE", f"/v1.0/{PROJECT_ID}/asset"),
        ("OPTIONS", f"/v1.0/{PROJECT_ID}/asset/cover"),
        ("PUT", f"/v1.0/{PROJECT_ID}/asset/cover/"),
        ("PUT", f"/v1.0/{PROJECT_ID}/asset/covers"),
        ("PUT", f"/v1.0/{PROJECT_ID}%2Fx/asset/cover"),
        ("GET", "/v3/auth/tokens"),
        ("POST", "/v3/auth/projects"),
    ],
)
def test_what_is_no_call_is_no_api_of_the_gateway(
    client: httpx2.Client, method: str, path: str
) -> None:
    assert code_of(client.request(method, path)) == (404, "APIGW.0101")


def test_every_answer_has_an_id_of_its_own(client: httpx2.Client) -> None:
    ids = {client.get("/v1.0/x").headers["x-request-id"] for _ in range(3)}

    assert len(ids) == 3


@pytest.mark.parametrize("path", ["/v1.0x", "/v3", "/v3/authority", "/v1/jobs/none"])
def test_other_paths_are_not_the_dialects(client: httpx2.Client, path: str) -> None:
    answer = client.get(path)

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
