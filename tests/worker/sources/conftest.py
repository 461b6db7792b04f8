from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.fakes.smh_vendor import SmhVendor
from tests.worker.net.network import Certificate
from tests.worker.sources.reading import Opener
from tests.worker.sources.smh_reading import SmhOpener


@pytest.fixture
def opened() -> Iterator[Opener]:
    with ExitStack() as closing:
        yield Opener(closing)


@pytest.fixture
def smh(smh_vendor: SmhVendor, one_redis_url: str) -> Iterator[SmhOpener]:
    with ExitStack() as closing:
        yield SmhOpener(smh_vendor, one_redis_url, closing)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate(tmp_path_factory.mktemp("certificate"))
