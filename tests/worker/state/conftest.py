"""The state over an empty database, on every Redis that is here."""

from collections.abc import Iterator

import pytest

from tests.worker.state.parts import Parts


@pytest.fixture
def parts(redis_url: str) -> Iterator[Parts]:
    made = Parts(redis_url)
    yield made
    made.redis.close()
