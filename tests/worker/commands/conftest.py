"""An operator who may make libraries."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.worker.commands.smh_program import Operator, operator


@pytest.fixture
def smh(one_redis_url: str, tmp_path: Path) -> Iterator[Operator]:
    """An operator of an instance with nothing in it."""
    with operator(one_redis_url, tmp_path) as made:
        yield made
