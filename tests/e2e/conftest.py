"""A running instance, shared by the tests of one module."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest

from worker.commands.demo import instance


class Running(NamedTuple):
    """An instance: its folder, the process of `firstframe up`, a client of its API."""

    data: Path
    pid: int
    client: httpx2.Client


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One instance with one worker."""
    data = tmp_path_factory.mktemp("instance") / "data"
    with (
        instance(data, "--workers", "1") as (base_url, pid),
        httpx2.Client(base_url=base_url, timeout=90, trust_env=False) as client,
    ):
        yield Running(data, pid, client)
