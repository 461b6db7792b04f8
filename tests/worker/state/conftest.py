"""The state over an empty database, on every Redis that is here."""

from collections.abc import Iterator

import pytest

from tests.worker.state.parts import Parts
from tests.worker.state.shelves import Shelf


@pytest.fixture
def parts(redis_url: str) -> Iterator[Parts]:
    made = Parts(redis_url)
    yield made
    made.redis.close()


@pytest.fixture
def shelf(redis_url: str) -> Iterator[Shelf]:
    made = Shelf(redis_url)
    yield made
    made.redis.close()


@pytest.fixture
def shelf_of_one_server(one_redis_url: str) -> Iterator[Shelf]:
    made = Shelf(one_redis_url)
    yield made
    made.redis.close()
