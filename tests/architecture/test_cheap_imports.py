"""Doors are light: what starts often, or serves requests, loads no media library."""

import json
import os
import subprocess
import sys

import pytest

from tests.architecture.house import CELERY, HEAVY, ROOT, modules

PROGRAM = """
import importlib, json, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
json.dump(sorted({name.partition(".")[0] for name in sys.modules}), sys.stdout)
"""


def loaded_by(*names: str) -> set[str]:
    """The top-level packages that a fresh interpreter has loaded after importing `names`."""
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *names],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def every_module_of(package: str) -> list[str]:
    paths = [module.path.with_suffix("") for module in modules(package)]
    return [".".join(path.parts).removesuffix(".__init__") for path in paths]


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(every_module_of("api"), id="the-whole-api"),
        pytest.param(["worker.wiring"], id="wiring"),
        pytest.param(["worker.broker"], id="broker"),
        pytest.param(["worker.tasks"], id="tasks"),
        pytest.param(every_module_of("worker/state"), id="state"),
        pytest.param(every_module_of("worker/chores"), id="chores"),
        pytest.param(["worker.commands"], id="the-command-line"),
        pytest.param(every_module_of("worker/jobs"), id="the-stories"),
    ],
)
def test_no_media_library_is_loaded(names: list[str]) -> None:
    assert loaded_by(*names) & HEAVY == set()


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(every_module_of("worker/geometry"), id="geometry"),
        pytest.param(every_module_of("worker/rules"), id="rules"),
        pytest.param(every_module_of("worker/contracts"), id="contracts"),
        pytest.param(["worker.errors", "worker.ports", "worker.registry"], id="tree-and-ports"),
    ],
)
def test_the_core_loads_no_server_and_no_client(names: list[str]) -> None:
    foreign = {"fastapi", "starlette", "httpx2", "redis", "minio", "structlog", "typer", "rich"}

    assert loaded_by(*names) & (HEAVY | CELERY | foreign) == set()


def test_a_heavy_import_would_be_seen() -> None:
    assert "PIL" in loaded_by("PIL.Image")
