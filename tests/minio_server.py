"""Real MinIO servers for tests: one shared by the session, and ones a test may stop and start.

The program is `minio` on PATH, else the one in `${XDG_CACHE_HOME:-~/.cache}/firstframe/bin`,
built there once when the Go toolchain is present. `FIRSTFRAME_TEST_MINIO_ENDPOINT`, with
`…_ACCESS_KEY` and `…_SECRET_KEY`, names a running server instead.
"""

import fcntl
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from minio import Minio as Client
from minio.error import MinioException
from urllib3 import PoolManager
from urllib3.exceptions import HTTPError

from tests.missing import missing

BUILD = Path(__file__).parents[1] / "deploy" / "build_minio.sh"
READY_WITHIN_S = 30
_VARIABLE = "FIRSTFRAME_TEST_MINIO_"
_FIXTURES = {"minio", "own_minio"}


class Minio(NamedTuple):
    """Where a server answers (host:port, plain HTTP) and who may do everything there."""

    endpoint: str
    access_key: str
    secret_key: str


def client_of(minio: Minio) -> Client:
    """A client that may do everything, and tells at once what fails."""
    return Client(
        endpoint=minio.endpoint,
        access_key=minio.access_key,
        secret_key=minio.secret_key,
        secure=False,
        region="us-east-1",
        http_client=PoolManager(timeout=10, retries=False),
    )


class MinioServer:
    """A server of our own, on loopback, with its data in `folder`; ends with this process."""

    def __init__(self, program: Path, folder: Path) -> None:
        self._program, self._folder = program, folder
        self._process: subprocess.Popen[bytes] | None = None
        self.where = Minio(f"127.0.0.1:{_free_port()}", secrets.token_hex(8), secrets.token_hex(16))

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it, or start it again on the same port and data; returns when it is ready."""
        environment = {
            "PATH": os.defpath,
            "HOME": str(self._folder),
            "MINIO_ROOT_USER": self.where.access_key,
            "MINIO_ROOT_PASSWORD": self.where.secret_key,
            "MINIO_BROWSER": "off",
            "MINIO_UPDATE": "off",
        }
        command = [str(self._program), "server", str(self._folder / "data")]
        with (self._folder / "minio.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*_dying_with_us(), *command, "--quiet", "--address", self.where.endpoint],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._wait_until_ready()

    def pause(self) -> None:
        """Let connections be accepted and never answered."""
        os.kill(self.pid, signal.SIGSTOP)
        os.waitpid(self.pid, os.WUNTRACED)  # until its last thread has stopped

    def resume(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def stop(self) -> None:
        """End it; connections are refused from now on."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _wait_until_ready(self) -> None:
        deadline_s = time.monotonic() + READY_WITHIN_S
        while not _is_ready(self.where):
            assert self._process is not None
            if self._process.poll() is not None or time.monotonic() > deadline_s:
                self.stop()
                log = (self._folder / "minio.log").read_text(errors="replace")
                raise RuntimeError(f"MinIO did not get ready: {log[-2000:]}")
            time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _is_ready(where: Minio) -> bool:
    """Its health page says ready before it knows its users, so ask as one of them."""
    try:
        with urllib.request.urlopen(f"http://{where.endpoint}/minio/health/ready", timeout=1):
            client_of(where).list_buckets()
    except (OSError, MinioException, HTTPError):
        return False
    return True


def _dying_with_us() -> list[str]:
    """A prefix that has the kernel end the server when this process dies, however it dies."""
    return ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []


def _cache_folder() -> Path:
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "firstframe" / "bin"


@cache
def minio_program() -> Path | None:
    """The server's program, built now if it must be (some minutes); None when it cannot be had."""
    on_path = shutil.which("minio")
    if on_path:
        return Path(on_path)
    built = _cache_folder() / "minio"
    if not built.is_file() and shutil.which("go"):
        _build(built)
    return built if built.is_file() else None


def _build(program: Path) -> None:
    """Build under a lock, so that test runs at the same time build it once."""
    program.parent.mkdir(parents=True, exist_ok=True)
    with (program.parent / "minio.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.is_file():
            subprocess.run([BUILD, program.parent], check=False)


def _named_by_environment() -> Minio | None:
    endpoint = os.environ.get(f"{_VARIABLE}ENDPOINT")
    if not endpoint:
        return None
    return Minio(
        endpoint,
        os.environ.get(f"{_VARIABLE}ACCESS_KEY", ""),
        os.environ.get(f"{_VARIABLE}SECRET_KEY", ""),
    )


def _program_or_missing() -> Path:
    program = minio_program()
    if program is None:
        missing("MinIO", f"deploy/build_minio.sh {_cache_folder()}")
    return program


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build the server before the first test starts, outside every test's time limit.

    Tests that ask for it by name only (`getfixturevalue`) carry the mark `minio`.
    """
    needed = any(
        item.get_closest_marker("minio") or _FIXTURES & set(getattr(item, "fixturenames", ()))
        for item in session.items
    )
    if needed and not session.config.option.collectonly and not _named_by_environment():
        minio_program()


@pytest.fixture(scope="session")
def minio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Minio]:
    """A running server shared by the session: take a bucket of your own."""
    named = _named_by_environment()
    if named:
        yield named
        return
    server = MinioServer(_program_or_missing(), tmp_path_factory.mktemp("minio"))
    try:
        server.start()
        yield server.where
    finally:
        server.stop()


@pytest.fixture
def own_minio(tmp_path: Path) -> Iterator[MinioServer]:
    """A running server that the test may pause, stop and start again."""
    folder = tmp_path / "minio"
    folder.mkdir()
    server = MinioServer(_program_or_missing(), folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def bucket(minio: Minio) -> Iterator[str]:
    """The name of a bucket that does not exist yet; what the test makes of it goes with it."""
    name = f"test-{secrets.token_hex(8)}"
    yield name
    remove_bucket(minio, name)


def remove_bucket(minio: Minio, name: str) -> None:
    """Remove a bucket, if there is one, with all versions of what is in it."""
    client = client_of(minio)
    if client.bucket_exists(bucket_name=name):
        for found in client.list_objects(bucket_name=name, recursive=True, include_version=True):
            client.remove_object(
                bucket_name=name,
                object_name=str(found.object_name),
                version_id=found.version_id,
            )
        client.remove_bucket(bucket_name=name)
