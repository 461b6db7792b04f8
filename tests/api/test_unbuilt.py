"""What the contract names and this build has not."""

import httpx2
import pytest

from api.unbuilt import UNBUILT


@pytest.mark.parametrize(("method", "path"), UNBUILT)
def test_what_is_promised_but_not_built_is_refused_by_name(
    client: httpx2.Client, method: str, path: str
) -> None:
    answer = client.request(method, path)

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "request.not_available")
    assert f"{method} {path}" in problem["detail"]
