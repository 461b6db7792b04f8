from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.worker.sources.reading import Opener


@pytest.fixture
def opened() -> Iterator[Opener]:
    with ExitStack() as closing:
        yield Opener(closing)
