"""The headers of every answer, and what is logged of a request."""

from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any

import httpx2
import pytest
import structlog

from tests.api.conftest import Served, settings_for
from tests.redis_server import RedisServer
from worker.settings import Settings


def test_every_answer_forbids_sniffing_and_keeping(client: httpx2.Client) -> None:
    for path in ("/v1/jobs", "/nothing", "/healthz"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"


def test_polling_does_not_fill_the_log(
    own_redis: Callable[[], RedisServer], tmp_path: Path, serve: Callable[[Settings], Served]
) -> None:
    redis = own_redis()
    served = serve(settings_for(redis.url(), tmp_path))

    with structlog.testing.capture_logs() as lines:
        for _ in range(3):
            assert httpx2.get(f"{served.url}/healthz").status_code == 200
            assert httpx2.get(f"{served.url}/readyz").status_code == 200
        redis.stop()
        for _ in range(3):
            assert httpx2.get(f"{served.url}/readyz").status_code == 503
        httpx2.get(f"{served.url}/nothing")

    told = [(each["path"], each["status"]) for each in lines if _is_told(each)]
    assert told == [("/readyz", 503), ("/nothing", 404)]


def _is_told(line: MutableMapping[str, Any]) -> bool:
    return (line["event"], line["log_level"]) == ("request", "info")


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/token/smh1/acctk-planted",
        "//api/v1//token//planted",
        "/api/v1/token/smh1%2Fplanted",
        "/elsewhere/acctk-planted",
        "/api/v1/token?library_secret=planted&access_token=planted",
    ],
)
def test_no_token_and_no_secret_is_ever_logged(client: httpx2.Client, path: str) -> None:
    with structlog.testing.capture_logs() as lines:
        client.delete(path)

    assert [each["event"] for each in lines] == ["request"]
    assert "planted" not in str(lines)
