"""Alive, and able to take jobs."""

from collections.abc import Callable
from pathlib import Path

import httpx2

from tests.api.attempts import Attempts
from tests.api.conftest import Served, settings_for
from tests.redis_server import RedisServer
from worker.settings import Settings


def test_health_asks_nobody(
    own_redis: Callable[[], RedisServer], tmp_path: Path, serve: Callable[[Settings], Served]
) -> None:
    redis = own_redis()
    settings = settings_for(redis.url(), tmp_path)
    served = serve(settings)
    assert httpx2.get(f"{served.url}/readyz").status_code == 200

    redis.stop()
    settings.store.folder.rename(tmp_path / "elsewhere")

    assert httpx2.get(f"{served.url}/healthz").json() == {"alive": True}
    answer = httpx2.get(f"{served.url}/readyz")
    assert (answer.status_code, answer.json()["missing"]) == (503, ["redis", "store"])
    assert answer.json()["code"] == "queue.unavailable"
    assert "retry-after" in answer.headers


def test_a_lane_without_workers_is_a_warning(client: httpx2.Client, settings: Settings) -> None:
    before = client.get("/readyz").json()
    Attempts(settings)

    assert before == {
        "ready": True,
        "warnings": ["no worker serves lane live", "no worker serves lane backfill"],
    }
    assert client.get("/readyz").json() == {"ready": True, "warnings": []}
