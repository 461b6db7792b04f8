"""A running instance, shared by all tests of this folder that leave it standing."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx2
import psutil
import pytest

from tests.e2e.steps import upload
from worker.commands.demo import instance
from worker.commands.demo_film import FILM, make_film
from worker.commands.demo_story import Story, tell_story


class Running(NamedTuple):
    """An instance: its folder, the process of `firstframe up`, a client of its API."""

    data: Path
    pid: int
    client: httpx2.Client


class Told(NamedTuple):
    """A film's story in a folder, as the demo leaves it; `upload` is the film's."""

    folder: Path
    upload: str
    story: Story


@contextmanager
def running_in(data: Path) -> Iterator[Running]:
    """An instance with one worker, its data in the folder `data`; it ends with the context."""
    with (
        instance(data, "--workers", "1") as (base_url, pid),
        httpx2.Client(base_url=base_url, timeout=90, trust_env=False) as client,
    ):
        yield Running(data, pid, client)


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One instance with one worker."""
    with running_in(tmp_path_factory.mktemp("instance") / "data") as running:
        yield running


@pytest.fixture(scope="package")
def told(running: Running, tmp_path_factory: pytest.TempPathFactory) -> Told:
    """The storyboard, preview and candidates of the demo's film."""
    folder = tmp_path_factory.mktemp("story")
    film = folder / "media" / FILM.file
    film.parent.mkdir()
    make_film(film)
    story, mistakes = tell_story(running.client, film, folder)
    assert mistakes == []
    assert story is not None
    return Told(folder, upload(running.client, film), story)


def worker_of(running: Running) -> psutil.Process:
    """The main process of the worker; waits for one that is being started again."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for child in psutil.Process(running.pid).children():
            if child.cmdline()[-1:] == ["worker"] and child.children():
                return child
        time.sleep(0.1)
    pytest.fail("no worker runs")
