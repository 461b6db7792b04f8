"""An instance whose own secrets are canaries too, watched from its first moment."""

import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx2
import psutil
import redis
from typer.testing import CliRunner

from tests.e2e.canaries.planted import Planted
from worker.commands.demo import instance
from worker.commands.instance import CONFIG_NAME, LOOPBACK, free_port
from worker.commands.program import app

_READ_S: Final = 90
_AWAY_S: Final = 60


class Watched(NamedTuple):
    """An instance: where it keeps things, its API, its Redis, and what clients of Redis were seen
    to say. `variables` are those of its environment.
    """

    data: Path
    pid: int
    client: httpx2.Client
    redis: redis.Redis
    said: list[bytes]
    variables: Mapping[str, str]

    def command(self, *words: str) -> str:
        """What a command of the instance's operator prints, on both streams."""
        around = {**self.variables, "FIRSTFRAME_CONFIG": str(self.data / CONFIG_NAME)}
        return CliRunner().invoke(app, words, env=around).output

    def processes(self, *words: str) -> list[psutil.Process]:
        """Processes of the instance with all these words in their command lines."""
        found = []
        for process in psutil.Process(self.pid).children(recursive=True):
            with suppress(psutil.Error):
                if set(words) <= set(process.cmdline()):
                    found.append(process)
        return found


@contextmanager
def watched_instance(
    folder: Path, planted: Planted, variables: Mapping[str, str]
) -> Iterator[Watched]:
    """Redis notes every command it is slow with, which are all, and tells each as it comes."""
    data = folder / "data"
    data.mkdir(parents=True)
    password = planted.draw("redis password", plain=True)
    port = free_port(LOOPBACK)
    (data / CONFIG_NAME).write_text(
        f'[redis]\nurl = "redis://:{password}@{LOOPBACK}:{port}/0"\n'
        f'[store]\nlink_secret = "{planted.draw("store link_secret")}"\n'
        f'[accounts]\nkey = "{planted.draw("accounts.key")}"\n'
    )
    with (
        instance(data, "--workers", "1", variables=variables) as (base_url, pid),
        httpx2.Client(base_url=base_url, timeout=_READ_S, trust_env=False) as client,
        redis.Redis(port=_redis_port(data), password=password) as direct,
    ):
        direct.config_set("slowlog-log-slower-than", 0)
        direct.config_set("slowlog-max-len", 20_000)
        said: list[bytes] = []
        threading.Thread(target=_listen, args=(direct, said), daemon=True).start()
        yield Watched(data, pid, client, direct, said, variables)


def _redis_port(data: Path) -> int:
    found = re.search(r"@127\.0\.0\.1:([0-9]+)/", (data / CONFIG_NAME).read_text())
    assert found is not None
    return int(found[1])


def _listen(direct: Any, said: list[bytes]) -> None:
    """Again after Redis was killed; until it stays away."""
    away_since_s = time.monotonic()
    while time.monotonic() - away_since_s < _AWAY_S:
        with suppress(redis.RedisError, OSError, ValueError), direct.monitor() as monitor:
            while True:
                said.append(_raw(monitor.connection.read_response(disable_decoding=True)))
                away_since_s = time.monotonic()
        time.sleep(0.2)


def _raw(line: object) -> bytes:
    assert isinstance(line, bytes)
    return line
