"""Redis goes away under API, worker and chores: callers are told in time, no job is lost."""

import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from PIL import Image

from tests.integration.queue_parts import GatedSource, House
from tests.redis_server import RedisServer

REDIS_TIMEOUT_S = 1.0
SLACK_S = 0.5
BACK_WITHIN_S = 20.0


@pytest.fixture
def source() -> Iterator[GatedSource]:
    picture = BytesIO()
    Image.new("RGB", (320, 200), "#40a0e0").save(picture, "JPEG")
    served = GatedSource(picture.getvalue())
    yield served
    served.close()


@pytest.fixture
def server(own_redis: Callable[[], RedisServer]) -> RedisServer:
    return own_redis()


@pytest.fixture
def house(server: RedisServer, tmp_path: Path, source: GatedSource) -> Iterator[House]:
    opened = House(server.url(), tmp_path / "house", source)
    opened.settings_text["api"] = f"redis_timeout_s = {REDIS_TIMEOUT_S}"
    opened.open()
    yield opened
    opened.close()


@pytest.fixture
def client(house: House) -> Iterator[httpx2.Client]:
    """A client of an API process over the same Redis."""
    with httpx2.Client(base_url=house.start_api(), timeout=10, trust_env=False) as opened:
        yield opened


def ask(client: httpx2.Client, source: GatedSource) -> httpx2.Response:
    """A request that is like no other, so that it has a job of its own."""
    url = f"http://127.0.0.1:{source.port}/portrait.jpg"
    body = {"source": {"url": url}, "sizes": [64], "metadata": {"id": uuid4().hex}}
    return client.post("/v1/covers", json=body)


def is_refused_in_time(send: Callable[[], httpx2.Response]) -> None:
    start_s = time.monotonic()
    answer = send()
    assert time.monotonic() - start_s < REDIS_TIMEOUT_S + SLACK_S
    assert (answer.status_code, answer.json()["code"]) == (503, "queue.unavailable")
    assert answer.json()["retryable"] is True
    assert int(answer.headers["retry-after"]) > 0


def every_call_is_refused_in_time(
    client: httpx2.Client, source: GatedSource, job: dict[str, Any]
) -> None:
    path = f"/v1/jobs/{job['id']}"
    is_refused_in_time(lambda: ask(client, source))
    is_refused_in_time(lambda: client.get(path))
    is_refused_in_time(lambda: client.delete(path))
    is_refused_in_time(lambda: client.get("/readyz"))
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    ("outage", "back", "away_s"), [("kill", "start", 3), ("pause", "resume", 8)]
)
def test_an_outage_of_redis_is_told_and_every_job_ends_once(
    *,
    house: House,
    client: httpx2.Client,
    server: RedisServer,
    source: GatedSource,
    outage: str,
    back: str,
    away_s: float,
) -> None:
    house.start_worker()
    running = ask(client, source).json()
    source.wait_until_asked()
    accepted = [running, *(ask(client, source).json() for _ in range(4))]

    getattr(server, outage)()
    gone_at_s = time.monotonic()
    every_call_is_refused_in_time(client, source, running)
    source.gate.set()
    time.sleep(max(0.0, gone_at_s + away_s - time.monotonic()))
    getattr(server, back)()
    house.wait_for(lambda: client.get("/readyz").status_code == 200, within_s=BACK_WITHIN_S)
    accepted.append(ask(client, source).raise_for_status().json())

    for job in accepted:
        ended = house.ended(house.read(job["id"]), within_s=30)
        assert (ended.status, ended.attempts <= 2) == ("succeeded", True), house.log()
        told = house.told(ended)
        assert (told[-1], told.count("succeeded")) == ("succeeded", 1)
