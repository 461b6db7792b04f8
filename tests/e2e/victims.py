"""Instances whose processes are killed, and the processes by what they are for."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import psutil
import pytest

from tests.e2e.conftest import Running
from worker.commands.demo import instance


def celery_main(worker: psutil.Process) -> psutil.Process:
    """The one that takes jobs off the queue; whoever decodes outlives it for a while."""
    return worker


def pool_child(worker: psutil.Process) -> psutil.Process:
    return worker.children()[0]


@contextmanager
def near_instance(data: Path, **variables: str) -> Iterator[Running]:
    """An instance with one worker that may fetch from this machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FIRSTFRAME_FETCH__ALLOW_PRIVATE_ADDRESSES", "true")
        for name, value in variables.items():
            patch.setenv(name, value)
        with (
            instance(data, "--workers", "1") as (base_url, pid),
            httpx2.Client(base_url=base_url, timeout=90, trust_env=False) as client,
        ):
            yield Running(data, pid, client)
