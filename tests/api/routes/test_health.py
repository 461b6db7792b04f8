"""Alive, and able to take jobs."""

from collections.abc import Callable
from pathlib import Path

import httpx2

from tests.api.attempts import Attempts
from tests.api.conftest import Served, settings_for
from tests.redis_server import RedisServer
from worker.contracts.names import CALL_LANES
from worker.settings import Settings
from worker.state.workers import WorkerInfo
from worker.wiring import state


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
    def warnings() -> list[str]:
        told = client.get("/readyz").json()
        assert told["ready"]
        return [text.removeprefix("no worker serves lane ") for text in told["warnings"]]

    assert warnings() == ["live", "backfill", "record", "notify"]
    Attempts(settings)
    assert warnings() == ["record", "notify"]
    state(settings, timeout_s=2).workers.beat(WorkerInfo("calls", CALL_LANES, 8, "host", 1))
    assert warnings() == []
