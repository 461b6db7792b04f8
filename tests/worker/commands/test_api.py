"""`firstframe api` as an operator starts and ends it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(one_redis_url: str, tmp_path: Path) -> Iterator[Start]:
    """Starts the command with its own store; what still runs is ended after the test."""
    started: list[subprocess.Popen[str]] = []
    (tmp_path / "objects").mkdir()

    def run(*options: str, **variables: str) -> "subprocess.Popen[str]":
        environment = {
            **os.environ,
            "FIRSTFRAME_REDIS__URL": one_redis_url,
            "FIRSTFRAME_STORE__FOLDER": str(tmp_path / "objects"),
            **variables,
        }
        script = "import typer; from worker.commands.api import api; typer.run(api)"
        process = subprocess.Popen(
            [sys.executable, "-c", script, *options],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def _ready(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    word, _, url = process.stdout.readline().strip().partition(" ")
    assert word == "ready"
    return url


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_told_to_stop(start: Start, how: signal.Signals) -> None:
    process = start("--port", "0")
    url = _ready(process)

    answer = httpx2.get(f"{url}/readyz")
    process.send_signal(how)
    out, err = process.communicate(timeout=15)

    assert answer.status_code == 200
    assert (process.returncode, out) == (0, "")
    assert "no API keys exist" in err
    assert "Traceback" not in err


def test_a_query_is_never_logged(start: Start) -> None:
    process = start("--port", "0")
    url = _ready(process)

    httpx2.get(f"{url}/v1/jobs?cursor=planted-canary")
    process.terminate()
    _, err = process.communicate(timeout=15)

    assert '"path": "/v1/jobs"' in err
    assert "planted-canary" not in err


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com"])
def test_without_keys_it_listens_on_this_machine_only(start: Start, host: str) -> None:
    process = start("--host", host)
    _, err = process.communicate(timeout=15)

    assert process.returncode == 2
    assert host in err
    assert "FIRSTFRAME_API__OPEN" in err


def test_it_listens_elsewhere_when_that_is_meant(start: Start) -> None:
    process = start("--host", "0.0.0.0", "--port", "0", FIRSTFRAME_API__OPEN="true")

    assert _ready(process).startswith("http://0.0.0.0:")


@pytest.mark.parametrize("options", [("--port", "99999"), ("--port", "x"), ("--nonsense",)])
def test_a_wrong_option_is_a_usage_mistake(start: Start, options: tuple[str, ...]) -> None:
    process = start(*options)
    process.communicate(timeout=15)

    assert process.returncode == 2


def test_a_port_that_is_taken_is_told(start: Start) -> None:
    port = _ready(start("--port", "0")).rpartition(":")[2]

    second = start("--port", port)
    _, err = second.communicate(timeout=15)

    assert second.returncode != 0
    assert "address already in use" in err
