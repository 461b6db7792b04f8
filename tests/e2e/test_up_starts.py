"""`firstframe up` says it is ready once, when it is, and refuses to start what cannot work."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "worker.commands", "up", "--workers", "1"]


def test_ready_is_said_once_and_only_when_workers_take_jobs(tmp_path: Path) -> None:
    with subprocess.Popen(
        [*COMMAND, "--port", "0", "--data", str(tmp_path / "data")],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout
        word, url = process.stdout.readline().decode().split()
        with urllib.request.urlopen(f"{url}/readyz", timeout=5) as answer:
            told = json.load(answer)
        process.send_signal(signal.SIGTERM)

        assert (word, told) == ("ready", {"ready": True, "warnings": []})
        assert process.stdout.read() == b""
        assert process.wait(40) == 0


@pytest.mark.parametrize(
    ("data", "variables", "status", "told"),
    [
        pytest.param("file", {}, 1, "file is not a folder", id="data-is-a-file"),
        pytest.param("file/below", {}, 1, "Not a directory", id="data-below-a-file"),
        pytest.param(
            "data", {"DETECT__MODEL": "/nonexistent"}, 1, "make setup", id="no-face-model"
        ),
        pytest.param("data", {"DETECT__MODEL": __file__}, 1, "make setup", id="another-face-model"),
        pytest.param(
            "data", {"STORE__KIND": "tape"}, 2, "known: local, minio", id="an-unknown-store"
        ),
        pytest.param("data", {"WORKER__LEASE_S": "x"}, 2, "WORKER__LEASE_S", id="a-bad-setting"),
    ],
)
def test_what_cannot_work_ends_at_once_and_says_what_mends_it(
    tmp_path: Path, *, data: str, variables: dict[str, str], status: int, told: str
) -> None:
    (tmp_path / "file").touch()

    done = _refused(tmp_path / data, 0, **variables)

    assert (done.returncode, done.stdout) == (status, b"")
    assert told in done.stderr.decode()


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])

        done = _refused(tmp_path / "data", port)

    assert (done.returncode, done.stdout) == (1, b"")
    assert f"cannot listen on 127.0.0.1:{port}" in done.stderr.decode()


def _refused(data: Path, port: int, **variables: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*COMMAND, "--port", str(port), "--data", str(data)],
        env={**os.environ, **{f"FIRSTFRAME_{name}": value for name, value in variables.items()}},
        capture_output=True,
        timeout=30,
        check=False,
    )
